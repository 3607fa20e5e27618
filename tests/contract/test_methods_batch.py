"""One battery over every method x architecture: what a loss owes to the batch, and what it must not."""

from __future__ import annotations

from math import isnan, nan

import pytest
import torch
from torch import Tensor

from chimerae.methods import AVAE, WAEMMD, ASIntroVAE, Clock
from chimerae.nets import Autocast, Nets
from chimerae.training.state import State
from tests.helpers.cases import BATCH, ON_POINTS, Case, by_method
from tests.helpers.rows import grouped
from tests.helpers.tape import Tape
from tests.helpers.turns import standing

STEPS = range(2)
PAIRWISE = (WAEMMD,)
"""Distances of whole sets of codes, over pairs of them: one sample has none."""
WITHOUT_NORM = [
    case for case in ON_POINTS if case.arch.name == "mlp" and not isinstance(case.method, PAIRWISE)
]


def saturates(case: Case) -> bool:
    """True for AS-IntroVAE's published sum over pairs, inside an exponent: copies change it (see its own
    tests).
    """
    return isinstance(case.method, ASIntroVAE) and case.method.reduce_e == "sum"


def growth(case: Case, player: str, copies: int) -> float | None:
    """By which factor a player's loss grows with the copies of a batch; None: only a part of it does; nan: it
    is not asked here.
    """
    if getattr(case.method, "reduction", "mean") == "sum":
        return float(copies)  # Larsen's code sums over the batch
    if isinstance(case.method, AVAE) and case.method.latent_loss == "official" and player == "generator":
        return None  # the published code's latent loss does
    if isinstance(case.method, PAIRWISE):
        return None  # copies are pairs at no distance
    if saturates(case) and player == "encoder":
        return nan
    return 1.0


@pytest.mark.usefixtures("double")
@grouped("case", by_method(ON_POINTS))
def test_a_batch_in_another_order_or_twice_is_the_same_batch(case):
    state, tape = case.state(), Tape()
    order = torch.randperm(BATCH, generator=torch.Generator().manual_seed(1))
    for step in STEPS:
        x = case.batch(step)
        once = _recorded(state, tape, x, step)
        with tape.playing(lambda draw: draw[order]):
            turned = standing(state, x[order], step)
        torch.testing.assert_close(turned, once, rtol=1e-9, atol=1e-10)
        _assert_copies_cost_the_same(case, state, tape, x, once, step, copies=2)


@pytest.mark.usefixtures("double")
@grouped("case", by_method(WITHOUT_NORM))
def test_one_sample_costs_what_its_copies_cost(case):
    state, tape = case.state(), Tape()
    for step in STEPS:
        x = case.batch(step, 1)
        once = _recorded(state, tape, x, step)
        _assert_copies_cost_the_same(case, state, tape, x, once, step, copies=7)


def _recorded(state: State, tape: Tape, x: Tensor, step: int) -> list[dict[str, Tensor]]:
    with tape.recording(step):
        return standing(state, x, step)


def _assert_copies_cost_the_same(
    case: Case, state: State, tape: Tape, x: Tensor, once: list[dict[str, Tensor]], step: int, *, copies: int
) -> None:
    """Compare the losses `once` of `x` with those of `copies` of each sample, every copy with the noise of
    its original.
    """
    with tape.playing(lambda draw: torch.cat([draw] * copies)):
        often = standing(state, torch.cat([x] * copies), step)
    turns = zip(once, often, strict=True)
    for player, a, b in ((name, one[name], many[name]) for one, many in turns for name in one):
        factor = growth(case, player, copies)
        if factor is not None and isnan(factor):
            continue
        if factor is None:
            assert abs(b - a) > 1e-3
        else:
            torch.testing.assert_close(b, factor * a, rtol=1e-9, atol=1e-10)


@grouped("case", by_method(ON_POINTS))
def test_losses_are_float32_under_bfloat16(case):
    state, tape, rounding = case.state(), Tape(), 0.0
    half = Nets(state.nets.modules, Autocast("cpu", bfloat16=True), buffers=state.nets.buffers)
    for step in STEPS:
        x, noted, noted_half = case.batch(step), {}, {}
        with tape.recording(step):
            exact = list(case.method.turns(state.nets, x, Clock(step, 100, noted)))
        with tape.playing():
            rounded = list(case.method.turns(half, x, Clock(step, 100, noted_half)))
        for player, loss in ((p, loss) for turn in rounded for p, loss in turn.items()):
            assert loss.dtype == torch.float32, player
        for a, b in zip(exact, rounded, strict=True):
            torch.testing.assert_close(b, a, rtol=0.1, atol=0.1)
            rounding += sum(abs(a[p] - b[p]).item() for p in a)
        rounding += sum(abs(noted[name][0] - noted_half[name][0]).item() for name in noted)  # logits near 0
    assert rounding > 0, "the networks did not compute in bfloat16"


@grouped("case", by_method(ON_POINTS))
def test_watching_changes_nothing_and_notes_finite_means(case):
    state, tape = case.state(), Tape()
    for step in STEPS:
        x = case.batch(step)
        kept, clock = x.clone(), Clock(step, 100, {})
        with tape.recording(step):
            unseen = standing(state, x, step)
        with tape.playing():
            seen = [dict(losses) for losses in case.method.turns(state.nets, x, clock)]
        torch.testing.assert_close(seen, unseen, rtol=0, atol=0)
        assert torch.equal(x, kept), "play wrote into its batch"
        assert clock.logged or case.method.name == "gan"  # gan's generator has nothing to show
        for (value,) in clock.logged.values():
            assert value.shape == ()
            assert value.isfinite()
            assert not value.requires_grad

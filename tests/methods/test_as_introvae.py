from __future__ import annotations

from dataclasses import replace
from math import tanh

import pytest
import torch

from chimerae.methods import ASIntroVAE, Clock, SoftIntroVAE, as_introvae
from chimerae.networks import MLP
from tests.helpers.cases import Case
from tests.helpers.rows import through
from tests.helpers.tape import Tape
from tests.helpers.turns import TOTAL, standing

BETAS = {"beta_kl": 0.3, "beta_rec": 0.2, "beta_neg": 0.9}
SCHEDULES = as_introvae.SCHEDULES


def case(**options) -> Case:
    return Case(ASIntroVAE(z_dim=3, **BETAS, **options), MLP(width=8), (2,))


def played(chosen: Case, step: int = 0) -> tuple[list[dict[str, torch.Tensor]], dict[str, torch.Tensor]]:
    """Losses of each turn, and what was logged."""
    state, clock = chosen.state(), Clock(step, TOTAL, {})
    with Tape().recording(0):
        losses = [dict(turn) for turn in chosen.method.turns(state.nets, chosen.batch(), clock)]
    return losses, {name: mean for name, (mean,) in clock.logged.items()}


@through(
    "schedule, step, c",
    [
        ("linear", 0, 0.0),
        ("linear", 10, 0.5),
        ("linear", 20, 1.0),
        ("linear", 99, 1.0),
        ("tanh", 0, 0.0),
        ("tanh", 20, tanh(1.0)),
        ("tanh", 50, tanh(2.5)),
        ("tanh", 100, tanh(5.0)),
    ],
)
def test_schedule(schedule, step, c):
    assert played(case(schedule=schedule), step)[1]["c"].item() == pytest.approx(c, abs=1e-9)


@through("anneal_from, expected", [("game", [-1, 0, 0.5, 1, 1]), ("run", [-1, 0.5, 0.9, 1, 1])])
def test_schedule_counts_from_the_run_or_from_the_game(anneal_from, expected):
    """min(5 t, 1) at steps of 100; no c is logged in the 10 steps of warm-up, of which `run` counts all."""
    chosen = case(warmup_steps=10, anneal_from=anneal_from)
    steps = (9, 10, 19 if anneal_from == "game" else 18, 28, 60)
    seen = [played(chosen, step)[1].get("c", torch.tensor(-1.0)).item() for step in steps]
    assert seen == pytest.approx(expected)


@through("schedule, expected", [("linear", [0.2, 0.6, 1, 1]), ("tanh", [tanh(t) for t in (0.2, 0.6, 1, 2)])])
def test_the_share_of_the_run_in_which_c_rises(schedule, expected):
    """min(t / .5, 1) and tanh(t / .5) at steps of 100; with a share of 0 c is 1 from the first step."""
    seen = [played(case(schedule=schedule, anneal_share=0.5), s)[1]["c"].item() for s in (10, 30, 50, 100)]
    assert seen == pytest.approx(expected)
    assert played(case(schedule=schedule, anneal_share=0.0), 0)[1]["c"].item() == 1


@through("step", [20, 60])
def test_with_c_at_one_it_is_soft_introvae(step):
    soft = Case(SoftIntroVAE(z_dim=3, **BETAS), MLP(width=8), (2,))
    torch.testing.assert_close(played(case(), step)[0], played(soft, step)[0], rtol=0, atol=0)
    assert played(case(), 0)[0][0]["encoder"] != played(soft, 0)[0][0]["encoder"]


def test_at_c_zero_no_kl_of_a_fake_is_left(monkeypatch):
    """Nothing that the decoder's KLs say changes its loss at the first step."""
    before = played(case())[0][1]["decoder"]
    monkeypatch.setitem(as_introvae.FOR_KL, "distance_only", lambda q: replace(q, mu=q.mu + 100))
    torch.testing.assert_close(played(case())[0][1]["decoder"], before)
    assert played(case(), 10)[0][1]["decoder"] > before + 1


def test_sum_is_the_mean_over_pairs_and_dimensions_in_the_encoders_turn_only():
    (mean, seen_mean), (total, seen_sum) = (
        played(case(pair="real_fake", reduce_e=r)) for r in ("mean", "sum")
    )
    pairs, dimensions = 6 * 6, 3
    expected = pairs * dimensions * seen_mean["distance"]
    torch.testing.assert_close(seen_sum["distance"], expected, rtol=1e-3, atol=1e-4)
    assert total[0]["encoder"] < mean[0]["encoder"], "the exponential is smaller"
    torch.testing.assert_close(total[1], mean[1])


@through("pair", ["rec_fake", "real_fake"])
def test_pair(pair):
    """Brute force, without squashing, at c = 0: `b_kl s d / 2` beside the reconstruction."""
    chosen = case(pair=pair, squash="none")
    state, tape, x = chosen.state(), Tape(), chosen.batch()
    with tape.recording(0):
        _, decoder = standing(state, x)
    E, D = state.nets.encoder, state.nets.decoder
    q = E(x)
    x_r, x_f = D(q.mu + q.sigma * tape.draws[0]), D(tape.draws[1])
    a, b = E(x_r) if pair == "rec_fake" else q, E(x_f)

    def k(p, q):
        v = p.variance[:, None] + q.variance
        return ((-0.5 * (p.mu[:, None] - q.mu) ** 2 / v).exp() / v.sqrt()).mean()

    distance = k(a, a) + k(b, b) - 2 * k(a, b)
    rec = (x - x_r).square().sum(1).mean()
    torch.testing.assert_close(decoder["decoder"], 0.5 * (0.2 * rec + 0.3 * distance / 2))


def test_squash_says_what_is_computed_behind_a_tanh():
    """At c = 0 distances count, at c = 1 the decoder's KLs, which are then bounded."""
    first = {s: played(case(squash=s), 0)[0] for s in as_introvae.FOR_KL}
    last = {s: played(case(squash=s), 50)[0] for s in as_introvae.FOR_KL}
    assert first["none"][1] != first["distance_only"][1] == first["distance_and_kl_d"][1]
    assert last["none"] == last["distance_only"]
    assert last["none"][0] == last["distance_and_kl_d"][0]
    assert last["none"][1] != last["distance_and_kl_d"][1]


def test_defaults_are_those_of_the_switchboard():
    assert ASIntroVAE() == ASIntroVAE(
        kernel="per_dim_flat",
        pair="rec_fake",
        schedule="linear",
        reduce_e="mean",
        squash="distance_only",
        detach_target=True,
        warmup_steps=0,
    )


def test_a_distance_that_weighs_nothing_is_not_computed(monkeypatch):
    assert "distance" in played(case(), 10)[1]
    monkeypatch.setattr(as_introvae, "aggregate_distance", lambda *_, **__: pytest.fail("computed"))
    assert "distance" not in played(case(), 50)[1]

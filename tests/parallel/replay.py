"""Cases that several processes play together, beside the same cases in one process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import fmean

import torch
from torch import Tensor

from chimerae import noise
from chimerae.methods import Clock
from chimerae.parallel import ALONE, Group, rows_of, sharing
from chimerae.training.players import play_batch
from chimerae.training.state import State
from chimerae.training.targets import update_targets
from tests.helpers.cases import CASES, POINTS, Case
from tests.helpers.double import in_float64

ROWS, STEPS = 8, 2
WITHIN = 1e-9
"""Relative difference that may remain in float64."""

OVER_THE_BATCH = {
    "mlp": (
        *("likelihood=estimated", "latent_loss=official", "hinge=batch_mean", "reduction=sum"),
        *("kernel=product_flat", "pair=real_fake", "reduce_e=sum", "p_trick=official_broadcast"),
        *("pretrain=2", "aef=0.5"),
    ),
    "dcgan": ("r1=1.0,r1_every=2", "aef=0.5,add_noise=0.1"),
}
"""Switches, by architecture, with values of the whole batch inside something that is not linear. Networks on
images have BatchNorm, through which a penalty on slopes and fixed points go.
"""


def _wanted(case: Case) -> bool:
    if case.note:
        return case.note in OVER_THE_BATCH.get(case.arch.name, ())
    return case.shape == POINTS or case.arch.name == "dcgan"


def _in_parts(case: Case) -> bool:
    return case.method.name == "wae-mmd" and case.shape == POINTS and not case.note


BY_TWO = [(case, 1) for case in CASES if _wanted(case)] + [(case, 2) for case in CASES if _in_parts(case)]
"""Cases for two processes, and the parts that a batch is played in: every method on points and on images."""
BY_FOUR = [(case, parts) for case, parts in BY_TWO if case.shape == POINTS or case.note.startswith("r1")]
"""Cases for four processes: every method on points, and BatchNorm below a penalty on slopes."""


def play(case: Case, group: Group, parts: int) -> tuple[State, dict[str, float]]:
    """The state after some batches of `ROWS` rows that `group` shares, and the last logged means."""
    state, rows = case.state(), rows_of(ROWS, parts, group)
    for step in range(STEPS):
        clock = Clock(step, 100, {}, share=step / STEPS)
        x = case.batch(step, ROWS)[rows]
        with noise.seeded("play", step), sharing(group):
            losses = play_batch(case.method, state.nets, state.players, x.chunk(parts), clock)
        state.losses |= losses
        update_targets(case.method, state.nets.modules, step + 1)
        if state.ema:
            state.ema.update(step)
        state.step = step + 1
    logged = {name: fmean(float(v) for v in values) for name, values in (clock.logged or {}).items()}
    return state, group.means(logged)


def differences(cases: Sequence[tuple[Case, int]], group: Group) -> Iterator[str]:
    """Sentences about differences between many processes and one, for cases and the parts of their batches.

    Every case is also played by one process alone, each time another one, which compares.
    """
    with in_float64():
        for i, (case, parts) in enumerate(cases):
            shared, logged = play(case, group, parts)
            if not same_bits(shared, group):
                yield f"{case}: the processes differ"
            if i % group.size == group.rank:
                alone, expected = play(case, ALONE, parts)
                name = f"{case} in {parts} parts by {group.size} processes"
                yield from (f"{name}: {what}" for what in compared(shared.tensors(), alone.tensors()))
                values = [{k: torch.tensor(v) for k, v in d.items()} for d in (logged, expected)]
                yield from (f"{name}: logged {what}" for what in compared(*values))


def compared(ours: dict[str, Tensor], theirs: dict[str, Tensor], within: float = WITHIN) -> Iterator[str]:
    """The largest difference beyond `within`, if any."""
    if ours.keys() != theirs.keys():
        yield f"{sorted(ours.keys() ^ theirs.keys())[0]} is only in one"
        return
    for name, a in ours.items():
        gap = ((a - theirs[name]).abs() / (1 + theirs[name].abs())).max().item() if a.numel() else 0.0
        if not gap <= within:
            yield f"{name} differs by {gap:.1e}"
            return


def same_bits(state: State, group: Group) -> bool:
    """True when all processes of the group hold the same state."""
    flat = torch.cat([t.detach().double().flatten() for t in state.tensors().values()])
    mark = noise.key(flat.numpy().tobytes().hex())
    most, least = group.most(mark, -mark)
    return most == -least

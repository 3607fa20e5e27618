"""AS-IntroVAE on eight Gaussians: when its KL is annealed, and how much tuning it needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import comb
from typing import Any

import numpy as np

from chimerae.recipes.build import build
from chimerae.studies.columns import columns
from chimerae.studies.papers.as_introvae_table1 import (
    AS,
    SETS,
    SMALL,
    SMALL_WARM_UP,
    SOFT,
    TUNED,
    WARM_UP,
    Betas,
)
from chimerae.studies.study import Arm, Scale, Study, StudyResults, Verdict
from chimerae.tables import ALPHA

SHARES: Mapping[str, tuple[float, ...]] = {"run": (0.1, 0.2, 0.4), "game": (0.02, 0.05, 0.1, 0.2)}
"""Shares in which c rises, by where they count from. The warm-up takes a 15th of the run: a shorter rise from
the start of the run is over before the game begins, which is Soft-IntroVAE.
"""
PUBLISHED = 0.2
N_SETS = 16
WITHIN = 3.0
"""Each weight of a drawn set is the tuned one times a factor up to this, or divided by it."""
MODES = 8


def sampled_sets(count: int = N_SETS, seed: int = 0) -> Iterator[Betas]:
    """Sets of weights around the tuned one, log-uniform within a factor of `WITHIN`, to two digits."""
    generator = np.random.default_rng(seed)
    for _ in range(count):
        factors = WITHIN ** generator.uniform(-1, 1, size=3)
        yield Betas(
            *(float(f"{w * f:.2g}") for w, f in zip(vars(SETS[TUNED]).values(), factors, strict=True))
        )


def schedules(scale: Scale) -> tuple[Arm, ...]:
    """Soft-IntroVAE and every schedule, with the tuned weights."""
    soft = _arm(SOFT, "", SETS[TUNED], scale)
    return (
        soft,
        *(
            _arm(AS, "", SETS[TUNED], scale, origin, share)
            for origin, shares in SHARES.items()
            for share in shares
        ),
    )


def tunings(scale: Scale) -> tuple[Arm, ...]:
    """Both methods with every drawn set; AS-IntroVAE has the published schedule."""
    return tuple(_arm(name, _set(betas), betas, scale) for betas in sampled_sets() for name in (SOFT, AS))


def _schedule(origin: str, share: float) -> str:
    return f"{AS}, {share:.0%} of the {origin}"


def _set(betas: Betas) -> str:
    return f"{betas.beta_kl:g} / {betas.beta_rec:g} / {betas.beta_neg:g}"


def _arm(
    method: str, group: str, betas: Betas, scale: Scale, origin: str = "run", share: float | None = None
) -> Arm:
    settings: dict[str, Any] = {f"method.{name}": weight for name, weight in vars(betas).items()}
    if share is not None:
        settings |= {"method.anneal_from": origin, "method.anneal_share": share}
    quick = scale == "quick"
    settings |= {"method.warmup_steps": SMALL_WARM_UP if quick else WARM_UP, **(SMALL if quick else {})}
    name = method if share is None else _schedule(origin, share)
    return Arm(name, build(f"{method.lower()}-8gaussians", settings=settings), group)


def judge_schedules(found: StudyResults) -> Verdict:
    """The published schedule, a fifth of the run, is as near to the data as Soft-IntroVAE, or not."""
    soft = found(SOFT, "kl_published")
    told = {arm.name: found(arm.name, "kl_published") for arm in schedules("quick")[1:]}
    worse = [name for name, kl in told.items() if kl.above(soft)]
    published = told[_schedule("run", PUBLISHED)]
    words = (
        f"with {PUBLISHED:.0%} of the run, as published, the KL is {published.mean:.1f}, and {soft.mean:.1f} "
        f"with {SOFT} ({published.versus(soft)}); worse than {SOFT} at p < .05: {'; '.join(worse) or 'none'}"
    )
    if published.differs(soft):
        return Verdict("agrees" if published.mean < soft.mean else "disagrees", words)
    return Verdict("unclear", words)


def judge_tunings(found: StudyResults) -> Verdict:
    """AS-IntroVAE finds all modes in more of the drawn sets than Soft-IntroVAE, by a sign test, or not."""
    whole = {name: [_all_modes(found, betas, name) for betas in sampled_sets()] for name in (SOFT, AS)}
    pairs = list(zip(whole[AS], whole[SOFT], strict=True))
    ours, theirs = pairs.count((True, False)), pairs.count((False, True))
    p = sign_test(ours, theirs)
    told = (
        f"all {MODES} modes are found with {sum(whole[AS])} of {N_SETS} sets of weights by {AS}, and with "
        f"{sum(whole[SOFT])} by {SOFT}; {ours} sets are mastered by the former alone, {theirs} by the latter "
        f"alone (sign test: p = {p:.2f})"
    )
    if p >= ALPHA:
        return Verdict("unclear", told)
    return Verdict("agrees" if ours > theirs else "disagrees", told)


def _all_modes(found: StudyResults, betas: Betas, name: str) -> bool:
    return min(found(f"{_set(betas)}, {name}", "modes_covered").each) >= MODES


def sign_test(one: int, other: int) -> float:
    """Two-sided p of equal chances for `one` and `other`, counts of pairs that differ either way.

    >>> sign_test(6, 0), sign_test(1, 1), sign_test(0, 0)
    (0.03125, 1.0, 1.0)
    """
    n = one + other
    return min(1.0, float(2 * sum(comb(n, k) for k in range(min(one, other) + 1)) / 2**n))


SHOWS = columns("kl_published", "jsd_published", "modes_covered", "in_modes")
QUICK = """\
At quick scale the networks have three layers of 64, and the run has 10,000 steps, a third of the paper's."""
SCHEDULE = Study(
    name="as-introvae-schedule",
    about="When should AS-IntroVAE's KL be annealed?",
    source="Lu et al. 2022 (arXiv 2206.13903), section 3: c = min(5 i / T, 1)",
    method=f"""\
Eight narrow Gaussians and Soft-IntroVAE's tuned weights, as in the first set of table 1. AS-IntroVAE raises
the weight c of its KL from 0 to 1 over a share of the steps; the paper has {PUBLISHED:.0%} of the run. The
rows count the share from the start of the run, or from the start of the game, after a 15th of the run in
which a VAE warms up. In the latter case the encoder's KL of generated points has no weight at first. A rise
that is over before the game begins is Soft-IntroVAE itself. {QUICK}""",
    arms=schedules,
    shows=SHOWS,
    verdict=judge_schedules,
)
TUNING = Study(
    name="as-introvae-tuning",
    about="Does AS-IntroVAE need less tuning than Soft-IntroVAE?",
    source="Lu et al. 2022 (arXiv 2206.13903), the claim of table 1",
    method=f"""\
Eight narrow Gaussians, as in table 1, and {N_SETS} sets of weights (beta_kl / beta_rec / beta_neg), the same
for both methods. Each weight is drawn log-uniformly within a factor of {WITHIN:g} around the one that
Soft-IntroVAE's authors tuned. The sets were drawn once, with seed 0. AS-IntroVAE has the published schedule.
The sets are the sample: one seed for each is enough. {QUICK}""",
    arms=tunings,
    shows=SHOWS,
    verdict=judge_tunings,
    columns=6,
)

"""AS-IntroVAE on eight Gaussians: when its KL is annealed, and how much tuning it needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import comb

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
from chimerae.tables import ALPHA, Values, plural

SHARES: Mapping[str, tuple[float, ...]] = {"run": (0.1, 0.2, 0.4), "game": (0.02, 0.05, 0.1, 0.2)}
"""Shares in which c rises, by where they count from. The warm-up takes a 15th of the run: a shorter rise from
the start of the run is over before the game begins, which is Soft-IntroVAE.
"""
DRAWN = 12
WITHIN = 3.0
"""Each weight of a drawn set is the tuned one times a factor up to this, or divided by it."""
MODES = 8


def drawn_sets(count: int = DRAWN, seed: int = 0) -> Iterator[Betas]:
    """Sets of weights around the tuned one, log-uniform within a factor of `WITHIN`, to two digits."""
    generator = np.random.default_rng(seed)
    for _ in range(count):
        factors = WITHIN ** generator.uniform(-1, 1, size=3)
        yield Betas(
            *(float(f"{w * f:.2g}") for w, f in zip(vars(SETS[TUNED]).values(), factors, strict=True))
        )


def arms(scale: Scale) -> tuple[Arm, ...]:
    """Schedules with the tuned weights; then both methods with each drawn set."""
    tuned = [_arm(SOFT, TUNED, SETS[TUNED], scale)]
    for origin, shares in SHARES.items():
        for share in shares:
            options: Mapping[str, str | float] = {"method.anneal_from": origin, "method.anneal_share": share}
            named = replace(_arm(AS, TUNED, SETS[TUNED], scale, options), name=_schedule(origin, share))
            tuned.append(named)
    sets = [_arm(name, _set(betas), betas, scale) for betas in drawn_sets() for name in (SOFT, AS)]
    return (*tuned, *sets)


def _schedule(origin: str, share: float) -> str:
    return f"{AS}, {share:.0%} of the {origin}"


def _set(betas: Betas) -> str:
    return f"{betas.beta_kl:g} / {betas.beta_rec:g} / {betas.beta_neg:g}"


def _arm(
    name: str, group: str, betas: Betas, scale: Scale, options: Mapping[str, str | float] | None = None
) -> Arm:
    quick = scale == "quick"
    settings = {f"method.{key}": weight for key, weight in vars(betas).items()} | dict(options or {})
    settings |= {"method.warmup_steps": SMALL_WARM_UP if quick else WARM_UP, **(SMALL if quick else {})}
    return Arm(name, build(f"{name.lower()}-8gaussians", settings=settings), group)


def verdict(found: StudyResults) -> Verdict:
    """The paper's claim, that AS-IntroVAE needs less tuning, by the sets in which every seed finds all modes;
    and the schedules that are worse than Soft-IntroVAE.
    """
    soft = found(f"{TUNED}, {SOFT}", "kl_published")
    names = [_schedule(origin, share) for origin, shares in SHARES.items() for share in shares]
    worse = [
        name.removeprefix(f"{AS}, ")
        for name in names
        if _worse(found(f"{TUNED}, {name}", "kl_published"), soft)
    ]
    whole = {name: [_all_modes(found, _set(betas), name) for betas in drawn_sets()] for name in (SOFT, AS)}
    only = [
        sum(a and not b for a, b in zip(whole[one], whole[two], strict=True))
        for one, two in ((AS, SOFT), (SOFT, AS))
    ]
    p, gone = sign_test(*only), ", ".join(worse) or "none"
    told = (
        f"of {plural(DRAWN, 'set')} of weights, every seed finds all {MODES} modes in {sum(whole[AS])} with "
        f"{AS} and in {sum(whole[SOFT])} with {SOFT} (sign test on the sets that only one of them masters: "
        f"p = {p:.2f}); schedules with a higher KL than {SOFT} at p < .05, tuned weights: {gone}"
    )
    if p >= ALPHA:
        return Verdict("unclear", told)
    return Verdict("agrees" if only[0] > only[1] else "disagrees", told)


def _worse(ours: Values, theirs: Values) -> bool:
    return ours.mean > theirs.mean and ours.differs(theirs)


def _all_modes(found: StudyResults, group: str, name: str) -> bool:
    return min(found(f"{group}, {name}", "modes_covered").each) >= MODES


def sign_test(one: int, other: int) -> float:
    """Two-sided p of equal chances for `one` and `other`, counts of pairs that differ either way.

    >>> sign_test(6, 0), sign_test(1, 1), sign_test(0, 0)
    (0.03125, 1.0, 1.0)
    """
    n = one + other
    return min(1.0, float(2 * sum(comb(n, k) for k in range(min(one, other) + 1)) / 2**n))


STUDY = Study(
    name="as-introvae-schedule",
    about="When should AS-IntroVAE's KL be annealed, and does it need less tuning than Soft-IntroVAE?",
    source="claims of Lu et al. 2022 (arXiv 2206.13903): section 3 and table 1",
    method=f"""\
Eight narrow Gaussians, as in table 1. AS-IntroVAE raises the weight c of its KL from 0 to 1 over a share of
the steps; the paper has 20 percent of the run. The first rows have Soft-IntroVAE's tuned weights, and
schedules that count from the start of the run, or from the start of the game after the VAE's warm-up (a 15th
of the run). In the latter case the encoder's KL of generated points has no weight at first. A rise that is
over before the game begins is Soft-IntroVAE itself.

The other rows ask how much tuning the two methods need: {DRAWN} sets of weights (beta_kl / beta_rec /
beta_neg), each weight drawn log-uniformly within a factor of {WITHIN:g} around the tuned one, the same sets
for both; AS-IntroVAE has the published schedule. The sets were drawn once, with seed 0. At quick scale the
networks are small (three layers of 64), and the steps a tenth of the paper's.""",
    arms=arms,
    shows=columns("kl_published", "jsd_published", "modes_covered", "in_modes"),
    verdict=verdict,
    columns=8,
)

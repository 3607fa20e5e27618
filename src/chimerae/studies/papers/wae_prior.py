"""Aggregate posterior against prior: Wasserstein autoencoders and a VAE, and what improved sampling does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chimerae.recipes.build import build
from chimerae.studies.columns import columns
from chimerae.studies.study import Arm, Scale, Study, StudyResults, Verdict

STEPS: Mapping[Scale, int] = {"quick": 5_000, "paper": 20_000}
SAME: Mapping[str, Any] = {
    "arch.width": 128,
    "arch.depth": 3,
    "method.z_dim": 2,
    "training.batch_size": 256,
    "training.optimizer.lr": 1e-3,
    "training.optimizer.beta1": 0.5,
    "training.optimizer.schedule": "exponential",
    "training.optimizer.final": 0.02,
    "training.ema": 0.0,
    "training.picture_every": 10_000,
    "training.save_every": 10_000,
    "evaluation.improve": True,
}
OWN: Mapping[str, Mapping[str, Any]] = {
    "WAE-MMD": {},
    "WAE-GAN": {},
    "VAE": {"method.beta": 0.01},
}
NAMES = {"WAE-MMD": "wae-mmd", "WAE-GAN": "wae-gan", "VAE": "vae"}
PLAIN, IMPROVED = "decoder", "decoder, improved"


def arms(scale: Scale) -> tuple[Arm, ...]:
    """Three autoencoders under the same settings, each with plain and with improved samples."""
    return tuple(
        Arm(
            title,
            build(
                NAMES[title],
                data="8gaussians",
                arch="mlp",
                settings={**SAME, **own, "steps": STEPS[scale]},
            ),
            networks=("encoder", PLAIN, IMPROVED),
        )
        for title, own in OWN.items()
    )


def verdict(found: StudyResults) -> Verdict:
    """WAEs match the prior in the aggregate; improved samples cost less, and more of them lie in modes."""
    told = "; ".join(
        f"{title}: kernel distance {found(title, 'prior_mmd').mean:.4f}, p {found(title, 'prior_p').mean:.2f}"
        for title in OWN
    )
    effects = {
        f"{title} {what}": _better(found, title, metric, sign)
        for title in OWN
        for what, metric, sign in (("in cost", "cycle_cost", -1), ("in modes", "in_modes", 1))
    }
    if worse := [name for name, effect in effects.items() if effect is False]:
        return Verdict("disagrees", f"improved samples are worse: {', '.join(worse)}; {told}")
    if same := [name for name, effect in effects.items() if effect is None]:
        return Verdict("unclear", f"improved samples do not differ at p < .05: {', '.join(same)}; {told}")
    said = f"improved sampling lowers its cost and has more samples in modes for all; {told}"
    if refused := [title for title in ("WAE-MMD", "WAE-GAN") if found(title, "prior_p").mean < 0.05]:
        return Verdict("unclear", f"{said}; the test tells the codes of {', '.join(refused)} from the prior")
    return Verdict("agrees", said)


def _better(found: StudyResults, title: str, metric: str, sign: int) -> bool | None:
    """True when improved samples of an arm are better than plain ones; None when the spread hides it."""
    plain, improved = (found(f"{title}: {of}", metric) for of in (PLAIN, IMPROVED))
    return sign * (improved.mean - plain.mean) > 0 if improved.differs(plain) else None


STUDY = Study(
    name="wae-prior",
    about="Do the codes of a WAE together look like the prior, and are improved samples better?",
    source="Tolstikhin et al. 2018 (arXiv 1711.01558); improved sampling: its published code",
    method="""\
Eight narrow Gaussians and a two-dimensional code. The test compares 2,000 codes of test points with 2,000
draws from the prior by a kernel distance and 200 permutations; the pictures show both sets. A continuous
decoder that covers eight separate modes has to draw some points between them. *Improved* samples are moved
in the space of codes to where they survive being encoded and decoded (`cost` is the squared distance of a
point from what then becomes of it), which should take them off the bridges: `in modes` is the share of
points within four deviations of a centre.""",
    arms=arms,
    shows=columns("prior_mmd", "prior_p", "cycle_cost", "in_modes", "modes_covered", "kl_nats", "mse_points"),
    verdict=verdict,
    pictures=("codes", "scatter"),
    columns=4,
)

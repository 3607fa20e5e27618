"""AVAE's generator on its own encoder and on frozen ones: faces, equal steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from chimerae.recipes.build import build
from chimerae.recipes.short import short_arch, short_settings
from chimerae.shapes import Shape
from chimerae.studies.columns import columns
from chimerae.studies.study import Arm, MetricColumn, Scale, Study, StudyResults, Verdict

AVAE, FROZEN, RANDOM = "AVAE", "frozen EfficientNet", "frozen random network"
GENERATOR, OURS = f"{AVAE}: generator", f"{FROZEN}: generator"
LABELS: Final = "cifar10"
"""Labels of the classifier whose features judge samples: no encoder has seen them."""
APART: Final = f"fd_classifier[{LABELS}]"
SHARED: Final = "fd_efficientnet"
"""Distance by features of the network that the frozen encoder is a part of."""
NEAR: Final = "perceptual_efficientnet"
STEPS: Mapping[Scale, int] = {"quick": 3_000, "paper": 30_000}
SHAPE: Final[Shape] = (3, 32, 32)
SAME: Mapping[str, Any] = {
    "prepare.size": 32,
    "training.batch_size": 32,
    "training.picture_every": 1_000,
    "training.save_every": 1_000,
    "evaluation.labels": LABELS,
}
OWN: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    AVAE: ("avae", {}),
    RANDOM: ("avae-frozen", {"method.encoder": "random"}),
    FROZEN: ("avae-frozen", {}),
}


def arms(scale: Scale) -> tuple[Arm, ...]:
    """AVAE, a frozen encoder without and one with training; two rows each, of decoder and generator."""
    return tuple(_arm(title, scale) for title in OWN)


def _arm(title: str, scale: Scale) -> Arm:
    name, own = OWN[title]
    settings = {**short_settings(name, SHAPE), **SAME, "steps": STEPS[scale], **own}
    run = build(name, data="lfw", arch=short_arch(name), settings=settings)
    return Arm(title, run, networks=("decoder", "generator"))


def verdict(found: StudyResults) -> Verdict:
    """On EfficientNet's features samples are nearer to the data than on AVAE's own encoder, by the classifier
    that neither has seen. Without that distance nothing is judged.
    """
    if any((row, APART) not in found.values for row in (GENERATOR, OURS)):
        return Verdict("unclear", f"{APART} was not measured for both generators")
    told = "; ".join(_told(found, metric) for metric in (APART, SHARED, NEAR) if _both(found, metric))
    ours, theirs = found(OURS, APART), found(GENERATOR, APART)
    if not ours.differs(theirs):
        return Verdict("unclear", f"the generators do not differ at p < .05: {told}")
    return Verdict("agrees" if ours.mean < theirs.mean else "disagrees", told)


def _both(found: StudyResults, metric: str) -> bool:
    return (OURS, metric) in found.values and (GENERATOR, metric) in found.values


def _told(found: StudyResults, metric: str) -> str:
    ours, theirs = found(OURS, metric), found(GENERATOR, metric)
    told = f"{metric} {ours.mean:.3g} on the frozen encoder, {theirs.mean:.3g} on AVAE's own"
    return f"{told} ({ours.versus(theirs)})"


STUDY = Study(
    name="avae-frozen",
    about="Does a frozen representation make better faces than AVAE's own encoder?",
    source="the outlook of Plumerault et al. 2020 (arXiv 2012.11551); the source has no numbers",
    method=f"""\
Labeled Faces in the Wild at 32x32, nobody in both splits. Three encoders, equal steps, equal networks, the
settings of [short runs](../../../short-runs.md): AVAE's own, which learns with its decoder; that of the
installed EfficientNet-Lite0; and convolutions with random weights, to tell what its training adds.
Codes of frozen encoders are principal components of their features ([page](../../../methods/avae-frozen.md)).
The verdict reads the Frechet distance of samples on a classifier of {LABELS}, which no encoder has seen.
The distance on EfficientNet's features favours the encoder that has them. A step takes nearly the same time
on all three encoders. MSE and perceptual distance are those of reconstructions of test images.""",
    arms=arms,
    shows=(
        MetricColumn(APART, f"FD, classifier of {LABELS}"),
        *columns(SHARED, "swd", "variety_efficientnet", "sharpness"),
        *columns("mse_signed", "psnr"),
        MetricColumn(NEAR, "perceptual, EfficientNet"),
    ),
    verdict=verdict,
    pictures=("samples", "reconstructions"),
    learning=True,
    columns=3,
)

"""Metrics of what a feature network makes of images that a model draws."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from chimerae.metrics import frechet, kernel, neighbourhoods
from chimerae.metrics.kinds import Fact, SampleMetric, Subject

CLASSIFIER: Final = "classifier"
"""The network that is trained on the data's own labels."""

_SUBSETS: Final[Mapping[str, Fact]] = {
    "subsets": kernel.SUBSETS,
    "subset": kernel.SUBSET,
    "at_most": neighbourhoods.MOST,
}
_PRECISION: Final[Mapping[str, Fact]] = {"k": neighbourhoods.K_PRECISION, "at_most": neighbourhoods.MOST}
_DENSITY: Final[Mapping[str, Fact]] = {"k": neighbourhoods.K_DENSITY, "at_most": neighbourhoods.MOST}


def _labelled(subject: Subject) -> str | None:
    return None if subject.with_labels else "it has no labels; name a set that has with --evaluation.labels"


def _of_neighbourhoods(
    network: str, layer: str, words: str, suits: Callable[[Subject], str | None]
) -> tuple[SampleMetric, ...]:
    features = (network, layer)
    return (
        SampleMetric(
            name=f"precision_{network}",
            better="higher",
            unit="[0, 1]",
            features=features,
            facts=_PRECISION,
            suits=suits,
            gather=neighbourhoods.Kept,
            compare=lambda real, made: made.beside(real).precision,
            about=f"share of samples that lie among the data, features of {words}",
        ),
        SampleMetric(
            name=f"recall_{network}",
            better="higher",
            unit="[0, 1]",
            features=features,
            facts=_PRECISION,
            suits=suits,
            gather=neighbourhoods.Kept,
            compare=lambda real, made: made.beside(real).recall,
            about=f"share of the data that lies among samples, features of {words}",
        ),
        SampleMetric(
            name=f"density_{network}",
            better="higher",
            unit="about 1 for the data",
            features=features,
            facts=_DENSITY,
            suits=suits,
            gather=neighbourhoods.Kept,
            compare=lambda real, made: made.beside(real).density,
            about=f"how deep among the data samples lie, features of {words}",
        ),
        SampleMetric(
            name=f"coverage_{network}",
            better="higher",
            unit="[0, 1]",
            features=features,
            facts=_DENSITY,
            suits=suits,
            gather=neighbourhoods.Kept,
            compare=lambda real, made: made.beside(real).coverage,
            about=f"share of the data with a sample close by, features of {words}",
        ),
    )


FEATURES: Final[tuple[SampleMetric, ...]] = (
    SampleMetric(
        name="fd_classifier",
        better="lower",
        unit="squared units of the features",
        features=(CLASSIFIER, "pool"),
        facts={},
        suits=_labelled,
        gather=frechet.Moments,
        compare=frechet.frechet,
        about="Frechet distance on features of a classifier of the data's own labels (not FID)",
    ),
    SampleMetric(
        name="kd_classifier",
        better="lower",
        unit="about 0 for the data",
        features=(CLASSIFIER, "pool"),
        facts=_SUBSETS,
        suits=_labelled,
        gather=neighbourhoods.Kept,
        compare=lambda real, made: kernel.kernel_distance(real.rows(), made.rows()),
        about="kernel distance on features of a classifier of the data's own labels (not KID)",
    ),
    *_of_neighbourhoods(CLASSIFIER, "pool", "a classifier of the data's own labels", _labelled),
)
"""In the order in which they are listed."""

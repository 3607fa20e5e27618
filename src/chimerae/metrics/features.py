"""Metrics of images that a model draws or reconstructs, on their features from a network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Literal

from chimerae.metrics import frechet, inception_score, kernel, precision_recall, variety
from chimerae.metrics.kinds import Fact, MetricContext, labelled
from chimerae.metrics.precision_recall import FeatureBank, Neighbourhoods
from chimerae.metrics.samples import SampleMetric

CLASSIFIER: Final = ("classifier", "pool")
"""The network that is trained on the data's own labels."""
EFFICIENTNET: Final = ("efficientnet", "pool")
"""The network whose weights are installed with the package."""
POOL: Final = ("inception", "pool")
LOGITS: Final = ("inception", "logits")
FC2: Final = ("vgg16", "fc2")

_VARIETY: Final[Mapping[str, Fact]] = {"distance": "Euclidean, mean over pairs", "at_most": variety.MOST}
_SUBSETS: Final[Mapping[str, Fact]] = {
    "subsets": kernel.SUBSETS,
    "subset": kernel.SUBSET,
    "at_most": precision_recall.MOST,
}
_PRECISION: Final[Mapping[str, Fact]] = {"k": precision_recall.K_PRECISION, "at_most": precision_recall.MOST}
_DENSITY: Final[Mapping[str, Fact]] = {"k": precision_recall.K_DENSITY, "at_most": precision_recall.MOST}

Suits = Callable[[MetricContext], str | None]
Made = Literal["samples", "reconstructions"]


def _any(context: MetricContext) -> str | None:
    return None


def _frechet(
    name: str, features: tuple[str, str], about: str, suits: Suits, made: Made = "samples"
) -> SampleMetric:
    return SampleMetric(
        name=name,
        made=made,
        better="lower",
        unit="squared units of the features",
        features=features,
        facts={},
        suits=suits,
        gather=frechet.Moments,
        compare=frechet.frechet,
        about=about,
    )


def _kernel(name: str, features: tuple[str, str], about: str, suits: Suits) -> SampleMetric:
    return SampleMetric(
        name=name,
        better="lower",
        unit="about 0 for the data",
        features=features,
        facts=_SUBSETS,
        bounded=("subset",),
        suits=suits,
        gather=FeatureBank,
        compare=lambda real, made: kernel.kernel_distance(real.rows(), made.rows()),
        about=about,
    )


def _of_neighbourhoods(
    ending: str, features: tuple[str, str], words: str, suits: Suits
) -> tuple[SampleMetric, ...]:
    return tuple(
        SampleMetric(
            name=name + ending,
            better="higher",
            unit=unit,
            features=features,
            facts=facts,
            suits=suits,
            gather=FeatureBank,
            compare=_beside(value),
            about=f"{about}, features of {words}",
            varied=varied,
        )
        for name, unit, facts, value, about, varied in _NEIGHBOURHOODS
    )


def _beside(value: Callable[[Neighbourhoods], float]) -> Callable[[FeatureBank, FeatureBank], float]:
    return lambda real, made: value(made.beside(real))


_SHARE = "[0, 1]"
_NEIGHBOURHOODS: tuple[
    tuple[str, str, Mapping[str, Fact], Callable[[Neighbourhoods], float], str, bool], ...
] = (
    (
        "precision",
        _SHARE,
        _PRECISION,
        lambda n: n.precision,
        "share of samples that lie among the data",
        True,
    ),
    ("recall", _SHARE, _PRECISION, lambda n: n.recall, "share of the data that lies among samples", False),
    (
        "density",
        "about 1 for the data",
        _DENSITY,
        lambda n: n.density,
        "how deep among the data samples lie",
        True,
    ),
    ("coverage", _SHARE, _DENSITY, lambda n: n.coverage, "share of the data with a sample close by", False),
)
"""Name, unit, facts, value and meaning of each; True if it needs varied samples."""


def _variety(name: str, features: tuple[str, str], words: str, suits: Suits) -> SampleMetric:
    return SampleMetric(
        name=name,
        better="data",
        unit="1 for the data",
        features=features,
        facts=_VARIETY,
        suits=suits,
        gather=FeatureBank,
        compare=variety.variety,
        about=f"mean distance of two samples over that of two images of the data, features of {words}",
    )


_LITE: Final = "EfficientNet-Lite0"
_OWN: Final = "a classifier of the data's own labels"

FEATURE_METRICS: Final[tuple[SampleMetric, ...]] = (
    _frechet("fid", POOL, "Frechet distance on features of the Inception network of 2015", _any),
    _kernel("kid", POOL, "kernel distance on features of the Inception network of 2015", _any),
    SampleMetric(
        name="inception_score",
        better="higher",
        unit="[1, 1008]",
        features=LOGITS,
        facts={"splits": inception_score.SPLITS},
        gather=inception_score.ScoreStats,
        compare=lambda real, made: made.score(),
        alone=True,
        about="how sure of its class, and how varied over classes, the Inception network finds samples",
    ),
    *_of_neighbourhoods("", FC2, "VGG16 (second fully connected layer)", _any),
    _frechet("fd_efficientnet", EFFICIENTNET, f"Frechet distance on features of {_LITE} (not FID)", _any),
    _kernel("kd_efficientnet", EFFICIENTNET, f"kernel distance on features of {_LITE} (not KID)", _any),
    *_of_neighbourhoods("_efficientnet", EFFICIENTNET, _LITE, _any),
    _variety("variety_efficientnet", EFFICIENTNET, _LITE, _any),
    _frechet("fd_classifier", CLASSIFIER, f"Frechet distance on features of {_OWN} (not FID)", labelled),
    _kernel("kd_classifier", CLASSIFIER, f"kernel distance on features of {_OWN} (not KID)", labelled),
    *_of_neighbourhoods("_classifier", CLASSIFIER, _OWN, labelled),
    _variety("variety_classifier", CLASSIFIER, "a classifier", labelled),
    _frechet("rfid", POOL, "FID of reconstructions against their originals", _any, "reconstructions"),
    _frechet(
        "rfd_efficientnet",
        EFFICIENTNET,
        f"Frechet distance of reconstructions and originals, features of {_LITE} (not FID)",
        _any,
        "reconstructions",
    ),
    _frechet(
        "rfd_classifier",
        CLASSIFIER,
        f"Frechet distance of reconstructions and originals, features of {_OWN}",
        labelled,
        "reconstructions",
    ),
)
"""Tables and lists keep this order."""

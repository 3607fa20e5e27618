"""Metrics of images that a model draws or reconstructs, on their features from a network."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final, Literal

from chimerae.metrics import feature_bank, frechet, inception_score, kernel, precision_recall, variety
from chimerae.metrics.feature_bank import FeatureBank
from chimerae.metrics.kinds import Fact, Features, MetricContext, Suits, labelled
from chimerae.metrics.precision_recall import Neighbourhoods
from chimerae.metrics.samples import SampleMetric
from chimerae.metrics.scales import SHARE, Scale, higher, lower, towards_data

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
    "at_most": feature_bank.MOST,
}
_PRECISION: Final[Mapping[str, Fact]] = {"k": precision_recall.K_PRECISION, "at_most": feature_bank.MOST}
_DENSITY: Final[Mapping[str, Fact]] = {"k": precision_recall.K_DENSITY, "at_most": feature_bank.MOST}

Made = Literal["samples", "reconstructions"]


def _any(context: MetricContext) -> str | None:
    return None


def _frechet(name: str, features: Features, about: str, suits: Suits, made: Made = "samples") -> SampleMetric:
    return SampleMetric(
        name=name,
        made=made,
        **lower("squared units of the features"),
        features=features,
        facts={},
        suits=suits,
        gather=frechet.Moments,
        compare=frechet.frechet,
        about=about,
    )


def _of_banks(
    name: str,
    features: Features,
    about: str,
    suits: Suits,
    compare: Callable[[FeatureBank, FeatureBank], float | tuple[float, float | None]],
    facts: Mapping[str, Fact],
    scale: Scale,
    bounded: tuple[str, ...] = (),
    *,
    varied: bool = False,
) -> SampleMetric:
    """A metric that compares the features of samples and of the data one by one."""
    return SampleMetric(
        name=name,
        features=features,
        facts=facts,
        bounded=bounded,
        suits=suits,
        gather=FeatureBank,
        compare=compare,
        about=about,
        varied=varied,
        **scale,
    )


def _kernel(name: str, features: Features, about: str, suits: Suits) -> SampleMetric:
    def compare(real: FeatureBank, made: FeatureBank) -> tuple[float, float | None]:
        return kernel.kernel_distance(real.rows(), made.rows())

    scale: Scale = lower("about 0 for the data")
    return _of_banks(name, features, about, suits, compare, _SUBSETS, scale, ("subset",))


def _variety(name: str, features: Features, words: str, suits: Suits) -> SampleMetric:
    about = f"mean distance of two samples over that of two images of the data, features of {words}"
    scale: Scale = towards_data("1 for the data")
    return _of_banks(name, features, about, suits, variety.variety, _VARIETY, scale)


def _of_neighbourhoods(ending: str, features: Features, words: str, suits: Suits) -> Iterator[SampleMetric]:
    for name, scale, facts, value, about, varied in _NEIGHBOURHOODS:
        told = f"{about}, features of {words}"
        yield _of_banks(name + ending, features, told, suits, _beside(value), facts, scale, varied=varied)


def _beside(value: Callable[[Neighbourhoods], float]) -> Callable[[FeatureBank, FeatureBank], float]:
    return lambda real, made: value(made.beside(real))


_NEIGHBOURHOODS: tuple[
    tuple[str, Scale, Mapping[str, Fact], Callable[[Neighbourhoods], float], str, bool], ...
] = (
    (
        "precision",
        SHARE,
        _PRECISION,
        lambda n: n.precision,
        "share of samples that lie among the data",
        True,
    ),
    ("recall", SHARE, _PRECISION, lambda n: n.recall, "share of the data that lies among samples", False),
    (
        "density",
        higher("about 1 for the data"),
        _DENSITY,
        lambda n: n.density,
        "how deep among the data samples lie",
        True,
    ),
    ("coverage", SHARE, _DENSITY, lambda n: n.coverage, "share of the data with a sample close by", False),
)
"""Name, scale, facts, value and meaning of each; True if it needs varied samples."""


_LITE: Final = "EfficientNet-Lite0"
_OWN: Final = "a classifier of the data's own labels"

FEATURE_METRICS: Final[tuple[SampleMetric, ...]] = (
    _frechet("fid", POOL, "Frechet distance on features of the Inception network of 2015", _any),
    _kernel("kid", POOL, "kernel distance on features of the Inception network of 2015", _any),
    SampleMetric(
        name="inception_score",
        **higher("[1, 1008]"),
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

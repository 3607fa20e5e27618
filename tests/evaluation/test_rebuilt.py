"""Frechet distances of reconstructions and originals, against SciPy and a loop over images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar, final

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm
from torch import Tensor

from chimerae.evaluation import Evaluation, evaluate
from chimerae.evaluation import features as room
from chimerae.evaluation.samples import shuffled
from chimerae.evaluation.seeded_codec import SeededCodec
from chimerae.features import EXTRACTORS, Extractor
from tests.evaluation.evaluation_stubs import Sampler, Twin, built, images


@final
@dataclass(frozen=True)
class Projections(Extractor):
    """In place of EfficientNet: random projections, and the images that it saw."""

    name: ClassVar[str] = "efficientnet"
    most: int | None = None
    seen: list[Tensor] = field(default_factory=list)

    @property
    def facts(self) -> Mapping[str, str | int | float]:
        return {"weights_of_features": "none"}

    def features(self, images: Tensor) -> Mapping[str, Tensor]:
        self.seen.append(images)
        return {"pool": projected(images)}


def projected(images: Tensor) -> Tensor:
    rows = images.double().flatten(1) / 255
    return rows @ torch.randn(rows.shape[1], 5, generator=torch.Generator().manual_seed(3)).double()


@pytest.fixture(autouse=True)
def network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Projections:
    """EfficientNet's stand-in, which sees 30 images of either kind by default."""
    monkeypatch.setenv("CHIMERAE_CACHE", str(tmp_path))
    monkeypatch.setattr(room, "QUICK", 30)
    stand_in = Projections()
    monkeypatch.setitem(EXTRACTORS, "efficientnet", lambda wanted: replace(stand_in, most=wanted.most))
    return stand_in


def by_scipy(a: Tensor, b: Tensor) -> float:
    """The distance of two sets of features, by the published formula."""
    s, t = (np.cov(rows.numpy(), rowvar=False) for rows in (a, b))
    return float(((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(s + t - 2 * sqrtm(s @ t).real))


@pytest.mark.parametrize("samples", [None, 50])
def test_distance_of_reconstructions_is_scipys_over_the_same_images(samples: int | None):
    data, method = images(50), Twin()
    nets = built(method, data.shape)
    wanted = Evaluation(metrics=("rfd_efficientnet",), samples=samples, batch_size=7)
    results = evaluate(method, nets, data, wanted)
    n = samples or 30
    order = shuffled(data.test, 50, 0)
    with nets.evaluating():
        codec = SeededCodec(method, nets, data.shape, 0, 50)
        x = data.test.take(order)
        made = codec.decode(codec.codes(x, 0))
    assert [score.of for score in results.scores] == ["decoder", "generator"]
    for score in results.scores:
        pairs = (x[:n], made[score.of][:n])
        told = [projected((each * 255).round().byte()) for each in pairs]
        assert score.value == pytest.approx(by_scipy(*told), rel=1e-5)
        assert (score.n, score.protocol["real"], score.protocol["real_n"]) == (n, "test", n)
        assert score.protocol["code"] == "sample"


def test_perfect_reconstructions_have_distance_0_and_a_grey_image_much():
    data, method = images(40), Twin()
    nets = built(method, data.shape)

    class Perfect(SeededCodec):
        def codes(self, x: Tensor, start: int, labels: Tensor | None = None) -> Tensor:
            return x.flatten(1)

        def decode(self, z: Tensor) -> dict[str, Tensor]:
            whole = z.shape[1] == 144
            exact = z.reshape(-1, *data.shape) if whole else torch.zeros(len(z), *data.shape)
            return {"decoder": exact, "generator": torch.full_like(exact, 0.5)}

    found = evaluate(method, nets, data, Evaluation(metrics=("rfd_efficientnet",)), kind=Perfect)
    of = {score.of: score.value for score in found.scores}
    assert of["decoder"] == pytest.approx(0, abs=1e-9)
    assert of["generator"] > 1


def test_originals_come_from_the_cache_the_next_time(network: Projections):
    data, method = images(40), Twin()
    data = replace(data, facts=replace(data.facts, checksum="known"))
    nets = built(method, data.shape)
    wanted = Evaluation(metrics=("rfd_efficientnet",))
    first = evaluate(method, nets, data, wanted)
    before = len(network.seen)
    assert evaluate(method, nets, data, wanted).scores == first.scores
    assert len(network.seen) - before < before  # originals were not seen again


def test_models_without_encoder_say_so():
    data, method = images(40), Sampler()
    found = evaluate(
        method, built(method, data.shape), data, Evaluation(metrics=("rfd_efficientnet", "rfid"))
    )
    assert dict(found.absent) == dict.fromkeys(("rfid", "rfd_efficientnet"), "it needs an encoder")

"""Metrics on networks with published weights, from the model to the score; and what is kept of the data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar, final

import pytest
import torch
from torch import Tensor
from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
from torch_fidelity.metric_kid import kernel_mmd
from torchvision.models import alexnet

from chimerae.data import Prepared
from chimerae.evaluation import Evaluation, Results, evaluate
from chimerae.evaluation.seeded_codec import SeededCodec
from chimerae.features import EXTRACTORS, Extractor
from chimerae.features.weights import published
from chimerae.shapes import Shape
from helpers.weights import in_place_of, inception, scrambled
from tests.evaluation.evaluation_stubs import IMAGE, Sampler, Twin, built, images

INCEPTION = ("fid", "kid", "inception_score")
VGG = ("precision", "recall", "density", "coverage")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CHIMERAE_CACHE", str(tmp_path))
    return tmp_path


@final
@dataclass(frozen=True)
class Quick(Extractor):
    """What takes the place of the Inception network: random projections, and a count of what they see."""

    name: ClassVar[str] = "inception"
    weights: str = "one"
    resize: str = "tensorflow"
    seen: list[int] = field(default_factory=list)

    @property
    def facts(self) -> Mapping[str, str | int | float]:
        return {"weights_of_features": self.weights, "resize": self.resize}

    def features(self, images: Tensor) -> Mapping[str, Tensor]:
        assert images.dtype == torch.uint8
        self.seen.append(len(images))
        rows = images.float().flatten(1) / 255
        g = torch.Generator().manual_seed(3)
        return {
            name: rows @ torch.randn(rows.shape[1], d, generator=g)
            for name, d in (("pool", 6), ("logits", 9))
        }


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> Quick:
    network = Quick()
    monkeypatch.setitem(EXTRACTORS, "inception", lambda wanted: replace(network, resize=wanted.resize))
    return network


def with_checksum(data: Prepared) -> Prepared:
    return replace(data, facts=replace(data.facts, checksum="of these images"))


def scored(data: Prepared, **settings: object) -> Results:
    method = Sampler()
    chosen = Evaluation(**{"metrics": INCEPTION, **settings})
    return evaluate(method, built(method, data.facts.shape), data, chosen)


def table(results: Results) -> dict[tuple[str, str], tuple[float, float | None]]:
    return {(s.metric, s.of): (s.value, s.std) for s in results.scores}


def test_without_weights_a_line_for_each_file_says_so_and_nothing_takes_their_place():
    shape: Shape = (1, 32, 32)
    method, data = Twin(), images(20, shape)
    results = evaluate(method, built(method, shape), data)
    files = {"inception": INCEPTION, "vgg16": (*VGG, "lpips_vgg"), "alexnet": ("lpips",)}
    without = {metric: published(file).wanting for file, metrics in files.items() for metric in metrics}
    assert without.items() <= results.absent.items()
    assert not {s.metric for s in results.scores} & without.keys()
    assert {"fd_classifier", "precision_classifier"} <= results.absent.keys() - without.keys()
    assert "--labels cifar10" in results.absent["fd_classifier"]


def test_those_that_are_asked_for_by_name_say_which_file_is_missing():
    results = evaluate(
        Twin(), built(Twin(), (1, 32, 32)), images(20, (1, 32, 32)), Evaluation(metrics=("fid", "lpips"))
    )
    assert results.scores == ()
    assert (
        "weights-inception-2015-12-05-6726825d.pth (SHA-256 6726825d...) is not in" in results.absent["fid"]
    )
    assert "alexnet-owt-7be5be79.pth" in results.absent["lpips"]


def test_fid_and_kid_are_those_of_torch_fidelity_on_the_same_images(tmp_path: Path):
    method, data = Sampler(), images(4)
    nets = built(method, IMAGE)
    with in_place_of("inception", scrambled(inception), tmp_path) as path:
        found = evaluate(method, nets, data, Evaluation(metrics=("fid", "kid")))
        theirs = FeatureExtractorInceptionV3("theirs", ["2048"], str(path))
    with nets.evaluating():
        codec = SeededCodec(method, nets, IMAGE, 0, 8)
        made = codec.decode(codec.prior(0, 4))["generator"]
    bytes_ = torch.cat([data.test.raw(range(4)), (made * 255).round().byte()]).repeat(1, 3, 1, 1)
    features = theirs(bytes_)[0].double()
    turned = (
        features @ torch.linalg.qr(features.T)[0]
    )  # eight dimensions hold eight images, at the same distances
    moments = [fid_features_to_statistics(x) for x in turned.split(4)]
    expected = fid_statistics_to_metric(*moments, False)
    real, fake = features.split(4)
    scores = {(s.metric, s.of): s for s in found.scores}
    fid = scores["fid", "generator"]
    assert fid.value == pytest.approx(expected["frechet_inception_distance"], rel=1e-4)
    kid = float(kernel_mmd(real.numpy(), fake.numpy()))
    assert scores["kid", "generator"].value == pytest.approx(kid, rel=1e-4)
    assert scores["kid", "generator"].protocol["subset"] == 4
    facts = {
        "features": "inception pool",
        "resize": "tensorflow",
        "channels": "grey, three times",
        "real_n": 4,
    }
    assert facts.items() <= fid.protocol.items()
    assert fid.protocol["weights_of_features"]


def test_lpips_is_scored_for_every_network(tmp_path: Path):
    shape: Shape = (3, 32, 32)
    method, data = Twin(), images(40, shape)
    with in_place_of("alexnet", scrambled(alexnet), tmp_path):
        one, other = (
            evaluate(method, built(method, shape), data, Evaluation(metrics=("lpips",), batch_size=b))
            for b in (40, 7)
        )
    assert {s.of for s in one.scores} == {"decoder", "generator"}
    assert all(s.n == 40 and s.std and 0 < s.value < 2 for s in one.scores)
    assert {"range": "[-1,1]", "features": "lpips layers", "heads": "0.1"}.items() <= one.scores[
        0
    ].protocol.items()
    assert [s.value for s in other.scores] == pytest.approx([s.value for s in one.scores], rel=1e-5)


def test_every_network_and_the_data_are_scored_alike_twice_and_in_any_batches(quick: Quick):
    data = images(60)
    one = scored(data, batch_size=60)
    assert {s.of for s in one.scores} == {"generator", "data"}
    assert (
        {s.metric for s in one.scores}
        == {*INCEPTION}
        == {s.metric for s in one.scores if s.of == "generator"}
    )
    assert table(scored(data, batch_size=60)) == table(one)
    for (value, _), (expected, _) in zip(
        table(scored(data, batch_size=7)).values(), table(one).values(), strict=True
    ):
        assert value == pytest.approx(expected, rel=1e-5)


def test_the_resize_is_part_of_the_protocol(quick: Quick):
    assert {s.protocol["resize"] for s in scored(images(20), resize="clean").scores} == {"clean"}


def test_fewer_images_than_a_metric_needs_are_one_clear_line(quick: Quick):
    found = scored(images(9))
    assert found.absent == {
        "inception_score": "it needs 10 images or more, not 9"
    }  # of the generator, and of 8 data
    assert {s.metric for s in found.scores} == {"fid", "kid"}


def test_what_was_gathered_of_the_data_is_kept_for_the_next_model(quick: Quick, cache: Path):
    data = with_checksum(images(60))
    first = scored(data)
    assert sum(quick.seen) == 60 + 8 + 60  # test images, training images, samples
    kept = sorted(cache.rglob("*.safetensors"))
    assert len(kept) == 3 + 2  # the inception score looks at one set at a time
    quick.seen.clear()
    assert table(scored(data)) == table(first)
    assert sum(quick.seen) == 60  # samples alone
    assert sorted(cache.rglob("*.safetensors")) == kept


@pytest.mark.parametrize("content", [b"", b"damaged", None])
def test_what_is_damaged_is_made_anew(quick: Quick, cache: Path, content: bytes | None):
    data = with_checksum(images(60))
    first = scored(data)
    for path in cache.rglob("*.safetensors"):
        path.write_bytes(path.read_bytes()[:-4] if content is None else content)
    assert table(scored(data)) == table(first)
    quick.seen.clear()
    scored(data)
    assert sum(quick.seen) == 60


@pytest.mark.parametrize("change", ["resize", "n", "weights", "data", "real", "seed"])
def test_nothing_is_taken_for_what_it_is_not(quick: Quick, monkeypatch: pytest.MonkeyPatch, change: str):
    data = with_checksum(images(60))
    scored(data)
    settings = {
        "resize": {"resize": "clean"},
        "n": {"n": 50},
        "real": {"real": "train", "n": 7},
        "seed": {"seed": 1},
    }.get(change, {})
    if change == "weights":
        other = Quick(weights="other", seen=quick.seen)
        monkeypatch.setitem(EXTRACTORS, "inception", lambda wanted: other)
    if change == "data":
        data = replace(data, facts=replace(data.facts, checksum="of others"))
    quick.seen.clear()
    found = scored(data, **settings)
    assert sum(quick.seen) > max(s.n for s in found.scores if s.of == "generator")


def test_data_without_a_checksum_are_seen_every_time(quick: Quick, cache: Path):
    scored(images(60))
    assert not list(cache.rglob("*.safetensors"))

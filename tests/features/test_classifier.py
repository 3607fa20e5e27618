"""The classifier behind FD-classifier."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from chimerae.data import Prepare, prepare
from chimerae.errors import InputError
from chimerae.features import Classifier, FeatureRequest, open_classifier
from chimerae.features.classifier import PIECE, network


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CHIMERAE_CACHE", str(tmp_path))
    monkeypatch.setattr("chimerae.features.classifier.EPOCHS", 4)
    return tmp_path


def pool(found: Classifier, images: torch.Tensor) -> torch.Tensor:
    return found.features(images)["pool"]


def test_it_learns_is_kept_and_is_the_same_when_made_again(cache: Path):
    wanted = FeatureRequest(data=prepare("digits"))
    told: list[int] = []
    first = open_classifier(replace(wanted, progress=lambda done, total, what: told.append(done)))
    assert first.accuracy > 0.6  # a tenth by chance
    assert told
    images = wanted.data.test.raw(range(20))
    assert pool(first, images).shape == (20, 64)
    second = open_classifier(replace(wanted, progress=lambda *_: pytest.fail("it was trained again")))
    assert second.facts == first.facts
    [path] = cache.glob("classifier-*")
    path.unlink()
    again = open_classifier(wanted)
    assert again.facts == first.facts
    assert torch.equal(pool(again, images), pool(first, images))
    path.write_bytes(path.read_bytes()[:100])  # damaged: made anew
    assert open_classifier(wanted).facts == first.facts


def test_other_labels_are_named_in_the_metrics_name():
    data = prepare("patches", Prepare(size=16))
    found = open_classifier(FeatureRequest(data=data, labels="digits"))
    assert found.suffix == "[digits]"
    assert found.facts["labels"] == "digits"
    assert pool(found, data.test.raw(range(3))).shape[0] == 3  # three channels, as the data


def test_labels_that_cannot_be_learnt_are_refused(tmp_path: Path):
    without = prepare("step-edges")
    with pytest.raises(InputError, match=r"step-edges has no labels .* --labels"):
        open_classifier(FeatureRequest(data=without))
    images, labels = np.random.default_rng(0).integers(0, 255, (100, 8, 8), np.uint8), np.arange(100)
    np.savez(tmp_path / "each.npz", images=images, labels=labels)
    with pytest.raises(InputError, match=r"cannot be learnt \(90 classes, 90 images\)"):
        open_classifier(FeatureRequest(data=prepare(str(tmp_path / "each.npz"))))


@pytest.mark.parametrize("side", [5, 8, 28, 32, 64, 128])
def test_it_is_built_for_any_size(side: int):
    layers = network((3, side, side), 7).eval()
    assert layers(torch.zeros(2, 3, side, side)).shape == (2, 7)
    last = [m for m in layers if isinstance(m, torch.nn.Conv2d)][-1]
    assert last.out_channels >= 64


def test_features_are_those_of_all_images_at_once():
    wanted = FeatureRequest(data=prepare("digits"))
    found = open_classifier(wanted)
    images = wanted.data.test.raw(range(PIECE + 7))
    with torch.no_grad():
        logits = found.layers(images.float() / 127.5 - 1.0)
    torch.testing.assert_close(found.features(images)["logits"], logits, rtol=1e-4, atol=1e-4)

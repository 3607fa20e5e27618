"""The Inception network, with random weights, against torch-fidelity, pillow and torch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F
from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

from chimerae.data import Prepare, prepare
from chimerae.features import FeatureRequest, Inception, open_inception
from chimerae.features.resize import RESIZES
from helpers.weights import in_place_of, inception, scrambled


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[nn.Module]:
    """torch-fidelity's network; ours finds the same weights."""
    state = scrambled(inception)
    with in_place_of("inception", state, tmp_path_factory.mktemp("weights")) as path:
        yield FeatureExtractorInceptionV3("theirs", ["2048", "logits_unbiased"], str(path))


@pytest.fixture(scope="module")
def wanted() -> FeatureRequest:
    return FeatureRequest(data=prepare("patches", Prepare(size=24)))


@pytest.fixture(scope="module")
def ours(theirs: nn.Module, wanted: FeatureRequest) -> Inception:
    return open_inception(wanted)


@pytest.fixture(scope="module")
def images(wanted: FeatureRequest) -> torch.Tensor:
    return wanted.data.test.raw(range(4))


def test_features_are_those_of_torch_fidelity_bit_for_bit(theirs, ours, images):
    pool, logits = theirs(images)
    found = ours.features(images)
    assert float(pool.std()) > 0.1
    assert torch.equal(found["pool"], pool)
    assert torch.equal(found["logits"], logits)
    assert ours.facts["resize"] == "tensorflow"
    assert len(str(ours.facts["weights_of_features"])) == 8


def test_the_batch_changes_nothing_but_rounding(ours, images):
    whole = ours.features(images)["pool"]
    parts = torch.cat([ours.features(some)["pool"] for some in images.split(3)])
    torch.testing.assert_close(parts, whole, rtol=1e-5, atol=1e-5)


def test_clean_is_bicubic_of_pillow_in_float_for_each_channel(images):
    seen = RESIZES["clean"](images)
    for image, plane in ((0, 0), (3, 2)):
        grey = Image.fromarray(images[image, plane].numpy().astype(np.float32))
        expected = np.asarray(grey.resize((299, 299), Image.Resampling.BICUBIC)).clip(0, 255)
        np.testing.assert_array_equal(seen[image, plane].numpy() * 128 + 128, expected)
    assert not torch.equal(seen * 128, (seen * 128).round())  # not rounded to 8 bits


def test_pytorch_is_bilinear_interpolation(images):
    expected = F.interpolate(images / 255, size=(299, 299), mode="bilinear", align_corners=False) * 2 - 1
    assert torch.equal(RESIZES["pytorch"](images), expected)


@pytest.mark.parametrize("size", [(3, 7), (299, 299), (400, 350)])
def test_every_size_is_brought_to_299_pixels(size: tuple[int, int]):
    images = torch.full((2, 3, *size), 200, dtype=torch.uint8)
    for name, resize in RESIZES.items():
        seen = resize(images)
        assert seen.shape == (2, 3, 299, 299)
        value = 200 / (127.5 if name == "pytorch" else 128) - 1
        torch.testing.assert_close(seen, torch.full_like(seen, value), atol=1e-5, rtol=0)


def test_grey_images_are_shown_three_times_and_this_is_said(theirs, ours, images):
    found = replace(ours, grey=True)
    assert found.facts["channels"] == "grey, three times"
    assert "channels" not in ours.facts
    grey = images[:1, :1]
    assert torch.equal(found.features(grey)["pool"], ours.features(grey.repeat(1, 3, 1, 1))["pool"])
    digits = open_inception(FeatureRequest(data=prepare("digits"), resize="pytorch"))
    assert {"channels": "grey, three times", "resize": "pytorch"}.items() <= digits.facts.items()


def test_opening_it_draws_no_noise(theirs, wanted):
    state = torch.get_rng_state()
    open_inception(wanted)
    assert torch.equal(torch.get_rng_state(), state)

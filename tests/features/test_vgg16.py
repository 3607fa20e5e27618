"""VGG16, with random weights, against torch-fidelity."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch_fidelity.feature_extractor_vgg16 import FeatureExtractorVGG16
from torchvision.models import vgg16

from chimerae.data import Prepare, prepare
from chimerae.features import FeatureRequest, open_vgg16
from helpers.weights import in_place_of, scrambled


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with in_place_of("vgg16", scrambled(vgg16), tmp_path_factory.mktemp("weights")) as path:
        yield path


@pytest.fixture(scope="module")
def wanted() -> FeatureRequest:
    return FeatureRequest(data=prepare("patches", Prepare(size=24)))


def test_features_are_those_of_torch_fidelity_bit_for_bit_and_no_noise_is_drawn(weights, wanted):
    images = wanted.data.test.raw(range(2))
    state = torch.get_rng_state()
    ours = open_vgg16(wanted)
    assert torch.equal(torch.get_rng_state(), state)
    for weight in ours.network.parameters():
        weight.data = weight.data.contiguous()  # as published ones are; those of the test lie folded
    found = ours.features(images)["fc2"]
    (expected,) = FeatureExtractorVGG16("theirs", ["fc2_relu"], str(weights))(images)
    assert found.shape == (2, 4096)
    assert float(found.std()) > 0.01
    assert torch.equal(found, expected)
    assert ours.facts["resize"] == "tensorflow"
    assert open_vgg16(FeatureRequest(data=prepare("digits"))).facts["channels"] == "grey, three times"
    grey = images[:1, :1]
    assert torch.equal(ours.features(grey)["fc2"], ours.features(grey.repeat(1, 3, 1, 1))["fc2"])

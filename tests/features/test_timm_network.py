"""Networks of timm as frozen encoders; the networks here are timm's own for tests, with random weights."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from chimerae.errors import InputError
from chimerae.features.timm_network import TimmName, timm_name, timm_part
from chimerae.methods import AVAEFrozen
from chimerae.networks import DCGAN
from chimerae.training.built import given_encoders

timm = pytest.importorskip("timm", reason="the extra timm is not installed")

NAME = "test_resnet"
SHAPE = (3, 24, 24)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of random weights of the network, with BatchNorm statistics of their own."""
    torch.manual_seed(0)
    network = timm.create_model(NAME, num_classes=1000)
    for each in network.modules():
        if isinstance(each, nn.BatchNorm2d):
            nn.init.uniform_(each.weight, 0.5, 1.5)
            nn.init.uniform_(each.bias, 0.0, 0.5)
            nn.init.uniform_(each.running_mean, -0.1, 0.1)
            nn.init.uniform_(each.running_var, 0.05, 0.2)
    path = tmp_path_factory.mktemp("timm") / "weights.pth"
    torch.save(network.state_dict(), path)
    return path


def by_hand(weights: Path, x: torch.Tensor, side: int) -> tuple[torch.nn.Module, torch.Tensor]:
    """The whole network of timm, and the images that it sees, in its own units."""
    network = timm.create_model(NAME, num_classes=1000)
    network.load_state_dict(torch.load(weights))
    mean, std = (torch.tensor(network.pretrained_cfg[key]).view(3, 1, 1) for key in ("mean", "std"))
    images = F.interpolate((x + 1) / 2, (side, side), mode="bilinear", antialias=True)
    return network.double().eval(), (images - mean) / std


def test_pooled_features_are_those_before_the_last_layer(weights: Path):
    part = timm_part(f"timm:{NAME}@{weights}", SHAPE, side=32, places=4).double()
    x = torch.rand(2, *SHAPE, dtype=torch.float64) * 2 - 1
    network, seen = by_hand(weights, x, 32)
    expected = network.forward_head(network.forward_features(seen), pre_logits=True)
    torch.testing.assert_close(part(x), expected, rtol=1e-6, atol=1e-9)
    assert expected.std(0).max() > 1e-3
    assert not any(p.requires_grad for p in part.parameters())


def test_maps_of_a_stage_are_averaged_over_places(weights: Path):
    part = timm_part(f"timm:{NAME}:2@{weights}", (1, 24, 24), side=64, places=2).double()
    x = (torch.rand(2, 1, 24, 24, dtype=torch.float64) * 2 - 1).requires_grad_(True)
    network, seen = by_hand(weights, x.expand(-1, 3, -1, -1), 64)
    (maps,) = network.forward_intermediates(seen, indices=[1], intermediates_only=True)
    half = maps.shape[2] // 2
    rows = (maps[:, :, :half], maps[:, :, half:])
    places = [part.mean((2, 3)) for row in rows for part in (row[..., :half], row[..., half:])]
    expected = torch.stack(places, 2).flatten(1)
    found = part(x)
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-9)
    (slope,) = torch.autograd.grad(found.sum(), x)
    assert slope.abs().max() > 0, "gradients flow through it to the samples"


def test_a_saved_encoder_needs_no_weights_of_its_own(weights: Path):
    method = AVAEFrozen(encoder=f"timm:{NAME}:2@{weights}", encoder_side=32, encoder_places=2, z_dim=8)
    opened = given_encoders(method, DCGAN(width=8), SHAPE, opened=True)["encoder"]
    moved = AVAEFrozen(encoder=f"timm:{NAME}:2@gone.pth", encoder_side=32, encoder_places=2, z_dim=8)
    empty = given_encoders(moved, DCGAN(width=8), SHAPE, opened=False)["encoder"]
    x = torch.rand(4, *SHAPE) * 2 - 1
    assert not torch.equal(empty.features(x), opened.features(x))
    empty.load_state_dict(opened.state_dict())
    torch.testing.assert_close(empty(x).mu, opened(x).mu, rtol=0, atol=0)


def test_names_have_a_stage_and_a_file():
    assert timm_name("timm:resnet18.a1_in1k") == TimmName("resnet18.a1_in1k")
    assert timm_name("timm:resnet18:3@a/b.pth") == TimmName("resnet18", 3, Path("a/b.pth"))
    for wrong in ("timm", "timm:", "timm:resnet18:0", "timm:resnet18:three", "timm:resnet18:1:2"):
        with pytest.raises(InputError, match="give timm:NAME, timm:NAME:STAGE or timm:NAME@FILE"):
            timm_name(wrong)


@pytest.mark.parametrize(
    ("part", "shape", "said"),
    [
        ("timm:resnet_of_nobody", SHAPE, "timm has no network 'resnet_of_nobody'"),
        (f"timm:{NAME}:9", SHAPE, f"'{NAME}' has 5 stages, not 9"),
        (f"timm:{NAME}", (2,), "needs images of 1 or 3 channels, not 2-d points"),
        (f"timm:{NAME}@gone.pth", SHAPE, "gone.pth is no file"),
        ("timm:vit_tiny_patch16_224", SHAPE, "cannot see 32x32 pixels: .*; set --method.encoder-side 224"),
    ],
)
def test_bad_names_have_one_clear_line(part: str, shape: tuple[int, ...], said: str):
    with pytest.raises(InputError, match=said) as caught:
        timm_part(part, shape, side=32, places=4, filled="gone" in part)
    assert "\n" not in str(caught.value)


def test_weights_of_another_network_are_refused(tmp_path: Path):
    torch.save({"a": torch.zeros(1)}, tmp_path / "other.pth")
    with pytest.raises(
        InputError, match=f"the encoder 'timm:{NAME}@.*other.pth' cannot be opened: .*other.pth lacks"
    ):
        timm_part(f"timm:{NAME}@{tmp_path}/other.pth", SHAPE, side=32, places=4)


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(InputError, match=r"install chimerae\[timm\]"):
        timm_part(f"timm:{NAME}", SHAPE, side=32, places=4)

from __future__ import annotations

import pytest
import torch
from torch import nn

from chimerae.errors import InputError
from chimerae.networks import DCGAN, Spatial
from chimerae.networks.spatial import MULTIPLIERS
from chimerae.patches import PatchCritic, depth
from tests.helpers.rows import through


@through("factor", MULTIPLIERS)
@through("channels", [1, 4, 16])
def test_codes_are_maps_of_the_images(factor, channels):
    arch, shape = Spatial(width=4, factor=factor, code_channels=channels), (3, 32, 48)
    assert arch.code_dim(shape) == channels * (32 // factor) * (48 // factor)
    q = arch.encoder(shape, arch.code_dim(shape))(torch.rand(2, *shape))
    assert q.mu.shape == q.logvar.shape == (2, arch.code_dim(shape))
    decoder = arch.decoder(arch.code_dim(shape), shape)
    assert not any(isinstance(m, nn.Linear) for name, m in decoder.named_modules() if "attention" not in name)
    assert decoder(q.mu).shape == (2, *shape)


def test_a_place_of_the_map_is_a_place_of_the_image():
    """Without attention, a pixel moves the means near it more than those far away, in every channel."""
    arch, shape = Spatial(width=4, factor=4, attention=False), (3, 64, 64)
    torch.manual_seed(0)
    encoder = arch.encoder(shape, arch.code_dim(shape))
    x = torch.rand(1, *shape)
    y = x.clone()
    y[:, :, 4:8, 52:60] += 1.0
    with torch.no_grad():
        moved = (encoder(y).mu - encoder(x).mu).abs().view(4, 16, 16)
    assert all(divmod(int(channel.argmax()), 16)[0] <= 4 for channel in moved)
    assert all(divmod(int(channel.argmax()), 16)[1] >= 10 for channel in moved)
    z = torch.zeros(1, 4, 16, 16)
    z[:, 2, 12, 3] = 3.0
    decoder = arch.decoder(arch.code_dim(shape), shape, output="linear")
    with torch.no_grad():
        change = (decoder(z.flatten(1)) - decoder(torch.zeros(1, 4 * 256))).abs().sum(1)[0]
    row, column = divmod(int(change.argmax()), 64)
    assert 36 <= row < 64
    assert column < 28


def test_a_code_of_another_size_goes_through_linear_layers():
    arch, shape = Spatial(width=4), (3, 16, 16)
    assert arch.encoder(shape, 6)(torch.rand(2, *shape)).mu.shape == (2, 6)
    assert isinstance(arch.decoder(6, shape)[0], nn.Linear)


def test_samples_do_not_see_each_other():
    arch, x = Spatial(width=4), torch.rand(3, 1, 16, 16)
    encoder = arch.encoder((1, 16, 16), 16).train()
    torch.testing.assert_close(encoder(x).mu, torch.cat([encoder(one).mu for one in x.split(1)]))


@through("width", range(1, 70))
def test_every_width_has_its_groups(width):
    arch = Spatial(width=width)
    assert width % arch.groups == 0
    assert arch.groups <= 32
    assert width < 8 or width // arch.groups >= 4
    assert Spatial(width=128).groups == 32


def test_attention_lets_every_place_see_every_other():
    arch, shape = Spatial(width=4, factor=2), (1, 32, 32)
    for attention, reaches in ((True, True), (False, False)):
        torch.manual_seed(1)
        encoder = Spatial(width=4, factor=2, attention=attention).encoder(shape, arch.code_dim(shape))
        for m in encoder.modules():
            if isinstance(m, nn.GroupNorm):
                m.forward = lambda h: h  # it would carry means everywhere
        x = torch.rand(1, *shape, requires_grad=True)
        (slope,) = torch.autograd.grad(encoder(x).mu[0, 0], x)
        assert bool(slope[0, 0, -1, -1]) == reaches


def test_sizes_that_are_no_multiples_are_refused():
    with pytest.raises(InputError, match=r"multiples of 8; the nearest larger size is 32x40"):
        Spatial().check((3, 30, 33))


@through("side, halvings", [(8, 1), (16, 2), (31, 1), (32, 3), (64, 3), (256, 3)])
def test_critics_of_patches_leave_patches(side, halvings):
    shape = (3, side, side)
    assert depth(shape) == min(halvings, 3) or side == 31
    logits = PatchCritic(shape, 4)(torch.rand(2, *shape))
    assert logits.dim() == 3
    assert logits.shape[0] == 2
    assert logits[0].numel() > 1


def test_a_logit_sees_seventy_pixels():
    critic, x = PatchCritic((1, 256, 256), 2).eval(), torch.rand(1, 1, 256, 256, requires_grad=True)
    logits = critic(x)
    assert logits.shape == (1, 30, 30)
    (slope,) = torch.autograd.grad(logits[0, 15, 15], x)
    seen = slope[0, 0].nonzero()
    assert (seen.max(0).values - seen.min(0).values + 1).tolist() == [70, 70]
    widths = [m.out_channels for m in PatchCritic((1, 256, 256), 64) if isinstance(m, nn.Conv2d)]
    assert widths == [64, 128, 256, 512, 1]


def test_small_images_and_points_are_judged_whole():
    assert DCGAN(width=2).patch_critic((1, 8, 8))(torch.rand(3, 1, 8, 8)).dim() == 3
    assert Spatial(width=2, factor=2).patch_critic((1, 4, 4))(torch.rand(3, 1, 4, 4)).shape == (3,)
    assert Spatial(patch_width=5).patch_critic((1, 32, 32)).first.out_channels == 5

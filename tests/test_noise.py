from __future__ import annotations

import pytest
import torch

from chimerae import noise


def test_keys_of_different_parts_differ():
    parts = [
        (0,),
        (1,),
        (0, 0),
        (0, "0"),
        ("0",),
        (0, "batch", 1),
        (0, "batch", 2),
        (1, "batch", 1),
        (1, 2),
        (12,),
    ]
    assert len({noise.key(*p) for p in parts}) == len(set(parts))
    assert all(0 <= noise.key(*p) < 2**63 for p in parts)


def test_a_key_never_changes():
    """Saved runs repeat their noise only as long as this number stands."""
    assert noise.key(0, "noise", 1) == 2376061928063757211


def test_seeded_repeats_and_leaves_the_generator_alone():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    with noise.seeded(0, "x"):
        first = noise.normal(3, 2), noise.uniform(4)
    assert torch.equal(torch.get_rng_state(), before)
    with noise.seeded(0, "x"):
        second = noise.normal(3, 2), noise.uniform(4)
    with noise.seeded(1, "x"):
        other = noise.normal(3, 2)
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    assert not torch.equal(first[0], other)


def test_seeded_comes_back_after_an_error():
    before = torch.get_rng_state()
    with pytest.raises(RuntimeError), noise.seeded(0):
        noise.normal(-1, 1)
    assert torch.equal(torch.get_rng_state(), before)


def test_seeded_nests():
    with noise.seeded(0):
        noise.normal(1, 1)
        plain = noise.normal(2, 2)
    with noise.seeded(0):
        noise.normal(1, 1)
        with noise.seeded(9):
            noise.normal(7, 7)
        assert torch.equal(noise.normal(2, 2), plain)


def test_draws():
    with noise.seeded(0):
        z, u = noise.normal(5000, 2), noise.uniform(5000)
    assert z.shape == (5000, 2)
    assert u.shape == (5000,)
    assert z.dtype == u.dtype == torch.float32
    assert abs(z.mean()) < 0.05
    assert abs(z.std() - 1) < 0.05
    assert 0 <= u.min() <= u.max() < 1
    assert abs(u.mean() - 0.5) < 0.02


def test_draws_are_on_the_device_of_their_like_and_always_float32():
    like = torch.zeros(1, dtype=torch.float64, device="meta")
    assert noise.normal(2, 3, like=like).device.type == "meta"
    assert noise.uniform(2, like=like).dtype == torch.float32


def test_a_generator_of_ones_own():
    before = torch.get_rng_state()
    a, b = (torch.rand(3, generator=noise.generator(0, "epoch", 1)) for _ in range(2))
    assert torch.equal(a, b)
    assert torch.equal(torch.get_rng_state(), before)


def test_uniform_draws_are_placed_too():
    with noise.placed(2, "test"):
        later = noise.uniform(3)
    with noise.placed(0, "test"):
        whole = noise.uniform(5)
    assert torch.equal(later, whole[2:])
    assert bool(((whole > 0) & (whole < 1)).all())

"""Timed steps leave no trace, and the arithmetic of a step is counted without doing it."""

from __future__ import annotations

import pytest
import torch

from chimerae.methods import METHODS
from chimerae.networks import DCGAN
from chimerae.recipes.build import build
from chimerae.recipes.timing import Timing, _shaped, time_steps
from chimerae.recipes.work import count
from tests.helpers.runs import tiny_run

NAMES = [method.name for method in METHODS]


@pytest.mark.parametrize("name", NAMES)
def test_every_method_can_be_counted_and_timed_with_its_short_recipe(name):
    small = {"arch.width": 2, "training.batch_size": 8, "training.device": "cpu"}
    run = build(name, data="digits", preset="short", settings=small)
    operations, parameters = count(run, (1, 8, 8))
    assert operations > 0
    timing = time_steps(run, (1, 8, 8), at_most=0.0)
    assert timing.rounds == 1
    assert all(seconds > 0 for seconds in timing.seconds)
    assert timing.parameters == parameters


def test_the_callers_random_numbers_are_left_alone():
    torch.manual_seed(3)
    before = torch.get_rng_state()
    time_steps(tiny_run("avae", "dcgan"), (1, 8, 8), at_most=0.0)
    count(tiny_run("avae", "dcgan"), (1, 8, 8))
    assert torch.equal(torch.get_rng_state(), before)


def test_operations_of_a_vae_are_those_of_its_layers():
    """One linear layer each way, `n` multiplications with additions: forward, and twice that backward, but
    for the gradient of data, which nobody asks for.
    """
    from chimerae.methods import VAE
    from chimerae.networks import MLP
    from chimerae.runs.run import Run

    run = Run(method=VAE(z_dim=3), arch=MLP(width=7, depth=1), data="8gaussians")
    b, x, h, z = run.training.batch_size, 2, 7, 3
    encoder, heads, decoder, out = x * h, h * 2 * z, z * h, h * x
    layers = [(encoder, 2), (heads, 3), (decoder, 3), (out, 3)]
    assert count(run, (2,))[0] == pytest.approx(sum(2 * b * n * passes for n, passes in layers))


def test_a_phase_of_its_own_has_its_share_in_the_count():
    both, whole, none = (
        count(tiny_run("id-gan", "dcgan", method={"first_stage_share": share}), (1, 8, 8))[0]
        for share in (0.5, 0.999, 0.001)
    )
    assert both == pytest.approx((whole + none) / 2)
    assert whole != none


def test_twice_the_width_is_up_to_four_times_the_work():
    narrow, wide = (build("vae", data="digits", settings={"arch.width": w}) for w in (16, 32))
    ratio = count(wide, (1, 32, 32))[0] / count(narrow, (1, 32, 32))[0]
    assert 3.0 < ratio < 4.0
    assert isinstance(wide.arch, DCGAN)


def test_other_work_does_not_change_the_shape_of_a_run():
    even = _shaped([[1.0, 1.0], [1.0, 9.0], [1.0, 1.0], [1.1, 1.0]])
    assert even == pytest.approx([2.0125] * 4)
    dear = _shaped([[1.0, 1.0], [1.0, 5.0], [3.0, 3.0], [3.0, 3.0]])
    assert dear == pytest.approx([1.25, 1.25, 3.75, 3.75])
    assert Timing(dear, {}, 2).step == pytest.approx(2.5)

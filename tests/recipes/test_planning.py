"""Choosing width and size for a time."""

from __future__ import annotations

import pytest

from chimerae.data import Prepare
from chimerae.methods import VAE
from chimerae.networks import DCGAN, WAE
from chimerae.recipes.planning import ENOUGH, Search, Wish, chosen, default_most, steps_in, wish
from chimerae.recipes.timing import Timing
from chimerae.runs.run import Run
from tests.helpers.rows import through

LARGE = (3, 64, 64)


def machine(at_24: float, *, power: float = 1.6):
    """What steps take: `at_24` seconds for 64 px and width 24, otherwise by pixels and a power of width."""
    asked = []

    def clocked(run: Run, shape) -> Timing:
        width = getattr(run.arch, "width", 24)
        asked.append((shape[-1], width))
        seconds = at_24 * (shape[-1] / 64) ** 2 * (width / 24) ** power
        return Timing((seconds,) * 4, {}, 1)

    clocked.asked = asked
    return clocked


def pick(seconds: float, at_24: float, *, free: bool = True, resizable: bool = True, power: float = 1.6):
    run = Run(method=VAE(), arch=DCGAN(width=24), data="x", prepare=Prepare(size=64))
    clocked = machine(at_24, power=power)
    made, shape, timing = chosen(Search(run, seconds, free, clocked), LARGE, resizable)
    assert made.prepare.size == shape[1]
    assert clocked(made, shape).step == timing.step, "the timing is of what was chosen"
    assert len(clocked.asked) <= 8
    return made.arch.width, shape[1], seconds / timing.step


def test_time_for_just_enough_steps_changes_nothing():
    assert pick(ENOUGH * 0.3, 0.3) == (24, 64, ENOUGH)


def test_less_time_makes_networks_narrower_before_images_get_smaller():
    width, side, steps = pick(ENOUGH * 0.3 / 1.5, 0.3)
    assert (width, side) == (16, 64)
    assert steps >= ENOUGH
    width, side, steps = pick(ENOUGH * 0.3 / 4, 0.3)
    assert (width, side) == (12, 48)
    assert steps >= ENOUGH
    assert pick(ENOUGH * 0.3 / 10, 0.3)[:2] == (12, 32)


def test_at_a_smaller_size_networks_get_as_wide_as_time_allows():
    width, side, steps = pick(ENOUGH * 0.3 / 5.5, 0.3)
    assert (width, side) == (16, 32)
    assert steps >= ENOUGH


def test_the_least_is_taken_when_nothing_is_enough():
    width, side, steps = pick(10.0, 1.0)
    assert (width, side) == (12, 32)
    assert steps < ENOUGH


def test_more_time_goes_into_steps_and_width_alike():
    width, side, steps = pick(ENOUGH * 0.3 * 5, 0.3)
    assert (width, side) == (32, 64)
    assert steps >= ENOUGH * (32 / 24) ** 1.6
    assert pick(1e9, 0.3)[0] == 64
    assert pick(ENOUGH * 0.3 * 4, 0.3, power=0.0)[0] == 64, "where width costs nothing it is taken"


def test_what_is_given_stays():
    assert pick(60.0, 0.3, free=False, resizable=False)[:2] == (24, 64)
    assert pick(60.0, 0.3, free=False)[:2] == (24, 32)
    assert pick(60.0, 0.3, resizable=False)[:2] == (12, 64)


def test_networks_without_a_choice_of_width_keep_theirs():
    run = Run(method=VAE(), arch=WAE(), data="x")
    made, shape, _ = chosen(Search(run, 60.0, True, machine(1.0)), (1, 28, 28), True)
    assert made is run
    assert shape == (1, 28, 28)


def asked(name: str, *given: str, budget=None, preset: str = "short", data: str = "digits") -> Wish:
    from chimerae.recipes.build import build

    return wish(name, build(name, data=data, preset=preset), given, budget, preset)


def test_what_is_left_open():
    assert asked("vae") == Wish(None, steps=True, width=True)
    assert asked("vae", "arch.width") == Wish(None, steps=True)
    assert asked("vae", "steps") == Wish()
    assert asked("vae", "steps", budget="9m") == Wish(540.0), "steps win"
    assert asked("vae", budget="9m") == Wish(540.0, steps=True, width=True)
    assert asked("vae", preset="paper") == Wish()
    assert asked("vae", preset="paper", budget=30) == Wish(30.0, steps=True)
    assert asked("vae", data="8gaussians") == Wish(), "points keep the steps of their recipe"
    assert asked("vae", data="8gaussians", budget=30) == Wish(30.0, steps=True)
    assert asked("avae-toy", data="avae-sine") == Wish()
    run = Run(method=VAE(), arch=DCGAN(), data="digits")
    assert wish(None, run, (), None, "short") == Wish()
    assert wish(None, run, (), "1m", "short") == Wish(60.0, steps=True)


def test_the_default_fits_the_device():
    run = Run(method=VAE(), arch=DCGAN(), data="digits")
    cpu = Run(method=VAE(), arch=DCGAN(), data="digits", training={"device": "cpu"})
    assert Wish(steps=True).limit(cpu) == 900.0
    assert Wish(30.0, steps=True).limit(run) == 30.0
    assert Wish(30.0).limit(run) is None
    assert Wish().limit(run) is None


def test_steps_that_fit():
    assert steps_in(Timing((0.5, 1.5), {}, 1), 10.0) == 10
    assert steps_in(Timing((5.0,), {}, 1), 1.0) == 1
    assert default_most(60_000, 64) > default_most(10, 64) == 10_000


@through("text", ["", "10", "10x", "-3m", "0s", "m", "1m1h", "nan", "inf"])
def test_what_is_no_duration(text):
    from chimerae.durations import seconds
    from chimerae.errors import InputError

    if text == "10":
        assert seconds(text) == 10.0
        return
    with pytest.raises(InputError, match="10m"):
        seconds(text)

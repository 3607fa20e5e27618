from __future__ import annotations

from itertools import pairwise

import pytest

from chimerae.config import from_dict, override, to_dict
from chimerae.errors import InputError
from chimerae.training.settings import SCHEDULES, Changes, Optimizer, Training
from tests.helpers.rows import through

SHARES = [0.0, 0.1, 0.25, 1 / 3, 0.5, 0.75, 0.9, 1.0]


@through("name", SCHEDULES)
def test_begins_with_the_whole_rate_and_never_rises(name):
    rates = [Optimizer(lr=1e-3, schedule=name, final=0.02).lr_at(share) for share in SHARES]
    assert rates[0] == pytest.approx(1e-3)
    assert all(a >= b for a, b in pairwise(rates))
    assert rates[-1] == pytest.approx(1e-3 if name == "constant" else 2e-5)


def test_the_rate_of_the_avae_paper():
    """lr(t) = 2e-4 * 0.02^(t / 50000)."""
    optimizer = Optimizer(schedule="exponential", final=0.02)
    for t in (0, 12_345, 50_000):
        assert optimizer.lr_at(t / 50_000) == pytest.approx(2e-4 * 0.02 ** (t / 50_000))


@through("name", SCHEDULES)
def test_may_end_at_nothing(name):
    assert Optimizer(schedule=name, final=0.0).lr_at(0.5) >= 0
    assert Optimizer(schedule=name, final=0.0).lr_at(1.0) in (0.0, 2e-4)


def test_defaults_are_those_of_dcgan():
    s = Optimizer()
    assert (s.kind, s.lr, s.beta1, s.beta2, s.schedule) == ("adam", 2e-4, 0.5, 0.999, "constant")


@through(
    "field, value",
    [("lr", 0), ("lr", -1.0), ("lr", float("nan")), ("beta1", 1.0), ("final", 2.0), ("kind", "sgd")],
)
def test_impossible_settings_are_refused_by_name(field, value):
    with pytest.raises(InputError, match=f"optimizer.{field}"):
        from_dict(Training, {"optimizer": {field: value}})


@through("field", ["batch_size", "grad_accumulation", "log_every", "save_every", "picture_every", "keep"])
def test_counts_are_positive(field):
    with pytest.raises(InputError, match=field):
        from_dict(Training, {field: 0})


@through("batch_size, grad_accumulation", [(8, 3), (4, 4), (2, 8)])
def test_parts_are_equal_and_of_two_or_more(batch_size, grad_accumulation):
    """Their losses are averaged without weights, and BatchNorm cannot see one sample alone."""
    with pytest.raises(InputError, match=f"batch_size {batch_size} has no {grad_accumulation} equal parts"):
        from_dict(Training, {"batch_size": batch_size, "grad_accumulation": grad_accumulation})
    assert from_dict(Training, {"batch_size": 8, "grad_accumulation": 4}).grad_accumulation == 4


def test_a_player_differs_only_in_what_is_given():
    training = Training(optimizer=Optimizer(lr=0.3, clip=2.0), players={"critic": Changes(beta1=0.0)})
    assert training.optimizer_of("critic") == Optimizer(lr=0.3, clip=2.0, beta1=0.0)
    assert training.optimizer_of("generator") == Optimizer(lr=0.3, clip=2.0)
    with pytest.raises(InputError, match="lr"):
        from_dict(Training, {"players": {"critic": {"lr": -1.0}}})


def test_players_of_their_own():
    training = override(Training(), {"players": {"critic": {"lr": 1.0}}})
    assert training.optimizer_of("critic").lr == 1.0
    assert training.optimizer_of("generator") == training.optimizer
    assert from_dict(Training, to_dict(training)) == training

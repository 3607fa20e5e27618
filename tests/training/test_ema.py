from __future__ import annotations

import pytest
import torch
from torch import nn

from chimerae.nets import Nets
from chimerae.training.ema import EMA
from tests.helpers.rows import through


def one(value: float) -> tuple[EMA, nn.Linear]:
    module = nn.Linear(1, 1, bias=False)
    module.weight.data.fill_(value)
    return EMA(Nets({"generator": module, "critic": nn.Linear(1, 1)}), ["generator"], 0.9), module


def test_begins_with_the_weights_and_holds_only_what_is_kept():
    average, module = one(3.0)
    assert list(average.modules) == ["generator"]
    assert torch.equal(average.modules["generator"].weight, module.weight)
    assert not average.modules["generator"].weight.requires_grad


@through("step, decay", [(0, 0.1), (1, 2 / 11), (10, 11 / 20), (1000, 0.9)])
def test_moves_by_one_minus_decay_which_is_shorter_at_first(step, decay):
    average, module = one(0.0)
    module.weight.data.fill_(1.0)
    average.update(step)
    assert average.modules["generator"].weight.item() == pytest.approx(1 - decay)


def test_running_statistics_are_averaged_too_and_the_live_network_stays():
    module = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    average = EMA(Nets({"generator": module}), ["generator"], 0.5)
    module[1].running_mean.fill_(4.0)
    before = {key: t.clone() for key, t in module.state_dict().items()}
    average.update(1000)
    assert torch.equal(average.modules["generator"][1].running_mean, torch.full((3,), 2.0))
    assert all(torch.equal(before[key], t) for key, t in module.state_dict().items())


def test_a_constant_stays():
    average, module = one(2.0)
    for step in range(5):
        average.update(step)
    assert torch.equal(average.modules["generator"].weight, module.weight)

from __future__ import annotations

import pytest
import torch

from chimerae.errors import InputError
from chimerae.methods import METHODS, Clock
from chimerae.networks import DCGAN, MLP
from chimerae.training.players import play_batch
from chimerae.training.state import State, pick_autocast, pick_device
from tests.helpers.cases import Case, small
from tests.helpers.rows import through

CASES = [Case(small(method.name), DCGAN(width=2), (3, 16, 16)) for method in METHODS]
cases = through("case", CASES)


def played(case: Case, seed: int = 0, steps: int = 2) -> State:
    state = case.state(seed)
    for step in range(steps):
        torch.manual_seed(step)
        play_batch(case.method, state.nets, state.players, [case.batch(step)], Clock(step, 10))
        state.ema.update(step)
    state.step = steps
    return state


def strides(state: State) -> dict[str, tuple[int, ...]]:
    return {key: t.stride() for key, t in state.tensors().items()}


@cases
def test_everything_survives_its_tensors_and_lies_as_before(case):
    state, other = played(case), case.state(seed=5)
    tensors = {key: t.clone().contiguous() for key, t in state.tensors().items()}
    other.load(tensors, state.step)
    assert other.step == 2
    again = other.tensors()
    assert again.keys() == tensors.keys()
    assert all(torch.equal(again[key], tensors[key]) for key in tensors)
    assert strides(other) == strides(state)


@cases
def test_gradients_and_moments_lie_in_memory_as_their_weights_do(case):
    state = played(case)
    for player in state.players.values():
        for p in player.params:
            slots = player.optimizer.state[p].values()
            for tensor in (p.grad, *slots):
                if tensor is not None and tensor.shape == p.shape:
                    assert tensor.stride() == p.stride()


def test_loading_copies():
    case = CASES[0]
    state, other = played(case), case.state()
    tensors = {key: t.clone() for key, t in state.tensors().items()}
    kept = {key: t.clone() for key, t in tensors.items()}
    other.load(tensors, 2)
    play_batch(case.method, other.nets, other.players, [case.batch()], Clock(2, 10))
    assert all(torch.equal(tensors[key], kept[key]) for key in tensors)


@through("arch, named", [(DCGAN(width=3), "ema/decoder/0.weight"), (MLP(width=8), "ema/decoder")])
def test_another_networks_state_is_refused_before_anything_changes(arch, named):
    state, other = played(CASES[0]), Case(CASES[0].method, arch, (3, 16, 16)).state()
    before = {key: t.clone() for key, t in other.tensors().items()}
    with pytest.raises(InputError, match=named):
        other.load(state.tensors(), 2)
    assert other.step == 0
    assert all(torch.equal(before[key], t) for key, t in other.tensors().items())


def test_what_is_kept_after_training():
    case = next(case for case in CASES if case.method.name == "avae")
    averaged, plain = case.state(), case.state(ema=0.0)
    assert list(averaged.final_modules()) == list(plain.final_modules()) == list(case.method.exported)
    assert averaged.final_modules()["generator"] is not averaged.nets.modules["generator"]
    assert plain.final_modules()["generator"] is plain.nets.modules["generator"]


def test_convolutions_lie_channels_last():
    weights = [p for p in CASES[0].state().nets.modules["encoder"].parameters() if p.dim() == 4]
    assert weights
    assert all(p.is_contiguous(memory_format=torch.channels_last) for p in weights)


@through("name", ["cuda:99", "gpu", "cpux"])
def test_a_missing_device_is_one_line(name):
    with pytest.raises(InputError, match=f"no device '{name}'") as refused:
        pick_device(name)
    assert "\n" not in str(refused.value)


def test_devices_and_precision():
    assert pick_device("cpu").type == "cpu"
    assert pick_device("auto").type in ("cpu", "cuda")
    cpu = torch.device("cpu")
    assert not pick_autocast(cpu, "auto").bfloat16
    assert not pick_autocast(cpu, "float32").bfloat16
    assert pick_autocast(cpu, "bfloat16").bfloat16

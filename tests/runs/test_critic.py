"""Critics of samples alone, from the saved states of a run."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

from chimerae.methods import METHODS
from chimerae.model import load
from chimerae.networks import DCGAN
from chimerae.runs.critic import critic_of
from chimerae.runs.train import train
from chimerae.training.checkpoint import read_state, write_state
from tests.helpers.cases import PLAIN
from tests.helpers.rows import through
from tests.helpers.runs import tiny_run

X = torch.rand(5, 1, 8, 8, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("criticised")
    quick = {"batch_size": 4, "optimizer": {"lr": 0.05}}  # so that values depend on the image
    for name in ("avae", "ian", "wae-gan"):
        train(tiny_run(name, "dcgan", steps=2, **quick), out=place / name, quiet=True)
    return place


def told(line: str) -> None:
    raise AssertionError(line)


def test_it_is_the_network_of_the_newest_state(runs: Path):
    critic, lack = critic_of(load(runs / "avae", device="cpu"), told)
    assert lack == ""
    assert critic.step == 2
    tensors, _ = read_state(runs / "avae" / "state")
    module = DCGAN(width=2).critic((1, 8, 8))
    prefix = "nets/critic/"
    module.load_state_dict({k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)})
    with torch.no_grad():
        expected = module.eval()(2 * X - 1)
        assert (module(X) - expected).abs().max() > 1e-3, "pixels in another range make a difference"
    torch.testing.assert_close(critic(X), expected)
    torch.testing.assert_close(critic(X[2:4]), expected[2:4], atol=1e-5, rtol=1e-5)


def test_a_damaged_state_is_left_out(runs: Path, tmp_path: Path):
    """With an older one, that is taken, and a line tells so; without, there is no critic."""
    shutil.copytree(runs / "avae", tmp_path / "run")
    state = tmp_path / "run" / "state"
    (newest,) = state.glob("*.safetensors")
    tensors, _ = read_state(state)
    write_state(state, tensors, step=3, keep=2)
    (later,) = set(state.glob("*.safetensors")) - {newest}
    later.write_bytes(later.read_bytes()[:-8])
    said: list[str] = []
    critic, _ = critic_of(load(tmp_path / "run", device="cpu"), said.append)
    assert critic.step == 2
    assert len(said) == 1
    newest.write_bytes(b"")
    critic, lack = critic_of(load(tmp_path / "run", device="cpu"), told)
    assert critic is None
    assert lack.startswith("the critic cannot be read: ")
    assert "\n" not in lack


def test_a_critic_of_the_model_needs_no_state(runs: Path, tmp_path: Path):
    model = load(runs / "ian", device="cpu")
    shutil.copytree(runs / "ian" / "model", tmp_path / "alone")
    critic, _ = critic_of(load(tmp_path / "alone", device="cpu"), told)
    logits = model.nets.critic(2 * X - 1)[0].detach()
    p = logits.softmax(1)[:, 0]
    torch.testing.assert_close(critic(X), (p / (1 - p)).log(), atol=1e-4, rtol=1e-4)


def test_reasons_for_its_absence(runs: Path, tmp_path: Path):
    assert critic_of(load(runs / "wae-gan"), told) == (None, "wae-gan has no critic of samples alone")
    shutil.copytree(runs / "avae" / "model", tmp_path / "alone")
    critic, lack = critic_of(load(tmp_path / "alone"), told)
    assert critic is None
    assert lack == "the critic is kept in the states of a run, and this is a model alone"
    shutil.copytree(runs / "avae", tmp_path / "run")
    for path in (tmp_path / "run" / "state").iterdir():
        path.unlink()
    critic, lack = critic_of(load(tmp_path / "run"), told)
    assert critic is None
    assert "holds no saved state" in lack


def test_these_methods_have_one():
    named = {method.name for method in METHODS if method.sample_critic}
    assert named == {"gan", "wgan-gp", "vae-gan", "avae", "avae-frozen", "id-gan", "ian", "kl-gan"}


CASES = [case for case in PLAIN if case.method.sample_critic and case.arch.name == "dcgan"]


@through("case", CASES, ids=lambda case: case.method.name)
def test_one_value_for_each_sample(case):
    state = case.state()
    x = case.method.value_range.from_unit(torch.rand(4, *case.shape))
    with state.nets.evaluating():
        values = case.method.realness(state.nets, x)
        torch.testing.assert_close(
            case.method.realness(state.nets, x[1:3]), values[1:3], atol=1e-4, rtol=1e-4
        )
    assert values.shape == (4,)
    assert case.method.sample_critic in state.nets.modules

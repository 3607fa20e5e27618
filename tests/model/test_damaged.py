"""Models on disk that are damaged, or half replaced, or hold no numbers."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

import chimerae
from chimerae.errors import InputError
from chimerae.model import store
from chimerae.model.files import write_model
from chimerae.run_folder.schema import CONFIG, WEIGHTS
from chimerae.runs.train import resume, train
from chimerae.training.checkpoint import pack, unpack
from chimerae.training.fitting import sized_for
from tests.helpers.runs import Crash, tiny_run


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("chimerae.training.previews.Previews.draw", lambda self, nets, step: None)
    return train(tiny_run("vae", steps=1), out=tmp_path / "run")


def without_checksum(folder: Path) -> None:
    config = json.loads((folder / CONFIG).read_text())
    del config["sha256"]
    (folder / CONFIG).write_text(json.dumps(config))


def test_a_bit_that_flipped_is_noticed_and_resume_mends_it(run: Path):
    path = run / "model" / WEIGHTS
    samples, content = chimerae.load(run).sample(3), bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(
        InputError, match=r"is damaged: its checksum .* `chimerae resume .*run` writes it again"
    ):
        chimerae.load(run)
    resume(run)
    assert torch.equal(chimerae.load(run).sample(3), samples)


def test_weights_of_another_step_are_noticed(run: Path, tmp_path: Path):
    """A kill between the two files of a model."""
    longer = train(tiny_run("vae", steps=2), out=tmp_path / "longer")
    (run / "model" / WEIGHTS).write_bytes((longer / "model" / WEIGHTS).read_bytes())
    with pytest.raises(InputError, match="is damaged"):
        chimerae.load(run)


def weights(folder: Path) -> dict[str, bytes]:
    """The tensors of the model of a run, by name."""
    nets = chimerae.load(folder).nets.items()
    return {f"{n}.{k}": t.numpy().tobytes() for n, net in nets for k, t in net.state_dict().items()}


@pytest.mark.parametrize("point", range(8))
def test_a_kill_between_any_two_steps_leaves_a_whole_model(
    run: Path, tmp_path: Path, monkeypatch, point: int
):
    """Each of four files is replaced by `os.replace`; a kill comes before it or after it."""
    longer = train(tiny_run("vae", steps=2), out=tmp_path / "longer")
    before, after = weights(run), weights(longer)
    modules = dict(chimerae.load(longer).nets.items())
    config = json.loads((longer / "model" / CONFIG).read_text())
    replace, calls = os.replace, iter(range(99))

    def killed(source: Path, target: Path) -> None:
        at = 2 * next(calls)
        if at == point:
            raise Crash
        replace(source, target)
        if at + 1 == point:
            raise Crash

    monkeypatch.setattr("os.replace", killed)
    with pytest.raises(Crash):
        write_model(run / "model", config, modules, "run")
    monkeypatch.setattr("os.replace", replace)
    assert weights(run) == (before if point < 3 else after)
    resume(run, steps=3)
    assert weights(run) not in (before, after)
    assert not [path for path in (run / "model").iterdir() if path.name.startswith(".")]


def test_models_of_before_have_no_checksum(run: Path):
    without_checksum(run / "model")
    assert chimerae.load(run).sample(3).isfinite().all()


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_of_no_use(run: Path, value: float):
    path = run / "model" / WEIGHTS
    tensors = unpack(path.read_bytes(), path)
    name = sorted(tensors)[1]
    tensors[name].flatten()[-1] = value
    path.write_bytes(pack(tensors))
    without_checksum(run / "model")
    with pytest.raises(InputError, match=f"'{name}' holds NaN or infinity"):
        chimerae.load(run)


def test_missing_weights_are_one_line(run: Path):
    (run / "model" / WEIGHTS).unlink()
    with pytest.raises(InputError, match="cannot be read: No such file") as error:
        chimerae.load(run)
    assert "\n" not in str(error.value)


def test_a_model_saved_by_hand_has_its_own_checksum(run: Path, tmp_path: Path):
    model = chimerae.load(run)
    model.save(tmp_path / "kept")
    again = chimerae.load(tmp_path / "kept")
    assert torch.equal(again.sample(3), model.sample(3))
    assert again.config["sha256"] == model.config["sha256"]


def test_a_model_that_is_replaced_while_it_is_read_is_read_again(run: Path, tmp_path: Path, monkeypatch):
    longer = train(tiny_run("vae", steps=2), out=tmp_path / "longer")
    honest, calls = store.read_weights, iter([True, False])

    def slow(path: Path, config: object) -> object:
        if next(calls):
            for name in (WEIGHTS, CONFIG):
                (run / "model" / name).write_bytes((longer / "model" / name).read_bytes())
        return honest(path, config)

    monkeypatch.setattr(store, "read_weights", slow)
    model = chimerae.load(run)
    assert model.step == 2
    monkeypatch.undo()
    assert weights(run) == weights(longer)


def test_networks_of_other_threads_do_not_count(run: Path, monkeypatch):
    monkeypatch.setattr("chimerae.training.fitting.ALWAYS", 1)
    with sized_for(1, run), ThreadPoolExecutor(1) as pool:
        assert pool.submit(lambda: torch.nn.Linear(50, 50)).result()
        with pytest.raises(InputError, match="many times as large"):
            torch.nn.Linear(50, 50)

"""Run folders that cannot be resumed: one line, exit code 2, nothing lost."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from chimerae import cli
from chimerae.errors import InputError
from chimerae.runs.train import resume, train
from chimerae.training.checkpoint import read_state, write_state
from tests.helpers.runs import Crash, after, assert_same_run, crash, tiny_run


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("chimerae.training.previews.Previews.draw", lambda self, nets, step: None)
        return train(tiny_run("vae", "dcgan"), out=tmp_path_factory.mktemp("runs") / "run")


def edit(path: Path, change: Callable[[dict], object]) -> None:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def flip_a_bit(folder: Path) -> None:
    path = max((folder / "state").glob("step-*"))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


HARM: dict[str, tuple[Callable[[Path], object], str]] = {
    "no state is whole": (lambda f: [p.write_bytes(b"") for p in (f / "state").glob("step-*")], "damaged"),
    "no state": (lambda f: shutil.rmtree(f / "state"), "no saved state"),
    "no run.json": (lambda f: (f / "run.json").unlink(), "run.json"),
    "run.json is no JSON": (lambda f: (f / "run.json").write_text('{"schema": 1, '), "run.json"),
    "run.json of another version": (lambda f: edit(f / "run.json", lambda c: c.update(schema=9)), "format 9"),
    "run.json is a list": (lambda f: (f / "run.json").write_text("[]"), "format None"),
    "run.json without a run": (lambda f: edit(f / "run.json", lambda c: c.update(run=None)), "run.json"),
    "a misspelt method": (
        lambda f: edit(f / "run.json", lambda c: c["run"]["method"].update(name="vea")),
        "did you mean 'vae'",
    ),
    "an unknown setting": (
        lambda f: edit(f / "run.json", lambda c: c["run"]["training"].update(batchsize=4)),
        "batchsize",
    ),
    "steps below zero": (lambda f: edit(f / "run.json", lambda c: c["run"].update(steps=-1)), "steps"),
    "other networks": (
        lambda f: edit(f / "run.json", lambda c: c["run"]["arch"].update(width=3)),
        "does not fit",
    ),
    "other data": (lambda f: edit(f / "data.json", lambda c: c.update(checksum="0")), "data"),
    "data.json is a list": (lambda f: (f / "data.json").write_text("[]"), "data.json"),
    "a method that is a list": (
        lambda f: edit(f / "run.json", lambda c: c["run"]["method"].update(name=["vae"])),
        "unknown method",
    ),
    "no data.json": (lambda f: (f / "data.json").unlink(), "data.json"),
    "missing folder": (shutil.rmtree, "no run folder"),
}


@pytest.mark.parametrize(("harm", "said"), HARM.values(), ids=HARM)
def test_is_refused_in_one_line_and_nothing_is_lost(trained, tmp_path, capsys, harm, said):
    folder = tmp_path / "run"
    shutil.copytree(trained, folder)
    harm(folder)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert cli.main(["resume", str(folder)]) == 2
    error = capsys.readouterr().err.strip()
    assert error.startswith("chimerae: ")
    assert "\n" not in error
    assert said in error, error
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


MENDED: dict[str, Callable[[Path], object]] = {
    "tampered state": flip_a_bit,
    "no index": lambda f: (f / "state" / "index.json").unlink(),
    "a state of no step": lambda f: edit(
        f / "state" / "index.json", lambda c: c["states"][-1].update(step="x")
    ),
    "a state of a step below 0": lambda f: edit(
        f / "state" / "index.json", lambda c: c["states"][-1].update(step=-4)
    ),
    "a state elsewhere": lambda f: edit(
        f / "state" / "index.json", lambda c: c["states"][-1].update(file="../run.json")
    ),
}


@pytest.mark.usefixtures("no_pictures")
@pytest.mark.parametrize("harm", MENDED.values(), ids=MENDED)
def test_the_newest_whole_state_is_used_and_the_run_ends_the_same(trained, tmp_path, capsys, harm):
    folder = tmp_path / "run"
    with pytest.raises(Crash):
        train(tiny_run("vae", "dcgan", save_every=1), out=folder, callbacks=after(5, crash))
    harm(folder)
    assert cli.main(["resume", str(folder)]) == 0
    assert "the run goes on from its state of step" in capsys.readouterr().err
    assert_same_run(trained, folder)


def test_a_second_run_does_not_overwrite_the_first(trained, capsys):
    before = {path: path.read_bytes() for path in trained.rglob("*") if path.is_file()}
    args = ["train", "vae", "--data", "digits", "--arch", "dcgan", "--steps", "1", "--out", str(trained)]
    assert cli.main(args) == 2
    assert "holds a run already" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in trained.rglob("*") if path.is_file()} == before


def test_a_log_torn_by_a_kill_is_mended(trained, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(trained, folder)
    lines = (folder / "log.jsonl").read_text().splitlines()
    (folder / "log.jsonl").write_text("\n".join([*lines[:2], lines[2][:20]]))
    assert cli.main(["resume", str(folder), "--steps", "7"]) == 0
    steps = [json.loads(line)["step"] for line in (folder / "log.jsonl").read_text().splitlines()]
    assert steps == [1, 2, 7]


@pytest.mark.parametrize(
    "content", [b"5\n6\n", b"\xff\xfe\n", b'{"a": 1}\n', b'{"step": "x", "seconds": 1}\n']
)
def test_a_log_that_is_none_begins_again(trained, tmp_path, content):
    folder = tmp_path / "run"
    shutil.copytree(trained, folder)
    (folder / "log.jsonl").write_bytes(content)
    assert cli.main(["resume", str(folder), "--steps", "7"]) == 0
    assert [json.loads(line)["step"] for line in (folder / "log.jsonl").read_text().splitlines()] == [7]


@pytest.mark.usefixtures("no_pictures")
def test_a_run_that_was_killed_before_its_first_state_begins_again(tmp_path):
    straight = train(tiny_run("vae"), out=tmp_path / "straight")
    with pytest.raises(Crash):
        train(tiny_run("vae"), out=tmp_path / "killed", callbacks=after(2, crash))
    assert not (tmp_path / "killed" / "state").exists()
    assert cli.main(["resume", str(tmp_path / "killed")]) == 0
    assert_same_run(straight, tmp_path / "killed")


@pytest.mark.usefixtures("no_pictures")
def test_a_run_in_a_folder_keeps_others_out(tmp_path):
    said = []

    def again() -> None:
        said.append(cli.main(["resume", str(tmp_path / "run")]))

    train(tiny_run("vae"), out=tmp_path / "run", callbacks=after(4, again))
    assert said == [2]
    assert cli.main(["resume", str(tmp_path / "run")]) == 0


@pytest.fixture
def begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An AVAE, one of whose parameters may have a learning rate of its own, stopped after its first state."""
    monkeypatch.setattr("chimerae.training.previews.Previews.draw", lambda self, nets, step: None)
    with pytest.raises(Crash):
        train(tiny_run("avae"), out=tmp_path / "run", callbacks=after(4, crash))
    return tmp_path / "run"


def refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert cli.main(["resume", str(folder)]) == 2
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("chimerae:")]
    return line


def test_a_setting_that_groups_parameters_otherwise_is_refused(begun, capsys):
    """Adam's moments would be those of other parameters, and its fused step would leave their memory."""
    edit(begun / "run.json", lambda c: c["run"]["training"]["optimizer"].update(sigma_lr_scale=3.0))
    assert "does not fit this run's optimisers: first difference at optimizer/vae/" in refused(begun, capsys)


SLOT = "optimizer/critic/{}/exp_avg"


@pytest.mark.parametrize(
    ("harm", "why"),
    [
        (lambda t: t.update({SLOT.format(0): t[SLOT.format(1)].clone()}), "critic/0"),
        (lambda t: t.update({SLOT.format(99): t[SLOT.format(0)].clone()}), "critic/99"),
        (lambda t: [t.pop(n) for n in [*t] if n.startswith("optimizer/critic/")], "lacks the optimiser"),
    ],
)
def test_a_state_whose_optimiser_is_another_is_refused(begun, capsys, harm, why):
    tensors, step = read_state(begun / "state")
    harm(tensors)
    write_state(begun / "state", tensors, step, 3)
    assert why in refused(begun, capsys)


@pytest.mark.usefixtures("no_pictures")
def test_a_toys_last_bits_may_be_those_of_another_processor(tmp_path: Path):
    folder = train(tiny_run("vae", steps=3), out=tmp_path / "run")
    edit(folder / "data.json", lambda c: c.update(checksum="0"))
    assert resume(folder, steps=4) == folder
    edit(folder / "data.json", lambda c: c["counts"].update(train=5))
    with pytest.raises(InputError, match="'avae-sine' have changed"):
        resume(folder, steps=5)

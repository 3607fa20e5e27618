"""Saved states: whole or absent, checked, several kept."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import torch

from chimerae.errors import InputError
from chimerae.run_folder.schema import INDEX
from chimerae.training.checkpoint import has_states, pack, read_state, unpack, write_state


def tensors(value: float) -> dict[str, torch.Tensor]:
    return {"a": torch.full((2, 3), value), "step": torch.tensor(value), "n": torch.tensor([1, 2])}


def index(folder: Path) -> dict:
    return json.loads((folder / INDEX).read_text())


def state_of(folder: Path, step: int) -> Path:
    """The file of the state of `step`."""
    (path,) = folder.glob(f"step-{step:08d}-*.safetensors")
    return path


def told(folder: Path) -> tuple[int, list[str]]:
    """The step that `folder` goes on from, and the warnings."""
    said: list[str] = []
    back, step = read_state(folder, said.append)
    assert torch.equal(back["a"], tensors(step)["a"])
    return step, said


@pytest.fixture
def three(tmp_path: Path) -> Path:
    for step in (1, 2, 3):
        write_state(tmp_path, tensors(step), step, keep=3)
    return tmp_path


def test_round_trip_is_exact_and_dense(tmp_path):
    there = {
        "odd": torch.randn(3, 5)[:, ::2],
        "last": torch.randn(2, 3, 4, 4).contiguous(memory_format=torch.channels_last),
        "half": torch.randn(3).bfloat16(),
        "count": torch.tensor(7),
        "empty": torch.zeros(0, 2),
    }
    write_state(tmp_path, there, 12, keep=1)
    back, step = read_state(tmp_path)
    assert step == 12
    assert back.keys() == there.keys()
    assert all(torch.equal(back[key], there[key]) and back[key].dtype == there[key].dtype for key in there)
    assert all(t.is_contiguous() for t in back.values())


@pytest.mark.parametrize("keep", [1, 2, 3])
def test_the_newest_are_kept(tmp_path, keep):
    for step in (10, 20, 30, 40):
        write_state(tmp_path, tensors(step), step, keep)
    files = sorted(path.name for path in tmp_path.glob("*.safetensors"))
    assert files == [state_of(tmp_path, step).name for step in (10, 20, 30, 40)[-keep:]]
    assert [entry["file"] for entry in index(tmp_path)["states"]] == files
    assert read_state(tmp_path)[1] == 40
    digests = [entry["sha256"][:16] for entry in index(tmp_path)["states"]]
    assert [name.split("-")[2].removesuffix(".safetensors") for name in files] == digests


def test_what_a_kill_left_of_a_state_goes_with_the_next_and_nothing_else(three, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "mine.safetensors"
    elsewhere.write_bytes(b"mine")
    half, unlisted = (
        ".step-00000004-0123456789abcdef.safetensors.x1y2",
        "step-00000004-0123456789abcdef.safetensors",
    )
    for name in (half, unlisted):
        (three / name).write_bytes(b"half")
    mine = ("my-step-1.safetensors", "step-00000004.safetensors.bak", "step-9.safetensors", "notes.txt")
    for name in mine:
        (three / name).write_bytes(b"mine")
    link = three / "step-00000001-fedcba9876543210.safetensors"
    link.symlink_to(elsewhere)
    write_state(three, tensors(5), 5, keep=3)
    left = {p.name for p in three.iterdir()}
    assert left == {INDEX, *mine, link.name, *(state_of(three, step).name for step in (2, 3, 5))}
    assert elsewhere.read_bytes() == b"mine"


def test_states_after_a_resumed_step_are_forgotten(three):
    write_state(three, tensors(2.5), 2, keep=3)
    assert [entry["step"] for entry in index(three)["states"]] == [1, 2]
    assert read_state(three)[0]["step"] == 2.5
    assert not list(three.glob("step-00000003*"))


def damage_content(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


DAMAGES = {
    "one bit": damage_content,
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:-20]),
    "empty": lambda path: path.write_bytes(b""),
    "missing": Path.unlink,
    "a folder": lambda path: (path.unlink(), path.mkdir()),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_tampered_state_is_passed_over_and_said(three, damage):
    newest = state_of(three, 3)
    damage(newest)
    step, (line,) = told(three)
    assert step == 2
    assert newest.name in line
    assert line.endswith("the run goes on from its state of step 2")
    assert "\n" not in line
    write_state(three, tensors(4), 4, keep=3)
    assert told(three) == (4, [])


def test_a_state_that_cannot_be_read_now_is_not_given_up(three, monkeypatch):
    """A disk that is away comes back; going on from an earlier state would delete this one."""

    read, newest = Path.read_bytes, state_of(three, 3)

    def away(self: Path) -> bytes:
        if self == newest:
            raise OSError(5, "Input/output error")
        return read(self)

    monkeypatch.setattr(Path, "read_bytes", away)
    with pytest.raises(InputError, match="Input/output error"):
        read_state(three)


def test_the_only_state_tampered_with(tmp_path):
    damage_content(write_state(tmp_path, tensors(1), 1, keep=3))
    with pytest.raises(InputError, match="start the run again"):
        read_state(tmp_path)


BROKEN = {
    "none": (Path.unlink, "is missing"),
    "half": (lambda path: path.write_text("{"), "cannot be read"),
    "no states": (lambda path: path.write_text('{"schema": 1}'), "no index"),
    "no file": (lambda path: path.write_text('{"schema": 1, "states": [{"step": 3}]}'), "no index"),
    "no list": (lambda path: path.write_text('{"schema": 1, "states": 5}'), "no index"),
    "no digest": (
        lambda path: path.write_text(path.read_text().replace('"sha256": "', '"sha256": "", "was": "')),
        "no index",
    ),
}


@pytest.mark.parametrize(("harm", "why"), BROKEN.values(), ids=BROKEN)
def test_states_are_found_without_their_index(three, harm, why):
    harm(three / INDEX)
    assert has_states(three)
    step, (line,) = told(three)
    assert step == 3
    assert why in line
    damage_content(state_of(three, 3))
    assert told(three)[0] == 2, "a digest in the name is checked too"
    write_state(three, tensors(4), 4, keep=3)
    assert [entry["step"] for entry in index(three)["states"]] == [2, 3, 4]


def test_states_of_before_are_found_without_a_digest(three):
    for step in (1, 2, 3):
        state_of(three, step).rename(three / f"step-{step:08d}.safetensors")
    (three / INDEX).unlink()
    assert told(three)[0] == 3
    (three / "step-00000003.safetensors").write_bytes(b"cut")
    assert told(three)[0] == 2


@pytest.mark.parametrize(
    ("content", "said"),
    [("[]", "format None"), ('{"schema": 99, "states": []}', "format 99, this version of chimerae reads 1")],
)
def test_an_index_of_another_version_is_refused(three, content, said):
    (three / INDEX).write_text(content)
    with pytest.raises(InputError, match=said) as refused:
        read_state(three)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("make", [True, False])
def test_no_index_is_no_state(tmp_path, make):
    folder = tmp_path / "state"
    if make:
        folder.mkdir()
    assert not has_states(folder)
    with pytest.raises(InputError, match="no saved state"):
        read_state(folder)


def test_only_safetensors_are_read(tmp_path):
    """Not a pickle, whatever its name and checksum say."""
    torch.save(tensors(1), tmp_path / "x.pt")
    with pytest.raises(InputError, match="not a safetensors file"):
        unpack((tmp_path / "x.pt").read_bytes(), tmp_path / "x.pt")
    assert torch.equal(unpack(pack(tensors(1)), tmp_path)["a"], tensors(1)["a"])


@pytest.mark.parametrize("failing", [1, 2])
def test_a_write_that_fails_leaves_the_earlier_states_whole(three, failing, monkeypatch):
    """Of the tensors (1), or of the index (2)."""
    replace, calls = os.replace, []

    def full(source, target):
        calls.append(target)
        if len(calls) == failing:
            raise OSError(28, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(InputError, match="No space left"):
        write_state(three, tensors(4), 4, keep=3)
    back, step = read_state(three)
    assert step == 3
    assert torch.equal(back["a"], tensors(3)["a"])
    assert not list(three.glob(".*")), "something half-written is lying about"

"""Saved states: whole or absent, checked, several kept."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import torch

from chimerae.errors import InputError
from chimerae.run_folder.schema import INDEX
from chimerae.training.checkpoint import pack, read_state, unpack, write_state


def tensors(value: float) -> dict[str, torch.Tensor]:
    return {"a": torch.full((2, 3), value), "step": torch.tensor(value), "n": torch.tensor([1, 2])}


def index(folder: Path) -> dict:
    return json.loads((folder / INDEX).read_text())


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
    assert files == [f"step-{step:08d}.safetensors" for step in (10, 20, 30, 40)[-keep:]]
    assert [entry["file"] for entry in index(tmp_path)["states"]] == files
    assert read_state(tmp_path)[1] == 40


def test_what_a_kill_left_of_a_state_goes_with_the_next(three):
    (three / ".step-00000004.safetensors.x1y2").write_bytes(b"half")
    write_state(three, tensors(5), 5, keep=3)
    assert sorted(p.name for p in three.iterdir()) == [
        INDEX,
        *(f"step-{step:08d}.safetensors" for step in (2, 3, 5)),
    ]


def test_states_after_a_resumed_step_are_forgotten(three):
    write_state(three, tensors(2.5), 2, keep=3)
    assert [entry["step"] for entry in index(three)["states"]] == [1, 2]
    assert read_state(three)[0]["step"] == 2.5
    assert not (three / "step-00000003.safetensors").exists()


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
def test_a_tampered_state_is_refused_and_the_earlier_one_stays(three, damage):
    damage(three / "step-00000003.safetensors")
    with pytest.raises(InputError, match=r"step-00000003.* go on from step 2") as refused:
        read_state(three)
    assert "\n" not in str(refused.value)
    content = index(three)
    (three / INDEX).write_text(
        json.dumps(content | {"states": content["states"][:-1]})
    )  # as the message says
    back, step = read_state(three)
    assert step == 2
    assert all(torch.equal(back[key], tensors(2)[key]) for key in back)


def test_the_only_state_tampered_with(tmp_path):
    damage_content(write_state(tmp_path, tensors(1), 1, keep=3))
    with pytest.raises(InputError, match="start the run again"):
        read_state(tmp_path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "cannot be read"),
        ("[]", "format None"),
        ('{"schema": 99, "states": []}', "format 99, this version of chimerae reads 1"),
        ('{"schema": 1}', "index"),
        ('{"schema": 1, "states": [{"step": 3}]}', "index"),
        ('{"schema": 1, "states": 5}', "index"),
    ],
)
def test_a_broken_index_is_refused(three, content, said):
    (three / INDEX).write_text(content)
    with pytest.raises(InputError, match=said) as refused:
        read_state(three)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("make", [True, False])
def test_no_index_is_no_state(tmp_path, make):
    folder = tmp_path / "state"
    if make:
        folder.mkdir()
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

"""Saved states: whole files of tensors, checked by hash, several of them kept. Knows files, not models."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from chimerae.errors import InputError
from chimerae.files import read_json, write_bytes, write_json
from chimerae.run_folder.schema import INDEX, SCHEMAS, STATE, check_schema, renamed_tensors


def write_state(folder: Path, tensors: Mapping[str, Tensor], step: int, keep: int) -> Path:
    """Save `tensors` as the state of `step` into `folder` and drop all but the newest `keep`.

    The index is written after the tensors, so a state that it names is complete.
    """
    content = pack(tensors)
    path = folder / f"step-{step:08d}.safetensors"
    write_bytes(path, content)
    digest = hashlib.sha256(content).hexdigest()
    entry = {"step": step, "file": path.name, "sha256": digest, "schema": SCHEMAS[STATE]}
    entries = [e for e in _entries(folder) if e["step"] < step] + [entry]
    write_json(folder / INDEX, {"schema": SCHEMAS[INDEX], "states": entries[-keep:]})
    kept = {e["file"] for e in entries[-keep:]}
    for old in folder.glob("*step-*.safetensors*"):  # and what a kill left of one that was being written
        if old.name not in kept:
            old.unlink()
    return path


def read_state(folder: Path) -> tuple[dict[str, Tensor], int]:
    """Tensors and step of the newest state in `folder`.

    Raises:
        InputError: there is none, or it is not what was written.
    """
    entries = _entries(folder)
    if not entries:
        raise InputError(f"{folder} holds no saved state: the run stopped before its first; start it again")
    newest = entries[-1]
    path = folder / newest["file"]
    if len(entries) > 1:
        earlier = f"delete its entry in {folder / INDEX} to go on from step {entries[-2]['step']}"
    else:
        earlier = "start the run again"
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}; {earlier}") from None
    if hashlib.sha256(content).hexdigest() != newest["sha256"]:
        raise InputError(f"{path} is damaged: its checksum is not the one in {INDEX}; {earlier}")
    tensors = unpack(content, path)
    return tensors if newest.get("schema", 1) > 1 else renamed_tensors(tensors), int(newest["step"])


def pack(tensors: Mapping[str, Tensor]) -> bytes:
    """`tensors` in the safetensors format, in dense memory order."""
    return save({name: t.detach().cpu().contiguous() for name, t in tensors.items()})


def unpack(content: bytes, path: Path) -> dict[str, Tensor]:
    """The tensors that `pack` wrote.

    Raises:
        InputError: `content`, read from `path`, is something else.
    """
    try:
        return load(content)
    except SafetensorError as error:
        raise InputError(f"{path} is not a safetensors file: {error}") from None


def _entries(folder: Path) -> list[dict[str, Any]]:
    path = folder / INDEX
    if not path.exists():
        return []
    index = read_json(path, "an index of saved states")
    check_schema(index, path, INDEX)
    entries = index.get("states")
    if not isinstance(entries, list) or not all(map(_is_entry, entries)):
        raise InputError(f"{path} is damaged: it is no index of saved states; start the run again")
    return entries


def _is_entry(entry: Any) -> bool:
    match entry:
        case {"step": int(step), "file": str(file), "sha256": str()}:
            return step >= 0 and Path(file).name == file
        case _:
            return False

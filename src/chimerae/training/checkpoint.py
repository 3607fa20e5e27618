"""Saved states: whole files of tensors, checked by hash, several of them kept. Knows files, not models."""

from __future__ import annotations

import hashlib
import re
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from chimerae.errors import InputError
from chimerae.files import MOST_JSON, parsed_json, read_json, size_of, write_bytes, write_json
from chimerae.run_folder.schema import INDEX, SCHEMAS, STATE, check_schema, renamed_tensors

NAME: Final = re.compile(r"step-(?P<step>\d{8,})(?:-(?P<digest>[0-9a-f]{16}))?\.safetensors")
"""Names of states. The digest is the beginning of the file's SHA-256; names before 2026-11-29 lack it."""
LEFT: Final = re.compile(r"\." + NAME.pattern + r"\.\w+")
"""Names of the temporary files that a process of a version before 2026-11-29 left when it was killed."""


def write_state(folder: Path, tensors: Mapping[str, Tensor], step: int, keep: int) -> Path:
    """Save `tensors` as the state of `step` into `folder` and drop all but the newest `keep`.

    The index is written after the tensors, so a state that it names is complete. Only states are deleted;
    links are never followed.
    """
    content = pack(tensors)
    digest = hashlib.sha256(content).hexdigest()
    path = folder / f"step-{step:08d}-{digest[:16]}.safetensors"
    known, _ = _known(folder)
    write_bytes(path, content)
    entry = {"step": step, "file": path.name, "sha256": digest, "schema": SCHEMAS[STATE]}
    entries = [e for e in known if e["step"] < step] + [entry]
    write_json(folder / INDEX, {"schema": SCHEMAS[INDEX], "states": entries[-keep:]})
    _sweep(folder, {e["file"] for e in known}, {e["file"] for e in entries[-keep:]})
    return path


def _sweep(folder: Path, known: set[str], kept: set[str]) -> None:
    """Delete states outside `kept`: those in `known`, those with a digest in the name, interrupted writes."""
    for path in folder.iterdir():
        named = NAME.fullmatch(path.name)
        ours = path.name in known or (named and named["digest"]) or LEFT.fullmatch(path.name)
        if ours and path.name not in kept and path.is_file() and not path.is_symlink():
            path.unlink()


def has_states(folder: Path) -> bool:
    """True when `folder` holds states or an index."""
    return (folder / INDEX).exists() or bool(_found(folder))


def read_state(
    folder: Path, on_warning: Callable[[str], object] = warnings.warn
) -> tuple[dict[str, Tensor], int]:
    """Tensors and step of the newest undamaged state in `folder`.

    Without a readable index, states are found by their file names. `on_warning` receives one message about
    all damaged files.

    Raises:
        InputError: all states are damaged or missing, a file cannot be read, or another version wrote it.
    """
    entries, lost = _known(folder)
    if not entries:
        again = "the run stopped before its first; start it again"
        raise InputError("; ".join([*lost, f"{folder} holds no saved state: {again}"]))
    for entry in reversed(entries):
        try:
            tensors = _read(folder / entry["file"], entry)
        except _Damaged as damaged:
            lost.append(str(damaged))
            continue
        if lost:
            on_warning(f"{'; '.join(lost)}; the run goes on from its state of step {entry['step']}")
        return tensors, int(entry["step"])
    raise InputError(f"{'; '.join(lost)}; start the run again")


class _Damaged(Exception):
    """A damaged or missing state."""


def _read(path: Path, entry: Mapping[str, Any]) -> dict[str, Tensor]:
    try:
        values_in(path)
        content = path.read_bytes()
    except InputError as error:
        raise _Damaged(str(error)) from None
    except FileNotFoundError as error:
        raise _Damaged(f"{path} cannot be read: {error.strerror}") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    if not hashlib.sha256(content).hexdigest().startswith(entry["sha256"]):
        raise _Damaged(f"{path} is damaged: its checksum is not the one that was written")
    try:
        tensors = unpack(content, path)
    except InputError as error:
        raise _Damaged(str(error)) from None
    return tensors if entry.get("schema", 1) > 1 else renamed_tensors(tensors)


def pack(tensors: Mapping[str, Tensor]) -> bytes:
    """`tensors` in the safetensors format, in dense memory order."""
    return save({name: t.detach().cpu().contiguous() for name, t in tensors.items()})


def values_in(path: Path) -> int:
    """The number of values (four bytes each) in a file of tensors, by its header and its size; the values
    are not read.

    Raises:
        InputError: it is no regular file, or header and size do not agree.
        OSError: it cannot be read.
    """
    size = size_of(path)
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = file.read(length) if 0 < length <= min(size - 8, MOST_JSON) else b""
    try:
        tensors = parsed_json(header)
        ends = [tensor["data_offsets"][1] for name, tensor in tensors.items() if name != "__metadata__"]
        whole = size == 8 + length + max(ends, default=0)
    except (ValueError, TypeError, LookupError, AttributeError):
        whole = False
    if not whole:
        raise InputError(f"{path} is damaged: its size is not the one that its header tells")
    return (size - 8 - length) // 4


def newest_values(folder: Path) -> int:
    """The number of values in the largest state of `folder` that its index names; 0 without any."""
    entries, _ = _known(folder)
    found = [0]
    for entry in entries:
        with suppress(InputError, OSError):
            found.append(values_in(folder / entry["file"]))
    return max(found)


def unpack(content: bytes, path: Path) -> dict[str, Tensor]:
    """The tensors that `pack` wrote.

    Raises:
        InputError: `content`, read from `path`, is something else.
    """
    try:
        return load(content)
    except SafetensorError as error:
        raise InputError(f"{path} is not a safetensors file: {error}") from None


def _known(folder: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """Entries of the states in `folder`, oldest first, and any problem with its index in words."""
    path = folder / INDEX
    if not path.exists():
        found = _found(folder)
        return found, [f"{path} is missing"] if found else []
    try:
        index = read_json(path, "an index of saved states")
    except InputError as error:
        return _found(folder), [str(error)]
    check_schema(index, path, INDEX)
    entries = index.get("states")
    if not isinstance(entries, list) or not all(map(_is_entry, entries)):
        return _found(folder), [f"{path} is damaged: it is no index of saved states"]
    return entries, []


def _found(folder: Path) -> list[dict[str, Any]]:
    """Entries derived from file names, oldest first; a name without a digest is accepted unchecked."""
    if not folder.is_dir():
        return []
    names = [named for path in folder.iterdir() if path.is_file() and (named := NAME.fullmatch(path.name))]
    entries = [
        {
            "step": int(named["step"]),
            "file": named[0],
            "sha256": named["digest"] or hashlib.sha256((folder / named[0]).read_bytes()).hexdigest(),
            "schema": SCHEMAS[STATE] if named["digest"] else 1,
        }
        for named in names
    ]
    return sorted(
        entries, key=lambda entry: (entry["step"], (folder / str(entry["file"])).stat().st_mtime_ns)
    )


def _is_entry(entry: Any) -> bool:
    match entry:
        case {"step": int(step), "file": str(file), "sha256": str(digest)}:
            named = NAME.fullmatch(file)
            whole = named is not None and int(named["step"]) == step and len(digest) in (16, 64)
            return whole and type(entry.get("schema", 1)) is int
        case _:
            return False

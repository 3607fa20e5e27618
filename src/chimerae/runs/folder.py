"""Run folders: their creation, and the run read from them."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import torch

import chimerae
from chimerae.config import from_dict, to_dict
from chimerae.data import TOYS
from chimerae.errors import InputError
from chimerae.files import read_json, write_json
from chimerae.leftovers import ENDING
from chimerae.machine import processor
from chimerae.run_folder.schema import (
    ENV,
    LOCK,
    MANIFEST,
    MODEL,
    RUN,
    SCHEMAS,
    STATE,
    check_schema,
    renamed,
)
from chimerae.runs.run import Run
from chimerae.training.checkpoint import has_states


def create(
    folder: Path, run: Run, manifest: Any, device: torch.device, command: str, *, processes: int = 1
) -> None:
    """Make `folder` with `env.json`, `data.json` and, last, `run.json`, which makes it a run.

    Raises:
        InputError: there is a run in it already, or it cannot be written.
    """
    vacant(folder)
    for left in folder.glob(".*"):
        if HALF.fullmatch(left.name):
            left.unlink()
    write_json(folder / ENV, environment(device) | {"processes": processes})
    write_json(folder / MANIFEST, manifest)
    content = {
        "schema": SCHEMAS[RUN],
        "chimerae": chimerae.__version__,
        "command": command,
        "run": to_dict(run),
    }
    write_json(folder / RUN, content)


def vacant(folder: Path) -> None:
    """Raise `InputError` when there is a run or anything else in `folder`, or when it is not a folder.

    Files of a start that was killed before it had written `run.json` are ignored.
    """
    if (folder / RUN).exists():
        raise InputError(
            f"{folder} holds a run already: go on with `chimerae resume {folder}`, or choose another --out"
        )
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file; choose another --out")
    if folder.exists() and any(folder.iterdir()) and not _killed_at_start(folder):
        raise InputError(f"{folder} is not empty; choose a new folder with --out")


HALF: Final = re.compile(rf"\.({'|'.join(map(re.escape, (ENV, MANIFEST, RUN)))})\.\w+({re.escape(ENDING)})?")
"""Names of the temporary files that remain when a process is killed in `create`."""


def _killed_at_start(folder: Path) -> bool:
    """True when `folder` holds only files that a start writes before `run.json`."""
    there = [*folder.iterdir()]
    if not all(path.is_file() and not path.is_symlink() for path in there):
        return False
    names = {path.name for path in there if not HALF.fullmatch(path.name)}
    if not names <= {ENV, MANIFEST, LOCK} or (names - {LOCK} and ENV not in names):
        return False
    try:
        environment = read_json(folder / ENV, "an environment") if ENV in names else {"chimerae": ""}
    except InputError:
        return False
    return isinstance(environment, dict) and "chimerae" in environment


def same_data(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Raise `InputError` when the data are not those that the run in `folder` began with.

    Points of a toy are drawn anew on every machine. Their last bits depend on the processor, so their
    checksums are not compared.
    """
    before = renamed(read_json(folder / MANIFEST, "a data manifest"))
    if not isinstance(before, dict):
        raise InputError(f"{folder / 'data.json'} is damaged: it is no data manifest; start a new run")
    if before.get("checksum") != manifest["checksum"] and not _same_toy(before, manifest):
        raise InputError(
            f"the data '{manifest['source']}' have changed since this run began; "
            "put them back, or start a new run"
        )


def _same_toy(before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    facts = ("source", "kind", "shape", "counts")
    return any(toy.name == now["source"] for toy in TOYS) and all(
        before.get(fact) == now[fact] for fact in facts
    )


def same_size(folder: Path, run: Run) -> None:
    """Raise `InputError` when `run` asks for images of another size than its folder's data have: preparing
    them could fill the disk.
    """
    manifest, size = read_json(folder / MANIFEST, "a data manifest"), run.prepare.height_width
    shape = manifest.get("shape") if isinstance(manifest, dict) else None
    if size is not None and isinstance(shape, list) and len(shape) == 3 and shape[1:] != [*size]:
        raise InputError(
            f"{folder / RUN} asks for images of {size[0]}x{size[1]} pixels, and {MANIFEST} has {shape[1:]}; "
            "undo what was changed there, or start a new run"
        )


def never_saved(folder: Path) -> bool:
    """True when the run in `folder` was stopped before its first state: then it begins again from step 0."""
    return not has_states(folder / STATE) and not (folder / MODEL).exists()


def longer(folder: Path, run: Run, steps: int, done: int) -> None:
    """Write `run` with a new total of `steps` into its folder.

    Raises:
        InputError: more than `steps` are done already.
    """
    if steps < done:
        raise InputError(f"{folder} has done {done} steps already; --steps {steps} must be more")
    rewrite(folder, replace(run, steps=steps))


def rewrite(folder: Path, run: Run, beside: Mapping[str, Any] = {}) -> None:
    """Replace the run in `folder` by `run`, and entries `beside` it; all else in `run.json` stays."""
    content = read_json(folder / RUN, "a run")
    write_json(folder / RUN, {**content, "schema": SCHEMAS[RUN], "run": to_dict(run), **beside})


def read_run(folder: Path) -> Run:
    """The run of `folder`.

    Raises:
        InputError: there is none, it is damaged, or another version wrote it.
    """
    if not folder.is_dir():
        raise InputError(f"there is no run folder {folder}")
    path = folder / RUN
    content = read_json(path, "a run")
    check_schema(content, path, RUN)
    return from_dict(Run, renamed(content.get("run", {}), content["schema"]), str(path))


def free_folder(run: Run) -> Path:
    """The first of `runs/<method>-<data>`, `...-2`, `...-3` that is not taken."""
    base = run_name(run)
    names = (base if i == 1 else f"{base}-{i}" for i in range(1, 1_000_000))
    return next(path for name in names if not (path := Path("runs") / name).exists())


def run_name(run: Run) -> str:
    """`<method>-<data>`, as part of a path."""
    stem = Path(run.data.rstrip("/")).name.split("@")[0]
    return f"{run.method.name}-{Path(stem).stem.replace(':', '-') or 'data'}"


def environment(device: torch.device) -> dict[str, Any]:
    """Versions and machine, as far as they can change numbers."""
    return {
        "chimerae": chimerae.__version__,
        "commit": _commit(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "platform": platform.platform(),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        "processor": processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
    }


def _commit() -> str | None:
    """The commit of the checkout that this code runs from; None outside a checkout."""
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None

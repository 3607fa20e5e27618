"""Run the library without the modules, calls and signals that Windows lacks, under its rules for files.

Executed as a program in a process of its own: a folder is given. Other packages keep what they have imported.
"""

from __future__ import annotations

import builtins
import enum
import importlib
import os
import shutil
import signal
import sys
import traceback
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any

MODULES = ("fcntl", "resource", "pwd", "grp", "termios")
CALLS = ("fork", "forkpty", "killpg", "setsid", "sched_getaffinity", "mkfifo")
CALLS += ("O_NOFOLLOW", "O_DIRECTORY")
SIGNALS = ("SIGHUP", "SIGUSR1", "SIGUSR2", "SIGXCPU", "SIGALRM", "SIGKILL")
OTHERS = (
    "torch",
    "numpy",
    "PIL.Image",
    "pyarrow.parquet",
    "filelock",
    "tyro",
    "pydantic",
    "safetensors.torch",
)
SMALL = ("--training.batch-size", "8", "--method.z-dim", "2", "--arch", "mlp", "--arch.width", "4")


def hide() -> None:
    """Take away what Windows lacks."""
    found = builtins.__import__

    def without(name: str, *args: Any, **named: Any) -> ModuleType:
        importer = (args[0] if args else None) or {}
        if name in MODULES and str(importer.get("__name__", "")).startswith("chimerae"):
            raise ImportError(name)
        return found(name, *args, **named)

    builtins.__import__ = without
    for name in CALLS:
        delattr(os, name)
    left = {each.name: each.value for each in signal.Signals if each.name not in SIGNALS}
    signal.Signals = enum.IntEnum("Signals", left)  # type: ignore[misc]
    for name in SIGNALS:
        delattr(signal, name)
    shutil._use_fd_functions = False  # type: ignore[attr-defined]


def forbid() -> None:
    """No folder is opened or replaced, and no open file is removed or replaced."""
    opened, replaced, renamed, removed = os.open, os.replace, os.rename, os.unlink

    def open_(path: Any, *args: Any, **named: Any) -> int:
        if os.path.isdir(path):
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *args, **named)

    def replace(source: Any, target: Any) -> None:
        free(source)
        free(target)
        if os.path.isdir(target):
            raise PermissionError(13, "Permission denied", str(target))
        replaced(source, target)

    def rename(source: Any, target: Any) -> None:
        if os.path.exists(target):
            raise FileExistsError(17, "File exists", str(target))
        free(source)
        renamed(source, target)

    def unlink(path: Any, **named: Any) -> None:
        free(path)
        removed(path, **named)

    os.open, os.replace, os.rename = open_, replace, rename
    os.unlink = os.remove = unlink


def free(path: Any) -> None:
    """Raise `PermissionError` if this process has the file at `path` open, or mapped.

    Calls of `filelock` may: it does that in another way on Windows.
    """
    if any("filelock" in frame.f_code.co_filename for frame, _ in traceback.walk_stack(None)):
        return
    there = os.path.realpath(path)
    held = {os.path.realpath(each) for each in Path("/proc/self/fd").iterdir()}
    if there in held or f" {there}\n" in Path("/proc/self/maps").read_text():
        raise PermissionError(13, "The process cannot access the file because it is being used", there)


def main(place: Path) -> None:
    """Prepare, train, resume, evaluate, sample and report."""
    for name in OTHERS:
        importlib.import_module(name)
    hide()
    forbid()
    warnings.simplefilter("error")
    from chimerae.cli import main as chimerae
    from chimerae.leftovers import fcntl
    from chimerae.training.signals import STOPPING

    assert fcntl is None
    assert [each.name for each in STOPPING] == ["SIGINT", "SIGTERM"]
    os.chdir(place)
    every = ("--training.log-every", "1", "--training.save-every", "1", "--training.keep", "1")
    for args in (
        ("data", "inspect", "digits"),
        ("train", "vae", "--data", "digits", "--steps", "2", *SMALL, *every, "--out", "run"),
        ("resume", "run", "--steps", "3"),
        ("evaluate", "run", "--metrics", "mse_unit", "--n", "16"),
        ("sample", "run", "-n", "2", "--out", "samples"),
        ("report", "run"),
        ("report", "run", "--out", "page.md"),
    ):
        assert chimerae(args) == 0, args
    importlib.import_module("chimerae.bench.measure")
    importlib.import_module("chimerae.studies")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

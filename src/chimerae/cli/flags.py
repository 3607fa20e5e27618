"""Flags that are read before a verb parses its own."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from chimerae.errors import InputError

FOLDERS: Mapping[str, str] = {"--data-root": "CHIMERAE_DATA", "--weights": "CHIMERAE_WEIGHTS"}
"""Flags that name a folder of this machine, and the environment variables that they set: `data.open.ROOT` and
`features.weights.FOLDER`, repeated here to keep imports few.
"""


def rooted(args: Sequence[str]) -> list[str]:
    """`args` without `--data-root DIR` and `--weights DIR`, whose values are put into the environment.

    This process and its children see them there, and the files of a run never hold them.

    Raises:
        InputError: a value is missing.
    """
    rest = list(args)
    for flag, variable in FOLDERS.items():
        folder, rest = take(rest, flag)
        if folder is not None:
            os.environ[variable] = str(Path(folder).expanduser().absolute())
    return rest


def take(flags: Sequence[str], name: str) -> tuple[str | None, list[str]]:
    """The value of `name` in `flags` (`--name value` or `--name=value`), and the flags without it.

    >>> take(["--arch", "mlp", "--steps", "3"], "--arch"), take(["--data=x"], "--data")
    (('mlp', ['--steps', '3']), ('x', []))
    """
    rest = list(flags)
    for i, flag in enumerate(rest):
        if flag == name:
            if i + 1 == len(rest):
                raise InputError(f"{name} needs a value")
            return rest[i + 1], rest[:i] + rest[i + 2 :]
        if flag.startswith(f"{name}="):
            return flag.removeprefix(f"{name}="), rest[:i] + rest[i + 1 :]
    return None, rest

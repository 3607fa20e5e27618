"""`chimerae weights list|get NAME|add FILE|path`."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import tyro

from chimerae.cli import DONE, INPUT_WRONG
from chimerae.cli.parse import parse
from chimerae.errors import unknown

USAGE = """\
usage: chimerae weights list|get NAME|add FILE|path [--weights DIR]

  list    which published weights there are, what they are for, and whether they
          are here
  get     download a file by its name, check it, and put it in its place
  add     check a file and copy it to its place
  path    print the folder they are kept in: --weights DIR, else
          $CHIMERAE_WEIGHTS, else `weights` in the cache

Nothing is downloaded unless you ask with `get`. Without a connection, fetch a
file from its address elsewhere, and add it."""


@dataclass(frozen=True)
class List:
    """Print which published weights there are, what they are for, and whether they are here."""


@dataclass(frozen=True)
class Add:
    """Check a file of weights, recognised by its contents alone, and copy it to its place."""

    file: tyro.conf.Positional[Path]
    """The file."""


@dataclass(frozen=True)
class Get:
    """Download a file of weights by its name, check it, and put it in its place."""

    name: tyro.conf.Positional[str]
    """Its name, as `list` prints it."""


@dataclass(frozen=True)
class Where:
    """Print the folder in which weights are kept."""


def main(args: Sequence[str]) -> int:
    """Run `chimerae weights ARGS` and return the exit code.

    Raises:
        InputError: the arguments are wrong, or the file is unknown.
    """
    if not args or args[0] in ("-h", "--help"):
        print(USAGE)
        return DONE if args else INPUT_WRONG
    if args[0] not in VERBS:
        raise unknown("verb of weights", args[0], VERBS)
    VERBS[args[0]](args[1:])
    return DONE


def _list(args: Sequence[str]) -> None:
    parse(List, args, prog="chimerae weights list")
    from chimerae.features.weights import PUBLISHED, state_of, weights_folder

    print(f"kept in {weights_folder()}")
    for each in PUBLISHED:
        print(f"{each.name:<10} {state_of(each):<8} {each.file}  SHA-256 {each.digest}...")
        print(f"{'':<10} for {each.use}; licence: {each.licence}")
        print(f"{'':<10} {each.where}")


def _add(args: Sequence[str]) -> None:
    asked = parse(Add, args, prog="chimerae weights add")
    from chimerae.data.store import cache_folder
    from chimerae.features.weights import add_weights

    file, path = add_weights(asked.file)
    print(f"{file.name} (for {file.use}): {path}")
    if path.parent != cache_folder(None) / "weights":
        place = shlex.quote(str(path.parent))
        print(f"say --weights {place} with every verb that is to find it there, or set CHIMERAE_WEIGHTS")


def _get(args: Sequence[str]) -> None:
    asked = parse(Get, args, prog="chimerae weights get")
    from chimerae.features.getting import get_weights

    file, path = get_weights(asked.name)
    print(f"{file.name} (for {file.use}; licence: {file.licence}): {path}")


def _path(args: Sequence[str]) -> None:
    parse(Where, args, prog="chimerae weights path")
    from chimerae.features.weights import weights_folder

    print(weights_folder())


VERBS: Mapping[str, Callable[[Sequence[str]], None]] = {
    "list": _list,
    "get": _get,
    "add": _add,
    "path": _path,
}

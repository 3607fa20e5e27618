"""The words in front of a verb's own flags: a method or recipe, and flags that choose its settings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

from chimerae.cli import DONE, INPUT_WRONG
from chimerae.cli.flags import take
from chimerae.cli.strangers import misplaced, refuse
from chimerae.recipes.build import Preset


@dataclass(frozen=True)
class Request:
    """A method or recipe, and the flags that decide which settings there are."""

    name: str
    arch: str | None
    data: str | None
    preset: Preset
    origin: str | None
    """Model that the run begins with."""
    flags: list[str]
    """All other flags, and `--data`."""


def unnamed(args: Sequence[str], help_text: Callable[[], str]) -> int | None:
    """The exit code of a verb that is called without a method, with its help printed; None if one is named.

    Raises:
        InputError: flags come first.
    """
    if args and not args[0].startswith("-"):
        return None
    if args and args[0] not in ("-h", "--help"):
        raise misplaced(args)
    print(help_text())
    return DONE if args else INPUT_WRONG


def requested(args: Sequence[str]) -> Request:
    """The request that begins `args`, which name a method.

    Raises:
        InputError: a flag belongs to another tool, is misspelt, or has no value.
    """
    name, flags = args[0], list(args[1:])
    refuse(name, flags)
    arch, flags = take(flags, "--arch")
    preset, flags = take(flags, "--preset")
    origin, flags = take(flags, "--from")
    data, _ = take(flags, "--data")
    return Request(name, arch, data, cast(Preset, preset or "short"), origin, flags)

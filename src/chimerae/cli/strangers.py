"""Mistaken arguments of `chimerae train`, and errors that name the right ones."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Final

from chimerae.cli.flags import take
from chimerae.cli.names import SENTENCES, WORDS, strange
from chimerae.errors import InputError, spelt

OWN: Final = ("--data", "--arch", "--preset", "--budget")
"""Flags that are read before the settings of a recipe are known."""
EPOCHS: Final = ("epochs", "epoch", "num-epochs")
NEAR: Final = 0.8
"""Likeness from which on a flag is a misspelt one of `OWN`."""


def refuse(name: str, flags: Sequence[str]) -> None:
    """Raise `InputError` for flags of other tools, for misspelt ones of `OWN`, and for a bare source."""
    if flags and not flags[0].startswith("-") and not any(flag.startswith("--data") for flag in flags):
        raise InputError(f"{flags[0]} needs its flag: chimerae train {shlex.join([name, '--data', *flags])}")
    for flag in flags:
        words = flag.partition("=")[0].removeprefix("--").replace("_", "-")
        if not flag.startswith("--") or f"--{words}" in OWN:
            continue
        if words in EPOCHS:
            raise InputError(f"unknown flag --{words}; {SENTENCES[words]}{in_steps(name, flags, words)}")
        if words in SENTENCES or f"--{WORDS.get(words)}" in OWN:
            raise strange(f"--{words}", OWN)
        if near := get_close_matches(f"--{words}", OWN, n=1, cutoff=NEAR):
            raise InputError(f"unknown flag --{words}; did you mean {near[0]}?")


def in_steps(name: str, flags: Sequence[str], flag: str) -> str:
    """Steps per epoch, in brackets; '' when counting the images would take work."""
    from chimerae.data.open import is_here, open_source
    from chimerae.data.sources import ImageSource
    from chimerae.recipes.build import build

    try:
        data = take(flags, "--data")[0] or ""
        if not data or not is_here(data):
            return ""
        source, run = open_source(data), build(name, data=data, preset="short")
        batch = int(next(filter(None, (take(flags, f)[0] for f in BATCH)), run.training.batch_size))
        if not isinstance(source, ImageSource):
            return f" ({data} has no epochs: its points are drawn anew)"
        held = 0.0 if "test" in source.parts else run.prepare.hold_out
        steps = max(1, round(source.parts["train"].count * (1.0 - held) / batch))
        asked = take(flags, f"--{flag}")[0] or ""
        total = f", {asked} epochs are --steps {steps * int(asked)}" if asked.isdecimal() else ""
    except (InputError, ValueError):
        return ""
    return f" (an epoch of {data} is about {steps:,} steps at batch size {batch}{total})"


BATCH: Final = ("--batch-size", "--training.batch-size")


def misplaced(args: Sequence[str]) -> InputError:
    """The error for `chimerae train` with flags in front of the method."""
    from chimerae.recipes.presets import BY_NAME

    for i, arg in enumerate(args[1:], 1):
        name = spelt(arg, BY_NAME)
        if name is not None and (not args[i - 1].startswith("-") or "=" in args[i - 1]):
            rest = [*args[:i], *args[i + 1 :]]
            return InputError(f"the method comes first: chimerae train {shlex.join([name, *rest])}")
    return InputError(f"the method or recipe comes first: chimerae train METHOD {shlex.join(args)}")

"""`chimerae data inspect SOURCE [--prepare.size N ...] [--out FILE.png]`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from chimerae.cli import DONE, INPUT_WRONG
from chimerae.cli.parse import parse
from chimerae.data.named_datasets import preset
from chimerae.data.settings import Prepare
from chimerae.errors import InputError, unknown

USAGE = """\
usage: chimerae data inspect SOURCE [--prepare.size N ...] [--out FILE.png]

  inspect    print what a source holds, and draw what the network will see of it

`chimerae data inspect --help` shows every option; `chimerae list data` shows sources."""


PROG = "chimerae data inspect"


@dataclass(frozen=True)
class Inspect:
    """Print what a source holds, and draw what the network will see of it."""

    source: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="SOURCE")]
    """The source: a name such as cifar10, a folder of images, .npy, .npz or .parquet, or owner/name on the
    hub.
    """
    prepare: Prepare = field(default_factory=Prepare)
    """Settings that turn the source into arrays."""
    out: Path | None = None
    """File for the picture (PNG); inspect-NAME.png in this folder when not given."""


def main(args: Sequence[str]) -> int:
    """Run `chimerae data ARGS` and return the exit code.

    Raises:
        InputError: the arguments are wrong, the source cannot be used, or the picture cannot be written.
    """
    if not args or args[0] in ("-h", "--help"):
        print(USAGE)
        return DONE if args else INPUT_WRONG
    if args[0] != "inspect":
        raise unknown("verb of data", args[0], ["inspect"])
    asked = parse(Inspect, args[1:], prog=PROG)
    own = Inspect(asked.source, preset(asked.source))
    return _inspect(parse(Inspect, args[1:], prog=PROG, default=own))


def _inspect(asked: Inspect) -> int:
    from chimerae import pictures
    from chimerae.cli.console import display
    from chimerae.data.inspect import in_words, inspect
    from chimerae.recipes.sizing import default_arch, settled

    if asked.out is not None and asked.out.suffix.lower() != ".png":
        raise InputError(f"cannot write {asked.out}: the picture is a .png")
    with display() as shown:
        try:
            arch = default_arch(asked.source)
            prepare, note = settled(asked.source, asked.prepare, arch)
        except InputError as error:  # no network can be trained on them: show the reason
            prepare, note = asked.prepare, str(error)
        found, picture = inspect(asked.source, prepare, progress=shown.count)
    print(in_words(found))
    if note:
        print(f"\nin training, {note}")
    if picture is not None:
        name = asked.source.rstrip("/").rpartition("/")[2]
        target = asked.out or Path(f"inspect-{Path(name).stem[:80] or 'data'}.png")
        pictures.save(picture, target)
        print(f"\nwhat the network sees: {target}")
    return DONE

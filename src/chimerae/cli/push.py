"""`chimerae push RUN OWNER/NAME --license SPDX`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import tyro

from chimerae.cli import DONE
from chimerae.cli.parse import parse
from chimerae.errors import InputError
from chimerae.run_folder.schema import MODEL

if TYPE_CHECKING:
    from chimerae.sharing.upload import Standing


@dataclass(frozen=True)
class Push:
    """Upload a run's model, its card and pictures to the Hugging Face hub."""

    run: tyro.conf.Positional[Path]
    """The run folder, or a folder that `model.save` wrote."""
    repo: tyro.conf.Positional[str]
    """OWNER/NAME on the hub; it is made if missing."""
    license: str | None = None
    """SPDX name of the model's licence, such as Apache-2.0 or CC-BY-4.0."""
    public: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Show the model to everybody."""
    private: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Show the model to its owner alone, which is the default."""
    pictures: bool = True
    """Upload samples and reconstructions too; reconstructions stand beside images of the data."""
    yes: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Upload without a question."""


def main(args: Sequence[str]) -> int:
    """Show the files, ask, upload, and print the address of the commit."""
    asked = parse(Push, args, prog="chimerae push")
    from chimerae.sharing.licences import licence_entries
    from chimerae.sharing.upload import check_name, look, upload

    check_name(asked.repo)
    if asked.public and asked.private:
        raise InputError("--public and --private: choose one")
    if not asked.run.exists():
        raise InputError(f"there is no run folder {asked.run}")
    licence = _licence(asked)
    licence_entries(licence)
    there = look(asked.repo, private=not asked.public)
    from chimerae.model import load

    model = load(asked.run, device="cpu")
    with TemporaryDirectory(prefix="chimerae-") as place:
        folder = model.save(Path(place, MODEL), license=licence, name=asked.repo, pictures=asked.pictures)
        print(_listing(folder, asked, there, licence), flush=True)
        _confirm(asked)
        address = upload(folder, asked.repo, private=not asked.public)
    print(f"{address}\nload it with chimerae.load({asked.repo!r})")
    return DONE


def _licence(asked: Push) -> str:
    """The licence as given, or that of an earlier card, or typed now.

    Raises:
        InputError: there is none, and nobody to ask.
    """
    from chimerae.sharing.folder import licence_of

    licence = asked.license or licence_of(asked.run)
    if licence is None and sys.stdin.isatty() and not asked.yes:
        licence = input("Licence of the model (SPDX name, such as Apache-2.0 or CC-BY-4.0): ").strip()
    if not licence:
        raise InputError("a shared model needs a licence: add one, such as --license Apache-2.0")
    return licence


def _listing(folder: Path, asked: Push, there: Standing, licence: str) -> str:
    """Lines that tell what an upload does."""
    from chimerae.sharing.upload import files_in, others

    names = files_in(folder)
    seen = "for everybody" if asked.public else "private"
    lines = [f"{asked.repo} ({'is there' if there.exists else 'new'}, {seen}), licence {licence}:"]
    for name in names:
        size = (folder / name).stat().st_size
        lines.append(f"  {name:<30} {size:>13,} bytes{', replaces' if name in there.files else ''}")
    if kept := others(there, names):
        shown = ", ".join(kept[:5]) + (", ..." if len(kept) > 5 else "")
        lines.append(f"  {len(kept)} other files there stay as they are: {shown}")
    return "\n".join(lines)


def _confirm(asked: Push) -> None:
    """Ask before the upload.

    Raises:
        InputError: the answer is no, or there is nobody to ask.
    """
    if asked.yes:
        return
    if not sys.stdin.isatty():
        raise InputError("nothing is uploaded without a yes: add --yes")
    if input("Upload these? [y/N] ").strip().lower() not in ("y", "yes"):
        raise InputError("nothing was uploaded")

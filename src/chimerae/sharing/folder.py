"""Files of a shared model: its card and pictures, made from the folder that it was loaded from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from chimerae.errors import InputError
from chimerae.files import read_bytes
from chimerae.pictures import png
from chimerae.report.images import open_picture
from chimerae.run_folder.schema import CARD, RUN
from chimerae.sharing.card import model_card
from chimerae.sharing.files import FOLDER, LIBRARY, SHOWN
from chimerae.sharing.header import entry_lines
from chimerae.sharing.licences import licence_entries
from chimerae.sharing.public import DataName, data_name, shareable
from chimerae.sharing.subject import Subject, read_subject

MOST_CARD: Final = 5_000_000
"""Bytes of a card that is read again."""
_BEGIN: Final = f"---\nlibrary_name: {LIBRARY}\n"


@dataclass(frozen=True)
class Material:
    """Contents of the files beside the weights."""

    config: Mapping[str, Any]
    card: str
    pictures: Mapping[str, bytes]
    """PNG files by kind."""


def material(
    config: Mapping[str, Any], name: str, origin: Path | None, licence: str | None, *, pictures: bool = True
) -> Material:
    """Config, card and pictures of the model of `config`, to be shared as `name`.

    A run gives all that its folder tells. A folder that was shared before gives its own card again, which
    somebody may have edited.

    Args:
        config: content of its `config.json`.
        name: OWNER/NAME on the hub, or the name of its folder.
        origin: the run folder, or the folder of the model alone; None when unknown.
        licence: SPDX name; None keeps the one of an earlier card.
        pictures: False leaves pictures out.

    Raises:
        InputError: there is no such licence, a setting is a path, or the run is damaged or has a link that
            leads out of it.
    """
    subject = read_subject(origin, config) if origin and (origin / RUN).exists() else None
    source = str(config.get("data", ""))
    data = subject.data if subject else data_name(source, {})
    if subject is None and origin is not None and (own := own_card(origin)):
        data = DataName(source) if f"`{source}`" in own else data
        shown = _beside(origin) if pictures else {}
        return Material(shareable(config, data), _again(own, name, licence), shown)
    shown = _pictures(subject) if subject and pictures else {}
    shared = shareable(config, data)
    card = model_card(shared, name, subject=subject, data=data, licence=licence, pictures=list(shown))
    return Material(shared, card, shown)


def own_card(folder: Path) -> str:
    """The card of a folder that was shared before; '' where there is none."""
    try:
        text = read_bytes(folder / CARD, MOST_CARD).decode(errors="replace").replace("\r\n", "\n")
    except (OSError, InputError):
        return ""
    return text if text.startswith(_BEGIN) and "\n---\n" in text[3:] else ""


def licence_of(folder: Path) -> str | None:
    """The licence in the card of a folder that was shared before; None where there is none."""
    head = own_card(folder).partition("\n---\n")[0]
    named = dict(re.findall(r"^(license(?:_name)?): (\S+)$", head, re.MULTILINE))
    if named.get("license") == "other" and "license_name" in named:
        return f"LicenseRef-{named['license_name']}"
    return named.get("license")


def _again(text: str, name: str, licence: str | None) -> str:
    """An earlier card with another licence and address."""
    head, rule, body = text.partition("\n---\n")
    if licence is not None:
        lines = [line for line in head.splitlines() if not re.match(r"license(_name|_link)?:", line)]
        head = "\n".join([*lines, *entry_lines(licence_entries(licence))])
        body = body.replace("- No licence was named for it.\n", "")
    if "/" in name:
        body = re.sub(r'chimerae\.load\("[^"\n]*"\)', lambda _: f'chimerae.load("{name}")', body)
    return head + rule + body


def _pictures(subject: Subject) -> dict[str, bytes]:
    """The pictures of a run as plain PNG files: whatever else was in their files stays behind."""
    return {kind: png(open_picture(path)) for kind, path in subject.pictures.items()}


def _beside(folder: Path) -> dict[str, bytes]:
    """The pictures of a folder that was shared before."""
    root = folder.parents[1] if folder.parent.name == "snapshots" else folder  # the hub's cache has links
    found = {kind: folder / FOLDER / f"{kind}.png" for kind in SHOWN}
    there = {kind: path for kind, path in found.items() if path.exists()}
    for path in there.values():
        if not path.resolve().is_relative_to(root.resolve()):
            raise InputError(f"{path} is a link that leads out of {folder}; put the file itself there")
    return {kind: png(open_picture(path)) for kind, path in there.items()}

"""Pictures of run folders: put into a page, put under one another, and made small."""

from __future__ import annotations

import base64
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image

from chimerae.errors import InputError
from chimerae.files import read_bytes
from chimerae.pictures import labelled, opened, png, reduced, strips, top
from chimerae.pictures.files import TOP
from chimerae.report.compare import LabelledRun, first_of_each
from chimerae.report.read import Snapshot

MOST_BYTES: Final = 120_000
"""Largest picture of the committed form of a report."""
MOST_READ: Final = 512_000_000
"""Bytes of a picture that is read."""
MOST_SNAPSHOTS: Final = 5
COMPARED: Final = "reconstructions"


@dataclass(frozen=True)
class Picture:
    """A PNG or WebP, still or a film, with its size in pixels and its caption."""

    content: bytes
    width: int
    height: int
    caption: str
    colour: str = ""
    labelled: bool = False
    """True when it has words in it, which must stay readable."""
    form: str = "png"
    """Format of `content`: png or webp."""

    @property
    def uri(self) -> str:
        """The picture as a `data:` address, which needs no second file."""
        return f"data:image/{self.form};base64," + base64.b64encode(self.content).decode("ascii")


def picture(path: Path, caption: str, colour: str = "") -> Picture:
    """The picture in a file, PNG or WebP.

    Raises:
        InputError: it is no readable picture.
    """
    content, image = _read(path)
    form = str(image.format).lower()
    return Picture(content, *image.size, caption, colour, labelled=bool(strips(image)), form=form)


def side_by_side(named: Sequence[LabelledRun]) -> Picture | None:
    """Rows of runs under one set of originals; None unless two or more all reconstructed the same images.

    Of runs that differ only by the seed, the first stands for all.
    """
    shown = first_of_each(named, COMPARED)
    images = {entry.group: open_picture(entry.run.pictures[COMPARED]) for entry in shown}
    if len(images) < 2 or not all(len(strips(image)) > 1 for image in images.values()):
        return None
    if len({top(image) for image in images.values()}) > 1:
        return None
    joined = under_one_top(images)
    return Picture(png(joined), *joined.size, "The same test images through every network", labelled=True)


def under_one_top(images: Mapping[str, Image.Image]) -> Image.Image:
    """The rows of several pictures, each with its picture's name, under the first row of the first one."""
    sheet: dict[str, Image.Image] = {}
    for name, image in images.items():
        (first, originals), *others = strips(image).items()
        sheet = sheet or {first: originals}
        sheet |= {f"{name}: {network}" if name else network: strip for network, strip in others}
    return labelled(sheet)


def tells_all(named: Sequence[LabelledRun]) -> bool:
    """True when `side_by_side` shows every run; it leaves out runs that differ only by the seed."""
    return len({entry.group for entry in named}) == len(named)


def spread_out(snapshots: Sequence[Snapshot], kind: str, most: int = MOST_SNAPSHOTS) -> list[Snapshot]:
    """At most `most` snapshots of a kind: the first, the last, and some at about equal ratios of steps."""
    own = sorted((s for s in snapshots if s.kind == kind), key=lambda s: s.step)
    if len(own) <= most:
        return own
    second, last = own[1].step, own[-1].step
    wanted = [second * (last / second) ** (i / (most - 2)) for i in range(most - 1)]
    chosen = {min(own, key=lambda s: abs(s.step - step)).step for step in [own[0].step, *wanted]}
    return [s for s in own if s.step in chosen]


def as_learnt(snapshots: Sequence[Snapshot]) -> Picture | None:
    """The last row of each snapshot (the network that samples) under one set of originals.

    None for snapshots that are no rows of images.
    """
    taken = [(s.step, _strips(s.path)) for s in snapshots]
    if not taken or not all(len(rows) > 1 for _, rows in taken):
        return None
    name, originals = next(iter(taken[-1][1].items()))
    rows = {name: originals} | {f"step {step:,}": list(own.values())[-1] for step, own in taken}
    joined = labelled(rows)
    return Picture(png(joined), *joined.size, list(taken[-1][1])[-1], labelled=True)


def small(content: bytes, most: int = MOST_BYTES) -> tuple[bytes, int]:
    """A PNG of at most `most` bytes, and the whole factor by which it was made smaller (1: untouched)."""
    image, factor = opened(content), 1
    result = content if image.format == "PNG" else png(image)
    while len(result) > most and min(image.size) >= 2 * (factor + 1):
        factor += 1
        result = png(reduced(image, factor))
    return result, factor


def _strips(path: Path) -> Mapping[str, Image.Image]:
    return strips(open_picture(path))


def open_picture(path: Path) -> Image.Image:
    """The picture in a file, PNG or WebP.

    Raises:
        InputError: it is no readable picture.
    """
    return _read(path)[1]


def _read(path: Path) -> tuple[bytes, Image.Image]:
    """A picture as it is in its file, and opened."""
    try:
        content = read_bytes(path, MOST_READ)
        image = opened(content)
    except (OSError, SyntaxError, ValueError, EOFError, struct.error) as error:
        raise InputError(f"{path} is no readable picture ({error}); remove it, or make it again") from error
    if strips(image):
        image.info[TOP] = top(image)
    return content, image

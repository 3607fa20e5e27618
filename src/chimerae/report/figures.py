"""The pictures of a study's page: what its arms drew, put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Final

from PIL import Image

from chimerae.pictures import compact, labelled, panels, strips, tiled
from chimerae.report.compare import Named
from chimerae.report.images import Picture, open_picture

MOST_BYTES: Final = 250_000
"""Largest picture of a page."""


def figure(runs: Sequence[Named], kind: str, columns: int) -> Picture | None:
    """Pictures of one kind, of the first run of each arm, under their names; None when nobody has any.

    Rows under the same originals stand under them once. Of plots only the last panel is shown (the network
    that samples, or the codes), and once, after all arms, the first one, which the others are compared with:
    the data, or the prior.
    """
    firsts = {entry.group: entry for entry in reversed(runs) if kind in entry.run.pictures}
    images = {
        entry.group: open_picture(entry.run.pictures[kind])
        for entry in runs
        if firsts.get(entry.group) is entry
    }
    if not images:
        return None
    if all(strips(image) for image in images.values()):
        joined = _sheets({name: strips(image) for name, image in images.items()})
    else:
        joined = tiled(_last_panels(images), columns=columns)
    content, form = compact(joined, MOST_BYTES)
    return Picture(content, *joined.size, "", labelled=True, form=form)


def _last_panels(images: Mapping[str, Image.Image]) -> dict[str, Image.Image]:
    shown: dict[str, Image.Image] = {}
    compared: dict[str, Image.Image] = {}
    for name, image in images.items():
        parts = panels(image)
        shown[name] = list(parts.values())[-1] if parts else image
        if len(parts) > 1:
            compared = compared or dict([next(iter(parts.items()))])
    return shown | compared


Rows = Mapping[str, Image.Image]
"""Strips of images by name; the others are compared with the first."""


def _sheets(arms: Mapping[str, Rows]) -> Image.Image:
    """A sheet of rows for each set of originals."""
    sets: list[dict[str, Rows]] = []
    for name, rows in arms.items():
        like = next((each for each in sets if _top(each) == _top({name: rows})), None)
        if like is None:
            sets.append({name: rows})
        else:
            like[name] = rows
    sheets = dict(_sheet(each) for each in sets)
    return tiled(sheets, columns=1) if len(sheets) > 1 else next(iter(sheets.values()))


def _top(arms: Mapping[str, Rows]) -> tuple[tuple[int, int], bytes]:
    """The originals of some arms, as something that can be compared."""
    strip = next(iter(next(iter(arms.values())).values()))
    return strip.size, strip.tobytes()


def _sheet(arms: Mapping[str, Rows]) -> tuple[str, Image.Image]:
    """What the names of some arms begin with, and all their rows under the first one's originals."""
    shared = _shared(list(arms))
    sheet: dict[str, Image.Image] = {}
    for arm, rows in arms.items():
        name = f"{arm.removeprefix(f'{shared}, ')}: " if len(arms) > 1 else ""
        (first, top), *others = rows.items()
        sheet = sheet or {first: top}
        sheet |= {name + network: strip for network, strip in others}
    return shared or next(iter(arms)), labelled(sheet)


def _shared(names: Sequence[str]) -> str:
    """The words before a comma with which all of several names begin.

    >>> _shared(["MNIST, AVAE, a", "MNIST, AVAE, b", "MNIST, VAE"])
    'MNIST'
    """
    parts = [name.split(", ") for name in names]
    same = [words[0] for words in takewhile(lambda words: len(set(words)) == 1, zip(*parts, strict=False))]
    return ", ".join(same) if len(names) > 1 else ""

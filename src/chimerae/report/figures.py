"""The pictures of a study's page: those of its arms, put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Final

from PIL import Image

from chimerae.pictures import compact, opened, panels, reduced, strips, tiled, top
from chimerae.report.compare import LabelledRun, first_of_each
from chimerae.report.images import Picture, open_picture, under_one_top

MOST_BYTES: Final = 250_000
"""Largest picture of a page."""


def figure(runs: Sequence[LabelledRun], kind: str, columns: int) -> Picture | None:
    """Pictures of one kind, of the first run of each arm, under their names; None when no run has any.

    Rows with the same originals share one row of originals. Of each plot the last panel is shown: the network
    that samples, or the codes. After all arms, the first panel follows once for comparison: the data, or the
    prior.
    """
    shown = first_of_each(runs, kind)
    images = {entry.group: open_picture(entry.run.pictures[kind]) for entry in shown}
    if not images:
        return None

    def render(factor: int) -> Image.Image:
        """Draw the pictures at a fraction of their size, under words of full size."""
        return _joined({name: reduced(image, factor) for name, image in images.items()}, columns)

    content, form = compact(render, MOST_BYTES)
    return Picture(content, *opened(content).size, "", labelled=True, form=form)


def _joined(images: Mapping[str, Image.Image], columns: int) -> Image.Image:
    if all(strips(image) for image in images.values()):
        return _sheets(images)
    wide = any(strips(image) for image in images.values())
    return tiled(_last_panels(images), columns=1 if wide else columns)


def _last_panels(images: Mapping[str, Image.Image]) -> dict[str, Image.Image]:
    shown: dict[str, Image.Image] = {}
    compared: dict[str, Image.Image] = {}
    for name, image in images.items():
        parts = panels(image)
        shown[name] = list(parts.values())[-1] if parts else image
        if len(parts) > 1:
            compared = compared or dict([next(iter(parts.items()))])
    return shown | compared


def _sheets(images: Mapping[str, Image.Image]) -> Image.Image:
    """A sheet of rows for each set of originals."""
    sets: dict[str, dict[str, Image.Image]] = {}
    for name, image in images.items():
        sets.setdefault(top(image), {})[name] = image
    sheets: dict[str, Image.Image] = {}
    for arms in sets.values():
        shared = _shared(list(arms))
        title = shared if shared and shared not in sheets else "; ".join(arms)
        short = {
            arm.removeprefix(f"{shared}, ") if len(arms) > 1 else "": image for arm, image in arms.items()
        }
        sheets[title] = under_one_top(short)
    titled = len(sheets) > 1 or len(images) == 1 or shared
    return tiled(sheets, columns=1) if titled else next(iter(sheets.values()))


def _shared(names: Sequence[str]) -> str:
    """The words before a comma with which all of several names begin.

    >>> _shared(["MNIST, AVAE, a", "MNIST, AVAE, b", "MNIST, VAE"])
    'MNIST'
    """
    parts = [name.split(", ") for name in names]
    same = [words[0] for words in takewhile(lambda words: len(set(words)) == 1, zip(*parts, strict=False))]
    return ", ".join(same) if len(names) > 1 else ""

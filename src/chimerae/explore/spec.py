"""Codes in words, as they stand in the address of the page: `draw-12@4*1_0.5*3_-2`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from chimerae.errors import InputError

Origin = Literal["draw", "held", "mine"]
"""Origin of a code: the prior, a held-out image of the run, or an uploaded picture."""
FORM: Final = re.compile(
    r"(draw|held|mine)-(\w{1,16})(?:@(\d{1,6}))?((?:\*\d{1,2}_-?\d{1,3}(?:\.\d{1,4})?)*)", re.ASCII
)
FARTHEST: Final = 10.0
"""Distance along a direction, in deviations, to which a code may be moved."""


@dataclass(frozen=True)
class Spec:
    """A code: its origin, its class, and its places along directions that were changed by hand."""

    origin: Origin
    which: str
    """Seed of a draw, number of a held-out image, or key of an uploaded picture."""
    moves: Mapping[int, float] = field(default_factory=dict)
    """Direction, from 0 on -> place along it, in deviations from the mean."""
    label: int | None = None
    """Class of a run that learned with labels; None: that of the image, or a random one of a draw."""

    @property
    def number(self) -> int:
        """Seed or number.

        Raises:
            InputError: it is none.
        """
        if not self.which.isdecimal() or int(self.which) >= 2**31:
            raise InputError(f"'{self.origin}-{self.which}': give a whole number below 2^31")
        return int(self.which)

    def with_moves(self, moves: Mapping[int, float]) -> Spec:
        """The same origin, with further places along directions."""
        return replace(self, moves={**self.moves, **moves})


def spec_of(text: str) -> Spec:
    """The code that `text` describes: its origin, a class after `@`, and places along directions. These count
    from 1 there.

    Raises:
        InputError: it describes none.

    >>> spec_of("draw-12*1_0.5*3_-2").moves
    {0: 0.5, 2: -2.0}
    >>> spec_of("held-3@7").label
    7
    """
    found = FORM.fullmatch(text)
    if not found:
        raise InputError(f"'{text[:80]}' describes no code; an example is draw-12*1_0.5*3_-2")
    origin, which, label, moves = found.groups()
    pairs = [move.split("_") for move in moves.split("*")[1:]]
    places = {int(axis) - 1: float(place) for axis, place in pairs}
    if any(axis < 0 or abs(place) > FARTHEST for axis, place in places.items()):
        raise InputError(f"'{text[:80]}' has a place beyond {FARTHEST:g} deviations, or a direction 0")
    return Spec(_origin(origin), which, places, None if label is None else int(label))


def _origin(word: str) -> Origin:
    return "draw" if word == "draw" else "held" if word == "held" else "mine"

"""One quantity over several seeds, and which of several is best."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Literal, TypeVar

Better = Literal["lower", "higher", ""]
"""Which way a quantity improves; empty where neither is better."""
K = TypeVar("K")


@dataclass(frozen=True)
class Values:
    """The values of one quantity, one per seed.

    >>> Values((1.0, 2.0, 3.0)).mean, Values((1.0, 2.0, 3.0)).spread
    (2.0, 1.0)
    """

    each: tuple[float, ...]

    @property
    def n(self) -> int:
        """How many there are."""
        return len(self.each)

    @property
    def mean(self) -> float:
        """Their mean."""
        return fmean(self.each)

    @property
    def spread(self) -> float:
        """Their deviation (n - 1 in the denominator); NaN for a single one, which has none."""
        return stdev(self.each) if len(self.each) > 1 and all(map(math.isfinite, self.each)) else math.nan

    def differs(self, other: Values) -> bool:
        """True when both are known over several seeds, and the means are farther apart than either spread."""
        return abs(self.mean - other.mean) > max(self.spread, other.spread)


def best(column: Mapping[K, Values], better: str) -> K | None:
    """The best of several, each over several seeds, if it leads by more than the spread of either.

    >>> best({"a": Values((1.0, 1.1)), "b": Values((3.0, 3.1))}, "lower")
    'a'
    >>> best({"a": Values((1.0, 3.0)), "b": Values((2.0, 3.1))}, "lower") is None
    True
    """
    finite = all(math.isfinite(values.mean) for values in column.values())
    several = all(values.n > 1 for values in column.values())
    if len(column) < 2 or not finite or not several or better not in ("lower", "higher"):
        return None
    first, second = sorted(column, key=lambda key: column[key].mean, reverse=better == "higher")[:2]
    return first if column[first].differs(column[second]) else None


def decimals(column: Iterable[Values]) -> int:
    """Digits after the point that give the largest mean of a column four figures.

    >>> decimals([Values((220.1,)), Values((1.4,))]), decimals([Values((0.0213,))])
    (1, 5)
    """
    largest = max((abs(v.mean) for v in column if math.isfinite(v.mean)), default=0.0)
    return max(0, min(6, 3 - math.floor(math.log10(largest)))) if largest else 1


def plural(n: int, noun: str) -> str:
    """A count with its noun.

    >>> plural(1, "seed"), plural(3, "seed")
    ('1 seed', '3 seeds')
    """
    return f"{n:,} {noun}{'' if n == 1 else 's'}"

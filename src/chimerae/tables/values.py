"""One quantity over several seeds, and the choice of the best of several."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Final, Literal, TypeVar

Better = Literal["lower", "higher", ""]
"""Direction in which a quantity improves; empty where neither is better."""
K = TypeVar("K")
ALPHA: Final = 0.05
"""Two means are called different when their p is below it."""
FEWEST: Final = 3
"""Fewest seeds on either side for means to be called different."""


@dataclass(frozen=True)
class Values:
    """The values of one quantity, one per seed.

    >>> Values((1.0, 2.0, 3.0)).mean, Values((1.0, 2.0, 3.0)).spread
    (2.0, 1.0)
    """

    each: tuple[float, ...]

    @property
    def n(self) -> int:
        """Number of values."""
        return len(self.each)

    @property
    def mean(self) -> float:
        """Their mean; NaN of infinities of either sign."""
        return math.nan if {math.inf, -math.inf} <= set(self.each) else fmean(self.each)

    @property
    def spread(self) -> float:
        """Their deviation (n - 1 in the denominator); NaN for a single one, which has none."""
        return stdev(self.each) if len(self.each) > 1 and all(map(math.isfinite, self.each)) else math.nan

    def p_value(self, other: Values) -> float:
        """Two-sided p of equal means, for normal values whose variances may differ; NaN where either side has
        fewer than two. Source: Welch 1947.

        >>> round(Values((1.0, 2.0, 3.0)).p_value(Values((4.0, 6.0, 8.0))), 4)
        0.0548
        """
        from scipy.special import stdtr

        variances = self.spread**2 / self.n, other.spread**2 / other.n
        both = sum(variances)
        if not both > 0:
            return math.nan if math.isnan(both) else float(self.mean == other.mean)
        freedom = both**2 / (variances[0] ** 2 / (self.n - 1) + variances[1] ** 2 / (other.n - 1))
        return 2.0 * float(stdtr(freedom, -abs(self.mean - other.mean) / math.sqrt(both)))

    def differs(self, other: Values) -> bool:
        """True when equal means are unlikely: p is below `ALPHA`, of `FEWEST` values or more each."""
        return min(self.n, other.n) >= FEWEST and self.p_value(other) < ALPHA

    def below(self, other: Values) -> bool:
        """True when this mean is the lower one and the two differ."""
        return self.mean < other.mean and self.differs(other)

    def above(self, other: Values) -> bool:
        """True when this mean is the higher one and the two differ.

        >>> low, high = Values((1.0, 2.0, 3.0)), Values((7.0, 8.0, 9.0))
        >>> high.above(low), low.above(high), Values((8.0,)).above(low)
        (True, False, False)
        """
        return self.mean > other.mean and self.differs(other)

    def versus(self, other: Values) -> str:
        """The comparison in words.

        >>> Values((1.0, 2.0, 3.0)).versus(Values((4.0, 6.0, 8.0)))
        'p = 0.055, n = 3'
        """
        p = self.p_value(other)
        counts = f"n = {self.n}" if self.n == other.n else f"n = {self.n} and {other.n}"
        return counts if math.isnan(p) else f"p {f'= {p:.3f}' if p >= 0.001 else '< 0.001'}, {counts}"


def best(column: Mapping[K, Values], better: str) -> K | None:
    """The best of several, if it differs from the second.

    >>> best({"a": Values((1.0, 1.1, 1.2)), "b": Values((3.0, 3.1, 3.2))}, "lower")
    'a'
    >>> best({"a": Values((1.0, 3.0, 2.0)), "b": Values((2.0, 3.1, 2.2))}, "lower") is None
    True
    """
    two = first_two(column, better)
    return two[0] if two and column[two[0]].differs(column[two[1]]) else None


def first_two(column: Mapping[K, Values], better: str) -> tuple[K, K] | None:
    """The best and the second by their means; None where they cannot be ranked."""
    finite = all(math.isfinite(values.mean) for values in column.values())
    if len(column) < 2 or not finite or better not in ("lower", "higher"):
        return None
    first, second, *_ = sorted(column, key=lambda key: column[key].mean, reverse=better == "higher")
    return first, second


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

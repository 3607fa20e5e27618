"""Durations, as people write and read them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import isfinite

from chimerae.errors import InputError

_PARTS = re.compile(r"(?:(?P<h>\d+(?:\.\d+)?)h)?(?:(?P<m>\d+(?:\.\d+)?)m)?(?:(?P<s>\d+(?:\.\d+)?)s?)?")


def seconds(given: str | float) -> float:
    """A duration in seconds: a number of seconds, or text such as "90s", "10m", "1h30m".

    Raises:
        InputError: it is something else, or not above 0.

    >>> seconds("90s"), seconds("10m"), seconds("1h30m"), seconds("0.5h"), seconds(45)
    (90.0, 600.0, 5400.0, 1800.0, 45.0)
    """
    if isinstance(given, str):
        found = _PARTS.fullmatch(given.strip().lower())
        parts = found.groupdict() if found else {}
        whole = sum(float(parts.get(unit) or 0) * n for unit, n in (("h", 3600), ("m", 60), ("s", 1)))
    else:
        whole = float(given)
    if not (isfinite(whole) and whole > 0):
        raise InputError(f"'{given}' is no duration: write 90s, 10m, 2h or 1h30m")
    return whole


def in_words(duration: float) -> str:
    """A duration in seconds for people.

    >>> in_words(42), in_words(125), in_words(7300), in_words(400_000)
    ('42s', '2m05s', '2h01m', '4.6 days')
    """
    whole = round(duration)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    if whole < 48 * 3600:
        return f"{whole // 3600}h{whole % 3600 // 60:02d}m"
    return f"{whole / 86400:,.1f} days"


def mean_pace(profile: Sequence[float], first: float, last: float) -> float:
    """Mean seconds of a step between two shares of a run.

    `profile` has the seconds of a step in equal parts of the run. Where no part lies between the shares, the
    last one counts.

    >>> mean_pace([1.0, 3.0], 0.0, 1.0), mean_pace([1.0, 3.0], 0.25, 0.75), mean_pace([1.0, 3.0], 1.0, 1.0)
    (2.0, 2.0, 3.0)
    """
    n = len(profile)
    overlaps = [max(min(last, (i + 1) / n) - max(first, i / n), 0.0) for i in range(n)]
    whole = sum(overlaps)
    if not whole:
        return profile[-1]
    return sum(o * seconds for o, seconds in zip(overlaps, profile, strict=True)) / whole

"""Names of a package that are imported when they are first used, so that the package itself opens quickly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module


def attribute(package: str, homes: Mapping[str, Sequence[str]], name: str) -> object:
    """The attribute `name` of `package`, for a module's `__getattr__`.

    Args:
        package: its dotted name.
        homes: names by their module below the package; `name:other` where `name` is called `other` there.
        name: the name that is asked for.

    Raises:
        AttributeError: `homes` does not have it.

    >>> attribute("os", {"path": ("join", "parts:split")}, "parts")("a/b")
    ('a', 'b')
    """
    for module, names in homes.items():
        for each in names:
            outside, _, inside = each.partition(":")
            if outside == name:
                return getattr(import_module(f"{package}.{module}"), inside or name)
    raise AttributeError(f"module {package!r} has no attribute {name!r}")

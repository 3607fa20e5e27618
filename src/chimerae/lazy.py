"""Names of a package that are imported when they are first used, so that the package itself opens quickly."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module


def attribute(package: str, homes: Mapping[str, str], name: str) -> object:
    """The attribute `name` of `package`, for a module's `__getattr__`.

    Args:
        package: its dotted name.
        homes: the module of each name below the package; `module:other` where it is called `other` there.
        name: the name that is asked for.

    Raises:
        AttributeError: `homes` does not have it.

    >>> attribute("os", {"join": "path"}, "join")("a", "b")
    'a/b'
    """
    if name not in homes:
        raise AttributeError(f"module {package!r} has no attribute {name!r}")
    module, _, inside = homes[name].partition(":")
    return getattr(import_module(f"{package}.{module}"), inside or name)

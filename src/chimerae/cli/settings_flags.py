"""Flags for the fields of a dataclass."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, get_type_hints

import tyro


def flags_of(cls: type[Any], default: object | None = None) -> list[str]:
    """Every flag of the dataclass `cls`, in order; those of nested settings come from `default`."""
    return list(_flags(cls, default, ""))


def _flags(cls: type[Any], default: object | None, prefix: str) -> Iterator[str]:
    hints = get_type_hints(cls, include_extras=True)
    for each in fields(cls):
        notes = getattr(hints[each.name], "__metadata__", ())
        if any(note is tyro.conf.Positional for note in notes):
            continue
        own = [note for note in notes if type(note).__module__.startswith("tyro")]
        named = next((note.name for note in own if getattr(note, "name", None) is not None), each.name)
        yield from (alias for note in own for alias in getattr(note, "aliases", None) or ())
        value = getattr(default, each.name, _default(each))
        yield from _of_value(value, ".".join(part for part in (prefix, named.replace("_", "-")) if part))


def _of_value(value: object, path: str) -> Iterator[str]:
    if is_dataclass(value) and not isinstance(value, type):
        yield from _flags(type(value), value, path)
    elif isinstance(value, Mapping) and value:
        for key, each in value.items():
            yield from _of_value(each, f"{path}.{key}".replace("_", "-"))
    else:
        yield f"--{path}"
        if isinstance(value, bool):
            parent, _, leaf = path.rpartition(".")
            yield f"--{parent}.no-{leaf}" if parent else f"--no-{leaf}"


def _default(each: Field[Any]) -> object:
    if each.default_factory is not MISSING:
        return each.default_factory()
    return None if each.default is MISSING else each.default

"""Flags for the fields of a dataclass."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import tyro


def flags_of(cls: type[Any], default: object | None = None) -> list[str]:
    """Every flag of the dataclass `cls`, in order; those of nested settings come from `default`."""
    return [flag for flag, _ in _flags(cls, default, "")]


def nullable(cls: type[Any], default: object | None = None) -> set[str]:
    """Flags of `cls` that take None and no free text, in which `none` may be a name."""
    kinds = ((flag, _kinds(kind)) for flag, kind in _flags(cls, default, ""))
    return {flag for flag, of in kinds if NoneType in of and not of & {str, Path}}


def _kinds(kind: Any) -> set[Any]:
    """Types that a value may have."""
    plain = get_args(kind)[0] if get_origin(kind) is Annotated else kind
    return set(get_args(plain)) or {plain}


def _flags(cls: type[Any], default: object | None, prefix: str) -> Iterator[tuple[str, Any]]:
    """Each flag with the type of its value."""
    hints = get_type_hints(cls, include_extras=True)
    for each in fields(cls):
        notes = getattr(hints[each.name], "__metadata__", ())
        if any(note is tyro.conf.Positional for note in notes):
            continue
        own = [note for note in notes if type(note).__module__.startswith("tyro")]
        named = next((note.name for note in own if getattr(note, "name", None) is not None), each.name)
        kind = hints[each.name]
        yield from ((alias, kind) for note in own for alias in getattr(note, "aliases", None) or ())
        value = getattr(default, each.name, _default(each))
        path = ".".join(part for part in (prefix, named.replace("_", "-")) if part)
        yield from _of_value(value, path, kind)


def _of_value(value: object, path: str, kind: Any) -> Iterator[tuple[str, Any]]:
    if is_dataclass(value) and not isinstance(value, type):
        yield from _flags(type(value), value, path)
    elif isinstance(value, Mapping) and value:
        for key, each in value.items():
            yield from _of_value(each, f"{path}.{key}".replace("_", "-"), type(each))
    else:
        yield f"--{path}", kind
        if isinstance(value, bool):
            parent, _, leaf = path.rpartition(".")
            yield (f"--{parent}.no-{leaf}" if parent else f"--no-{leaf}"), kind


def _default(each: Field[Any]) -> object:
    if each.default_factory is not MISSING:
        return each.default_factory()
    return None if each.default is MISSING else each.default

"""Conversion of settings trees to and from JSON, and the configuration of all settings classes.

This module names no method.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any, Final, TypeVar

from pydantic import ConfigDict, GetPydanticSchema, TypeAdapter, ValidationError
from pydantic_core import core_schema

from chimerae.errors import InputError, unknown
from chimerae.extensions import checked, class_of, name_of

T = TypeVar("T")

STRICT: Final = ConfigDict(extra="forbid", allow_inf_nan=False)
"""Configuration of every settings dataclass: unknown fields and numbers that are not finite are errors."""


def one_of(kind: str, base: type[Any], classes: Mapping[str, type[Any]]) -> GetPydanticSchema:
    """Annotation for a field that holds settings of one of several classes, written in JSON as `{"name": ...,
    ...}`: one of `classes`, or a subclass of `base` from outside the package (see `extensions`).
    """

    def parse(value: Any) -> Any:
        if isinstance(value, base):
            checked(kind, type(value).__qualname__, base, type(value))
            return value
        if not isinstance(value, Mapping) or "name" not in value:
            raise InputError(f"a {kind} must be given as an object with a 'name', not as {value!r}")
        given = dict(value)
        name = str(given.pop("name"))
        return from_dict(class_of(kind, name, base, classes), given, kind)

    def dump(value: Any) -> dict[str, Any]:
        return {"name": name_of(kind, value, classes), **to_dict(value)}

    schema = core_schema.no_info_plain_validator_function(
        parse, serialization=core_schema.plain_serializer_function_ser_schema(dump)
    )
    return GetPydanticSchema(lambda source, handler: schema)


def to_dict(settings: Any) -> dict[str, Any]:
    """The settings as JSON-able values."""
    dumped: dict[str, Any] = TypeAdapter(type(settings)).dump_python(settings, mode="json")
    return dumped


def from_dict(cls: type[T], values: Mapping[str, Any], what: str = "settings") -> T:
    """Settings of class `cls` from the result of `to_dict`; missing fields get their defaults.

    Raises:
        InputError: a field is unknown or out of range.
    """
    if not isinstance(values, Mapping):
        raise InputError(f"{what}: settings must be an object, not {values!r}")
    try:
        return TypeAdapter(cls).validate_python(dict(values))
    except ValidationError as error:
        raise InputError(f"{what}: {explain(error, cls)}") from None


def explain(error: ValidationError, cls: type[Any] | None = None) -> str:
    """The first problem of a validation error in one line.

    For a misspelt field of `cls`, the nearest known one is suggested.
    """
    first = error.errors()[0]
    path = ".".join(str(part) for part in first["loc"])
    if cls is not None and first["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
        return str(unknown("setting", path, _field_names(cls)))
    if first["type"] == "value_error":
        return first["msg"].removeprefix("Value error, ")
    return f"{path} = {first['input']!r}: {first['msg'][0].lower()}{first['msg'][1:]}"


def _field_names(cls: type[Any]) -> Iterable[str]:
    return [field.name for field in fields(cls)]


def override(settings: T, values: Mapping[str, Any]) -> T:
    """`settings` with some fields changed, each named by its dotted path, such as `{"method.beta": 5}`.

    Raises:
        InputError: a path is unknown or a value is out of range.
    """
    tree = to_dict(settings)
    known = set(paths_of(settings))
    for path, value in values.items():
        if path not in known:
            raise unknown("setting", path, sorted(known))
        *parents, leaf = path.split(".")
        node = tree
        for parent in parents:
            node = node[parent]
        node[leaf] = value
    return from_dict(type(settings), tree)


def paths_of(settings: Any) -> list[str]:
    """Dotted paths of all settings in `settings`, such as `method.beta`."""
    return list(_paths(to_dict(settings)))


def _paths(tree: Mapping[str, Any], prefix: str = "") -> Iterable[str]:
    for key, value in tree.items():
        yield prefix + key
        if isinstance(value, Mapping):
            yield from _paths(value, f"{prefix}{key}.")

"""Methods, architectures and metrics from outside the package.

Each is named as `./my_method.py:MyMethod` (a file), as `package.module:MyMethod` (an installed module), or by
the name under which a package lists it in an entry point. `run.json` holds that name.
"""

from __future__ import annotations

import hashlib
import inspect
import sys
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import is_dataclass
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from chimerae.errors import InputError, unknown

T = TypeVar("T")

GROUPS: Mapping[str, str] = {
    "method": "chimerae.methods",
    "architecture": "chimerae.architectures",
    "metric": "chimerae.metrics",
}
"""Kind -> the group of entry points in which packages list theirs."""
LOADED = "chimerae_file_"
"""Prefix of the names of modules that are loaded from files."""


def is_reference(name: str) -> bool:
    """True when `name` points outside the package.

    >>> is_reference("./my_method.py:MyMethod"), is_reference("lab.methods:MyMethod"), is_reference("avae")
    (True, True, False)
    """
    return ":" in name


def brief(name: str) -> str:
    """The name of a class without the place it comes from.

    >>> brief("/home/me/my_method.py:MyMethod"), brief("avae")
    ('MyMethod', 'avae')
    """
    return name.rpartition(":")[2]


def class_of(kind: str, name: str, base: type[Any], known: Mapping[str, type[T]]) -> type[T]:
    """The class called `name`: one of `known`, or the target of an entry point or a reference.

    Args:
        kind: "method" or "architecture", for messages.
        name: as `name_of` returns it.
        base: required base class.
        known: the package's own classes, by name.

    Raises:
        InputError: the class is missing or unsuitable.
    """
    if name in known:
        return known[name]
    found = point_at(kind, name, known)
    cls: type[T] = checked(kind, name, base, found if isinstance(found, type) else type(found))
    return cls


def checked(kind: str, name: str, base: type[Any], found: type[Any]) -> type[Any]:
    """`found`, a class that can be used as a `kind`.

    Raises:
        InputError: it is abstract or nameless, or it is not both a subclass of `base` and a dataclass.
    """
    if not issubclass(found, base):
        raise InputError(f"{name} is no {kind}: it must be a subclass of {base.__module__}.{base.__name__}")
    if inspect.isabstract(found):
        missing = ", ".join(sorted(getattr(found, "__abstractmethods__", ())))
        raise InputError(f"the {kind} {name} is not complete; it lacks {missing}")
    if not is_dataclass(found):
        raise InputError(
            f"the {kind} {name} must be a dataclass, because its fields are its settings: "
            "put @dataclass(frozen=True, kw_only=True) above the class"
        )
    if not isinstance(getattr(found, "name", None), str):
        raise InputError(f"the {kind} {name} needs a name: name: ClassVar[str] = ...")
    return found


def name_of(kind: str, value: object, known: Mapping[str, type[Any]]) -> str:
    """The name by which `class_of` finds the class of `value` again, in this process or another."""
    cls = type(value)
    if cls in known.values():
        own: str = cls.name  # type: ignore[attr-defined]
        return own
    for point in points(kind).values():
        if (point.module, point.attr) == (cls.__module__, cls.__qualname__):
            return point.name
    if cls.__module__.startswith(LOADED):
        return f"{sys.modules[cls.__module__].__file__}:{cls.__qualname__}"
    return f"{cls.__module__}:{cls.__qualname__}"


def points(kind: str) -> dict[str, EntryPoint]:
    """Entry points of installed packages for a `kind`, by name."""
    return {point.name: point for point in entry_points(group=GROUPS[kind])} if kind in GROUPS else {}


def point_at(kind: str, name: str, known: Iterable[str] = (), *, called: str = "") -> object:
    """The object that `name`, a reference or the name of an entry point, points at.

    Args:
        kind: "method", "architecture" or "metric".
        name: the reference or name.
        known: names of the package's own, for the error.
        called: another word for `kind` in the error.

    Raises:
        InputError: the entry point, file, module or object is missing, or cannot be imported.
    """
    if not is_reference(name):
        if name not in points(kind):
            raise unknown(called or kind, name, [*known, *points(kind)])
        name = points(kind)[name].value
    place, _, attributes = name.rpartition(":")
    found: object = _module(kind, place, attributes)
    for attribute in attributes.split("."):
        if not hasattr(found, attribute):
            raise InputError(f"the {kind} {attributes} is needed, and {place} has none of that name")
        found = getattr(found, attribute)
    return found


def _module(kind: str, place: str, attributes: str) -> ModuleType:
    if place.endswith(".py"):
        return _from_file(kind, place, attributes)
    if not all(part.isidentifier() for part in place.split(".")):
        raise InputError(f"'{place}:{attributes}' is no reference to a {kind}: no module is called '{place}'")
    try:
        return import_module(place)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{place}.".startswith(f"{error.name}."):
            raise InputError(f"{place} cannot be imported: it needs the module {error.name}") from error
    missing = f"the {kind} {attributes} of the module {place} is needed, which is not installed here"
    raise InputError(missing)


def _from_file(kind: str, place: str, attributes: str) -> ModuleType:
    """The module in the file `place`, or, if that is missing, in its namesake in the current folder."""
    path = Path(place).expanduser()
    if not path.is_file():
        path = Path(path.name)
    if not path.is_file():
        raise InputError(
            f"the {kind} {attributes} of the file {place} is needed, which is not there; "
            f"go where a {path.name} with it lies"
        )
    path = path.resolve()
    name = LOADED + hashlib.blake2b(str(path).encode(), digest_size=6).hexdigest()
    if name in sys.modules:
        return sys.modules[name]
    spec = spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[name] = module
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))  # files beside it may be imported by it
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise InputError(f"{_at(path, error)}: {type(error).__name__}: {error}") from error
    return module


def _at(path: Path, error: Exception) -> str:
    """The place in the file at which importing it failed."""
    if isinstance(error, SyntaxError):
        return f"{path}, line {error.lineno}"
    lines = [
        frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)
    ]
    return f"{path}, line {lines[-1]}" if lines else str(path)

"""Names that exist: recipes with their flags and defaults, flags of every verb, data, studies, metrics.

Collecting them imports the whole library, which takes seconds. A cache keeps them for help and completion.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import fields, is_dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import chimerae
from chimerae.errors import InputError

PARSED: Final = (
    *("resume", "evaluate", "sample", "reconstruct", "interpolate", "score", "export", "report", "watch"),
    *("push", "study", "data", "explore", "encode", "directions"),
)
"""Verbs whose flags are the fields of one dataclass in their module."""
TAKEN: Final = ("--data", "--arch", "--preset", "--from")
"""Flags of `train` that are read before the others: these depend on them."""


def known() -> dict[str, Any]:
    """All names, from the cache or newly collected."""
    return remembered() or _remember(_found())


def remembered() -> dict[str, Any]:
    """All names from the cache; empty without an entry for this version of the package."""
    with suppress(OSError, ValueError):
        names: dict[str, Any] = json.loads(_place().read_text(encoding="utf-8"))
        return names
    return {}


def _remember(names: dict[str, Any]) -> dict[str, Any]:
    from chimerae.files import write_json

    with suppress(InputError):  # they are collected again next time
        write_json(_place(), names)
    return names


def _place() -> Path:
    """The file for this state of the package: its name changes with every source file."""
    from chimerae.files import cache_folder

    root = Path(chimerae.__file__).parent
    states = sorted((str(path), path.stat().st_mtime_ns) for path in root.rglob("*.py"))
    key = hashlib.blake2b(repr((chimerae.__version__, states)).encode(), digest_size=8).hexdigest()
    return cache_folder() / f"names-{key}.json"


def _found() -> dict[str, Any]:
    from chimerae.data import source_abouts
    from chimerae.metrics import METRICS
    from chimerae.networks import BY_NAME
    from chimerae.recipes.presets import RECIPES
    from chimerae.studies import STUDIES

    return {
        "recipes": {each.name: described(each.name, each.about, each.data) for each in RECIPES},
        "verbs": {verb: _flags_of_verb(verb) for verb in PARSED},
        "data": [name for name, _ in source_abouts() if name == name.lower()],
        "studies": [study.name for study in STUDIES],
        "metrics": [metric.name for metric in METRICS],
        "networks": list(BY_NAME),
    }


def described(name: str, about: str, data: str | None) -> dict[str, Any]:
    """Facts about the recipe `name` for help and completion: its flags and their defaults on images."""
    from chimerae.cli.settings_flags import flags_of
    from chimerae.cli.train import Train
    from chimerae.recipes.build import build

    run = build(name, data=data or "digits", preset="short")
    flags = [*TAKEN, *(flag for flag in flags_of(Train, Train(run)) if flag not in TAKEN)]
    given = {flag: _value(run, flag) for flag in flags}
    defaults = {"--arch": run.arch.name} | {flag: value for flag, value in given.items() if value is not None}
    return {"about": about, "data": data, "flags": flags, "defaults": defaults}


def _value(run: object, flag: str) -> str | None:
    """The value of a setting in words; None for flags that are no settings, and for values left open."""
    value: object = run
    for part in flag.removeprefix("--").replace("-", "_").split("."):
        value = getattr(value, part, None)
    return None if value is None or is_dataclass(value) else str(value)


def _flags_of_verb(verb: str) -> list[str]:
    from chimerae.cli.settings_flags import flags_of

    module = import_module(f"chimerae.cli.{verb}")
    own = [cls for cls in vars(module).values() if is_dataclass(cls) and cls.__module__ == module.__name__]
    found: list[str] = []
    for cls in own:
        assert isinstance(cls, type)
        found += flags_of(cls, _filled(cls))
    return list(dict.fromkeys(found))


def _filled(cls: type[Any]) -> Any:
    """A stand-in for an object of `cls` whose nested settings have their defaults."""
    from types import SimpleNamespace
    from typing import get_type_hints

    hints = get_type_hints(cls)
    return SimpleNamespace(
        **{each.name: hints[each.name]() for each in fields(cls) if is_dataclass(hints[each.name])}
    )

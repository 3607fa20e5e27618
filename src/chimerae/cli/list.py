"""`chimerae list methods|recipes|studies|data|metrics`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from chimerae.cli import DONE
from chimerae.errors import InputError, unknown

Rows = Iterable[tuple[str, str]]


def _summary(thing: object) -> str:
    """The first paragraph of a docstring, on one line."""
    return " ".join((thing.__doc__ or "").split("\n\n")[0].split())


def _methods() -> Rows:
    from chimerae.methods import METHODS

    return [(method.name, _summary(method)) for method in METHODS]


def _recipes() -> Rows:
    from chimerae.recipes.presets import RECIPES

    return [(recipe.name, recipe.about) for recipe in RECIPES]


def _studies() -> Rows:
    from chimerae.studies import STUDIES

    return [(each.name, each.about) for each in STUDIES]


def _data() -> Rows:
    from chimerae.data import source_abouts

    return source_abouts()


def _metrics() -> Rows:
    from chimerae.metrics import METRICS

    return [(metric.name, metric.about) for metric in METRICS]


KINDS: Mapping[str, Callable[[], Rows]] = {
    "methods": _methods,
    "recipes": _recipes,
    "studies": _studies,
    "data": _data,
    "metrics": _metrics,
}


def main(args: Sequence[str]) -> int:
    """Print names and what they are."""
    if args and args[0] in ("-h", "--help"):
        print(f"usage: chimerae list {'|'.join(KINDS)}\n\nPrints names, each with a line on it.")
        return DONE
    if len(args) != 1:
        raise InputError(f"say what to list: chimerae list {'|'.join(KINDS)}")
    if args[0] not in KINDS:
        raise unknown("list", args[0], KINDS)
    rows = list(KINDS[args[0]]())
    width = max(len(name) for name, _ in rows)
    for name, about in rows:
        print(f"{name:<{width}}  {about}")
    return DONE

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


def _costs() -> Rows:
    from chimerae.durations import in_words
    from chimerae.recipes.costs import costs
    from chimerae.shapes import describe

    for name, shape, steps, seconds in costs():
        took = "cannot be counted" if seconds is None else f"about {in_words(seconds)}"
        yield name, f"{took} for {steps:,} steps on {describe(shape)}"


COSTS = "--costs"
"""Flag after `recipes` that prints the costs of the sources' settings on this machine."""


def main(args: Sequence[str]) -> int:
    """Print names, each with a description."""
    if list(args) == ["recipes", COSTS]:
        about = "their source's settings (--preset paper), estimated here, as busy as the machine is now"
        return _print(f"recipes with {about}", _costs())
    if args and args[0] in ("-h", "--help"):
        print(
            f"usage: chimerae list {'|'.join(KINDS)}\n\nPrints names, each with a line on it.\n"
            f"`list recipes {COSTS}` estimates how long each takes here."
        )
        return DONE
    if len(args) != 1:
        raise InputError(f"say what to list: chimerae list {'|'.join(KINDS)}")
    if args[0] not in KINDS:
        raise unknown("list", args[0], KINDS)
    return _print("", KINDS[args[0]]())


def _print(title: str, found: Rows) -> int:
    rows = list(found)
    width = max(len(name) for name, _ in rows)
    if title:
        print(title)
    for name, about in rows:
        print(f"{name:<{width}}  {about}")
    return DONE

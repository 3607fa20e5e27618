"""Adding anything is one file and one line in an explicit tuple; no file is forgotten."""

from __future__ import annotations

import inspect
import pkgutil
from importlib import import_module
from pathlib import Path

import chimerae.cli
import chimerae.methods
import chimerae.metrics
import chimerae.networks
from chimerae.methods import METHODS, Method
from chimerae.metrics import (
    METRICS,
    codes,
    features,
    nearest,
    pairs,
    registry,
    samples,
    toy_points,
)
from chimerae.nets import Architecture
from chimerae.networks import ARCHITECTURES
from chimerae.recipes.presets import RECIPES
from tests.helpers.rows import through

DOCS = Path(__file__).resolve().parents[1] / "docs"

HELPERS = {
    "chimerae.methods": {"conditional", "given", "introspection", "method", "pairs", "wasserstein"},
    "chimerae.networks": {
        *("blocks", "cropped", "deviation", "equalised", "modulated", "resampling", "sides", "upsampled"),
    },
    "chimerae.metrics": {"kinds", "mean", "registry", "scales"},
    "chimerae.cli": {
        *("complaints", "console", "examples", "flags", "inputs", "known", "names", "output", "parse"),
        *("places", "request", "settings_flags", "strangers", "study_plan", "method_help"),
    },
}
"""Modules that hold no entry of their room's table."""


def entries(package) -> set[str]:
    """Modules of a package, without its helpers."""
    modules = {module.name for module in pkgutil.iter_modules(package.__path__)}
    assert HELPERS[package.__name__] <= modules, "a helper is gone: take it out of HELPERS"
    return modules - HELPERS[package.__name__]


def defined(package, base: type) -> set[type]:
    """Concrete classes derived from `base` in the modules of a package."""
    modules = [import_module(f"{package.__name__}.{name}") for name in entries(package)]
    classes = [c for module in modules for _, c in inspect.getmembers(module, inspect.isclass)]
    return {
        c
        for c in classes
        if issubclass(c, base) and not inspect.isabstract(c) and c.__module__.startswith(package.__name__)
    }


def test_every_method_file_is_listed():
    assert defined(chimerae.methods, Method) == set(METHODS)
    assert {method.__module__.rpartition(".")[2] for method in METHODS} == entries(chimerae.methods)


def test_methods_are_called_as_their_files():
    assert [m.name for m in METHODS] == [m.__module__.rpartition(".")[2].replace("_", "-") for m in METHODS]


@through("method", METHODS, ids=lambda method: method.name)
def test_methods_are_final_and_documented(method):
    assert getattr(method, "__final__", False)
    assert method.__doc__
    assert (DOCS / "methods" / f"{method.name}.md").is_file(), f"docs/methods/{method.name}.md is missing"


@through("method", METHODS, ids=lambda method: method.name)
def test_every_method_is_a_recipe_with_its_name(method):
    assert type({recipe.name: recipe for recipe in RECIPES}[method.name].method) is method


def test_every_architecture_file_is_listed():
    assert defined(chimerae.networks, Architecture) == set(ARCHITECTURES)
    assert [arch.__module__.rpartition(".")[2] for arch in ARCHITECTURES] == [a.name for a in ARCHITECTURES]
    assert entries(chimerae.networks) == {arch.name for arch in ARCHITECTURES}


def test_every_file_of_metrics_is_listed():
    """The registry and its parts are the only places that import them."""
    parts = (registry, codes, features, nearest, pairs, samples, toy_points)
    imported = {v.__name__ for part in parts for v in vars(part).values() if inspect.ismodule(v)}
    imported |= {part.__name__ for part in parts}
    assert {f"chimerae.metrics.{name}" for name in entries(chimerae.metrics)} <= imported
    assert len({metric.name for metric in METRICS}) == len(METRICS)


def test_every_verb_is_a_module_and_every_module_a_verb():
    assert entries(chimerae.cli) == set(chimerae.cli.VERBS)
    for verb in chimerae.cli.VERBS:
        assert callable(import_module(f"chimerae.cli.{verb}").main)

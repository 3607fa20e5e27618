"""The pages of the methods: equations, options and order are compared with the source."""

from __future__ import annotations

import ast
import inspect
import re
import sys
from dataclasses import fields
from pathlib import Path

import chimerae
from chimerae.methods import METHODS
from tests.docs.fences import DOCS
from tests.helpers.rows import through

SOURCE = Path(chimerae.__file__).parent
SNIPPET = re.compile(r"`([a-z_/]+\.py)`: `([^`]+)`")
ORDER = [
    "The idea",
    "Players and turns",
    "Equations and code",
    "What is logged",
    "Options",
    "Differences",
    "Recipe",
    "Published result",
    "Traps",
]

method = through("method", METHODS, ids=lambda method: method.name)


def page_of(method) -> str:
    return (DOCS / "methods" / f"{method.name}.md").read_text(encoding="utf-8")


def squeezed(code: str) -> str:
    """Code without spaces and trailing comments, so that a line break does not matter."""
    return re.sub(r"\s+|,(?=\s*[)\]}])", "", re.sub(r"  #.*$", "", code, flags=re.MULTILINE))


@method
def test_equations_stand_where_the_page_says(method):
    found = SNIPPET.findall(page_of(method))
    assert len(found) >= 4
    for file, code in found:
        assert squeezed(code) in squeezed((SOURCE / file).read_text(encoding="utf-8")), f"{file}: {code}"


@method
def test_every_option_and_its_default_stand_on_the_page(method):
    rows = [re.split(r"(?<!\\)\|", line) for line in page_of(method).splitlines() if line.startswith("| `--")]
    defaults = {row[1].split("`")[1]: row[3].strip(" `") for row in rows}
    shown = {False: "off", True: "on", None: "none"}
    for field in fields(method):
        default = getattr(method(), field.name)
        given = defaults[f"--method.{field.name.replace('_', '-')}"]
        if default is None or isinstance(default, bool | str):
            assert given == shown.get(default, default)
        else:
            assert float(given) == default


def logged_by(method) -> set[str]:
    """Names given to `clock.log` in `method`'s module; of `**{TABLE[...]: ...}`, all of the table's."""
    module = sys.modules[method.__module__]
    names: set[str] = set()
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "clock.log":
            names |= {keyword.arg for keyword in node.keywords if keyword.arg}
            tables = [key.value.id for word in node.keywords if not word.arg for key in word.value.keys]
            names |= {name for table in tables for name in getattr(module, table).values()}
    return names


@method
def test_everything_that_is_logged_stands_on_the_page(method):
    logged = logged_by(method)
    assert logged
    assert not {name for name in logged if f"`{name}`" not in page_of(method)}


@method
def test_pages_have_one_order(method):
    heads = re.findall(r"^## (.+)$", page_of(method), re.MULTILINE)
    assert [head for head in heads if not head.startswith("Misprints")] == ORDER

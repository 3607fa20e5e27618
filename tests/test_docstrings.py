"""Docstrings begin with a noun or a verb (CONTRIBUTING.md, English, rule 1)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import chimerae

ROOT = Path(chimerae.__file__).parent

HEADLESS = ("What", "How", "Of", "Where", "Why", "Whether", "In the order")
"""First words of clauses without a head."""


def docstrings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and text of every docstring of modules, classes, functions and attributes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node)
            if text:
                yield node.body[0].lineno, text
        body = getattr(node, "body", None)
        if not isinstance(body, list):
            continue
        for before, after in pairwise(body):
            if isinstance(before, ast.AnnAssign | ast.Assign) and isinstance(after, ast.Expr):
                value = after.value
                if isinstance(value, ast.Constant) and isinstance(value.value, str):
                    yield after.lineno, value.value


def test_docstrings_begin_with_a_noun_or_a_verb():
    headless = re.compile(rf"({'|'.join(HEADLESS)})\b")
    offenders = [
        f"{path.relative_to(ROOT.parent)}:{line}: {text.splitlines()[0]}"
        for path in sorted(ROOT.rglob("*.py"))
        for line, text in docstrings(ast.parse(path.read_text(encoding="utf-8")))
        if headless.match(text)
    ]
    assert not offenders, "\n".join(["begin with a noun or a verb:", *offenders])

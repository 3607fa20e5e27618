"""An extension of the API reference: examples in docstrings (`>>>`) become blocks of code."""

from __future__ import annotations

import re
from typing import Any

import griffe

EXAMPLE = re.compile(r"^( *)>>> .*?(?=\n\s*\n|\Z)", re.MULTILINE | re.DOTALL)


def fenced(text: str) -> str:
    r"""A docstring whose examples are fenced.

    >>> print(fenced("A sum.\n\n>>> 1 + 1\n2"))
    A sum.
    <BLANKLINE>
    ```pycon
    >>> 1 + 1
    2
    ```
    """
    return EXAMPLE.sub(lambda match: f"{match[1]}```pycon\n{match[0]}\n{match[1]}```", text)


class Doctests(griffe.Extension):
    """Fences for the examples of every object."""

    def on_object(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        """Fence the examples of `obj`, which the reference is about to show."""
        if obj.docstring:
            obj.docstring.value = fenced(obj.docstring.value)

"""Objections of the flag parser, as one sentence.

tyro reports objections as objects (`tyro._errors`, not public yet: `pyproject.toml` caps its version, and
`tests/cli/test_parse.py` fails when they change). Without them, its printed words are used.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from difflib import get_close_matches
from typing import Any, Final

from pydantic import ValidationError

from chimerae.config import explain
from chimerae.errors import InputError

try:
    from tyro import _errors as events
except ImportError:  # a version of tyro without these objects
    events = None  # type: ignore[assignment]

KINDS: Final = {
    "INT": "a whole number",
    "FLOAT": "a number",
    "PATH": "a path",
    "STR": "a word",
    "{None}": "none",
    "{INT INT}": "2 whole numbers",
    "{INT INT INT INT}": "4 whole numbers",
}
"""tyro's words for types, and plain ones."""
FRAME: Final = re.compile(r"[\u2500-\u257f]|-{4,}")
KIND_OF_UNION: Final = re.compile(r"\.(constrained-\w+|tuple\[.*\])$")


class Objection(Exception):
    """Carries a sentence out of tyro."""


def listening(args: Sequence[str]) -> AbstractContextManager[Any]:
    """A context in which tyro's objections to `args` are raised as `Objection`."""
    if events is None:
        return nullcontext()

    def hear(event: Any) -> None:
        if sentence := _sentence(event, args):
            raise Objection(sentence) from None

    return events.on_parse_error(hear)


def _sentence(event: Any, args: Sequence[str]) -> str:
    """`event` in words; '' for one that is not known here."""
    match type(event).__name__:
        case "UnrecognizedArgs":
            return _stray(event.tokens)
        case "MissingArgs":
            return "; ".join(_missing(each.arg) for each in event.missing_arguments)
        case "BadValue":
            return f"{_name(event.argument)} needs a value: {_wanted(event.argument)}"
        case "InvalidChoice":
            return _no_choice(event)
        case "InstantiationFailure":
            return _no_object(event, args)
    return ""


def _stray(tokens: Sequence[str]) -> str:
    shown = " ".join(repr(token) for token in tokens)
    if len(tokens) == 1 and not tokens[0].startswith("-"):
        return f"{shown} is not expected here; a value follows its flag, such as --data {tokens[0]}"
    return f"{shown}: not expected here; names of flags begin with --"


def _missing(argument: Any) -> str:
    about = argument.field.helptext
    about = about() if callable(about) else about
    first = (about or "").split(".")[0].split(":")[0] or _name(argument)
    return f"{first[:1].lower()}{first[1:]} is missing"


def _no_choice(event: Any) -> str:
    near = get_close_matches(event.value, event.choices, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    return f"{_name(event.argument)} {event.value}: {hint}choose from {', '.join(event.choices)}"


def _no_object(event: Any, args: Sequence[str]) -> str:
    """Sentence for values of a wrong form, or of the right form but invalid."""
    if event.argument is not None:
        return f"{_name(event.argument)} {_given(event.argument, args)}: wanted {_wanted(event.argument)}"
    error, path = sys.exc_info()[1], ""
    while error is not None and not isinstance(error, ValidationError | InputError):
        path = path or str(getattr(error, "arg", ""))
        error = error.__context__
    if isinstance(error, ValidationError):
        return said(error, path.removeprefix("run").removeprefix("."))
    return " ".join(str(event.message).split())


def said(error: ValidationError, path: str = "") -> str:
    """The first problem of `error`, met in the settings at `path`, in one line."""
    line = explain(error)
    where = ".".join(str(part) for part in error.errors()[0]["loc"])
    if not line.startswith(f"{where} ="):
        return line
    whole = KIND_OF_UNION.sub("", ".".join(part for part in (path, where) if part))
    return f"{whole}{line.removeprefix(where)}"


def _name(argument: Any) -> str:
    if argument.is_positional():
        return str(argument.lowered.metavar)
    return str(argument.lowered.name_or_flags[-1])


def _wanted(argument: Any) -> str:
    metavar = str(argument.lowered.metavar)
    return " or ".join(KINDS.get(part, part) for part in metavar.split("|"))


def _given(argument: Any, args: Sequence[str]) -> str:
    """The values that follow the last flag of `argument` in `args`, as typed."""
    for i, arg in reversed(list(enumerate(args))):
        name, equals, value = arg.partition("=")
        if name.replace("_", "-") in argument.lowered.name_or_flags:
            if equals:
                return repr(value)
            following = [j for j in range(i + 1, len(args)) if args[j].startswith("--")]
            return repr(" ".join(args[i + 1 : following[0] if following else len(args)]))
    return repr(" ".join(args))


def one_line(box: str) -> str:
    r"""A framed complaint as a sentence: its words without the frame and its title.

    >>> one_line("╭─ Required options ─╮\n│ Missing: SOURCE │\n╰──╯")
    'Missing: SOURCE'
    """
    lines = [FRAME.sub("", line).strip() for line in box.splitlines()]
    return " ".join(line for line in lines[1:] if line)

"""Arguments of a verb, from the same dataclasses that hold the settings; errors become one line."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Sequence
from typing import TypeVar

import tyro
from pydantic import ValidationError

from chimerae.config import explain
from chimerae.errors import InputError

T = TypeVar("T")

FRAME = re.compile(r"[\u2500-\u257f]|-{4,}")
BEHIND = re.compile(r"For full helptext|Full subcommand help|Argument helptext")
REASONS = (
    (r"Error parsing (\S+): invalid literal for int\(\) with base 10: (.*)", r"\1 \2: wanted a whole number"),
    (r"Error parsing (\S+): could not convert string to float: (.*)", r"\1 \2: wanted a number"),
    (
        r"Error parsing (\S+): no type matching (.+?) could be instantiated from \[(.*?)\].*",
        r"\1 \3: wanted \2",
    ),
)
RULE = re.compile(r"Value error, (.+?) \[type=value_error")
KIND_OF_UNION = re.compile(r"\.(constrained-\w+|tuple\[.*\])$")
PYDANTIC = re.compile(
    r"Error parsing (?:run\.)?(\S*?): \d+ validation errors? for \S+ (\S+) (.+?) "
    r"\[type=.*?input_value=(.+?), input_type=.*"
)


def parse(cls: type[T], args: Sequence[str], *, prog: str, default: T | None = None) -> T:
    """An object of the dataclass `cls` from the flags in `args`; `--help` prints its fields and exits.

    Raises:
        InputError: a flag is unknown, missing or malformed.
    """
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            if default is None:
                return tyro.cli(cls, args=list(args), prog=prog)
            return tyro.cli(cls, args=list(args), prog=prog, default=default)
    except ValidationError as error:
        raise InputError(explain(error)) from None
    except SystemExit as end:
        if not end.code:
            raise
    raise InputError(one_line(said.getvalue(), prog))


def one_line(box: str, prog: str) -> str:
    r"""The parser's framed complaint as a sentence.

    >>> one_line("╭─ Required options ─╮\n│ Missing: SOURCE │\n│ For full helptext │\n╰──╯", "chimerae x")
    'Missing: SOURCE; see `chimerae x --help`'
    >>> one_line("╭ ╮\n│ Error parsing --n: invalid literal for int() with base 10: 'x' │", "chimerae x")
    "--n 'x': wanted a whole number; see `chimerae x --help`"
    """
    lines = [FRAME.sub("", line).strip() for line in box.splitlines()]
    text = " ".join(line for line in lines[1:] if line)
    text = BEHIND.split(text)[0].strip()
    if rule := RULE.search(text):
        return rule[1]
    if found := PYDANTIC.search(text):
        path, name, complaint, value = found.groups()
        where = KIND_OF_UNION.sub("", f"{path}.{name}".replace("..", ".").strip("."))
        return f"{where} = {value}: {complaint[0].lower()}{complaint[1:]}"
    for pattern, words in REASONS:
        text = re.sub(pattern, words, text)
    text = re.sub(r"\s*Perhaps you meant:\s*(--[\w.-]+).*", r"; did you mean \1?", text)
    return f"{text}; see `{prog} --help`" if "?" not in text else text

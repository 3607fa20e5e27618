"""Arguments of a verb, from the same dataclasses that hold the settings; errors become one line."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from typing import TypeVar

import tyro
from pydantic import ValidationError

from chimerae.cli.complaints import Objection, listening, one_line, said
from chimerae.cli.examples import examples_of
from chimerae.cli.names import expanded, with_none
from chimerae.cli.settings_flags import flags_of, nullable
from chimerae.errors import InputError

T = TypeVar("T")


def parse(cls: type[T], args: Sequence[str], *, prog: str, default: T | None = None) -> T:
    """An object of the dataclass `cls` from the flags in `args`; `--help` prints its fields and exits.

    The last words of a setting's name suffice where they name one setting: `--lr` for
    `--training.optimizer.lr`.

    Raises:
        InputError: a flag is unknown, missing or malformed.
    """
    whole = expanded(args, flags_of(cls, default))
    whole = with_none(whole, nullable(cls, default))
    whole = ["--help" if arg == "--help-all" else arg for arg in whole]
    printed = io.StringIO()
    try:
        with contextlib.redirect_stderr(printed), listening(whole):
            if default is None:
                return tyro.cli(cls, args=whole, prog=prog)
            return tyro.cli(cls, args=whole, prog=prog, default=default)
    except Objection as objection:
        sentence = str(objection)
    except ValidationError as error:
        raise InputError(said(error)) from None
    except SystemExit as end:
        if not end.code:
            print(examples_of(prog))
            raise
        sentence = one_line(printed.getvalue())
    raise InputError(sentence if "?" in sentence else f"{sentence}; see `{prog} --help`")

"""Ranges of settings, as people give them: `1e-4:1e-2:log`, `16,32,64`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import ValidationError

from chimerae.config import explain, override, paths_of, to_dict
from chimerae.errors import InputError, unknown
from chimerae.run_folder.search import Choice, Range, Value
from chimerae.runs.run import Run

SEARCHED: Final = ("method.", "arch.", "training.")
"""Beginnings of the settings that may differ between trials; others change what is measured."""
FORM: Final = "write LOW:HIGH, LOW:HIGH:log or VALUE,VALUE"


def ranges_of(run: Run, given: Mapping[str, object]) -> dict[str, Range | Choice]:
    """Ranges by dotted path, each checked against the settings of `run`.

    Args:
        run: settings that hold where none is searched.
        given: text such as "1e-4:1e-2:log" or "16,32,64", a `Range`, a `Choice`, or a list of values.

    Raises:
        InputError: a setting is unknown, may not be searched, or cannot take a value of its range.
    """
    return {path: _range(run, path, what) for path, what in given.items()}


def _range(run: Run, path: str, what: object) -> Range | Choice:
    known = [each for each in paths_of(run) if each.startswith(SEARCHED)]
    if path not in known:
        if path in paths_of(run):
            raise InputError(
                f"'{path}' is the same for all trials; a search changes settings of method, arch and training"
            )
        raise unknown("setting", path, known)
    if isinstance(value_of(run, path), Mapping):
        raise InputError(f"'{path}' is a group of settings; name one of them")
    try:
        made = _made(path, what, value_of(run, path))
    except ValidationError as error:
        raise InputError(f"{path}: {explain(error)}") from None
    ends = (made.low, made.high) if isinstance(made, Range) else made.values
    for value in ends:
        override(run, {path: tidy(made, value)})
    return made


def value_of(run: Run, path: str) -> Any:
    """The value of the setting at a dotted path."""
    value: Any = to_dict(run)
    for part in path.split("."):
        value = value[part]
    return value


def tidy(of: Range | Choice, value: Value) -> Value:
    """`value` as a whole number where the range has no others, else with four digits, inside the range.

    >>> tidy(Range(low=0.1, high=1.0), 0.123456), tidy(Range(low=0.10002, high=1.0), 0.10002)
    (0.1235, 0.10002)
    """
    if not isinstance(of, Range):
        return value
    if of.whole:
        return int(value)
    return min(max(float(f"{value:.4g}"), of.low), of.high)


def _made(path: str, what: object, now: object) -> Range | Choice:
    if isinstance(what, Range | Choice):
        return what
    if isinstance(what, str):
        return _parsed(path, what, now)
    if isinstance(what, Sequence):
        return Choice(values=tuple(what))
    raise InputError(f"{path}: {what!r} is no range; {FORM}")


def _parsed(path: str, text: str, now: object) -> Range | Choice:
    if ":" in text:
        low, high, *more = text.split(":")
        if more not in ([], ["log"]):
            raise InputError(f"{path}: '{text}' is no range; {FORM}")
        ends = [_number(path, end) for end in (low, high)]
        return Range(low=ends[0], high=ends[1], log=bool(more), whole=type(now) is int)
    if "," in text:
        return Choice(values=tuple(_value(path, part.strip(), now) for part in text.split(",")))
    raise InputError(f"{path}: '{text}' is one value; {FORM}, or give it by its flag --{path} {text}")


def _number(path: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InputError(f"{path}: '{text}' is no number; {FORM}") from None


def _value(path: str, text: str, now: object) -> Value:
    """One of several values, of the kind that the setting has now."""
    if type(now) is bool:
        if text.lower() not in ("true", "false"):
            raise InputError(f"{path}: '{text}' is neither true nor false")
        return text.lower() == "true"
    if type(now) is str:
        return text
    number = _number(path, text)
    return int(number) if type(now) is int and number.is_integer() else number

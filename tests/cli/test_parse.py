"""tyro tells its objections as objects: when these change, this says so before people see it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
import tyro

from chimerae.cli import complaints
from chimerae.cli.parse import parse
from chimerae.cli.settings_flags import flags_of
from chimerae.errors import InputError


@dataclass(frozen=True)
class Inner:
    rate: float = 0.5
    kind: Literal["red", "green"] = "red"
    on: bool = False
    scale: float | None = 2.0
    title: str | None = "a"


@dataclass(frozen=True)
class Verb:
    """Does something."""

    run: tyro.conf.Positional[Path]
    """The run folder."""
    n: int = 3
    """How many."""
    inner: Inner = field(default_factory=Inner)


CASES = [
    ([], "the run folder is missing"),
    (["x", "y"], "'y' is not expected here"),
    (["x", "--n"], "--n needs a value: a whole number"),
    (["x", "--n=a"], "--n 'a': wanted a whole number"),
    (["x", "--n", "2", "--n", "b"], "--n 'b': wanted a whole number"),
    (["x", "--rate", "a", "--n", "1"], "--inner.rate 'a': wanted a number"),
    (["x", "--kind", "gren"], "--inner.kind gren: did you mean green? choose from red, green"),
]


@pytest.mark.parametrize(("args", "expected"), CASES)
def test_objections(args: list[str], expected: str, capfd: pytest.CaptureFixture[str]):
    with pytest.raises(InputError) as error:
        parse(Verb, args, prog="chimerae verb")
    assert str(error.value).startswith(expected)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(("args", "expected"), CASES)
def test_without_objects_its_printed_words_are_told(args, expected, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(complaints, "events", None)
    with pytest.raises(InputError) as error:
        parse(Verb, args, prog="chimerae verb")
    told = str(error.value)
    assert told.endswith("see `chimerae verb --help`") or "?" in told
    assert "\n" not in told
    assert "─" not in told
    assert "│" not in told


def test_this_version_has_objects():
    assert complaints.events is not None


def test_flags_are_those_that_the_parser_knows():
    flags = ["rate", "kind", "on", "no-on", "scale", "title"]
    assert flags_of(Verb) == ["--n", *(f"--inner.{flag}" for flag in flags)]
    assert parse(Verb, ["x", "--on", "--rate=2"], prog="p").inner == Inner(rate=2.0, on=True)
    assert not parse(Verb, ["x", "--no-on"], prog="p").inner.on


@pytest.mark.parametrize("word", ["none", "None", "null"])
def test_none_is_taken_where_no_text_is(word: str):
    inner = parse(Verb, ["x", "--scale", word, "--title", word], prog="p").inner
    assert (inner.scale, inner.title) == (None, None if word == "None" else word)
    assert parse(Verb, ["x", f"--scale={word}"], prog="p").inner.scale is None

"""Ranges as people give them."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from chimerae.config import from_dict, to_dict
from chimerae.errors import InputError
from chimerae.recipes.build import build
from chimerae.run_folder.search import Choice, Range, Search
from chimerae.tuning.ranges import ranges_of, tidy

RUN = build("avae", data="digits", preset="short")


@pytest.mark.parametrize(
    ("path", "given", "meant"),
    [
        ("training.optimizer.lr", "1e-4:1e-2:log", Range(low=1e-4, high=1e-2, log=True)),
        ("method.beta", "0:3", Range(low=0, high=3)),
        ("method.z_dim", "8:64", Range(low=8, high=64, whole=True)),
        ("method.z_dim", "8, 16,32", Choice(values=(8, 16, 32))),
        ("method.beta", "1,2.5", Choice(values=(1.0, 2.5))),
        ("training.flip", "true,False", Choice(values=(True, False))),
        ("method.latent_loss", "paper_b,normalised", Choice(values=("paper_b", "normalised"))),
        ("arch.width", [8, 16], Choice(values=(8, 16))),
        ("method.beta", Range(low=1, high=2), Range(low=1, high=2)),
    ],
)
def test_text_and_objects(path, given, meant):
    found = ranges_of(RUN, {path: given})[path]
    assert found == meant
    if isinstance(found, Choice):
        assert [*map(type, found.values)] == [*map(type, meant.values)]


@pytest.mark.parametrize(
    ("path", "given", "told"),
    [
        ("method.betta", "1:2", "did you mean 'method.beta'"),
        ("prepare.size", "16,32", "is the same for all trials"),
        ("seed", "1,2", "is the same for all trials"),
        ("method.beta", "2:1", "lower end first"),
        ("method.beta", "0:1:log", "begins above 0"),
        ("method.beta", "1:2:cubic", "no range"),
        ("method.beta", "1:2:log:3", "no range"),
        ("method.beta", "one:2", "'one' is no number"),
        ("method.beta", "-1:2", "greater than or equal to 0"),
        ("method.beta", "nan:2", "finite"),
        ("method.beta", "5", "is one value"),
        ("method.beta", 5, "is no range"),
        ("method.beta", [5], "at least 2"),
        ("method.latent_loss", "paper_b,nonsense", "nonsense"),
        ("training.flip", "true,maybe", "'maybe' is neither true nor false"),
        ("method.z_dim", "8,x", "'x' is no number"),
        ("training.batch_size", "1,2", "greater than or equal to 2"),
        ("method", "1,2", "is the same for all trials"),
        ("training.optimizer", "1,2", "group of settings"),
    ],
)
def test_bad_ranges_are_one_line(path, given, told):
    with pytest.raises(InputError, match=r".") as error:
        ranges_of(RUN, {path: given})
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_whole_numbers_stay_whole():
    assert type(tidy(Range(low=1, high=9, whole=True), 3.0)) is int
    assert type(tidy(Range(low=1, high=9), 3.0)) is float
    assert tidy(Choice(values=(1.23456, 2.0)), 1.23456) == 1.23456
    assert tidy(Range(low=1, high=1.23456), 1.23456) == 1.23456


def test_ranges_survive_their_file():
    space = {
        "a": Range(low=1, high=2, log=True),
        "b": Range(low=1, high=2, whole=True),
        "c": Choice(values=(1, 2.0, "x", True)),
    }
    search = Search(recipe="vae", data="digits", objective=("fvu@decoder",), space=space, run={})
    again = from_dict(Search, to_dict(search))
    assert again == search
    assert [*map(type, again.space["c"].values)] == [int, float, str, bool]


def test_what_lies_inside():
    assert [Range(low=1, high=2).holds(v) for v in (1, 1.5, 2, 2.1, None, "1", True)] == [
        True, True, True, False, False, False, False,
    ]  # fmt: skip
    assert Choice(values=(1, 2)).holds(2)
    assert not Choice(values=(1, 2)).holds(3)
    with pytest.raises(ValidationError):
        Choice(values=(1,))

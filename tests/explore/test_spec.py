"""Codes in words."""

from __future__ import annotations

import pytest

from chimerae.errors import InputError
from chimerae.explore.spec import spec_of
from tests.helpers.rows import through


@through(
    "text, origin, which, moves",
    [
        ("draw-0", "draw", "0", {}),
        ("held-17*12_-3", "held", "17", {11: -3.0}),
        ("mine-0a1b*2_0.25*1_10", "mine", "0a1b", {1: 0.25, 0: 10.0}),
    ],
)
def test_words_that_describe_a_code(text, origin, which, moves):
    spec = spec_of(text)
    assert (spec.origin, spec.which, spec.moves) == (origin, which, moves)


def test_a_class_stands_between_origin_and_moves():
    spec = spec_of("held-4@12*2_0.5")
    assert (spec.which, spec.label, spec.moves) == ("4", 12, {1: 0.5})
    assert spec.with_moves({0: 1.0}).label == 12


@through(
    "text",
    [
        *(
            "",
            "draw",
            "draw-",
            "draw--1",
            "drew-1",
            "draw-1*",
            "draw-1*1",
            "draw-1*1_",
            "draw-1*1_x",
            "draw-1*1_nan",
        ),
        *(
            "draw-1*0_1",
            "draw-1*1_10.5",
            "draw-1@",
            "draw-1@-2",
            "draw-1*1_1@2",
            "draw-1*1_1e9",
            "draw-1 ",
            "draw-1\n",
            "mine-../../x",
            "draw-٣",
            "x" * 10_000,
        ),
        "draw-12345678901234567",
    ],
)
def test_other_words_are_refused_in_one_line(text):
    with pytest.raises(InputError) as told:
        spec_of(text)
    assert len(str(told.value)) < 300


@through("text", ["draw-ab", "draw-2147483648", "held-x"])
def test_only_whole_numbers_are_seeds(text):
    with pytest.raises(InputError, match="give a whole number below 2\\^31"):
        _ = spec_of(text).number

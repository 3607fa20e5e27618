"""The suite's comparisons fail when they use more than half of their tolerance."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch

from tests.helpers.double import in_float64
from tests.helpers.rows import through
from tests.helpers.tolerances import DEFAULTS, TooClose


def by_torch(share: float) -> None:
    actual = {"a": [torch.tensor([1.0, 2.0 + share * 0.03], dtype=torch.float64)]}
    expected = {"a": [torch.tensor([1.0, 2.0], dtype=torch.float64)]}
    torch.testing.assert_close(actual, expected, rtol=0.01, atol=0.01)


def by_numpy(share: float) -> None:
    np.testing.assert_allclose(np.array([1.0, 2.0 + share * 0.03]), [1.0, 2.0], rtol=0.01, atol=0.01)


def by_relative(share: float) -> None:
    assert 2.0 + share * 0.02 == pytest.approx(2.0, rel=0.01)


def by_absolute(share: float) -> None:
    assert {"a": 2.0 - share * 0.02} == pytest.approx({"a": 2.0}, abs=0.02)


def by_list(share: float) -> None:
    assert np.array([1.0, 2.0 + share * 0.02]) == pytest.approx([1.0, 2.0], rel=0.001, abs=0.02)


def by_default(share: float) -> None:
    assert pytest.approx(2.0) == 2.0 + share * 2e-6


WAYS = (by_torch, by_numpy, by_relative, by_absolute, by_list, by_default)


@through("compare", WAYS, ids=lambda way: way.__name__)
@through("share", [0.0, 0.45, -0.45])
def test_a_comparison_may_use_up_to_half_of_its_tolerance(compare, share):
    compare(share)


@through("compare", WAYS, ids=lambda way: way.__name__)
@through("share", [0.55, 0.95, -0.55])
def test_a_comparison_that_uses_more_fails_and_says_why(compare, share):
    with pytest.raises(TooClose, match="more than 50% of the tolerance is used"):
        compare(share)


@through("compare", WAYS, ids=lambda way: way.__name__)
def test_a_comparison_outside_its_tolerance_fails_as_ever(compare):
    with pytest.raises(AssertionError) as caught:
        compare(1.1)
    assert caught.type is AssertionError


@through("dtype", DEFAULTS)
def test_the_default_tolerances_of_torch_are_halved_too(dtype):
    one = torch.ones((), dtype=dtype)
    rtol, atol = DEFAULTS[dtype]
    torch.testing.assert_close(one, one)
    below, above = (one.double() + share * (rtol + atol) for share in (0.4, 0.9))
    torch.testing.assert_close(below, one.double(), rtol=rtol, atol=atol)
    with pytest.raises(TooClose):
        torch.testing.assert_close([above], [one.double()], rtol=rtol, atol=atol)


def test_equal_integers_and_nested_defaults_pass_and_others_fail():
    torch.testing.assert_close({"a": (1, torch.tensor([2]))}, {"a": (1, torch.tensor([2]))})
    torch.testing.assert_close([1.0, torch.zeros(2)], [1.0 + 4e-8, torch.zeros(2)])
    with pytest.raises(TooClose):
        torch.testing.assert_close(torch.ones(1), torch.ones(1) + 8e-6)
    with pytest.raises(TooClose):
        np.testing.assert_allclose(1.0 + 8e-8, 1.0)


def test_no_comparison_is_no_failure():
    assert pytest.approx(2.0) != 3.0
    assert pytest.approx([2.0, 1.0]) != [2.0, 1.1]
    assert pytest.approx({"a": "text", "b": 0.3}) == {"a": "text", "b": 0.3}


@pytest.mark.parametrize("again", [False, True])
def test_every_test_draws_the_same_numbers(again):
    drawn = (random.random(), float(np.random.rand()), float(torch.rand(())))
    assert drawn == (0.8444218515250481, 0.5488135039273248, pytest.approx(0.4962565898895264))


def test_float64_holds_inside_and_ends_outside():
    with in_float64():
        assert torch.zeros(1).dtype == torch.zeros(1).float().dtype == torch.float64
        assert torch.zeros(1, dtype=torch.bfloat16).float().dtype == torch.float32
    assert torch.zeros(1).dtype == torch.zeros(1, dtype=torch.float64).float().dtype == torch.float32

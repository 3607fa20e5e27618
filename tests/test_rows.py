"""Tables in one case: every row is tried, and a failure names its row."""

from __future__ import annotations

import inspect

import pytest

from tests.helpers.rows import grouped, through, unrolled


def test_all_rows_are_tried_and_those_that_fail_are_named():
    tried = []

    @through("a, b", [(1, "x"), (2, "y"), (3, "z")])
    def odd(a: int, b: str, more: list[str]) -> None:
        tried.append(a)
        more.append(b)
        assert a == 2

    seen: list[str] = []
    with pytest.raises(AssertionError) as caught:
        odd(more=seen)
    assert (tried, seen) == ([1, 2, 3], ["x", "y", "z"])
    assert caught.value.__notes__ == ["2 of 3 rows fail, this one first: (1, 'x'); (3, 'z')"]
    assert [*inspect.signature(odd).parameters] == ["more"]


def test_what_pytest_itself_fails_is_named_too():
    @through("a", [1], ids=lambda a: f"row {a}")
    def fails(a: int) -> None:
        with pytest.raises(KeyError):
            assert a

    with pytest.raises(pytest.fail.Exception) as caught:
        fails()
    assert caught.value.__notes__ == ["1 of 1 rows fail, this one first: row 1"]


def test_the_items_of_a_fixture_are_rows():
    seen: list[int] = []

    @unrolled("number")
    def test(number: int) -> None:
        seen.append(number)

    test(number=[1, 2, 3])
    assert seen == [1, 2, 3]


@grouped("number", {"small": [1, 2], "large": [30]})
def test_a_group_is_a_case_whose_rows_come_one_by_one(number):
    assert number in (1, 2, 30)


def test_groups_are_named():
    (mark,) = test_a_group_is_a_case_whose_rows_come_one_by_one.pytestmark
    assert mark.args == ("number", [[1, 2], [30]])
    assert mark.kwargs == {"ids": ["small", "large"]}


def test_an_empty_table_is_refused():
    with pytest.raises(AssertionError, match="proves nothing"):
        through("a", [])


def test_a_row_that_is_skipped_hides_no_other():
    @through("a", ["skipped", "wrong"])
    def some(a: str) -> None:
        if a == "skipped":
            pytest.skip("not here")
        assert a == "right"

    @through("a", ["skipped", "too"])
    def none(a: str) -> None:
        pytest.skip(f"{a}, not here")

    with pytest.raises(AssertionError):
        some()
    with pytest.raises(pytest.skip.Exception, match="skipped, not here"):
        none()

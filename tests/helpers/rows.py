"""Tables that a test goes through in one case, where rows are too cheap to be cases of their own.

All rows are tried; a failure is that of the first row that fails, and names all that do.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from typing import Any

import pytest

Test = Callable[..., None]
Label = Callable[[Any], object]


def through(names: str, rows: Iterable[Any], ids: Label = str) -> Callable[[Test], Test]:
    """Decorate a test like `pytest.mark.parametrize`; all rows are one case, and share its fixtures."""
    keys, table = names.replace(" ", "").split(","), list(rows)
    assert table, "an empty table proves nothing"

    def decorate(test: Test) -> Test:
        def looped(**fixtures: Any) -> None:
            def one(row: Any) -> None:
                values = row if len(keys) > 1 else (row,)
                test(**dict(zip(keys, values, strict=True)), **fixtures)

            _try_all(table, one, ids)

        return _in_place_of(test, looped, without=keys)

    return decorate


def unrolled(name: str, ids: Label = str) -> Callable[[Test], Test]:
    """Decorate a test so that it is run with every item of the list that its fixture `name` gives."""

    def decorate(test: Test) -> Test:
        def looped(**fixtures: Any) -> None:
            table = fixtures.pop(name)
            _try_all(table, lambda row: test(**{name: row}, **fixtures), ids)

        return _in_place_of(test, looped)

    return decorate


def grouped(name: str, groups: Mapping[str, Sequence[Any]]) -> Callable[[Test], Test]:
    """Decorate a test of a `name` so that it has one case for each group, and goes through it."""
    mark = pytest.mark.parametrize(name, list(groups.values()), ids=list(groups))
    return lambda test: mark(unrolled(name)(test))


def _try_all(table: Sequence[Any], one: Callable[[Any], None], ids: Label) -> None:
    failed: dict[str, BaseException] = {}
    skipped: list[BaseException] = []
    for row in table:
        try:
            one(row)
        except pytest.skip.Exception as error:
            skipped.append(error)
        except (Exception, pytest.fail.Exception) as error:
            failed[f"{ids(row)!s:.200}"] = error
    if len(skipped) == len(table):
        raise skipped[0]
    for error in failed.values():
        error.add_note(f"{len(failed)} of {len(table)} rows fail, this one first: {'; '.join(failed)}")
        raise error


def _in_place_of(test: Test, looped: Test, without: Sequence[str] = ()) -> Test:
    """`looped` with the name, marks and place of `test`, whose parameters `without` it no longer asks for."""
    ours = wraps(test)(looped)
    signature = inspect.signature(test)
    left = [p for p in signature.parameters.values() if p.name not in without]
    ours.__signature__ = signature.replace(parameters=left)  # type: ignore[attr-defined]
    return ours

"""Half of every tolerance stays unused: a comparison that needs more of it fails, though it would pass.

Processors, thread counts and versions of torch round differently. A comparison close to its tolerance on one
of them exceeds it on another; the remedy is arithmetic in float64 (`tests.helpers.double`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from numbers import Number
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

SHARE = 0.5
"""Part of a tolerance that a comparison may use."""
DEFAULTS = {
    torch.float64: (1e-7, 1e-7),
    torch.float32: (1.3e-6, 1e-5),
    torch.float16: (1e-3, 1e-5),
    torch.bfloat16: (1.6e-2, 1e-5),
}
"""Relative and absolute tolerance of `torch.testing.assert_close` by type; other types must be equal."""


class TooClose(AssertionError):
    """A comparison within its tolerance that uses more than `SHARE` of it."""


def install() -> None:
    """Let `torch.testing.assert_close`, `numpy.testing.assert_allclose` and `pytest.approx` check `SHARE`."""
    torch.testing.assert_close = _twice(torch.testing.assert_close, _of_torch)
    np.testing.assert_allclose = _twice(np.testing.assert_allclose, _of_numpy)
    pytest.approx = _approx_twice(pytest.approx)


def _twice(compare: Callable[..., None], defaults: Callable[..., dict[str, float]]) -> Callable[..., None]:
    """`compare`, and again with `SHARE` of its tolerances, of which `defaults` are those left open."""

    def compared(actual: Any, expected: Any, **options: Any) -> None:
        compare(actual, expected, **options)
        given = {key: options.pop(key) for key in ("rtol", "atol") if options.get(key) is not None}
        narrow = {key: SHARE * value for key, value in (defaults(actual, expected) | given).items()}
        try:
            compare(actual, expected, **options | narrow)
        except AssertionError as error:
            raise TooClose(f"more than {SHARE:.0%} of the tolerance is used: {error}") from None

    return compared


def _of_torch(actual: Any, expected: Any) -> dict[str, float]:
    """The default tolerances of `assert_close`: of the coarsest type among all that is compared."""
    found = [DEFAULTS.get(dtype, (0.0, 0.0)) for dtype in _dtypes((actual, expected))]
    return {"rtol": max(rtol for rtol, _ in found), "atol": max(atol for _, atol in found)}


def _dtypes(values: Any) -> Iterator[torch.dtype]:
    yield torch.int64
    if isinstance(values, Mapping):
        values = list(values.values())
    if isinstance(values, Sequence) and not isinstance(values, str):
        for value in values:
            yield from _dtypes(value)
    elif isinstance(values, float):
        yield torch.float64
    elif isinstance(values, Tensor | np.ndarray):
        yield torch.as_tensor(values).dtype


def _of_numpy(actual: Any, expected: Any) -> dict[str, float]:
    """The default tolerances of `assert_allclose`."""
    return {"rtol": 1e-7, "atol": 0.0}


def _approx_twice(approx: Callable[..., Any]) -> Callable[..., Any]:
    """`approx`, whose results compare twice."""

    def approximately(expected: Any, rel: Any = None, abs: Any = None, nan_ok: bool = False) -> Any:
        whole = approx(expected, rel, abs, nan_ok)
        if rel is abs is None and _numeric(expected):  # its defaults; what is no number must be equal
            rel, abs = 1e-6, 1e-12
        narrow = [tolerance if tolerance is None else SHARE * tolerance for tolerance in (rel, abs)]
        half, kind = approx(expected, *narrow, nan_ok), type(whole)

        def equal(self: Any, actual: Any) -> bool:
            within = bool(kind.__eq__(self, actual))
            if within and not actual == half:
                raise TooClose(f"more than {SHARE:.0%} of the tolerance is used: {actual!r} == {half!r}")
            return within

        whole.__class__ = type(kind.__name__, (kind,), {"__eq__": equal, "__hash__": None})
        return whole

    return approximately


def _numeric(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(map(_numeric, value.values()))
    if isinstance(value, list | tuple):
        return all(map(_numeric, value))
    return isinstance(value, Number | Tensor | np.ndarray)

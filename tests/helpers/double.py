"""Arithmetic in float64, where rounding is far below every tolerance on every processor."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor


@contextmanager
def in_float64() -> Iterator[None]:
    """Networks, data and noise created inside are float64, and `Tensor.float` leaves float64 as it is.

    Heads and penalties call `float` to leave bfloat16, so without the latter they would return to float32.
    """
    single, before = Tensor.float, torch.get_default_dtype()

    def at_least_single(self: Tensor, *args: Any, **options: Any) -> Tensor:
        return self if self.dtype == torch.float64 else single(self, *args, **options)

    torch.set_default_dtype(torch.float64)
    try:
        with patch.object(Tensor, "float", at_least_single):
            yield
    finally:
        torch.set_default_dtype(before)

"""Noise that is drawn once and handed out again, rearranged with the batch that it belongs to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from unittest.mock import patch

import torch
from torch import Tensor

from chimerae import noise


class Tape:
    """Records what `noise.normal` and `noise.uniform` draw; plays it back in the same order."""

    def __init__(self) -> None:
        self.draws: list[Tensor] = []

    @contextmanager
    def recording(self, *seed: int | str) -> Iterator[None]:
        """Draw from `seed`, and remember."""
        self.draws = []
        normal, uniform = noise.normal, noise.uniform

        def kept(draw: Callable[..., Tensor]) -> Callable[..., Tensor]:
            def drawn(*size: int, like: Tensor | None = None) -> Tensor:
                self.draws.append(draw(*size, like=like))
                return self.draws[-1]

            return drawn

        with noise.seeded(*seed), patch.multiple(noise, normal=kept(normal), uniform=kept(uniform)):
            yield

    @contextmanager
    def playing(self, change: Callable[[Tensor], Tensor] = torch.clone) -> Iterator[None]:
        """Hand out what was recorded, every draw `[n, ...]` changed by `change`."""
        rest = iter(self.draws)

        def drawn(*size: int, like: Tensor | None = None) -> Tensor:
            draw = change(next(rest))
            assert draw.shape == size, f"asked for {size}, recorded {tuple(draw.shape)}"
            return draw

        with patch.multiple(noise, normal=drawn, uniform=drawn):
            yield

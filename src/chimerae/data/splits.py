"""Splits: prepared samples by index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from chimerae import noise
from chimerae.data.intact import Watch
from chimerae.data.large import LargeArray
from chimerae.data.toys import Toy
from chimerae.errors import InputError
from chimerae.shapes import Shape

Stored = NDArray[np.generic] | LargeArray
Indices = Tensor | Sequence[int] | NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Split:
    """Samples that are prepared: images as memory-mapped uint8, or points as float32.

    >>> split = Split(name="test", stored=np.full((3, 1, 2, 2), 255, np.uint8))
    >>> len(split), split.shape, float(split.take([0, 2]).mean())
    (3, (1, 2, 2), 1.0)
    """

    name: str
    stored: Stored
    """Array on disk, `[M, *shape]`; a held-out split is a part of it."""
    rows: NDArray[np.int64] | None = None
    """Rows of `stored` that belong to this split, `[N]`; None: all."""
    labels: Tensor | None = None
    """Class of every sample, `[N]`, int64, where the source has labels."""
    toy: Toy | None = None
    """Density of the points, if it is known: training then draws fresh ones."""
    watch: Watch | None = field(default=None, repr=False)
    """Check of a large array against its checksum, which runs while the array is used."""

    def __len__(self) -> int:
        return len(self.stored) if self.rows is None else len(self.rows)

    @property
    def shape(self) -> Shape:
        """Shape of one sample, `(C, H, W)` or `(d,)`."""
        return tuple(self.stored.shape[1:])

    @property
    def n_bytes(self) -> int:
        """Memory of all its samples as they are stored."""
        return len(self) * int(np.prod(self.shape)) * self.stored.itemsize

    def check(self) -> None:
        """Do nothing while no damage of the array on disk is known.

        Raises:
            InputError: it is damaged.
        """
        if self.watch is not None:
            self.watch.check()

    def raw(self, indices: Indices) -> Tensor:
        """Stored values `[n, *shape]` of the samples `indices` `[n]`: uint8 images, or float32 points."""
        self.check()
        chosen = np.asarray(indices, dtype=np.int64)
        return torch.from_numpy(np.asarray(self.stored[chosen if self.rows is None else self.rows[chosen]]))

    def labels_of(self, indices: Indices) -> Tensor | None:
        """Labels `[n]` of the samples `indices` `[n]`, int64; None where there are none."""
        return None if self.labels is None else self.labels[torch.as_tensor(indices, dtype=torch.int64)]

    def take(self, indices: Indices) -> Tensor:
        """The samples `indices` `[n]`, float32: images `[n, C, H, W]` in [0, 1], points `[n, d]` as they are.

        Raises:
            IndexError: an index is not below `len(self)`.
        """
        return to_unit(self.raw(indices))


def to_unit(raw: Tensor) -> Tensor:
    """Float32 in [0, 1] from uint8; points, which are float already, are returned as they are."""
    return raw.float().div_(255.0) if raw.dtype == torch.uint8 else raw


def validated(n: int, name: str) -> int:
    """`n`, if a share of so many training samples can be held out.

    Raises:
        InputError: it cannot.
    """
    if n < 2:
        raise InputError(f"'{name}' has {n} training sample; at least 2 are needed, one to validate on")
    return n


def held_out(n: int, share: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows for training and for testing out of `n` >= 2, in order: the same for the same `n` and `share`.

    >>> [len(rows) for rows in held_out(10, 0.1)], [len(rows) for rows in held_out(2, 0.01)]
    ([9, 1], [1, 1])
    """
    n_test = min(max(1, round(n * share)), n - 1)
    order = torch.randperm(n, generator=noise.generator("hold out", n)).numpy()
    return np.sort(order[n_test:]), np.sort(order[:n_test])

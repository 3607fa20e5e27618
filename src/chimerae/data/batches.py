"""Batches as a pure function of (seed, step)."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

from chimerae import noise
from chimerae.data.augment import check_crop, cropped, flipped, resized
from chimerae.data.splits import Split, to_unit

RESIDENT_BYTES = 4 * 2**30
"""A split up to this size lives on the accelerator, as uint8; a batch is then an index on it."""


class Batches:
    """Batches of a split. Batch `step` (0, 1, ...) depends on seed and step alone, so there is no state.

    Every epoch is a permutation of its own, and the sequence of epochs is cut into batches of equal size: a
    batch may span epochs, and may be larger than the split. Toys draw fresh points at every step instead.

    >>> import numpy as np
    >>> split = Split(name="train", stored=np.arange(6, dtype=np.float32).reshape(6, 1))
    >>> batches = Batches(split, batch_size=4, seed=0)
    >>> sorted(torch.cat([batches(0), batches(1)])[:6].flatten().tolist())
    [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    """

    def __init__(
        self,
        split: Split,
        *,
        batch_size: int,
        seed: int,
        device: str | torch.device = "cpu",
        flip: bool = False,
        random_crop: int = 0,
        random_resize: float = 1.0,
        rows: Tensor | None = None,
    ) -> None:
        """`flip`, `random_crop` and `random_resize` are as in `Training`; points stay unchanged.

        `rows`: of each batch, those that this process gets, int64; None: all.

        Raises:
            InputError: the images are too small for `random_crop`.
        """
        if batch_size < 1 or len(split) == 0:
            raise ValueError(f"batches of {batch_size} out of {len(split)} samples: both must be at least 1")
        self.split = split
        self.batch_size = batch_size
        self.seed = seed
        self.device = torch.device(device)
        check_crop(random_crop, split.shape)
        images = len(split.shape) == 3
        self.flip = flip and images
        self.random_crop = random_crop if images else 0
        self.random_resize = random_resize if images else 1.0
        self.rows = torch.arange(batch_size) if rows is None else rows
        self._resident = self._load() if self._fits() else None
        self._order = lru_cache(maxsize=2)(self._permutation)

    @property
    def steps_per_epoch(self) -> float:
        """Batches in which every sample is seen once."""
        return len(self.split) / self.batch_size

    def __call__(self, step: int) -> Tensor:
        """Rows of batch number `step` >= 0, `[rows, *shape]`, on the device: images in [0, 1], or points."""
        if step < 0:
            raise ValueError(f"step {step}: steps count from 0")
        if self.split.toy is not None:
            points = self.split.toy.sample(self.batch_size, noise.generator(self.seed, "batch", step))
            return points[self.rows].to(self.device)
        raw = self._gather(self.indices(step)[self.rows])
        rows, n, seed = self.rows, self.batch_size, self.seed
        if self.random_crop:
            raw = cropped(raw, rows, n, seed, step, self.random_crop)
        if self.flip:
            raw = flipped(raw, rows, n, seed, step)
        x = to_unit(raw)
        return resized(x, rows, n, seed, step, self.random_resize) if self.random_resize < 1 else x

    def labels(self, step: int) -> Tensor:
        """Labels `[rows]` of the samples in batch `step`, int64, on the device.

        Raises:
            ValueError: the samples have none.
        """
        found = None if self.split.toy is not None else self.split.labels_of(self.indices(step)[self.rows])
        if found is None:
            raise ValueError(f"the samples of the split '{self.split.name}' have no labels")
        return found.to(self.device)

    def indices(self, step: int) -> Tensor:
        """Indices of the samples in batch `step`, `[batch_size]`, int64, on the CPU."""
        position = torch.arange(step * self.batch_size, (step + 1) * self.batch_size)
        epoch, place = position // len(self.split), position % len(self.split)
        first, last = int(epoch[0]), int(epoch[-1])
        return torch.cat([self._order(e)[place[epoch == e]] for e in range(first, last + 1)])

    def _permutation(self, epoch: int) -> Tensor:
        return torch.randperm(len(self.split), generator=noise.generator(self.seed, "epoch", epoch))

    def _fits(self) -> bool:
        return self.device.type != "cpu" and self.split.toy is None and self.split.n_bytes <= RESIDENT_BYTES

    def _load(self) -> Tensor:
        return self.split.raw(torch.arange(len(self.split))).to(self.device)

    def _gather(self, indices: Tensor) -> Tensor:
        if self._resident is not None:
            self.split.check()
            return self._resident[indices.to(self.device)]
        raw = self.split.raw(indices)
        if self.device.type == "cuda":
            return raw.pin_memory().to(self.device, non_blocking=True)
        return raw.to(self.device)

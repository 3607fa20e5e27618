from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

Make = Callable[..., Path]


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own for every test."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("CHIMERAE_CACHE", str(folder))
    return folder


def speckles(seed: int, height: int, width: int, channels: int) -> np.ndarray:
    shape = (height, width) if channels == 1 else (height, width, channels)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


@pytest.fixture
def photos(tmp_path: Path) -> Make:
    """Makes a folder of `n` PNG files `0.png`, `1.png`, ... of noise."""

    def make(
        n: int, *, height: int = 8, width: int = 8, channels: int = 3, under: str = "photos", seed: int = 0
    ) -> Path:
        folder = tmp_path / under
        folder.mkdir(parents=True, exist_ok=True)
        for i in range(n):
            Image.fromarray(speckles(1000 * seed + i, height, width, channels)).save(folder / f"{i}.png")
        return folder

    return make

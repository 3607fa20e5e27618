from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from tests.data.data_files import Make, speckles


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own for every test, and no root of data."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("CHIMERAE_CACHE", str(folder))
    monkeypatch.setenv("CHIMERAE_DATA", "")
    return folder


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

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from chimerae.cli import main

TINY = ["--arch", "dcgan", "--arch.width", "2", "--method.z-dim", "3", "--training.batch-size", "8"]


@pytest.fixture(autouse=True)
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory to work in, and a cache of its own."""
    monkeypatch.setenv("CHIMERAE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("CHIMERAE_DATA", "")
    place = tmp_path / "here"
    place.mkdir()
    monkeypatch.chdir(place)
    return place


@pytest.fixture
def photos(workplace: Path) -> Path:
    """A folder of JPEGs of mixed sizes."""
    return draw_photos(workplace / "photos")


def draw_photos(folder: Path) -> Path:
    rng = np.random.default_rng(0)
    for i in range(12):
        (folder / f"{i % 2}").mkdir(parents=True, exist_ok=True)
        height, width = rng.integers(16, 40, 2)
        picture = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        Image.fromarray(picture).save(folder / f"{i % 2}" / f"{i}.jpg")
    return folder


@pytest.fixture(scope="session")
def trained_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short AVAE run on the photos, which nobody changes."""
    place = tmp_path_factory.mktemp("trained")
    draw_photos(place / "photos")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        patch.setenv("CHIMERAE_CACHE", str(place / "cache"))
        patch.setenv("CHIMERAE_DATA", "")
        told = ("--data", "photos", "--steps", "4", "--out", "run", "--prepare.size", "16")
        assert main(["train", "avae", *told, *TINY]) == 0
    return place / "run"


Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(capfd: pytest.CaptureFixture[str]) -> Call:
    """Run the command line: its exit code, standard output and standard error."""

    def run(*args: object) -> tuple[int, str, str]:
        capfd.readouterr()
        code = main([str(a) for a in args])
        said = capfd.readouterr()
        return code, said.out, said.err

    return run


@pytest.fixture
def trained(trained_once: Path, photos: Path) -> Path:
    """A copy of that run, beside its photos."""
    shutil.copytree(trained_once, "run")
    return Path("run")

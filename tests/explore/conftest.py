from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from chimerae.explore.explorer import Explorer
from chimerae.explore.site import explorer_of
from chimerae.runs.train import train
from tests.helpers.runs import tiny_run


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An AVAE with noise beside its code, and a GAN, both on digits; nobody changes them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("chimerae.training.previews.Previews.draw", lambda self, nets, step: None)
        place = tmp_path_factory.mktemp("explored")
        quick = {"steps": 100, "log_every": 100, "optimizer": {"lr": 0.01}}  # until codes have an effect
        train(tiny_run("avae", "dcgan", method={"use_xi": True}, **quick), out=place / "avae")
        train(tiny_run("gan", "dcgan", **quick), out=place / "gan")
    return place


@pytest.fixture(scope="session")
def both(runs: Path) -> Explorer:
    """The explorer of both runs, in this order."""
    return explorer_of([runs / "avae", runs / "gan"], "cpu")


@pytest.fixture
def explorer(both: Explorer) -> Explorer:
    """The same, with no picture from another test."""
    return Explorer(both.subjects)


def drawn(seed: int = 0, size: tuple[int, int] = (40, 30)) -> Image.Image:
    """A picture of noise, 40 pixels wide and 30 high."""
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    return Image.fromarray(pixels)

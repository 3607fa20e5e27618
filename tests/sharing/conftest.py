from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from chimerae.pictures import grid, save
from chimerae.runs.train import train
from tests.helpers.hub import Hub, standin
from tests.helpers.runs import tiny_run


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of one step, with pictures, which nobody changes."""
    settings = {"precision": "float32", "threads": 1}
    return train(tiny_run("vae", "dcgan", steps=1, **settings), out=tmp_path_factory.mktemp("runs") / "run")


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Path:
    """A copy of that run."""
    return Path(shutil.copytree(trained, tmp_path / "run"))


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with standin(tmp_path / "hub-cache") as there:
        yield there


SCORES = (
    {"metric": "psnr", "of": "decoder", "value": 13.5, "std": 2.2, "n": 180, "better": "higher",
     "protocol": {"split": "test", "n": 180, "seed": 0, "weights": "averaged"}},
    {"metric": "fd_classifier[/home/anna/labels]", "of": "decoder", "value": 1e-5, "n": 180,
     "better": "lower", "protocol": {"real": "test", "labels": "/home/anna/labels", "real_n": 180}},
    {"metric": "swd", "of": "decoder", "value": None, "n": 180, "better": "lower",
     "protocol": {"real": "test"}},
    {"metric": "swd", "of": "data", "value": 0.25, "n": 180, "better": "lower", "protocol": {"real": "test"}},
)  # fmt: skip


def evaluated(run: Path, step: int = 1) -> Path:
    """`run` with scores and a picture, as if evaluated at `step`."""
    record = {"schema": 1, "step": step, "scores": list(SCORES), "absent": {}}
    (run / "scores.json").write_text(json.dumps(record))
    from torch import rand

    save(grid(rand(16, 1, 8, 8)), run / "pictures" / "samples.png")
    save(grid(rand(16, 1, 8, 8)), run / "pictures" / "neighbours.png")
    return run


def rewritten(path: Path, **changes: object) -> None:
    """Change entries of a JSON file; `a__b` is `b` in `a`."""
    content = json.loads(path.read_text())
    for name, value in changes.items():
        *parents, last = name.split("__")
        place = content
        for parent in parents:
            place = place[parent]
        place[last] = value
    path.write_text(json.dumps(content))

"""The examples run as they are, only shorter."""

from __future__ import annotations

import json
import re
import runpy
from pathlib import Path

import pytest

import chimerae
from tests.docs.fences import ROOT

EXAMPLES = ROOT / "examples"


@pytest.fixture(autouse=True)
def workplace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def main_of(name: str):
    return runpy.run_path(str(EXAMPLES / name))["main"]


def test_train_and_use(tmp_path, capsys):
    main_of("train_and_use.py")(out=tmp_path / "run", steps=2)
    assert "16 codes of 16" in capsys.readouterr().out
    for name in ("rows", "samples", "way"):
        assert (tmp_path / "run" / f"{name}.png").stat().st_size > 0


def test_beta_sweep(tmp_path, capsys):
    main_of("beta_sweep.py")(out=tmp_path / "sweep", steps=2)
    table = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in table[1:4]] == ["0.5", "1", "4"]
    assert (tmp_path / "sweep" / "report.html").read_text().count("PSNR") >= 1


def test_own_loop_learns(capsys):
    main_of("own_loop.py")(steps=150)
    said = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in said[-2:]] == ["decoder", "generator"]
    first, last = (float(line.split("'vae': ")[1].split(",")[0]) for line in (said[0], said[4]))
    assert last < 0.7 * first


def test_the_tutorial_runs_and_is_committed_without_outputs():
    cells = json.loads((EXAMPLES / "tutorial.ipynb").read_text("utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert not [cell for cell in code if cell["outputs"] or cell["execution_count"]]
    there: dict[str, object] = {}
    for cell in code:
        source = re.sub(r"STEPS = \d+", "STEPS = 2", "".join(cell["source"]))
        exec(compile(source, "tutorial.ipynb", "exec"), there)
    assert there["run"] == Path("runs/avae-digits")
    assert there["way"].shape == (4, 9, 1, 8, 8)


def test_every_example_is_tested_and_short():
    tested = {"train_and_use.py", "beta_sweep.py", "own_loop.py", "avae_toy_figure.py"}
    assert {path.name for path in EXAMPLES.glob("*.py")} == tested
    for path in EXAMPLES.glob("*.py"):
        assert len(path.read_text().splitlines()) <= 50


def test_the_toys_figure(tmp_path):
    runs = [
        chimerae.train("avae-toy", steps=1, out=tmp_path / name, settings={"method.use_xi": xi})
        for name, xi in (("plain", False), ("xi", True))
    ]
    runpy.run_path(str(EXAMPLES / "avae_toy_figure.py"))["draw"](*map(chimerae.load, runs), "toy.png")
    assert (tmp_path / "toy.png").stat().st_size > 0

"""A run below torchrun, one of whose processes is killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from chimerae import cli
from tests.helpers.runs import log_of, saved
from tests.parallel.replay import compared

ARGS = (
    "train vae --data avae-sine --arch mlp --arch.width 8 --method.z-dim 2 --steps 9 --seed 1 "
    "--training.batch-size 8 --training.log-every 1 --training.save-every 3 --training.device cpu --out "
)
TORCHRUN = "-m tests.parallel.forking --standalone --nproc-per-node 2 --max-restarts 1"
TORCHRUN += " --start-method fork --run-path"
ROOT = str(Path(__file__).parents[2])
SECONDS = 900
"""Time for a busy machine; a free one needs a hundredth."""


def ended(command: list[str], folder: Path, seconds: float = SECONDS) -> tuple[int, str, str]:
    """Status, output and errors of torchrun.

    Its workers are sessions of their own, which only torchrun ends, on SIGTERM. After `seconds`, or an
    interrupt of the test, it gets that signal, and is killed if it stays.
    """
    path = os.pathsep.join([ROOT, *filter(None, sys.path)])
    env = os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=folder, env=env, stdout=pipe, stderr=pipe, text=True) as torchrun:
        try:
            out, err = torchrun.communicate(timeout=seconds)
        except BaseException:
            torchrun.terminate()
            with suppress(subprocess.TimeoutExpired):
                torchrun.wait(60)
            torchrun.kill()
            raise
    return torchrun.returncode, out, err


@pytest.mark.timeout(2 * SECONDS)
def test_torchrun_restarts_the_processes_and_the_run_goes_on(tmp_path, monkeypatch, capsys):
    line = f"{TORCHRUN} {Path(__file__).with_name('killed.py')} {ARGS} many"
    code, out, err = ended([sys.executable, *line.split()], tmp_path)
    assert code == 0, err
    assert out.count("done: many") == 1
    assert "2 processes" in err
    assert [line["step"] for line in log_of(tmp_path / "many")] == [*range(1, 10)]
    assert json.loads((tmp_path / "many" / "env.json").read_text())["processes"] == 2
    monkeypatch.chdir(tmp_path)
    assert cli.main(f"{ARGS} alone".split()) == 0
    assert not list(compared(saved(tmp_path / "many"), saved(tmp_path / "alone"), within=2e-6))


def test_other_verbs_are_for_one_process(monkeypatch, capsys):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("MASTER_ADDR", "localhost")
    for rank, said in (("0", "chimerae: list runs in one process; leave out torchrun"), ("1", "")):
        monkeypatch.setenv("RANK", rank)
        assert cli.main(["list", "methods"]) == 2
        told = capsys.readouterr()
        assert told.err.startswith(said)
        assert not told.out
        assert bool(told.err) == bool(said)

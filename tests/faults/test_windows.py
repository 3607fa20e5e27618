"""The library uses nothing that Windows lacks: such modules, calls and signals are hidden."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.skipif(sys.platform != "linux", reason="open files are found in /proc")
def test_a_run_begins_and_goes_on_without_posix(tmp_path: Path):
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("without_posix.py"), tmp_path],
        env=os.environ | {"OMP_NUM_THREADS": "1", "CHIMERAE_CACHE": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert len([*(tmp_path / "samples").iterdir()]) == 2
    assert (tmp_path / "run/report.html").stat().st_size > 1000
    assert not list(tmp_path.rglob("*.chimerae"))

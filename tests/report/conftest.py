from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from report_runs import MakeRun, write_run


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    """Writes a run folder of the given name, `tmp_path/runs/name`, and returns where it is."""

    def make(name: str, **special: Any) -> Path:
        return write_run(tmp_path / "runs" / name, **special)

    return make

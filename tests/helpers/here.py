"""Cells that are worked on in this process: one of its own takes seconds to load its libraries."""

from __future__ import annotations

import io
import json
import subprocess
from contextlib import redirect_stderr
from types import SimpleNamespace
from typing import IO, Any

import pytest
import torch

from chimerae.studies.executors import local
from chimerae.studies.worker import work


class _Task(io.BytesIO):
    """What is written to the process; it can be read after it was closed."""

    text = b""

    def close(self) -> None:
        self.text = self.getvalue()
        super().close()


class Here:
    """Stands in for the `subprocess.Popen` of a cell, and does all the work when it is first looked at."""

    def __init__(self, args: list[str], *, stderr: IO[bytes], **other: Any) -> None:
        assert args[1:] == ["-m", "chimerae.studies.worker"]
        self.stdin, self.stderr = _Task(), stderr
        self.returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None:
            threads, said = torch.get_num_threads(), io.StringIO()
            try:
                with redirect_stderr(said):
                    self.returncode = work(json.loads(self.stdin.text))
            finally:
                torch.set_num_threads(threads)
            self.stderr.write(said.getvalue().encode())
        return self.returncode


def work_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `conduct` do all its work in this process, where it is not the processes that are tested."""
    ours = SimpleNamespace(Popen=Here, PIPE=subprocess.PIPE, DEVNULL=subprocess.DEVNULL)
    monkeypatch.setattr(local, "subprocess", ours)

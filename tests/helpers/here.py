"""Cells that are worked on in this process: one of its own takes seconds to load its libraries."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
from contextlib import redirect_stderr
from types import SimpleNamespace
from typing import IO, Any

import pytest
import torch

from chimerae.studies.executors import local
from chimerae.studies.worker import work
from chimerae.training.signals import STOPPING


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


class Forked:
    """Stands in for it too, by a fork: a process that hears signals, and has loaded its libraries."""

    def __init__(self, args: list[str], *, stderr: IO[bytes], **other: Any) -> None:
        self.stdin, self.stderr, self.args = _Task(), stderr, args
        self.returncode: int | None = None
        self.child = 0

    def poll(self, options: int = os.WNOHANG) -> int | None:
        if not self.child:
            self.child = os.fork()
            if not self.child:
                self._work()
        if self.returncode is None and (ended := os.waitpid(self.child, options))[0]:
            self.returncode = os.waitstatus_to_exitcode(ended[1])
        return self.returncode

    def terminate(self) -> None:
        os.kill(self.child, signal.SIGTERM)

    def wait(self) -> None:
        self.poll(0)

    def _work(self) -> None:
        """On one thread: those of an OpenMP pool stay with the parent."""
        code = 1
        try:
            os.setsid()
            for number in STOPPING:
                signal.signal(number, signal.SIG_DFL)
            code = work(json.loads(self.stdin.text) | {"threads": 1})
        finally:
            os._exit(code)


def work_forked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `conduct` work in forks of this process."""
    ours = SimpleNamespace(Popen=Forked, PIPE=subprocess.PIPE, DEVNULL=subprocess.DEVNULL)
    monkeypatch.setattr(local, "subprocess", ours)


def work_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `conduct` do all its work in this process, where it is not the processes that are tested."""
    ours = SimpleNamespace(Popen=Here, PIPE=subprocess.PIPE, DEVNULL=subprocess.DEVNULL)
    monkeypatch.setattr(local, "subprocess", ours)

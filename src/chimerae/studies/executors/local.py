"""Cells in processes on this machine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any

from chimerae.studies.executors import End, Resources, cores

ROUNDING = 1e-6
"""Excess by which shares of a GPU may add up to more than 1: three thirds fit."""


@dataclass
class _Process:
    """A running cell: a `Job`."""

    process: subprocess.Popen[bytes]
    errors: IO[bytes]
    wanted: Resources
    gpu: int | None
    """Index of its GPU among those of the executor."""

    def end(self) -> End | None:
        """Its end; a process that a signal killed is lost."""
        code = self.process.poll()
        if code is None:
            return None
        if self.errors.closed or code == 0:
            self.errors.close()
            return End()
        self.errors.seek(0)
        lines = self.errors.read().decode(errors="replace").strip().splitlines()
        self.errors.close()
        if code < 0:
            return End(f"its process was killed by {_named(-code)}", lost=True)
        return End(lines[-1] if lines else f"it ended with exit code {code}")


class Local:
    """Processes on this machine, so that a failure of one cell spares the others."""

    every = 0.2
    queues = False

    def __init__(self, jobs: int | None = None, gpus: Sequence[str] = ()) -> None:
        """At most `jobs` at a time; None: as many as cores and GPUs suffice for.

        `gpus` are the GPUs to share out: values of `CUDA_VISIBLE_DEVICES` where there are several.
        """
        self.jobs = jobs
        self.gpus = gpus
        self._live: list[_Process] = []

    def fits(self, wanted: Resources) -> bool:
        """True while there is room for `wanted`."""
        live = self._running()
        if self.jobs is not None:
            return len(live) < self.jobs
        if not live:
            return True
        if sum(one.wanted.threads for one in live) + wanted.threads > cores():
            return False
        return not wanted.gpus or not self.gpus or min(self._loads()) + wanted.gpus <= 1 + ROUNDING

    def start(self, task: Mapping[str, Any], wanted: Resources) -> _Process:
        """Start a process for `task`, on the GPU with most room."""
        errors, environment = tempfile.TemporaryFile(), os.environ | {"OMP_NUM_THREADS": str(wanted.threads)}  # noqa: SIM115
        gpu = None
        if wanted.gpus and self.gpus:
            loads = self._loads()
            gpu = loads.index(min(loads))
            if len(self.gpus) > 1:
                environment["CUDA_VISIBLE_DEVICES"] = self.gpus[gpu]
        process = subprocess.Popen(
            [sys.executable, "-m", "chimerae.studies.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            env=environment,
            start_new_session=True,  # Ctrl-C reaches it through us, once
        )
        assert process.stdin is not None
        with process.stdin:
            process.stdin.write(json.dumps(task).encode())
        made = _Process(process, errors, wanted, gpu)
        self._live.append(made)
        return made

    def stop(self) -> None:
        """Signal every running cell to save and end, and wait for them."""
        live = self._running()
        for one in live:
            one.process.terminate()
        for one in live:
            one.process.wait()
            one.errors.close()
        self._live.clear()

    def _running(self) -> list[_Process]:
        self._live = [one for one in self._live if one.process.returncode is None]
        return self._live

    def _loads(self) -> list[float]:
        """Share of each GPU that is taken."""
        live = self._running()
        return [sum(one.wanted.gpus for one in live if one.gpu == i) for i in range(len(self.gpus))]


def _named(signum: int) -> str:
    try:
        return signal.Signals(signum).name
    except ValueError:
        return f"signal {signum}"

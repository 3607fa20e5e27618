"""Cells as jobs of Slurm, submitted by submitit."""

from __future__ import annotations

import math
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chimerae.durations import seconds
from chimerae.errors import InputError, first_line
from chimerae.extras import require
from chimerae.studies.executors import End, Resources
from chimerae.studies.worker import attempt
from chimerae.training.signals import Stopped

JOB_MINUTES = 240
"""Time limit of a job when none is given. A run that needs more goes on in the next job."""
MOST_JOBS = 1000
"""Jobs in which one run may go on after its time limit."""
STOP_SECONDS = 120.0
"""Longest wait for jobs that were told to save and end."""


class Work:
    """The function that a job calls. At the end of its time, or when another job takes its place, the run
    saves its state and the job is queued again.
    """

    def __call__(self, task: Mapping[str, Any]) -> str:
        """Error of the cell in one line; empty when it is finished."""
        with _saving_first() as warning:
            try:
                return attempt(task)
            except Stopped as stop:
                if warning.came or stop.signum == warning.signum:
                    warning.requeue()
                sys.exit(128 + stop.signum)  # no result: the job was cancelled, or Slurm queues it again

    def checkpoint(self, task: Mapping[str, Any]) -> Any:
        """The same task for the next job; it goes on from the state in the run folder."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self, task)


@dataclass
class _Warning:
    """Signal that announces the end of a job, and submitit's handler, which queues the job again."""

    signum: int
    handler: Any
    came: bool = field(default=False)

    def requeue(self) -> None:
        """Queue this job again and end this process; nothing where submitit has set no handler."""
        if callable(self.handler):
            self.handler(self.signum, None)


@contextmanager
def _saving_first() -> Iterator[_Warning]:
    """Pass the warning on as SIGTERM to a run that trains, which then saves; in between, queue at once."""
    from submitit.core.job_environment import JobEnvironment

    signum = int(JobEnvironment._usr_sig())
    idle, warning = signal.getsignal(signal.SIGTERM), _Warning(signum, signal.getsignal(signum))

    def warned(number: int, frame: object) -> None:
        warning.came = True
        if signal.getsignal(signal.SIGTERM) == idle:
            warning.requeue()
        else:
            signal.raise_signal(signal.SIGTERM)

    signal.signal(signum, warned)
    try:
        yield warning
    finally:
        signal.signal(signum, warning.handler)


@dataclass
class _SlurmJob:
    """A cell that Slurm runs or will run: a `Job`."""

    job: Any
    ended: End | None = None

    def end(self) -> End | None:
        """Its end; lost when it left no result, unless it was cancelled."""
        if self.ended is None and self.job.done():
            self.ended = self._end()
        return self.ended

    def _end(self) -> End:
        error = self.job.exception()
        if error is None:
            return End(str(self.job.result()))
        if type(error).__name__ == "FailedJobError":
            return End(_complaint(str(error)))
        state = str(self.job.state)
        where = f"its output is in {self.job.paths.folder}"
        told = f"job {self.job.job_id} ended without a result ({state}); {where}"
        return End(told, lost=not state.startswith("CANCELLED"))


class Slurm:
    """Jobs of Slurm, one for each cell."""

    queues = True

    def __init__(
        self,
        folder: Path,
        jobs: int | None = None,
        options: Sequence[str] = (),
        *,
        cluster: str = "slurm",
        every: float = 5.0,
    ) -> None:
        """At most `jobs` at a time; None: all at once, and Slurm decides.

        Args:
            folder: for the output of the jobs; on a file system that all machines share.
            jobs: cells under way at a time.
            options: of `sbatch`, such as "partition=gpu" or "time=4h".
            cluster: submitit's name of the cluster: slurm, or local for processes here.
            every: seconds between two looks at the jobs.

        Raises:
            InputError: submitit is not installed, or an option is malformed.
        """
        require("slurm", "--on slurm:")
        self.folder, self.jobs, self.cluster, self.every = folder, jobs, cluster, every
        self.options = dict(_option(text) for text in options)
        self._live: list[_SlurmJob] = []

    def fits(self, wanted: Resources) -> bool:
        """True while fewer than `jobs` are under way."""
        self._live = [one for one in self._live if one.ended is None]
        return self.jobs is None or len(self._live) < self.jobs

    def start(self, task: Mapping[str, Any], wanted: Resources) -> _SlurmJob:
        """Submit a job for `task`; a share of a GPU is a whole one unless `options` say otherwise."""
        import submitit

        parameters: dict[str, Any] = {
            "name": Path(task["folder"]).name,
            "cpus_per_task": wanted.threads,
            "timeout_min": self.options.get("time", JOB_MINUTES),
        }
        if wanted.gpus and not {"gres", "gpus_per_node", "gpus_per_task"} & set(self.options):
            parameters["gpus_per_node"] = math.ceil(wanted.gpus)
        parameters |= {f"slurm_{name}": value for name, value in self.options.items() if name != "time"}
        try:
            executor = submitit.AutoExecutor(
                folder=self.folder / "%j", cluster=self.cluster, slurm_max_num_timeout=MOST_JOBS
            )
            executor.update_parameters(**parameters)
            made = _SlurmJob(executor.submit(Work(), dict(task)))
        except Exception as error:  # of many kinds: options, missing commands, a refusal of sbatch
            raise InputError(f"--on slurm: {_told(error)}") from None
        self._live.append(made)
        return made

    def stop(self) -> None:
        """Cancel all jobs; Slurm signals those that run, and they save."""
        live = [one for one in self._live if one.end() is None]
        for one in live:
            one.job.cancel(check=False)
        end = time.monotonic() + STOP_SECONDS
        while time.monotonic() < end and not all(one.job.done() for one in live):
            time.sleep(min(self.every, 1.0))
        self._live.clear()


def _option(text: str) -> tuple[str, int | str]:
    """Name and value of an option of `sbatch`; a time is in minutes."""
    name, sign, value = text.partition("=")
    name = name.strip("-").replace("-", "_")
    if not (name and sign and value):
        raise InputError(f"--sbatch takes NAME=VALUE, such as partition=gpu or time=4h, not '{text}'")
    if name == "time" and not value.isdecimal():
        return name, math.ceil(seconds(value) / 60)
    return name, int(value) if value.isdecimal() else value


def _complaint(report: str) -> str:
    """Last line of the traceback in submitit's report."""
    lines = [line for line in report.splitlines() if line.strip()]
    rules = [i for i, line in enumerate(lines) if set(line.strip()) == {"-"}]
    return lines[rules[-1] - 1].strip() if rules else lines[-1]


def _told(error: BaseException) -> str:
    return first_line(error).replace("slurm_", "").rstrip(":")

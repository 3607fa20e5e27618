"""Cells as tasks of a Ray cluster, which places them on its machines."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chimerae.errors import InputError, first_line
from chimerae.extras import require
from chimerae.studies.executors import End, Resources
from chimerae.studies.worker import attempt
from chimerae.training.signals import Stopped

STOP_SECONDS = 120.0
"""Longest wait for tasks that were told to save and end."""


def run(task: Mapping[str, Any]) -> str:
    """Error of the cell in one line; empty when it is finished. A run that a signal stopped has saved, and
    ends its process: to the study the worker is lost.
    """
    try:
        return attempt(task)
    except Stopped as stop:
        sys.exit(128 + stop.signum)


@dataclass
class _Task:
    """A cell that Ray runs or will run: a `Job`."""

    ray: Any
    reference: Any
    ended: End | None = None

    def end(self) -> End | None:
        """Its end; lost when its process, or the machine, is gone."""
        if self.ended is None and self.ray.wait([self.reference], timeout=0)[0]:
            self.ended = self._end()
        return self.ended

    def _end(self) -> End:
        errors = self.ray.exceptions
        try:
            return End(str(self.ray.get(self.reference)))
        except errors.RayTaskError as error:
            return End(str(error).strip().splitlines()[-1])
        except errors.TaskUnschedulableError as error:
            return End(first_line(error))
        except errors.RayError as error:
            return End(first_line(error), lost=True)


class Ray:
    """The Ray cluster of `RAY_ADDRESS`, the one that runs on this machine, or one started for this study."""

    every = 0.5
    queues = True

    def __init__(self, jobs: int | None = None) -> None:
        """At most `jobs` tasks at a time; None: all at once, of which Ray runs as many as it has room for.

        Raises:
            InputError: Ray is not installed, or its cluster does not answer.
        """
        require("ray", "--on ray:")
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        import ray

        self.ray, self.jobs = ray, jobs
        self._live: list[_Task] = []
        self._ours = not ray.is_initialized()
        if self._ours:
            try:
                ray.init(log_to_driver=False, logging_level=logging.ERROR)
            except Exception as error:  # Ray raises this very class when a start takes too long
                raise InputError(f"--on ray: no cluster answers: {first_line(error)}") from None

    @property
    def gpus(self) -> int:
        """GPUs of the cluster."""
        return int(self.ray.cluster_resources().get("GPU", 0))

    def fits(self, wanted: Resources) -> bool:
        """True while fewer than `jobs` are under way."""
        self._live = [one for one in self._live if one.ended is None]
        return self.jobs is None or len(self._live) < self.jobs

    def start(self, task: Mapping[str, Any], wanted: Resources) -> _Task:
        """Hand `task` to Ray, which starts it in a process of its own where there is room for `wanted`."""
        remote = self.ray.remote(
            num_cpus=wanted.threads,
            num_gpus=wanted.gpus,
            max_calls=1,  # the next cell begins with fresh memory
            max_retries=0,  # the study starts lost cells again, alike on every executor
        )(run)
        made = _Task(self.ray, remote.options(name=task["label"]).remote(dict(task)))
        self._live.append(made)
        return made

    def stop(self) -> None:
        """Interrupt all tasks, wait until they have saved, and leave the cluster."""
        live = [one.reference for one in self._live if one.end() is None]
        for reference in live:
            self.ray.cancel(reference)
        if live:
            self.ray.wait(live, num_returns=len(live), timeout=STOP_SECONDS)
        self._live.clear()
        if self._ours:
            self.ray.shutdown()

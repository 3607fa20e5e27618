"""Runs that meet a deadline: schedules whose total changes on the way, and the rule that changes it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch

from chimerae.durations import mean_pace
from chimerae.training.settings import Training

Replanned = Sequence[tuple[int, int]]
"""`(step, total)`: up to this step schedules ran towards that total."""

SHARE_BETWEEN = 0.04
"""Share of the learning time between two checks of the pace."""
TOLERANCE = 0.02
"""Share of the learning time by which the end may miss the deadline before the total changes."""
RECENT = 0.35
"""Weight of the last interval in the running mean of the speed."""
LEAST = 0.1
"""Share of the speed before it that an interval has at least: a standstill says nothing about the rest."""


def towards(step: int, total: int, replanned: Replanned = ()) -> tuple[int, float]:
    """The total that schedules run towards at `step` (from 0), and the share of the run that is done, >= 0.

    The share rises linearly from 0 towards 1 at the total. At every step of `replanned` its slope changes, so
    that it reaches 1 at the next total. It is continuous and depends on its arguments alone.

    >>> towards(50, 200), towards(50, 200, [(50, 100)]), towards(125, 200, [(50, 100)])
    ((200, 0.25), (200, 0.5), (200, 0.75))
    """
    begun, done = 0, 0.0
    for until, planned in replanned:
        if step < until:
            total = planned
            break
        done += (1.0 - done) * (until - begun) / (planned - begun)
        begun = until
    return total, done + (1.0 - done) * (step - begun) / (total - begun)


def replan(replanned: Replanned, step: int, total: int) -> tuple[tuple[int, int], ...]:
    """`replanned`, with the total in force at `step` put down as past; `total` is the newest one.

    Entries from `step` on belong to steps that were lost with the process, or are played again.

    >>> replan([], 300, 5000), replan([(100, 8000), (350, 9000)], 300, 5000)
    (((300, 5000),), ((100, 8000), (300, 9000)))
    """
    past = tuple(entry for entry in replanned if entry[0] < step)
    lost = [planned for until, planned in replanned if until >= step]
    return (*past, (step, lost[0] if lost else total))


def learning_clock(training: Training, device: torch.device) -> Callable[[], float]:
    """Clock of a run's learning time.

    A run that is given `seconds` of a core counts the seconds of this process on it, so that other work on
    the machine costs it no step. Every other run counts the time that passes.
    """
    if training.seconds and device.type == "cpu" and torch.get_num_threads() == 1:
        return time.process_time
    return time.monotonic


@dataclass
class Pacer:
    """Compares a run with its deadline at regular intervals and computes how many steps fit."""

    deadline: float
    """Reading of `clock` at which learning should end."""
    profile: Sequence[float]
    """Measured seconds per step in equal parts of the run, first to last."""
    clock: Callable[[], float] = time.monotonic
    measured: bool = True
    """False where `profile` is a guess, which says nothing about the speed."""
    _begun: float | None = field(default=None, init=False)
    _last: tuple[float, int, float] = field(default=(0.0, 0, 0.0), init=False)
    _speed: float | None = field(default=None, init=False)

    def total(self, step: int, share: float, planned: int) -> int:
        """The total of the run after `step` steps, when `share` of it is done: `planned` or a new one.

        Speed is the time that `profile` predicts for an interval, divided by the time that passed. The rest
        of the run is expected to be as fast as the running mean over the intervals. A standstill has a speed
        near 0, whatever its length, and counts as `LEAST` times the speed before it.
        """
        now = self.clock()
        if self._begun is None:
            self._begun, self._last = now, (now, step, share)
            return planned if self._speed is None else self._fitting(now, step, share, planned)
        before, at, reached = self._last
        whole = self.deadline - self._begun
        if now - before < SHARE_BETWEEN * whole or step <= at:
            return planned
        self._last = now, step, share
        speed = (step - at) * mean_pace(self.profile, reached, share) / (now - before)
        known = float(self.measured) if self._speed is None else self._speed
        speed = max(speed, LEAST * known)
        self._speed = speed if self._speed is None else RECENT * speed + (1 - RECENT) * known
        return self._fitting(now, step, share, planned)

    def _fitting(self, now: float, step: int, share: float, planned: int) -> int:
        """`planned` where it ends near the deadline, else the total that does."""
        assert self._begun is not None
        assert self._speed is not None
        pace = mean_pace(self.profile, share, 1.0) / self._speed
        if abs(now + (planned - step) * pace - self.deadline) <= TOLERANCE * (self.deadline - self._begun):
            return planned
        return step + max(round((self.deadline - now) / pace), 1)

    @classmethod
    def resumed(
        cls, whole: float, spent: float, step: int, clock: Callable[[], float] = time.monotonic
    ) -> Pacer:
        """The pacer of a run that learns for `whole` seconds, of which `spent` went into `step` steps.

        `spent` is 0 where nothing was logged before the stop: then the pace is measured first.
        """
        deadline = clock() + whole - spent
        if not spent:
            return cls(deadline, (1.0,), clock, measured=False)
        pacer = cls(deadline, (spent / step,), clock)
        pacer._speed = 1.0  # the known pace holds from the first step on
        return pacer

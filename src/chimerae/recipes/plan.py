"""The plan of a run: its settings, its expected time, and ways to change it."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

import torch

from chimerae.durations import in_words
from chimerae.errors import InputError
from chimerae.parallel import place
from chimerae.recipes.planning import ENOUGH
from chimerae.recipes.sizing import sized
from chimerae.recipes.timing import Timing
from chimerae.recipes.work import count
from chimerae.run_folder.schema import PREVIEWS, RUN
from chimerae.runs.run import Run
from chimerae.shapes import Shape, describe, is_image
from chimerae.training.state import pick_autocast, pick_device


@dataclass(frozen=True)
class Plan:
    """Facts known before the first step."""

    run: Run
    shape: Shape
    """Shape of one sample as the networks see it."""
    counts: tuple[int, int]
    """Samples to learn from, and held out."""
    folder: Path
    timing: Timing | None
    """None: nothing was timed."""
    gain: float | None
    """Speed of bfloat16 relative to float32, where both were tried."""
    most_threads: int | None
    """Largest number of threads that was tried; None: there was no choice."""
    evaluation: float | None
    """Seconds that `evaluate` is expected to take; None: not estimated."""
    limit: float | None
    """Time limit in seconds for which settings were chosen; None: nothing was chosen."""
    paper: tuple[Run, float] | None = None
    """The source's settings on these data, and their estimated seconds."""
    note: str = ""
    """Change that makes all samples one size."""

    def text(self) -> str:
        """The plan in lines."""
        rows = {
            "data": self._data(),
            "network sees": self._seen(),
            "device": self._device(),
            "networks": self._networks(),
            "learning": self._learning(),
            "ends": self._ends(),
            "pictures": f"{self.folder / PREVIEWS}: the first after step 1",
            "settings": f"{self.folder / RUN}",
            "paper": self._paper(),
            "change it": self._change(),
        }
        width = max(map(len, rows))
        title = f"plan: {self.run.method.name} on {self.run.data}"
        return "\n".join([title, *(f"  {name:<{width}}  {row}" for name, row in rows.items() if row)])

    def _data(self) -> str:
        what = "images" if is_image(self.shape) else "points"
        return f"{self.counts[0]:,} {what} to learn from, {self.counts[1]:,} held out for `evaluate`"

    def _seen(self) -> str:
        return describe(self.shape) + (f" ({self.note})" if self.note else "")

    def _device(self) -> str:
        device = pick_device(self.run.training.device)
        fast = pick_autocast(device, self.run.training.precision).bfloat16
        precision = "bfloat16 networks, float32 losses" if fast else "float32"
        precision += _tried(self.gain, fast)
        if device.type != "cpu":
            name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
            return f"{name}, {precision}{_shared()}"
        threads = self.run.training.threads or torch.get_num_threads()
        words = f"{threads} {'thread' if threads == 1 else 'threads'}"
        if self.most_threads is not None and threads < self.most_threads:
            words += f" ({self.most_threads} are not faster here)"
        return f"cpu, {precision}, {words}{_shared()}{_busy()}"

    def _networks(self) -> str:
        width = getattr(self.run.arch, "width", None)
        family = self.run.arch.name + (f" of width {width}" if width else "")
        if self.timing is None:
            return family
        each = ", ".join(f"{name} {n / 1e6:.2g} M" for name, n in self.timing.parameters.items())
        return f"{family}: {each} parameters"

    def _learning(self) -> str:
        steps, batch = self.run.steps, self.run.training.batch_size
        epochs = steps * batch / max(self.counts[0], 1)
        text = f"{steps:,} steps of {batch} ({epochs:.3g} epochs)"
        if self.timing is None:
            return text
        why = "" if self.limit is None else f", chosen for {in_words(self.limit)}"
        return f"{text} at {pace(self.timing.step)} a step (timed): {in_words(self.seconds)}{why}"

    @property
    def seconds(self) -> float:
        """Seconds that learning is expected to take."""
        return 0.0 if self.timing is None else self.timing.step * self.run.steps

    def _ends(self) -> str:
        if self.timing is None:
            return ""
        now = time.time()
        text = f"about {_at(now + self.seconds, now)}"
        if self.evaluation is None:
            return text
        after = _at(now + self.seconds + self.evaluation, now)
        return f"{text}; with `chimerae evaluate` (about {in_words(self.evaluation)}) {after}"

    def _paper(self) -> str:
        if self.paper is None:
            return ""
        run, seconds = self.paper
        width = getattr(run.arch, "width", None)
        size = run.prepare.height_width
        seen = f", {size[0]}x{size[1]}" if size else ""
        networks = run.arch.name + (f" of width {width}" if width else "")
        return (
            f"its settings ({networks}{seen}, {run.steps:,} steps of {run.training.batch_size}) would take "
            f"about {in_words(seconds)} here, by operations counted"
        )

    def _change(self) -> str:
        ways = "--budget 1h, --steps N, --arch.width N, --prepare.size N, --preset paper"
        few = self.limit is not None and self.run.steps < ENOUGH
        return ways + (f"; {self.run.steps:,} steps are few, {ENOUGH:,} and more learn better" if few else "")


def pace(seconds: float) -> str:
    """Seconds a step, for people.

    >>> pace(0.0123), pace(1.5)
    ('12 ms', '1.5 s')
    """
    return f"{seconds * 1000:.2g} ms" if seconds < 0.1 else f"{seconds:.2g} s"


def _tried(gain: float | None, fast: bool) -> str:
    """The outcome of a trial of two precisions, in brackets.

    >>> _tried(1.86, True), _tried(None, False)
    (' (1.9 times as fast as float32 here)', '')
    >>> _tried(1.02, False), _tried(0.1, False)
    (' (bfloat16 is hardly faster here)', ' (bfloat16 is 10 times slower here)')
    """
    if gain is None:
        return ""
    if fast:
        return f" ({gain:.2g} times as fast as float32 here)"
    return " (bfloat16 is " + ("hardly faster" if gain > 0.9 else f"{1 / gain:.2g} times slower") + " here)"


def operations(run: Run, shape: Shape) -> float | None:
    """Floating-point operations of a step of `run`; None where they cannot be counted."""
    try:
        return count(run, shape)[0] or None
    except (InputError, RuntimeError, NotImplementedError, TypeError, ValueError):
        return None  # a method that reads values fails on the meta device


def paper_cost(
    run: Run, shape: Shape, timing: Timing, ours: float | None, paper: Run | None
) -> tuple[Run, float] | None:
    """`paper` as it would be trained, and its seconds: the timed step, scaled by counted operations.

    None where it cannot be counted, or equals `run`.
    """
    if paper is None or ours is None:
        return None
    try:
        paper, _ = sized(paper)
    except InputError:
        return None
    size = paper.prepare.height_width
    seen = shape if size is None else (shape[0], *size)
    if (paper.arch, seen, paper.steps, paper.method) == (run.arch, shape, run.steps, run.method):
        return None
    theirs = operations(paper, seen)
    return None if theirs is None else (paper, timing.step * theirs / ours * paper.steps)


def _shared() -> str:
    """The number of processes that share every batch; empty for one."""
    return f", {place().size} processes" if place().size > 1 else ""


def _busy() -> str:
    """A remark when the load is more than 1.5 times the machine's cores."""
    try:
        load, cores = os.getloadavg()[0], os.cpu_count() or 1
    except (OSError, AttributeError):
        return ""
    return f"; the machine is busy (load {load:.1f} on {cores} cores)" if load > 1.5 * cores else ""


def _at(when: float, now: float) -> str:
    """A time of day, with the date where it is another day."""
    there, here = time.localtime(when), time.localtime(now)
    same = there.tm_yday == here.tm_yday and there.tm_year == here.tm_year
    return time.strftime("%H:%M:%S" if same else "%Y-%m-%d %H:%M", there)

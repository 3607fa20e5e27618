"""Training loop: plays batches and writes the log, pictures and states."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from statistics import fmean

import torch
from torch import Tensor

from chimerae import noise
from chimerae.errors import InputError
from chimerae.methods import Clock
from chimerae.parallel import ALONE, Group, sharing, statistics
from chimerae.run_folder.log import Listener, Log, LogLine, ignore
from chimerae.run_folder.schema import LOG, RUN, STATE
from chimerae.shapes import is_image
from chimerae.training.checkpoint import write_state
from chimerae.training.health import health
from chimerae.training.pacing import Pacer, learning_clock, replan, towards
from chimerae.training.players import NotFinite, check_finite, check_state, play_batch
from chimerae.training.previews import Previews
from chimerae.training.probe import Probe
from chimerae.training.settings import Training
from chimerae.training.signals import Request, Stopped, stop_requests
from chimerae.training.state import State
from chimerae.training.targets import update_targets

SKIPS = 20
"""Steps in a row that may be skipped; after them the run ends."""
SHOWN_SECONDS = 2.0
"""Least time from a line to the next that only the listener gets. The first step always has a line."""
PREVIEW_SECONDS = 30.0
"""Learning time of the first preview between those of `picture_every`. The next is due at twice the learning
time of the last preview.
"""


@dataclass
class Loop:
    """A run in progress: its state, the source of its batches and the folder that it writes to."""

    state: State
    batches: Callable[[int], Tensor]
    training: Training
    total: int
    seed: int
    folder: Path
    previews: Previews
    probe: Probe
    snapshot: Callable[[State], None]
    """Called after every saved state, to export a usable model."""
    labels: Callable[[int], Tensor | None] = lambda step: None
    """Labels `[B, N]` of a step's batch; None where networks take none."""
    listener: Listener = ignore
    watcher: Callable[[State, int], None] = lambda state, total: None
    """Called after every line of the log with the state and the total."""
    pacer: Pacer | None = None
    """Changes `total` so that the run ends in time; None: `total` stays."""
    replanned: Callable[[int, Training], None] = lambda total, training: None
    """Called with a changed total and the settings that hold from then on, to record them."""
    group: Group = ALONE
    """Processes that play the run together. All play; the first one measures, draws, logs and saves."""
    log: Log = field(init=False)
    _saved: int | None = field(default=None, init=False)
    _probed: int | None = field(default=None, init=False)
    """Step of the newest measurement, which holds until the next one."""
    _measured: Mapping[str, float] = field(default_factory=dict, init=False)
    _shown: float = field(default=0.0, init=False)
    _health: str = field(default="", init=False)
    _preview: float = field(default=PREVIEW_SECONDS, init=False)

    def __post_init__(self) -> None:
        self.log = Log(self.folder / LOG)

    def run(self) -> None:
        """Play from the state's step to `total`.

        Raises:
            Stopped: a signal of `signals.STOPPING` came; the state is saved.
            NotFinite: a loss or a weight became NaN or infinite; the last saved state is untouched.
            InputError: the run's folder is gone, or cannot be written.
            Lost: another process of the run ended.
        """
        seconds, begun = 0.0, self.state.step
        if self.group.first:
            seconds = self.log.cut(self.state.step)
            self._probed, self._measured = self.log.newest_measures()
        clock = learning_clock(self.training, self.state.device)
        watch = Stopwatch(seconds, self.state.step, clock)
        if self.pacer is None and self.training.seconds and 0 < self.state.step < self.total:
            self.pacer = Pacer.resumed(self.training.seconds, seconds, self.state.step, clock)
        self._preview = max(PREVIEW_SECONDS, 2 * seconds)
        self.state.nets.train()
        with stop_requests() as request, noise.seeded(self.seed):
            while self.state.step < self.total:
                signum = self._agree(request)
                if signum and self.state.step > begun:
                    self._save()
                    raise Stopped(signum, self.state.step, self.folder)
                self._step(watch)
            self._save()

    def _agree(self, request: Request) -> int:
        """The signal that asked any process to stop, or 0; all processes get the first one's total."""
        wanted = self._paced() if self.group.first else 0
        signum, total = self.group.most(request.signum or 0, wanted)
        if not signum and total != self.total:
            before = replan(self.training.replanned, self.state.step, self.total)
            self.training, self.total = replace(self.training, replanned=before), total
            if self.group.first:
                self.replanned(total, self.training)
        return signum

    def _step(self, watch: Stopwatch) -> None:
        step = self.state.step
        done = step + 1
        report = done % self.training.log_every == 0 or done == self.total
        clock = self._clock(step, report)
        noise.reseed(self.state.device, self.seed, "noise", step)
        parts = self._batch(step).chunk(self.training.grad_accumulation)
        with sharing(self.group):
            losses = self._play(parts, clock)
        if self.group.size > 1:
            self._share_statistics()
        self.state.losses |= losses
        if self.state.device.type == "cpu":  # an accelerator would have to wait at every check
            check_finite(losses, done)
        update_targets(self.state.method, self.state.nets.modules, done)
        if self.state.ema:
            self.state.ema.update(step)
        self.state.step = done
        if report:
            self._report(clock, watch)
        elif self.group.first and (done == 1 or time.monotonic() - self._shown >= SHOWN_SECONDS):
            self._show(clock, watch)
        due = watch.seconds >= self._preview
        if self.group.first and (due or done % self.training.picture_every == 0 or done in (1, self.total)):
            self._require_folder()
            self.previews.draw(self.state.final_nets(), done)
            self._preview = max(PREVIEW_SECONDS, 2 * watch.seconds)
        if done % self.training.save_every == 0:
            self._save()

    def _play(self, parts: Sequence[Tensor], clock: Clock) -> dict[str, Tensor]:
        """Losses of one batch; none where `on_nonfinite` has it skipped."""
        state, labels = self.state, self.labels(clock.step)
        of_parts = None if labels is None else labels.chunk(self.training.grad_accumulation)
        play = partial(play_batch, state.method, state.nets, state.players, parts, clock, labels=of_parts)
        if self.training.on_nonfinite != "skip":
            return play()
        try:
            losses = play(finite=True)
        except NotFinite as error:
            state.skipped.append(clock.step)
            if state.skipped[-SKIPS:] == list(range(clock.step + 1 - SKIPS, clock.step + 1)):
                raise NotFinite(f"{error}, in {SKIPS} steps in a row up to step {clock.step + 1}") from None
            return {}
        return losses

    def _share_statistics(self) -> None:
        """Average what each process gathers over its own rows, so that all networks stay the same."""
        nets = self.state.nets
        own = [tensor for tensor in nets.buffers.values() if tensor.is_floating_point()]
        if not self.training.sync_batchnorm:
            own += statistics(nets.modules.values())
        self.group.averaging(own)()

    def _clock(self, step: int, report: bool) -> Clock:
        if self.training.schedule_steps:
            return Clock(step, self.training.schedule_steps, {} if report else None)
        total, share = towards(step, self.total, self.training.replanned)
        return Clock(step, total, {} if report else None, share)

    def _paced(self) -> int:
        """The total of the run from here on, as the pacer wants it."""
        if self.pacer is None:
            return self.total
        step = self.state.step
        total = self.pacer.total(step, self._clock(step, False).progress, self.total)
        return total if step else self.total

    def _batch(self, step: int) -> Tensor:
        x = self.batches(step)
        if not is_image(tuple(x.shape[1:])):
            return x
        return self.state.method.value_range.from_unit(x).contiguous(memory_format=torch.channels_last)

    def _report(self, clock: Clock, watch: Stopwatch) -> None:
        check_finite(self.state.losses, self.state.step)
        values = self.group.means(
            {name: fmean(v.item() for v in means) for name, means in (clock.logged or {}).items()}
        )
        if not self.group.first:
            return
        if self.state.skipped:
            values["skipped_steps"] = float(len(self.state.skipped))
        measured, share = self._look(), self.probe.share(self._progress)
        line = self._line(clock, watch, values)
        self._health = health({**line.losses, **values, **self._measured}, share)
        line = replace(line, health=self._health, drawn=measured)
        self.log.append(line)
        self._tell(line)
        self.watcher(self.state, self.total)

    def _show(self, clock: Clock, watch: Stopwatch) -> None:
        """Send the listener a line without logging it; its health is that of the last logged line."""
        self._tell(self._line(clock, watch.copy(), {}))

    def _tell(self, line: LogLine) -> None:
        self._shown = time.monotonic()
        self.listener(line, self.total)

    def _line(self, clock: Clock, watch: Stopwatch, values: dict[str, float]) -> LogLine:
        losses = {
            name: loss.item()
            for player in self.state.players
            for name, loss in self.state.losses.items()
            if name == player or name.startswith(f"{player}, ")
        }
        seconds, rate = watch.read(self.state.step)
        return LogLine(
            step=self.state.step,
            seconds=round(seconds, 3),
            images_per_second=round(rate * self.training.batch_size, 1),
            losses=losses,
            logged=values,
            lr={name: player.settings.lr_at(clock.progress) for name, player in self.state.players.items()},
            health=self._health,
        )

    def _look(self) -> Mapping[str, float]:
        """New measurements of the probe when they are due; empty otherwise."""
        step, schedule_steps = self.state.step, self.training.schedule_steps or self.total
        if not self.probe.due(step, self._probed, self.training.batch_size, schedule_steps):
            return {}
        self._probed = step
        self._measured = self.probe.measure(self.state.final_nets(), self._progress)
        return self._measured

    @property
    def _progress(self) -> float:
        """Share of the run that is done, this step included."""
        return min(self.state.step / (self.training.schedule_steps or self.total), 1.0)

    def _save(self) -> None:
        if self._saved == self.state.step:
            return
        if self.group.first:
            self._require_folder()
        check_finite(self.state.losses, self.state.step)
        tensors = self.state.tensors()
        check_state(tensors, self.state.step)
        if self.group.first:
            write_state(self.folder / STATE, tensors, self.state.step, self.training.keep)
            self.snapshot(self.state)
        self._saved = self.state.step

    def _require_folder(self) -> None:
        """Raise `InputError` when the run's folder is gone: a new one in its place would be no run."""
        if not (self.folder / RUN).exists():
            raise InputError(
                f"{self.folder} was removed or moved at step {self.state.step}; the run ends here"
            )


class Stopwatch:
    """Learning time over all parts of a run, and the pace since it was last read."""

    def __init__(self, seconds: float, step: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._offset = seconds - clock()
        self._last = (seconds, step)

    @property
    def seconds(self) -> float:
        """Seconds since the run began."""
        return self._clock() + self._offset

    def copy(self) -> Stopwatch:
        """A copy whose readings leave this one unchanged."""
        return copy(self)

    def read(self, step: int) -> tuple[float, float]:
        """Seconds since the run began, and steps per second since the last reading."""
        now = self.seconds
        seconds, before = self._last
        self._last = (now, step)
        return now, (step - before) / max(now - seconds, 1e-9)

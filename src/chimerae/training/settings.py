"""Settings of training: optimisers, schedules, precision, saved states."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field, replace
from functools import partial
from math import cos, pi
from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from chimerae.config import STRICT

ScheduleName = Literal["constant", "exponential", "linear", "cosine", "steps", "early_steps", "late_steps"]

STEPS_AT = (1 / 3, 1 / 2)
EARLY_STEPS_AT = (30 / 100, 50 / 100)
LATE_STEPS_AT = (30 / 55, 50 / 55)


def _steps(progress: float, final: float) -> float:
    """Two equal factors, at a third and at half of the run, that end at `final`."""
    return float(final ** (sum(progress >= at for at in STEPS_AT) / len(STEPS_AT)))


def _halved(at: tuple[float, float], progress: float, final: float) -> float:
    """Half the rate from the first of two shares of the run on, `final` from the second on."""
    half_at, final_at = at
    return 1.0 if progress < half_at else max(0.5, final) if progress < final_at else final


SCHEDULES: Mapping[ScheduleName, Callable[[float, float], float]] = {
    "constant": lambda progress, final: 1.0,
    "exponential": lambda progress, final: float(final**progress),
    "linear": lambda progress, final: 1.0 + (final - 1.0) * progress,
    "cosine": lambda progress, final: final + (1.0 - final) * 0.5 * (1.0 + cos(pi * progress)),
    "steps": _steps,
    "early_steps": partial(_halved, EARLY_STEPS_AT),  # WAE's MNIST, 100 epochs: 1, then 1/2, then 1/10
    "late_steps": partial(_halved, LATE_STEPS_AT),  # WAE's CelebA, 55 epochs: 1, then 1/2, then 1/5
}


Kind = Literal["adam", "rmsprop"]
Positive = Annotated[float, Field(gt=0)]
Decay = Annotated[float, Field(ge=0, lt=1)]
NotNegative = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Zoom = Annotated[float, Field(gt=0, le=1)]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Optimizer:
    """One player's optimiser; the defaults are DCGAN's, which the AVAE paper takes over."""

    kind: Kind = "adam"
    """Update rule."""
    lr: Positive = 2e-4
    """Learning rate at the start."""
    beta1: Decay = 0.5
    """Adam: decay of the first moment."""
    beta2: Decay = 0.999
    """Adam: decay of the second moment; RMSProp: its smoothing constant."""
    eps: Positive = 1e-8
    """Added to the denominator."""
    weight_decay: NotNegative = 0.0
    """L2 penalty, added to the gradient."""
    clip: NotNegative = 0.0
    """Largest norm of the player's gradient; 0: no limit."""
    schedule: ScheduleName = "constant"
    """Schedule of the learning rate, as a function of the share of the run that is done."""
    final: Share = 0.02
    """Final learning rate, as a share of `lr` (not for `constant`)."""
    sigma_lr_scale: Positive = 1.0
    """Factor of the learning rate for a `log_sigma` that all samples share. Adam moves it by about the rate
    per step: in a short run not far enough.
    """

    def lr_at(self, progress: float) -> float:
        """Learning rate when `progress` (in [0, 1]) of the run is done.

        >>> Optimizer(lr=1e-3, schedule="exponential", final=0.01).lr_at(0.5)
        0.0001
        """
        return self.lr * SCHEDULES[self.schedule](progress, self.final)


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Changes:
    """Settings that differ for one player; None: as in `optimizer`."""

    kind: Kind | None = None
    """Update rule."""
    lr: Positive | None = None
    """Learning rate at the start."""
    beta1: Decay | None = None
    """Decay of the first moment."""
    beta2: Decay | None = None
    """Decay of the second moment."""
    eps: Positive | None = None
    """Added to the denominator."""
    weight_decay: NotNegative | None = None
    """L2 penalty."""
    clip: NotNegative | None = None
    """Largest norm of the gradient."""
    schedule: ScheduleName | None = None
    """Schedule of the learning rate."""
    final: Share | None = None
    """Final learning rate, as a share of `lr`."""
    sigma_lr_scale: Positive | None = None
    """Factor of the learning rate for a shared `log_sigma`."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Training:
    """Everything about learning that is neither the method nor the networks."""

    batch_size: int = Field(default=64, ge=2)
    """Samples per step, over all processes."""
    grad_accumulation: int = Field(default=1, ge=1)
    """Equal parts that a batch is played in, one after the other, to save memory. BatchNorm then sees single
    parts, and so does a loss that sums over the batch."""
    optimizer: Optimizer = Optimizer()
    """Default optimiser of every player; `players` overrides it."""
    players: Mapping[str, Changes] = field(default_factory=dict)
    """Settings that differ for single players, by the player's name."""
    ema: float = Field(default=0.999, ge=0, lt=1)
    """Decay of the average of the weights that is used for sampling and saved; 0: the last weights."""
    sync_batchnorm: bool = True
    """With many processes, BatchNorm's statistics are those of the whole batch; else each process's own."""
    flip: bool = False
    """Mirror images at random."""
    random_crop: int = Field(default=0, ge=0)
    """Shift images at random, by up to so many pixels on each axis: a random crop of the image with mirrored
    margins. Evaluation sees whole images. 0: no shift."""
    random_resize: Zoom = 1.0
    """Replace each image by a random part of it, resized to the whole (random resized crop): least share of
    its sides. 1: no cut."""
    device: str = "auto"
    """Device to compute on: auto, cpu, cuda, cuda:1, mps."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Precision of the networks (losses are always float32); auto: the faster one. Both are tried when a run
    starts, and the choice is recorded in its settings.
    """
    threads: int | None = Field(default=None, ge=1)
    """Threads of a run on a CPU; None: the fastest number, at most those of the process. Numbers are tried
    when a run starts, and the choice is recorded in its settings: with another number, sums differ in their
    last bits.
    """
    on_nonfinite: Literal["stop", "skip", "rollback"] = "stop"
    """Action when a loss is NaN or infinite. skip: leave out a turn whose losses or gradients are not finite,
    and what the batch has after it. rollback: go back to the newest saved state, with half the learning
    rates, up to three times.
    """
    schedule_steps: int | None = Field(default=None, ge=1)
    """Steps over which learning rates and other schedules run; None: those of the run. With more than the
    run's, a run is the beginning of a longer one.
    """
    replanned: tuple[tuple[int, int], ...] = ()
    """`(step, total)`: up to this step schedules ran towards that total, afterwards towards the next one. The
    last total is `steps` (docs/budgets.md). Written by runs with a budget.
    """
    seconds: float | None = Field(default=None, gt=0)
    """Seconds of learning that `steps` are chosen to fill; None: no time was given. A study of equal times
    writes it, to tell runs of different times apart. On one thread of a CPU they are seconds of the process,
    so that other work on the machine costs no step.
    """
    log_every: int = Field(default=100, ge=1)
    """Steps between lines of the log."""
    picture_every: int = Field(default=1000, ge=1)
    """Steps between picture sheets of fixed codes."""
    save_every: int = Field(default=1000, ge=1)
    """Steps between saved states."""
    keep: int = Field(default=3, ge=1)
    """Saved states that are kept."""

    def optimizer_of(self, player: str) -> Optimizer:
        """The settings that hold for `player`.

        >>> Training(players={"critic": Changes(lr=1e-3)}).optimizer_of("critic").lr
        0.001
        """
        changes = vars(self.players.get(player, Changes()))
        given = {name: value for name, value in changes.items() if value is not None}
        return replace(self.optimizer, **given)

    @model_validator(mode="after")
    def _in_order(self) -> Training:
        last = 0
        for step, total in self.replanned:
            if not last < step < total:
                raise ValueError(f"replanned has ({step}, {total}): steps must rise, each below its total")
            last = step
        return self

    @model_validator(mode="after")
    def _equal_parts(self) -> Training:
        if self.batch_size % self.grad_accumulation or self.batch_size < 2 * self.grad_accumulation:
            raise ValueError(
                f"batch_size {self.batch_size} has no {self.grad_accumulation} equal parts of 2 or more; "
                "change grad_accumulation"
            )
        return self

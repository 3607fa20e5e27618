"""Setup, course and cost of runs: facts in rows, runs in columns."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import median
from typing import Final

from chimerae.report.compare import NOT_SET, LabelledRun, Setting, flatten, readable
from chimerae.report.read import RunFolder
from chimerae.run_folder.fields import number, section
from chimerae.run_folder.log import OK

_NAMELESS: Final = "unnoted"


@dataclass(frozen=True)
class HealthSpan:
    """Neighbouring steps with the same health word; `share` of the run in percent."""

    word: str
    first: int
    last: int
    share: float

    @property
    def good(self) -> bool:
        """True when nothing was wrong."""
        return self.word == OK


def ran(named: Sequence[LabelledRun]) -> list[Setting]:
    """Setup of each run."""
    runs = [entry.run for entry in named]
    told = [
        Setting("method", tuple(run.method for run in runs)),
        Setting("architecture", tuple(_architecture(run) for run in runs)),
        Setting("data", tuple(_data(run) for run in runs)),
        Setting("steps", tuple(_steps(run) for run in runs)),
        Setting("seed", tuple(readable(run.settings.get("seed", NOT_SET)) for run in runs)),
        Setting("evaluated at step", tuple(_evaluated(run) for run in runs)),
    ]
    scaling = Setting("scaling of codes", tuple(_scaling(run) for run in runs))
    return [*told, scaling] if any(value != NOT_SET for value in scaling.values) else told


def cost(named: Sequence[LabelledRun]) -> list[Setting]:
    """Cost of each run."""
    runs = [entry.run for entry in named]
    return [
        Setting("training time", tuple(_time(run) for run in runs)),
        Setting("images per second, median", tuple(_rate(run) for run in runs)),
        Setting("device", tuple(_device(run) for run in runs)),
        Setting("parameters", tuple(_parameters(run) for run in runs)),
    ]


def environment(named: Sequence[LabelledRun]) -> list[Setting]:
    """Versions and machine, every entry of `env.json`."""
    flat = [flatten(entry.run.env) for entry in named]
    names = dict.fromkeys(name for env in flat for name in env)
    return [Setting(name, tuple(env.get(name, NOT_SET) for env in flat)) for name in names]


def health(run: RunFolder) -> list[HealthSpan]:
    """The health words over the steps of a run so far."""
    total = max(run.steps, run.reached, 1)
    spans, end = [], 0
    for word, entries in groupby(run.log, key=lambda entry: entry.health or _NAMELESS):
        last = max(entry.step for entry in entries)
        spans.append(HealthSpan(word, end + 1, last, 100 * (last - end) / total))
        end = last
    return spans


def ailments(run: RunFolder) -> list[str]:
    """Each word other than `ok`, with its share of the logged steps, and its first and last step."""
    spans = [span for span in health(run) if not span.good]
    told = []
    for word in dict.fromkeys(span.word for span in spans):
        own = [span for span in spans if span.word == word]
        steps = sum(span.last - span.first + 1 for span in own)
        where = f"steps {own[0].first:,} to {own[-1].last:,}"
        told.append(f"{word}: {100 * steps / max(run.reached, 1):.0f}% of the steps ({where})")
    return told


def duration(seconds: float) -> str:
    """Seconds as people say them.

    >>> duration(12.34), duration(754), duration(36720)
    ('12 s', '12 min 34 s', '10 h 12 min')
    """
    if not math.isfinite(seconds):
        return NOT_SET
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _architecture(run: RunFolder) -> str:
    arch = dict(section(run.settings, "arch"))
    name = str(arch.pop("name", NOT_SET))
    rest = ", ".join(f"{key} {value}" for key, value in flatten(arch).items())
    return f"{name} ({rest})" if rest else name


def _data(run: RunFolder) -> str:
    counts = section(run.data, "counts")
    told = [f"{number(count):,.0f} {split}" for split, count in counts.items()]
    shape = run.data.get("shape")
    if isinstance(shape, list) and shape:
        told.append("×".join(str(side) for side in [*shape[1:], shape[0]]))
    return f"{run.source} ({', '.join(told)})" if told else run.source


def _scaling(run: RunFolder) -> str:
    """Factor that gives codes the deviation 1, and the one that the model's config states."""
    found = number(section(run.scores_record, "latents").get("scaling"))
    stated = number(section(run.settings, "arch").get("scaling_factor"))
    told = f"{found:.4g}" if math.isfinite(found) else NOT_SET
    return f"{told} (its config: {stated:.4g})" if math.isfinite(stated) else told


def _steps(run: RunFolder) -> str:
    if run.is_judged:
        return "trained elsewhere"
    if run.reached >= run.steps:
        return f"{run.reached:,}"
    return f"{run.reached:,} of {run.steps:,}: not finished"


def _evaluated(run: RunFolder) -> str:
    if run.is_judged:
        return NOT_SET
    step = number(run.scores_record.get("step"))
    return f"{step:,.0f}" if math.isfinite(step) else "not yet"


def _time(run: RunFolder) -> str:
    return duration(run.log[-1].seconds) if run.log else NOT_SET


def _rate(run: RunFolder) -> str:
    rates = [entry.images_per_second for entry in run.log if math.isfinite(entry.images_per_second)]
    return f"{median(rates):,.0f}" if rates else NOT_SET


def _device(run: RunFolder) -> str:
    device = str(run.env.get("device", NOT_SET))
    if device == "cpu":
        device = str(run.env.get("processor", device))
    threads = run.env.get("threads")
    if threads is None:
        return device
    return f"{device}, {readable(threads)} thread{'' if threads == 1 else 's'}"


def _parameters(run: RunFolder) -> str:
    """Trained numbers per network, as `model/config.json` counts them."""
    counts = {name: number(n) for name, n in section(run.model, "parameters").items()}
    if not counts:
        return NOT_SET
    parts = ", ".join(f"{name} {count:,.0f}" for name, count in counts.items())
    return f"{sum(counts.values()):,.0f} ({parts})"

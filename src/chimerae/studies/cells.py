"""The cells of a study: one run folder per arm and seed, which is untouched, half done or finished."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from chimerae.config import override, to_dict
from chimerae.data import source_info
from chimerae.errors import InputError
from chimerae.files import read_json
from chimerae.recipes.sizing import sized
from chimerae.run_folder.fields import whole
from chimerae.run_folder.log import last_step
from chimerae.run_folder.schema import LOG, MODEL, RUN, SCORES, STATE
from chimerae.runs.folder import read_run
from chimerae.runs.run import Run
from chimerae.studies.study import Arm, Scale, Study

FREE = (
    "steps",
    "training.replanned",
    "training.device",
    "training.keep",
    "training.picture_every",
    "training.save_every",
    "training.threads",
)
"""Settings in which an existing run folder may differ from the study: steps, device, threads, files kept."""


@dataclass(frozen=True)
class Cell:
    """One run of a study."""

    arm: Arm
    run: Run
    """Settings, with seed and steps."""
    folder: Path

    @property
    def label(self) -> str:
        """Its name in tables and messages."""
        return f"{self.arm.title}, seed {self.run.seed}"

    @property
    def finished(self) -> bool:
        """True when it was scored after all its steps."""
        scores = self.folder / SCORES
        if not scores.is_file():
            return False
        found = read_json(scores, "scores")
        return isinstance(found, dict) and (whole(found.get("step")) or 0) >= self.steps

    @property
    def steps(self) -> int:
        """All its steps: those of its settings, or those that fit its time, once a timed run has begun."""
        timed = self.run.training.seconds is not None and (self.folder / RUN).exists()
        return read_run(self.folder).steps if timed else self.run.steps

    @property
    def reached(self) -> int:
        """The last logged step; 0 before the first."""
        return last_step(self.folder / LOG)

    @property
    def differences(self) -> dict[str, tuple[Any, Any]]:
        """Settings, without those in `FREE`, in which its folder differs from the study: name -> the folder's
        value and the study's.
        """
        if not (self.folder / RUN).exists():
            return {}
        there, asked = _settings(read_run(self.folder)), _settings(self.run)
        free = {"training.precision"} if asked["training.precision"] == "auto" else set()
        if None in (there["training.seconds"], asked["training.seconds"]):
            free |= {"training.seconds", "training.schedule_steps"}  # one has the steps, the other the time
        names = [name for name, value in asked.items() if there.get(name) != value and name not in free]
        return {name: (there.get(name), asked[name]) for name in names}

    @property
    def records_only(self) -> bool:
        """True when its folder has neither weights nor a state."""
        return not (self.folder / MODEL).exists() and not (self.folder / STATE).exists()

    def check(self) -> None:
        """Raise `InputError` when its folder holds another run, or one that cannot be resumed."""
        if not (self.folder / RUN).exists():
            return
        records = self.arm.recorded if self.records_only and self.finished else {}
        for name, (there, asked) in self.differences.items():
            if name not in records or records[name] != there:
                raise InputError(
                    f"{self.folder} holds another run: {name} is {there}, the study asks for "
                    f"{asked}; choose another --out"
                )
        if self.records_only and (self.folder / SCORES).exists() and not self.finished:
            raise InputError(
                f"{self.folder} holds records without weights, of fewer steps than are asked for; "
                "remove it to train it anew"
            )


def cells_of(
    study: Study,
    folder: Path,
    *,
    scale: Scale,
    seeds: int,
    steps: int | None = None,
    only: Iterable[str] = (),
    device: str | None = None,
    seconds: float | None = None,
    steps_from: Path | None = None,
) -> list[Cell]:
    """The cells of `study` in `folder`, all arms of the first seed first.

    Args:
        study: the study.
        folder: folder of the study; its run folders lie in `cells/`.
        scale: quick or paper.
        seeds: runs per arm, seeds 0, 1, ...
        steps: stop every run after so many steps; its schedules stay those of a whole run.
        only: arms to run: whole titles, or words that titles contain; all when none is given.
        device: device to train on; the one in the run's settings when not given.
        seconds: time of each run in a study of equal times; the study's own when not given.
        steps_from: folder of the same study, by equal times. Every run plays the steps of its arm's first
            seed there, so that a machine of another speed gives comparable runs.

    Raises:
        InputError: no arm is left, data are missing, a folder holds another run, `seconds` or `steps_from`
            are given for a study that counts in steps, or `steps_from` lacks an arm.
    """
    arms = [_timed(arm, steps, seconds) for arm in _chosen(study.arms(scale), list(only))]
    if steps_from is not None:
        arms = [_counted(arm, steps_from) for arm in arms]
    if not arms:
        known = "; ".join(arm.title for arm in study.arms(scale))
        raise InputError(f"no arm of {study.name} has any of these words in its name; there are: {known}")
    _check_data(arms)
    cells = []
    for seed in range(seeds):
        for arm in arms:
            run = _seeded(arm, seed, steps, device)
            cells.append(Cell(replace(arm, run=run), run, folder / "cells" / f"{arm.slug}-s{seed}"))
    for cell in cells:
        cell.check()
    return cells


def _chosen(arms: Sequence[Arm], asked: Sequence[str]) -> list[Arm]:
    """Arms chosen by each word: by an equal title or group, else by a title that contains it."""
    if not asked:
        return list(arms)
    meant: set[str] = set()
    for word in (word.lower() for word in asked):
        whole = {arm.title for arm in arms if word in (arm.title.lower(), arm.group.lower())}
        meant |= whole or {arm.title for arm in arms if word in arm.title.lower()}
    return [arm for arm in arms if arm.title in meant]


def _check_data(arms: Sequence[Arm]) -> None:
    """Raise one `InputError` that lists all missing data, and the groups that can run without them."""
    missing: dict[str, str] = {}
    for source, prepare in {(arm.run.data, arm.run.prepare) for arm in arms}:
        try:
            source_info(source, prepare)
        except InputError as error:
            missing[source] = str(error)
    if not missing:
        return
    there = dict.fromkeys(arm.group for arm in arms if arm.run.data not in missing)
    told = "; ".join(missing[name] for name in sorted(missing))
    names = " ".join(shlex.quote(group) for group in there if group)
    raise InputError(told + (f"; for the others say --only {names}" if names else ""))


def _timed(arm: Arm, steps: int | None, seconds: float | None) -> Arm:
    """`arm` with its time: `seconds` if given, no limit if only `steps` are, else the study's own."""
    if seconds is None:
        return arm if steps is None else replace(arm, seconds=None)
    if arm.seconds is None:
        raise InputError("this study's runs have a number of steps, and no time; use --steps")
    return replace(arm, seconds=seconds)


def _counted(arm: Arm, folder: Path) -> Arm:
    """`arm` with the steps that its first seed had time for in a study's `folder`."""
    if arm.seconds is None:
        raise InputError("--steps-from is for studies of equal times; this study's runs have their own steps")
    first = folder / "cells" / f"{arm.slug}-s0"
    if not (first / RUN).exists():
        raise InputError(f"{folder} has no run of {arm.title}, seed 0, whose steps could be taken")
    return replace(arm, run=replace(arm.run, steps=read_run(first).steps), seconds=None)


def _seeded(arm: Arm, seed: int, steps: int | None, device: str | None) -> Run:
    run, changed = arm.run, dict[str, Any](seed=seed)
    changed |= (
        {"training.schedule_steps": run.steps} if arm.seconds is None else {"training.seconds": arm.seconds}
    )
    if steps is not None:
        changed["steps"] = min(steps, run.steps)
    if device is not None:
        changed["training.device"] = device
    return sized(override(run, changed))[0]


def _settings(run: Run) -> dict[str, Any]:
    """Flat settings, without those in `FREE`."""
    return {name: value for name, value in _flat(to_dict(run)) if name not in FREE}


def _flat(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value

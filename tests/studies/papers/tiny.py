"""A study in miniature: its own arms and scores, with fewer steps and smaller networks, in this process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from chimerae.config import override, to_dict
from chimerae.studies import Arm, Scale, Study, StudyResults, cells_of, found_in
from chimerae.studies.worker import work


def tiny(
    study: Study, folder: Path, settings: Mapping[str, Any], *, only: Sequence[str] = (), seeds: int = 1
) -> StudyResults:
    """What `study` comes to when all its arms (or those with a word of `only`) are run with `settings`."""

    def smaller(scale: Scale) -> tuple[Arm, ...]:
        return tuple(replace(arm, run=override(arm.run, settings)) for arm in study.arms(scale))

    made = cells_of(replace(study, arms=smaller), folder, scale="quick", seeds=seeds, only=only, device="cpu")
    for cell in made:
        told = {"seconds": None, "threads": 1, "command": "tiny"}
        task = {"folder": str(cell.folder), "run": to_dict(cell.run), **told}
        assert work(task) == 0, cell.label
    return found_in(made)

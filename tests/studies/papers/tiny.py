"""A study in miniature: its own arms, with fewer steps and smaller networks, in this process; only the scores
that a test looks at, and no pictures, which would take longer than the learning.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chimerae.config import override, to_dict
from chimerae.runs import evaluate
from chimerae.studies import Arm, Scale, Study, StudyResults, cells_of, found_in
from chimerae.studies.worker import work
from chimerae.training.previews import Previews


def tiny(
    study: Study,
    folder: Path,
    settings: Mapping[str, Any],
    *,
    metrics: Sequence[str],
    only: Sequence[str] = (),
    seeds: int = 1,
) -> StudyResults:
    """What `study` comes to when all its arms (or those with a word of `only`) are run with `settings`, and
    judged by those of its metrics that are named.
    """
    assert {*metrics} <= {shown.metric for shown in study.shows}
    settings = {**settings, "evaluation.metrics": list(metrics)}

    def smaller(scale: Scale) -> tuple[Arm, ...]:
        return tuple(replace(arm, run=override(arm.run, settings)) for arm in study.arms(scale))

    made = cells_of(replace(study, arms=smaller), folder, scale="quick", seeds=seeds, only=only, device="cpu")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Previews, "draw", lambda *args: None)
        patch.setattr(evaluate, "draw", lambda *args: None)
        for cell in made:
            told = {"threads": 1, "command": "tiny"}
            task = {"folder": str(cell.folder), "run": to_dict(cell.run), **told}
            assert work(task) == 0, cell.label
    return found_in(made)

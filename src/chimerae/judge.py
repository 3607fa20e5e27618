"""Evaluating a run folder: its model, its test data, its scores and pictures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from chimerae.data import prepare
from chimerae.errors import InputError
from chimerae.evaluation import Evaluation, Results, draw, evaluate, merged, read_scores, write_scores
from chimerae.evaluation.scores import DATA
from chimerae.model import load
from chimerae.progress import Progress, silent
from chimerae.recipes.folder import read_run, same_data


def judge(
    folder: str | Path,
    settings: Evaluation | None = None,
    *,
    device: str = "auto",
    progress: Progress = silent,
) -> Results:
    """Evaluate the model of the run in `folder` on its test split; writes `pictures/`, and adds to
    `scores.json`.

    The returned results are those of this evaluation. In the file they are `merged` with those of earlier
    ones of the same step; scores of another step are of other weights, and are dropped.

    Raises:
        InputError: there is no run or no model, or its data have changed.
    """
    folder = Path(folder)
    run = read_run(folder)
    model = load(folder, device=device)
    data = prepare(run.data, run.prepare, progress=progress)
    same_data(folder, data.manifest)
    results = evaluate(model.method, model.nets, data, settings or run.evaluation, progress=progress)
    weights = {"weights": "averaged" if model.averaged else "last"}
    scores = tuple(replace(s, protocol={**s.protocol, **weights}) for s in results.scores if s.of != DATA)
    results = replace(results, scores=scores + tuple(s for s in results.scores if s.of == DATA))
    draw(results.shown, folder / "pictures")
    before, step = scored(folder)
    both = merged(results, before) if step == model.step else results
    write_scores(both, model.step, folder / "scores.json")
    return results


def scored(folder: Path) -> tuple[Results, int]:
    """The contents of `scores.json` of the run in `folder`, and the step; none, at step -1, when the file is
    missing, damaged or of another version.
    """
    try:
        return read_scores(folder / "scores.json")
    except InputError:
        return Results(), -1

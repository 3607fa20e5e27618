"""Evaluate a run folder: its model on its test data, into scores and pictures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

from chimerae.data import prepare
from chimerae.data.memory import held_again
from chimerae.errors import InputError
from chimerae.evaluation import Evaluation, Results, draw, evaluate, merged, read_scores, write_scores
from chimerae.files import replace as replace_file
from chimerae.model import load
from chimerae.progress import Progress, silent
from chimerae.run_folder.schema import PICTURES, SCORES, refuse_links
from chimerae.run_folder.scores import DATA
from chimerae.runs.folder import read_run, same_data, same_size
from chimerae.runs.log_to import send_scores

WAITING: Final = f".{SCORES}.waiting"
"""File of new scores until the pictures are drawn. Those may fill the disk, so it is written before them; and
a run with scores is one that was evaluated in whole, so it has its name after them.
"""


def evaluate_run(
    folder: str | Path,
    settings: Evaluation | None = None,
    *,
    device: str = "auto",
    data: object = None,
    progress: Progress = silent,
) -> Results:
    """Evaluate the model of the run in `folder` on its test split; writes `pictures/`, and adds to
    `scores.json`.

    The returned results are those of this evaluation. In the file they are `merged` with those of earlier
    ones of the same step; scores of another step are of other weights, and are dropped.

    Args:
        folder: the run folder.
        settings: metrics and their options; those of the run when not given.
        device: "auto", "cpu", "cuda" or "mps".
        data: the data in memory that the run began with, where their prepared arrays are gone.
        progress: called while data are prepared and samples evaluated.

    Raises:
        InputError: the run or its model is missing, or its data have changed.
    """
    folder = Path(folder)
    run = read_run(folder)
    refuse_links(folder)
    same_size(folder, run)
    model = load(folder, device=device)
    with held_again(data, run.data):
        prepared = prepare(run.data, run.prepare, progress=progress)
    same_data(folder, prepared.manifest)
    results = evaluate(model.method, model.nets, prepared, settings or run.evaluation, progress=progress)
    results = _of_weights(results, "averaged" if model.averaged else "last")
    _keep(folder, results, model.step)
    send_scores(folder, results, model.step)
    return results


def _of_weights(results: Results, weights: str) -> Results:
    """`results` with the kind of weights in the protocol of every score but the data's, which come last."""
    named = tuple(
        replace(score, protocol={**score.protocol, "weights": weights})
        for score in results.scores
        if score.of != DATA
    )
    return replace(results, scores=named + tuple(score for score in results.scores if score.of == DATA))


def _keep(folder: Path, results: Results, step: int) -> None:
    """Write scores and pictures into the run folder."""
    before, their_step = scored(folder)
    write_scores(merged(results, before) if their_step == step else results, step, folder / WAITING)
    try:
        draw(results.shown, folder / PICTURES)
    finally:
        replace_file(folder / WAITING, folder / SCORES)


def scored(folder: Path) -> tuple[Results, int]:
    """The contents of `scores.json` of the run in `folder`, and the step; none, at step -1, when the file is
    missing, damaged or of another version.
    """
    try:
        return read_scores(folder / SCORES)
    except InputError:
        return Results(), -1

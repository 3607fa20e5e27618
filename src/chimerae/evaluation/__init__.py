"""Evaluation: scores with their protocols, and pictures, of a trained model.

Names are imported when they are first used, so that the settings can be read without torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chimerae.lazy import attribute

if TYPE_CHECKING:
    from chimerae.evaluation.evaluate_model import evaluate
    from chimerae.evaluation.scores import (
        Results,
        Shown,
        merged,
        read_scores,
        scores_json,
        write_scores,
    )
    from chimerae.evaluation.settings import Evaluation
    from chimerae.evaluation.visuals import draw

__all__ = [
    "Evaluation",
    "Results",
    "Shown",
    "draw",
    "evaluate",
    "merged",
    "read_scores",
    "scores_json",
    "write_scores",
]

_HOMES = {
    "evaluate_model": ("evaluate",),
    "scores": ("Results", "Shown", "merged", "read_scores", "scores_json", "write_scores"),
    "settings": ("Evaluation",),
    "visuals": ("draw",),
}


def __getattr__(name: str) -> object:
    return attribute(__name__, _HOMES, name)

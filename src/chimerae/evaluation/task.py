"""The input of every part of an evaluation."""

from __future__ import annotations

from dataclasses import dataclass

from chimerae.data import Prepared
from chimerae.evaluation.seeded_codec import SeededCodec
from chimerae.evaluation.settings import Evaluation
from chimerae.metrics import MetricContext
from chimerae.progress import Progress


@dataclass(frozen=True)
class Task:
    """A model, its data and the settings of the evaluation."""

    codec: SeededCodec
    data: Prepared
    context: MetricContext
    settings: Evaluation
    progress: Progress

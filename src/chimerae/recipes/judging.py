"""Estimate of the time of `evaluate` (the rule and its check: `docs/budgets.md`)."""

from __future__ import annotations

from importlib.util import find_spec
from math import prod
from typing import Final

import torch
from torch.nn import functional as F

from chimerae.data import Prepared
from chimerae.evaluation.features import QUICK
from chimerae.evaluation.nearest import MOST, TRAIN
from chimerae.features.classifier import BATCH, EPOCHS, FEWEST, STEPS, Classifier, kept_at, network
from chimerae.features.efficientnet import MODULE, EfficientNet
from chimerae.metrics import metrics_of
from chimerae.recipes.timing import Timing
from chimerae.recipes.work import counted
from chimerae.runs.run import Run
from chimerae.shapes import is_image

SHARE: Final = 1 / 3
"""Most of a budget that is kept for `evaluate`."""
FIXED: Final = 20.0
"""Seconds of one core for fixed costs: start, pictures, small metrics."""
STEPS_ALWAYS: Final = 10
"""Steps of training that take as long as the passes for codes and pictures."""
PASSES: Final = 2
"""Steps of training that take as long as the passes for 64 test images."""
SEEN: Final = 0.006
"""Seconds of one core that EfficientNet takes for an image."""
PAIRS_A_SECOND: Final = 1.5e10
"""Values compared in a second of one core in the search for nearest images."""


def evaluation_seconds(run: Run, data: Prepared, timing: Timing, operations: float | None) -> float:
    """Seconds that `evaluate` will take, with all metrics that need no published weights.

    Args:
        run: the run to evaluate.
        data: its data.
        timing: of its steps.
        operations: of one of its steps, as `work.count` counts them; None leaves out the classifier for
            labelled images.
    """
    n, wanted = min(len(data.test), run.evaluation.n or len(data.test)), _wanted(run)
    passes = timing.alone * (STEPS_ALWAYS + PASSES * n / run.training.batch_size)
    total = FIXED * timing.slowness + passes
    if not is_image(data.shape):
        return total
    kinds = 1 + len(run.method.decoders)
    pairs = 2 * kinds * min(n, MOST) * min(len(data.train), TRAIN) * prod(data.shape)
    if timing.on_cpu and "nearest" in wanted:
        total += pairs / PAIRS_A_SECOND * timing.slowness
    if timing.on_cpu and EfficientNet.name in wanted and find_spec(MODULE):
        sets = kinds + 1 + (len(run.method.decoders) if run.method.encodes else 0)
        total += sets * min(n, QUICK) * SEEN * timing.slowness
    if operations and Classifier.name in wanted and (classes := _classes(data)):
        steps = min(STEPS, EPOCHS * len(data.train) // BATCH)
        total += steps * timing.alone * _lesson(data, classes) / operations
    return total


def _wanted(run: Run) -> set[str]:
    """Costly inputs of the metrics of `run`: networks of features, and `nearest` training images."""
    chosen = metrics_of(run.evaluation.metrics)
    networks = {features[0] for metric in chosen if (features := getattr(metric, "features", None))}
    return networks | {"nearest" for metric in chosen if metric.needs == "nearest"}


def _classes(data: Prepared) -> int:
    """Number of classes of the classifier to train; 0 where labels are unsuitable or it exists already."""
    if data.train.labels is None or data.test.labels is None or kept_at(data).exists():
        return 0
    kinds = len(data.train.labels.unique())
    return kinds if kinds > 1 and len(data.train) >= FEWEST * kinds else 0


def _lesson(data: Prepared, classes: int) -> float:
    """Operations of one training step of that classifier."""
    with torch.device("meta"):
        layers, x = network(data.shape, classes), torch.empty(BATCH, *data.shape)
        y = torch.empty(BATCH, dtype=torch.long)
        return counted(lambda: F.cross_entropy(layers(x), y).backward())

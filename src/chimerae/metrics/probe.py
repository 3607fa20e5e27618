"""Accuracy of a linear classifier of codes."""

from __future__ import annotations

import warnings
from typing import Final

from torch import Tensor

MOST: Final = 5_000
"""Training samples that the classifier learns from."""
PER_CLASS: Final = 5
"""Training samples that every class needs on average."""
L2: Final = 1.0
"""Weight of half the squared weights beside the summed loss (scikit-learn's 1/C)."""
STEPS: Final = 200
"""Iterations of L-BFGS at most."""


def why_not(labelled: int, classes: int) -> str | None:
    """The reason why `labelled` samples of `classes` classes are no training set; None when they are one.

    >>> why_not(0, 0), why_not(90, 20), why_not(100, 20)
    ('the data have no labels', '90 training samples are too few for 20 classes', None)
    """
    if not labelled:
        return "the data have no labels"
    if classes < 2:
        return "the data have a single class"
    few = labelled < PER_CLASS * classes
    return f"{labelled} training samples are too few for {classes} classes" if few else None


def probe_accuracy(codes: Tensor, classes: Tensor, test: Tensor, asked: Tensor) -> float:
    """Share of test samples whose class a logistic regression reads from their codes, in [0, 1].

    It learns from `codes` `[m, z]` of `classes` `[m]`, of which there are two or more, and is asked for the
    classes `asked` `[n]` of `test` `[n, z]`. Every dimension is brought to mean 0 and deviation 1 over
    `codes`. Linear probes of frozen features: Alain, Bengio 2016 (arXiv 1610.01644). Give it draws from
    posteriors: their means tell the class even where the posterior is the prior to within a hair.

    >>> import torch
    >>> x = torch.tensor([[-2.0], [-1.0], [1.0], [2.0]])
    >>> probe_accuracy(x, torch.tensor([3, 3, 7, 7]), torch.tensor([[-5.0], [5.0]]), torch.tensor([3, 3]))
    0.5
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    reader = make_pipeline(StandardScaler(), LogisticRegression(C=1 / L2, max_iter=STEPS))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # near enough: the loss has hardly a slope left
        reader.fit(codes.double().numpy(), classes.numpy())
    return float(reader.score(test.double().numpy(), asked.numpy()))

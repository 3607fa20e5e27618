"""Accuracy of a linear classifier of codes."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

Array = NDArray[np.float64]

MOST: Final = 5_000
"""Training samples that the classifier learns from."""
PER_CLASS: Final = 5
"""Training samples that every class needs on average."""
L2: Final = 1.0
"""Weight of half the squared weights beside the summed loss (scikit-learn's 1/C)."""
STEPS: Final = 200
"""Iterations of L-BFGS at most."""
SLOPE: Final = 1e-4
"""Largest slope of the mean loss at which it ends, as in scikit-learn."""
GAIN: Final = 64 * float(np.finfo(np.float64).eps)
"""Largest relative gain of an iteration at which it ends, as in scikit-learn."""


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

    It learns from `codes` `[m, z]` of two or more `classes` `[m]`, and predicts the classes `asked` `[n]` of
    `test` `[n, z]`. Every dimension is standardised to mean 0 and deviation 1 over `codes`. Linear probes of
    frozen features: Alain, Bengio 2016 (arXiv 1610.01644). Give it draws from posteriors: their means reveal
    the class even if each posterior nearly equals the prior.

    >>> import torch
    >>> x = torch.tensor([[-2.0], [-1.0], [1.0], [2.0]])
    >>> probe_accuracy(x, torch.tensor([3, 3, 7, 7]), torch.tensor([[-5.0], [5.0]]), torch.tensor([3, 3]))
    0.5
    """
    x, seen = _standardised(codes.double().numpy(), test.double().numpy())
    known, y = np.unique(classes.numpy(), return_inverse=True)
    guess = known[_logits(_fitted(x, y, len(known)), seen).argmax(1)]
    return float((guess == asked.numpy()).mean())


def _standardised(x: Array, test: Array) -> tuple[Array, Array]:
    """Both, minus the mean of `x` and divided by its deviation; dimensions that are constant up to rounding
    keep their scale.
    """
    mean, variance, rounding = x.mean(0), x.var(0), len(x) * np.finfo(np.float64).eps
    constant = variance <= rounding * variance + (rounding * mean) ** 2
    deviation = np.sqrt(np.where(constant, 1.0, variance))
    return (x - mean) / deviation, (test - mean) / deviation


def _fitted(x: Array, y: NDArray[np.intp], classes: int) -> Array:
    """Weights and, in the last row, biases `[d + 1, k]` that L-BFGS finds for `x` `[n, d]` of classes `y`.

    Two classes have one column (`k = 1`): that of the second one.
    """
    from scipy.optimize import minimize

    columns, n = classes if classes > 2 else 1, len(x)

    def loss(flat: Array) -> tuple[float, Array]:
        weights = flat.reshape(-1, columns)
        logits = _logits(weights, x)
        logits -= logits.max(1, keepdims=True)
        odds = np.exp(logits)
        total = odds.sum(1, keepdims=True)
        value = (np.log(total[:, 0]) - logits[np.arange(n), y]).mean() + L2 / (2 * n) * (
            weights[:-1] ** 2
        ).sum()
        slope = odds / total
        slope[np.arange(n), y] -= 1
        slope = slope[:, -columns:] / n
        return float(value), np.vstack([x.T @ slope + L2 / n * weights[:-1], slope.sum(0)]).ravel()

    start = np.zeros((x.shape[1] + 1) * columns)
    options = {"maxiter": STEPS, "maxls": 50, "gtol": SLOPE, "ftol": GAIN}
    found: Array = minimize(loss, start, method="L-BFGS-B", jac=True, options=options).x
    return found.reshape(-1, columns)


def _logits(weights: Array, x: Array) -> Array:
    """Logits `[n, classes]`; of two classes the first one has 0."""
    logits: Array = x @ weights[:-1] + weights[-1]
    return logits if logits.shape[1] > 1 else np.hstack([np.zeros_like(logits), logits])

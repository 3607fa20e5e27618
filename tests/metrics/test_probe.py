from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from scipy.special import log_softmax

from chimerae.metrics.probe import probe_accuracy, why_not


def blobs(n: int, seed: int, classes: int = 4, d: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    """Overlapping classes in dimensions of very different scale."""
    g = torch.Generator().manual_seed(seed)
    centres = torch.randn(classes, d, generator=torch.Generator().manual_seed(9))
    labels = torch.randint(classes, (n,), generator=g)
    scale = torch.tensor([1e-3, 1.0, 1e3])[:d]
    return (centres[labels] + 0.7 * torch.randn(n, d, generator=g)) * scale, labels


def by_scipy(x: np.ndarray, y: np.ndarray, test: np.ndarray, asked: np.ndarray) -> float:
    """Multinomial logistic regression with half the squared weights as a penalty, by another minimiser."""
    mean, deviation, k = x.mean(0), x.std(0), int(y.max()) + 1
    x, test = (x - mean) / deviation, (test - mean) / deviation

    def loss(flat: np.ndarray) -> float:
        weights, bias = flat[:-k].reshape(-1, k), flat[-k:]
        logs = log_softmax(x @ weights + bias, axis=1)
        return float(-logs[np.arange(len(y)), y].sum() + (weights**2).sum() / 2)

    found = minimize(loss, np.zeros((x.shape[1] + 1) * k), method="BFGS").x
    guess = (test @ found[:-k].reshape(-1, k) + found[-k:]).argmax(1)
    return float((guess == asked).mean())


def test_it_is_the_regression_of_another_minimiser():
    (x, y), (test, asked) = blobs(200, 0), blobs(300, 1)
    expected = by_scipy(*(t.double().numpy() if t.is_floating_point() else t.numpy()
                          for t in (x, y, test, asked)))  # fmt: skip
    assert 0.6 < expected < 0.99
    assert probe_accuracy(x, y, test, asked) == pytest.approx(expected, abs=1 / 300)


def test_codes_that_tell_nothing_are_as_good_as_guessing():
    (x, y), (test, asked) = blobs(2000, 0), blobs(2000, 1)
    g = torch.Generator().manual_seed(5)
    found = probe_accuracy(torch.randn(x.shape, generator=g), y, torch.randn(test.shape, generator=g), asked)
    assert found == pytest.approx(0.25, abs=0.04)
    assert probe_accuracy(torch.zeros_like(x), y, torch.zeros_like(test), asked) < 0.35


def test_classes_that_were_never_seen_count_as_wrong():
    x, y = blobs(100, 0, classes=2)
    assert probe_accuracy(x, y, x, y + 5) == 0.0


@pytest.mark.parametrize(
    ("labelled", "classes", "reason"),
    [(0, 0, "no labels"), (50, 1, "single class"), (49, 10, "too few for 10"), (50, 10, None)],
)
def test_data_without_enough_labels_are_one_line(labelled: int, classes: int, reason: str | None):
    found = why_not(labelled, classes)
    assert found is reason is None or (reason is not None and reason in str(found))

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.special import softmax
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from chimerae.metrics.probe import L2, STEPS, _fitted, _logits, _standardised, probe_accuracy, why_not
from tests.helpers.rows import through


def blobs(n: int, seed: int, classes: int = 4, d: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    """Overlapping classes in dimensions of very different scale."""
    g = torch.Generator().manual_seed(seed)
    centres = torch.randn(classes, d, generator=torch.Generator().manual_seed(9))
    labels = torch.randint(classes, (n,), generator=g)
    scale = torch.tensor([1e-3, 1.0, 1e3])[:d]
    return (centres[labels] + 0.7 * torch.randn(n, d, generator=g)) * scale, labels


def by_scikit_learn(x: torch.Tensor, y: torch.Tensor, test: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Guesses of scikit-learn for `test`, and the probability of each class."""
    reader = make_pipeline(StandardScaler(), LogisticRegression(C=1 / L2, max_iter=STEPS))
    reader.fit(x.double().numpy(), y.numpy())
    return reader.predict(test.double().numpy()), reader.predict_proba(test.double().numpy())


@through("classes", [2, 3, 4, 10])
@through("n", [100, 2_000])
def test_it_is_the_regression_of_scikit_learn(classes: int, n: int):
    (x, y), (test, asked) = blobs(n, 0, classes), blobs(3_000, 1, classes)
    guess, expected = by_scikit_learn(x, y, test)
    accuracy = float((guess == asked.numpy()).mean())
    assert 0.3 < accuracy < 0.99
    assert probe_accuracy(x, y, test, asked) == pytest.approx(accuracy, abs=1e-6)
    seen, shown = _standardised(x.double().numpy(), test.double().numpy())
    logits = _logits(_fitted(seen, y.numpy(), classes), shown)
    np.testing.assert_allclose(softmax(logits, axis=1), expected, atol=1e-6)


def test_it_is_the_regression_of_scikit_learn_on_digits():
    """Ten classes that are nearly separable, 64 dimensions of which some are constant."""
    theirs = load_digits()
    x, y = torch.tensor(theirs.images).flatten(1), torch.tensor(theirs.target)
    learnt, told, test, asked = x[:1200], y[:1200], x[1200:], y[1200:]
    guess, _ = by_scikit_learn(learnt, told, test)
    expected = float((guess == asked.numpy()).mean())
    assert probe_accuracy(learnt, told, test, asked) == pytest.approx(expected, abs=1e-6)


def test_codes_that_tell_nothing_are_as_good_as_guessing():
    (x, y), (test, asked) = blobs(2000, 0), blobs(2000, 1)
    g = torch.Generator().manual_seed(5)
    found = probe_accuracy(torch.randn(x.shape, generator=g), y, torch.randn(test.shape, generator=g), asked)
    assert found == pytest.approx(0.25, abs=0.04)
    assert probe_accuracy(torch.zeros_like(x), y, torch.zeros_like(test), asked) < 0.35


def test_classes_that_were_never_seen_count_as_wrong():
    x, y = blobs(100, 0, classes=2)
    assert probe_accuracy(x, y, x, y + 5) == 0.0


@through(
    "labelled, classes, reason",
    [(0, 0, "no labels"), (50, 1, "single class"), (49, 10, "too few for 10"), (50, 10, None)],
)
def test_data_without_enough_labels_are_one_line(labelled: int, classes: int, reason: str | None):
    found = why_not(labelled, classes)
    assert found is reason is None or (reason is not None and reason in str(found))

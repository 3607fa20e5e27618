"""Distances of sets of features, against libraries and loops."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from prdc import compute_prdc
from scipy.linalg import sqrtm
from torch_fidelity.metric_fid import fid_statistics_to_metric
from torch_fidelity.metric_isc import isc_features_to_metric
from torch_fidelity.metric_kid import kernel_mmd, kid_features_to_metric

from chimerae.errors import InputError
from chimerae.metrics import kernel
from chimerae.metrics.feature_bank import MOST, FeatureBank
from chimerae.metrics.frechet import Moments, frechet
from chimerae.metrics.inception_score import ScoreStats
from chimerae.metrics.kernel import kernel_distance, squared_mmd
from chimerae.metrics.precision_recall import neighbourhoods
from tests.helpers.rows import through


def features(n: int, d: int, seed: int, scale: float = 1.0, shift: float = 0.0) -> torch.Tensor:
    g = torch.Generator().manual_seed(seed)
    mixed = torch.randn(n, d, generator=g) @ torch.randn(d, d, generator=torch.Generator().manual_seed(99))
    return scale * mixed + shift


def moments(rows: torch.Tensor, size: int = 64) -> Moments:
    found = Moments()
    for part in rows.split(size):
        found.add(part)
    return found


def kept(rows: torch.Tensor) -> FeatureBank:
    found = FeatureBank()
    found.add(rows)
    return found


def test_moments_are_numpys_whatever_the_batches():
    rows = features(300, 7, 0, shift=5.0)
    for size in (300, 64, 1):
        mean, covariance = moments(rows, size).normal()
        np.testing.assert_allclose(mean, rows.double().mean(0), rtol=1e-12)
        np.testing.assert_allclose(covariance, np.cov(rows.double().numpy(), rowvar=False), rtol=1e-9)


@through("n", [20, 8, 7, 6, 2])
def test_few_features_are_judged_as_many_are(n: int):
    """While there are no more of them than dimensions, they are kept as they are."""
    a, b = features(n, 7, 0).double(), features(300, 7, 1, 1.2, 0.3).double()
    for real, made in ((a, b), (b, a), (a, b[:7]), (a, b[:n] + 1)):
        (m1, s1), (m2, s2) = ((x.mean(0).numpy(), np.cov(x.numpy(), rowvar=False)) for x in (real, made))
        root = np.sqrt(np.linalg.eigvals(s1 @ s2).real.clip(0)).sum()
        expected = ((m1 - m2) ** 2).sum() + np.trace(s1 + s2) - 2 * root
        for size in (64, 3):
            found = frechet(moments(real, size), moments(made, size))
            assert found == pytest.approx(expected, rel=1e-6)
    found = moments(a, 3)
    assert (found.few is None) == (n > 7)
    again = Moments()
    again.restore(found.tensors())
    assert frechet(again, moments(b)) == frechet(found, moments(b))
    again.add(b.float())
    mixed = frechet(moments(torch.cat([a, b.float()]), 1000), moments(b))
    assert frechet(again, moments(b)) == pytest.approx(mixed, rel=1e-6)


def test_what_is_added_after_a_comparison_counts():
    a, b = features(50, 4, 0), features(50, 4, 1)
    found = moments(a)
    before = frechet(found, moments(b))
    found.add(3 * b)
    assert frechet(found, moments(b)) == pytest.approx(frechet(moments(torch.cat([a, 3 * b])), moments(b)))
    assert frechet(found, moments(b)) != pytest.approx(before)


@through("n", [400, 20])  # of 20 images the covariance of 32 features is singular
def test_frechet_is_that_of_torch_fidelity_and_of_scipy(n: int):
    a, b = features(n, 32, 0), features(n, 32, 1, 1.2, 0.3)
    found = frechet(moments(a), moments(b))
    stats = [
        {"mu": x.double().mean(0).numpy(), "sigma": np.cov(x.double().numpy(), rowvar=False)} for x in (a, b)
    ]
    (m1, s1), (m2, s2) = ((s["mu"], s["sigma"]) for s in stats)
    root = sqrtm(s1 @ s2).real
    assert found == pytest.approx(((m1 - m2) ** 2).sum() + np.trace(s1 + s2 - 2 * root), rel=1e-5)
    theirs = fid_statistics_to_metric(stats[0], stats[1], False)["frechet_inception_distance"]
    assert found == pytest.approx(theirs, rel=1e-5)


def whitened(seed: int, n: int = 1000) -> torch.Tensor:
    """Rows `[n, 2]` of mean 0 and covariance 1."""
    x = torch.randn(n, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    x = x - x.mean(0)
    return torch.linalg.solve_triangular(torch.linalg.cholesky(x.T.cov()), x.T, upper=False).T


def test_frechet_of_normals_has_a_closed_form():
    a, b = whitened(0), 3.0 * whitened(1) + torch.tensor([1.0, 2.0])
    assert frechet(moments(a, 500), moments(b, 500)) == pytest.approx(5.0 + 2 * (3.0 - 1.0) ** 2, rel=1e-5)
    assert frechet(moments(a, 500), moments(a, 300)) == pytest.approx(0.0, abs=1e-9)


def test_squared_mmd_by_loops_and_by_torch_fidelity():
    a, b = features(12, 3, 0).double(), features(12, 3, 1, 1.3).double()

    def k(x: torch.Tensor, y: torch.Tensor) -> float:
        return float((x @ y / 3 + 1) ** 3)

    pairs = [(i, j) for i in range(12) for j in range(12)]
    within = sum(k(x[i], x[j]) for x in (a, b) for i, j in pairs if i != j) / (12 * 11)
    between = sum(k(a[i], b[j]) for i, j in pairs) / 144
    assert float(squared_mmd(a, b)) == pytest.approx(within - 2 * between, rel=1e-10)
    assert float(squared_mmd(a, b)) == pytest.approx(float(kernel_mmd(a.numpy(), b.numpy())), rel=1e-9)


def test_kernel_distance_is_a_mean_over_subsets_and_repeats(monkeypatch: pytest.MonkeyPatch):
    assert (kernel.SUBSETS, kernel.SUBSET) == (100, 1000)
    monkeypatch.setattr(kernel, "SUBSET", 200)
    a, b = features(300, 8, 0), features(280, 8, 1)
    value, deviation = kernel_distance(a, b)
    assert kernel_distance(a, b) == (value, deviation)
    assert deviation is not None
    assert abs(value) < 3 * deviation  # both of one distribution
    assert kernel_distance(a, 1.5 * b)[0] > 5 * deviation
    theirs = kid_features_to_metric(a, 1.5 * b, kid_subset_size=200, verbose=False)
    ours, deviation = kernel_distance(a, 1.5 * b)  # other subsets, so as near as means of a hundred can be
    assert ours == pytest.approx(theirs["kernel_inception_distance_mean"], abs=deviation / 2)
    assert deviation == pytest.approx(theirs["kernel_inception_distance_std"], rel=0.4)
    few, spread = kernel_distance(a[:30], b[:40])  # fewer than a subset: every subset is thirty of them
    assert np.isfinite(few)
    assert spread is not None
    assert spread > 0
    assert kernel_distance(a[:30], b[:30])[1] is None


def test_kernels_of_all_pairs_give_the_same_as_those_of_each_subset(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(kernel, "SUBSET", 40)
    for made in (features(90, 8, 1, 1.3), features(60, 8, 1)):
        whole = kernel_distance(features(70, 8, 0), made)
        with monkeypatch.context() as patch:
            patch.setattr(kernel, "WHOLE", 0)
            assert kernel_distance(features(70, 8, 0), made) == pytest.approx(whole, rel=1e-9)


@through("case", [(1.0, 0.0), (0.3, 0.0), (1.0, 2.0)])
def test_neighbourhoods_are_those_of_prdc(case: tuple[float, float]):
    a, b = features(700, 5, 0), features(650, 5, 1, *case)
    found = neighbourhoods(a, b)
    three = compute_prdc(a.double().numpy(), b.double().numpy(), nearest_k=3)
    five = compute_prdc(a.double().numpy(), b.double().numpy(), nearest_k=5)
    assert found.precision == pytest.approx(three["precision"], abs=1e-9)
    assert found.recall == pytest.approx(three["recall"], abs=1e-9)
    assert found.density == pytest.approx(five["density"], abs=1e-9)
    assert found.coverage == pytest.approx(five["coverage"], abs=1e-9)


def test_kept_features_are_the_first_ten_thousand():
    found = kept(torch.arange(MOST + 5.0)[:, None])
    found.add(torch.zeros(3, 1))
    assert found.n == len(found.rows()) == MOST
    assert float(found.rows().max()) == MOST - 1


def answers(logits: torch.Tensor, size: int = 64) -> ScoreStats:
    found = ScoreStats()
    for part in logits.split(size):
        found.add(part)
    return found


def test_the_inception_score_is_that_of_torch_fidelity_on_images_that_take_turns():
    logits = features(200, 30, 0)
    turns = logits.reshape(20, 10, 30).transpose(0, 1).flatten(0, 1)  # every tenth image, one after the other
    theirs = isc_features_to_metric(turns, splits=10, shuffle=False)
    for size in (200, 64, 1):
        mean, deviation = answers(logits, size).score()
        assert mean == pytest.approx(theirs["inception_score_mean"], rel=1e-10)
        assert deviation == pytest.approx(theirs["inception_score_std"], rel=1e-9)


def test_the_inception_score_lies_between_one_and_the_classes():
    sure = 1e4 * torch.eye(7).repeat_interleave(10, 0)  # sorted by class; ten of each
    assert answers(sure).score() == (pytest.approx(7.0), pytest.approx(0.0, abs=1e-9))
    assert answers(torch.zeros(23, 7)).score() == (pytest.approx(1.0), pytest.approx(0.0, abs=1e-9))


def test_too_few_or_spoilt_features_are_refused():
    with pytest.raises(InputError, match="a covariance needs two images or more, not 1"):
        frechet(moments(features(1, 3, 0)), moments(features(9, 3, 0)))
    with pytest.raises(InputError, match="more than 5 images of either kind, not 5"):
        kept(features(5, 3, 0)).beside(kept(features(9, 3, 0)))
    with pytest.raises(InputError, match="two images or more of either kind, not 1"):
        kernel_distance(features(1, 3, 0), features(9, 3, 0))
    with pytest.raises(InputError, match="not finite"):
        frechet(moments(torch.full((4, 2), torch.nan)), moments(features(4, 2, 0)))
    with pytest.raises(InputError, match="not finite"):
        kept(torch.full((9, 2), torch.nan)).beside(kept(features(9, 2, 0)))
    with pytest.raises(InputError, match="needs 10 images or more, not 9"):
        answers(features(9, 3, 0)).score()
    with pytest.raises(InputError, match="not finite"):
        answers(torch.full((20, 2), torch.nan)).score()


def test_stored_statistics_keep_their_names():
    """They are a part of keys in caches: another name would have everything gathered anew."""
    assert [each.stored_as for each in (Moments, FeatureBank, ScoreStats)] == ["Moments", "Kept", "Answers"]

from __future__ import annotations

from math import erf, sqrt

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.optimize import minimize

from chimerae.data import edges as data
from chimerae.metrics.edges import Profiles, binary_share, edge_misfit, edge_width, erf_profile, fitted


def normal(u: float) -> float:
    return (1 + erf(u / sqrt(2))) / 2


@pytest.mark.parametrize(("place", "width"), [(8.0, 1.5), (3.3, 0.4), (12.9, 4.0)])
def test_the_profile_is_the_integral_of_the_normal_distribution_function(place, width):
    ours = erf_profile(torch.tensor(place), torch.tensor(width), 16)
    theirs = [quad(lambda t: normal((t - place) / width), i, i + 1, epsabs=1e-12)[0] for i in range(16)]
    np.testing.assert_allclose(ours, theirs, atol=1e-6)  # place and width come as float32


def test_the_profile_is_the_mean_of_edges_at_normal_places():
    g = torch.Generator().manual_seed(0)
    places = 8.0 + 2.0 * torch.randn(40_000, generator=g)
    rows = np.stack([data.edge(float(place)) for place in places[:20_000]])
    np.testing.assert_allclose(erf_profile(torch.tensor(8.0), torch.tensor(2.0), 16), rows.mean(0), atol=0.01)


@pytest.mark.parametrize(("place", "width"), [(8.02, 1.0), (5.5, 3.1), (10.0, 0.3)])
def test_the_fit_finds_what_an_optimiser_finds(place, width):
    rng = np.random.default_rng(0)
    row = erf_profile(torch.tensor(place), torch.tensor(width), 16).numpy() + 0.02 * rng.standard_normal(16)

    def distance(x: np.ndarray) -> float:
        tried = erf_profile(torch.tensor(x[0]), torch.tensor(abs(x[1])), 16).numpy()
        return float(np.sqrt(np.mean((tried - row) ** 2)))

    best = minimize(distance, [place, width], method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-9})
    widths, misfits = fitted(torch.from_numpy(row)[None])
    assert widths.item() == pytest.approx(abs(best.x[1]), rel=0.1)  # a step of the grid is 14 percent
    assert misfits.item() == pytest.approx(best.fun, abs=0.006)
    assert misfits.item() >= best.fun - 1e-9


def test_edges_of_the_data_are_sharp_and_of_one_grey_pixel():
    rows = torch.from_numpy(np.stack([data.edge(float(p)) for p in data.places("test")[:300]]))
    seen = Profiles()
    seen.add(rows[:, None, None, :].expand(-1, 1, 16, 16))
    assert edge_width(seen) < 0.15
    assert edge_misfit(seen) < 0.01
    assert binary_share(seen) == pytest.approx(1 - 0.8 / 16, abs=0.005)


def test_shares_by_hand():
    seen = Profiles()
    seen.add(torch.tensor([0.0, 0.09, 0.11, 0.5, 0.91, 1.0]).reshape(1, 1, 1, 6))
    assert binary_share(seen) == pytest.approx(4 / 6)


def test_places_are_uniform_and_splits_differ():
    train, test = data.places("train"), data.places("test")
    assert (train.min() >= 2, train.max() <= 14) == (True, True)
    counts = torch.histc(train, 12, 2, 14)
    assert (counts - 8192 / 12).abs().max() < 5 * (8192 / 12) ** 0.5
    assert len(set(train[:2048].tolist()) & set(test.tolist())) < 10  # float32 has only so many numbers
    assert torch.equal(test, data.places("test"))

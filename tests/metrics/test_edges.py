from __future__ import annotations

from math import erf, sqrt

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.optimize import minimize

from chimerae.data import builtin as data
from chimerae.metrics.edges import (
    Profiles,
    binary_share,
    edge_misfit,
    edge_width,
    erf_profile,
    fitted,
    open_width,
    place_gap,
    places,
)
from tests.helpers.rows import through


def normal(u: float) -> float:
    return (1 + erf(u / sqrt(2))) / 2


@through("place, width", [(8.0, 1.5), (3.3, 0.4), (12.9, 4.0)])
def test_the_profile_is_the_integral_of_the_normal_distribution_function(place, width):
    ours = erf_profile(torch.tensor(place), torch.tensor(width), 16)
    theirs = [quad(lambda t: normal((t - place) / width), i, i + 1, epsabs=1e-12)[0] for i in range(16)]
    np.testing.assert_allclose(ours, theirs, atol=1e-6)  # place and width come as float32


def test_the_profile_is_the_mean_of_edges_at_normal_places():
    places = 8.0 + 2.0 * torch.special.ndtri((torch.arange(20_000.0) + 0.5) / 20_000)
    rows = np.stack([data.edge_row(float(place)) for place in places])
    np.testing.assert_allclose(erf_profile(torch.tensor(8.0), torch.tensor(2.0), 16), rows.mean(0), atol=1e-3)


@through("place, width", [(8.02, 1.0), (5.5, 3.1), (10.0, 0.3)])
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
    rows = torch.from_numpy(np.stack([data.edge_row(float(p)) for p in data.edge_places("test")[:300]]))
    seen = Profiles()
    seen.add(rows[:, None, None, :].expand(-1, 1, 16, 16))
    assert edge_width(seen) < 0.15
    assert edge_misfit(seen) < 0.01
    assert binary_share(seen) == pytest.approx(1 - 0.8 / 16, abs=0.005)


def images_at(found: torch.Tensor) -> torch.Tensor:
    """Images `[n, 1, 16, 16]` of ideal edges at `found` `[n]`."""
    rows = torch.from_numpy(np.stack([data.edge_row(float(place)) for place in found]))
    return rows[:, None, None, :].expand(-1, 1, 16, 16)


def seen(found: torch.Tensor) -> Profiles:
    profiles = Profiles()
    profiles.add(images_at(found))
    return profiles


def test_a_linear_ramp_is_told_from_an_erf_profile():
    """At the width that the study finds; what decides there is the bound in `studies/blur.py`."""
    width, n = 0.88, 64
    fine = (torch.arange(16 * n, dtype=torch.float64) + 0.5) / n
    at = 8 + torch.linspace(0, 0.9, 10, dtype=torch.float64)[:, None]
    ramp = ((fine - at) / (width * 12**0.5) + 0.5).clamp(0, 1).reshape(10, 16, n).mean(2)
    bell = erf_profile(at[:, 0], torch.full((10,), width, dtype=torch.float64), 16)
    assert fitted(bell)[1].mean() < 0.005
    assert fitted(ramp)[1].mean() > 0.01


@through("width", [0.3, 1.0, 2.5])
def test_a_blur_does_not_move_an_edge(width):
    blurred = erf_profile(torch.tensor([7.9]), torch.tensor([width]), 16)
    assert places(blurred).item() == pytest.approx(7.9, abs=0.01)
    assert places(images_at(torch.tensor([7.9])).mean((1, 2))).item() == pytest.approx(7.9, abs=1e-5)


@through("n", [300, 200, 7])
def test_the_gap_of_places_is_the_area_between_their_distributions(n):
    g = torch.Generator().manual_seed(0)
    here, there = data.edge_places("test")[:300], 6 + 2 * torch.rand(n, generator=g)
    at = torch.linspace(0, 16, 20_001)[:, None]
    apart = ((here <= at).double().mean(1) - (there <= at).double().mean(1)).abs()
    assert place_gap(seen(here), seen(there)) == pytest.approx(float(apart.mean() * 16), rel=5e-3)


def test_one_edge_in_the_middle_is_three_pixels_from_the_data():
    here = data.edge_places("test")
    away = (here - 8.0).abs().mean().item()
    assert place_gap(seen(here), seen(torch.full((20,), 8.0))) == pytest.approx(away, rel=0.005)
    assert away == pytest.approx(3.0, abs=4 * 3**0.5 / len(here) ** 0.5), "of places from 2 to 14"
    assert place_gap(seen(here), seen(data.edge_places("train")[: len(here)])) < 0.15


@through("width", [0.6, 1.5])
def test_what_codes_leave_open_is_the_width_of_their_mean(width):
    """Codes that name the place up to normal noise: by theory the mean is an erf profile of that width."""
    g = torch.Generator().manual_seed(0)
    found = data.edge_places("train")[:2000]
    codes = (found + width * torch.randn(2000, generator=g))[:, None]
    asked = 5 + 6 * torch.rand(400, 1, generator=g)
    assert open_width(codes, asked, images_at(found)) == pytest.approx(width, rel=0.08)
    assert open_width(found[:, None], asked, images_at(found)) < 0.2


def test_codes_that_say_nothing_leave_everything_open():
    g = torch.Generator().manual_seed(0)
    codes, asked = torch.randn(2, 500, 1, generator=g)
    assert open_width(codes, asked, images_at(data.edge_places("train")[:500])) > 3


def test_shares_by_hand():
    seen = Profiles()
    seen.add(torch.tensor([0.0, 0.09, 0.11, 0.5, 0.91, 1.0]).reshape(1, 1, 1, 6))
    assert binary_share(seen) == pytest.approx(4 / 6)


def test_places_are_uniform_and_splits_differ():
    train, test = data.edge_places("train"), data.edge_places("test")
    assert (train.min() >= 2, train.max() <= 14) == (True, True)
    counts = torch.histc(train, 12, 2, 14)
    assert (counts - 8192 / 12).abs().max() < 5 * (8192 / 12) ** 0.5
    assert len(set(train[:2048].tolist()) & set(test.tolist())) < 10  # float32 has only so many numbers
    assert torch.equal(test, data.edge_places("test"))

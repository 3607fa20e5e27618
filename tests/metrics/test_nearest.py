from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.neighbors import NearestNeighbors

from chimerae.errors import InputError
from chimerae.metrics.nearest import NEIGHBOURS, RARE, copied, mean_distance, nearest
from tests.helpers.rows import through

SHAPE = (3, 6, 5)


def others(n: int, seed: int = 0) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).integers(0, 256, (n, *SHAPE), dtype=np.uint8))


def images(n: int) -> torch.Tensor:
    return torch.rand(n, *SHAPE, generator=torch.Generator().manual_seed(1))


@through("size", [1, 7, 60, 200])
def test_neighbours_are_those_of_scikit_learn(size: int):
    train, x = others(200), images(20)
    distances, which = nearest(x, train.split(size), k=9)
    rows = train.flatten(1).double().numpy()
    search = NearestNeighbors(n_neighbors=9, algorithm="brute").fit(rows)
    expected, indices = search.kneighbors(255 * x.flatten(1).double().numpy())
    np.testing.assert_array_equal(which, indices)
    np.testing.assert_allclose(distances, expected / np.sqrt(rows.shape[1]), rtol=1e-5)


def test_by_loops():
    train, x = others(12), images(4)
    found = nearest(x, [train], k=1)
    for i, image in enumerate(x):
        rmse = [
            float(np.sqrt(((255 * image.double().numpy() - t.double().numpy()) ** 2).mean())) for t in train
        ]
        assert float(found[0][i, 0]) == pytest.approx(min(rmse), rel=1e-6)
        assert int(found[1][i, 0]) == int(np.argmin(rmse))


def test_a_training_image_is_its_own_neighbour():
    train = others(50)
    distances, which = nearest(train[10:20].float() / 255, train.split(8))
    assert (which[:, 0] == torch.arange(10, 20)).all()
    assert (distances[:, 0] < 1e-4).all()
    assert distances.shape == (10, 50)


def test_fewer_training_images_than_neighbours_are_all_neighbours():
    distances, which = nearest(images(3), others(4).split(3), k=10)
    assert which.sort(1).values.tolist() == [[0, 1, 2, 3]] * 3
    assert (distances.diff(dim=1) >= 0).all()


def test_copies_stand_out_and_the_mean_of_all_does_not():
    train = others(400).float()
    test, fresh = (nearest(others(200, seed).float() / 255, [train.byte()])[0] for seed in (1, 2))
    assert copied(test, test) == pytest.approx(RARE, abs=0.006)
    assert copied(fresh, test) < 0.06
    noise = torch.randn(40, *SHAPE, generator=torch.Generator().manual_seed(0))
    copies = nearest((train[:40] / 255 + 0.02 * noise).clamp(0, 1), [train.byte()])[0]
    assert copied(copies, test) == 1.0
    blurred = nearest((train.mean(0).expand(40, *SHAPE) + noise) / 255, [train.byte()])[0]
    assert mean_distance(blurred) < mean_distance(test)
    assert copied(blurred, test) == 0.0
    assert copied(torch.cat([copies, blurred]), test) == 0.5


def test_the_share_is_that_of_loops():
    g = torch.Generator().manual_seed(0)
    made, test = (torch.rand(n, NEIGHBOURS, generator=g).sort(1).values for n in (300, 400))
    quotients = [np.array([row[0] / row.mean() for row in x.double().numpy()]) for x in (made, test)]
    expected = (quotients[0] <= np.quantile(quotients[1], RARE)).mean()
    assert copied(made, test) == pytest.approx(expected)


def test_doubles_in_the_data_are_no_division_by_zero():
    zeros = torch.zeros(30, 5)
    assert copied(zeros, zeros) == 1.0


@through("n, k", [(19, 5), (30, 1)])
def test_too_few_images_are_one_line(n: int, k: int):
    with pytest.raises(InputError, match="20 test images and 2 training images"):
        copied(torch.rand(4, k), torch.rand(n, k))


def test_no_images_have_no_distance():
    with pytest.raises(InputError, match="no images"):
        mean_distance(torch.empty(0, 5))

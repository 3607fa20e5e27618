"""Probabilistic PCA of features against scikit-learn's, and against Bayes' rule."""

from __future__ import annotations

import pytest
import torch
from sklearn.decomposition import PCA

from chimerae.errors import InputError
from chimerae.features.principal import LEAST, Principal, components
from tests.helpers.rows import through


def correlated(n: int, h: int, seed: int = 0) -> torch.Tensor:
    g = torch.Generator().manual_seed(seed)
    mixing = torch.randn(h, h, dtype=torch.float64, generator=g) * 0.6 ** torch.arange(h)
    return torch.randn(n, h, dtype=torch.float64, generator=g) @ mixing.T + 3.0


def test_variances_are_those_of_scikit_learns_probabilistic_pca():
    x = correlated(400, 7)
    theirs = PCA(3).fit(x.numpy())
    directions, variances = components(x - x.mean(0), 3)
    kept = torch.from_numpy(theirs.explained_variance_)
    torch.testing.assert_close(variances, theirs.noise_variance_ / kept)
    ours = directions * kept.sqrt()[:, None]
    torch.testing.assert_close(ours.abs(), torch.from_numpy(theirs.components_).abs())
    assert (ours.gather(1, ours.abs().argmax(1, keepdim=True)) > 0).all()


def test_the_posterior_is_that_of_bayes_rule():
    """x = W z + noise of variance t, z ~ N(0, I): `z | x` is normal with precision `I + W'W / t`."""
    x = correlated(500, 6)
    centred = x - x.mean(0)
    directions, variances = components(centred, 2)
    values, vectors = torch.linalg.eigh(centred.T @ centred / 499)
    t, kept = values[:4].mean(), values[4:].flip(0)
    W = vectors[:, 4:].flip(1) * (kept - t).sqrt()
    covariance = torch.linalg.inv(torch.eye(2, dtype=torch.float64) + W.T @ W / t)
    torch.testing.assert_close(covariance, torch.diag(variances))
    means = centred @ W @ covariance / t
    ours = (1 - variances).sqrt() * (centred @ directions.T)
    torch.testing.assert_close(ours.abs(), means.abs())


@through("z_dim", [1, 4, 8])
def test_codes_of_the_measured_data_have_mean_0_and_covariance_i(z_dim):
    h = correlated(300, 8)
    code = Principal(8, z_dim).double()
    code.measure(h, [8])
    q = code(h)
    whole = q.mu.T.cov().reshape(z_dim, z_dim) + torch.diag(q.variance)
    torch.testing.assert_close(q.mu.mean(0), torch.zeros(z_dim, dtype=torch.float64), atol=1e-9, rtol=0)
    torch.testing.assert_close(whole, torch.eye(z_dim, dtype=torch.float64))
    assert q.logvar.shape == (z_dim,)


def test_latent_loss_b_is_the_squared_distance_of_features_in_units_of_the_noise():
    """`sum (l_j - t) / t (e_j - z_j)^2 / 2`: between two samples, that of what the model keeps of them."""
    from chimerae.losses.latent import latent_b

    h = correlated(300, 6)
    code = Principal(6, 2).double()
    code.measure(h, [6])
    q, e = code(h[:5]), (h[:5] - h.mean(0)) @ code.directions.T
    z = e.flip(0)
    scaled = (h - h.mean(0)) / (h - h.mean(0)).square().sum().div(299).sqrt()
    values = torch.linalg.eigvalsh(scaled.T @ scaled / 299).flip(0)
    t = values[2:].mean()
    expected = 0.5 * ((values[:2] - t) / t * (e - z).square()).sum(1)
    torch.testing.assert_close(latent_b(q, z), expected)


def test_parts_weigh_the_same_whatever_their_units():
    a, b = correlated(200, 4, 1), correlated(200, 3, 2)
    codes = []
    for unit in (1.0, 1000.0):
        h = torch.cat([a, unit * b], 1)
        code = Principal(7, 3).double()
        code.measure(h, [4, 3])
        codes.append(code(h).mu)
    torch.testing.assert_close(codes[0], codes[1])
    whole = Principal(7, 3).double()
    whole.measure(torch.cat([a, 1000.0 * b], 1), [7])
    assert not torch.allclose(whole(torch.cat([a, 1000.0 * b], 1)).mu, codes[1], atol=0.1)


def test_features_of_low_rank_leave_the_rest_of_the_code_unused():
    h = correlated(50, 2) @ torch.randn(2, 6, dtype=torch.float64)
    code = Principal(6, 4).double()
    code.measure(h, [6])
    q = code(h)
    torch.testing.assert_close(q.variance, torch.tensor([LEAST, LEAST, 1.0, 1.0], dtype=torch.float64))
    assert (q.mu[:, 2:] == 0).all()
    assert q.mu.isfinite().all()
    code.measure(torch.full((5, 6), 2.0, dtype=torch.float64), [6])
    assert (code(h).mu == 0).all()


def test_bad_features_are_refused():
    with pytest.raises(InputError, match="gives 4 features, too few for a code of 5 numbers"):
        Principal(4, 5)
    with pytest.raises(InputError, match="gives 5,000 features, and at most 4,096"):
        Principal(5000, 5)
    for h in (torch.zeros(1, 4), torch.full((3, 4), torch.nan)):
        with pytest.raises(InputError, match="no code"):
            Principal(4, 2).measure(h, [4])


def test_the_code_is_in_float32_under_autocast():
    code = Principal(4, 2)
    h = torch.randn(3, 4)
    exact = code(h).mu
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(code(h).mu, exact)

from __future__ import annotations

import pytest
import torch

from chimerae import noise
from chimerae.errors import InputError
from chimerae.losses.kernels import SCALES, imq, mmd, moment_gap
from tests.helpers.rows import through


def pair(n: int, d: int, *seed: int | str) -> torch.Tensor:
    return torch.randn(2, n, d, dtype=torch.float64, generator=noise.generator("kernels", *seed))


def by_double_loop(p, q, scales, sigma2):
    """The U-statistic, pair by pair."""
    n, d = p.shape

    def k(a, b):
        c = [2 * d * sigma2 * s for s in scales]
        return sum(one / (one + float(((a - b) ** 2).sum())) for one in c)

    others = [(i, j) for i in range(n) for j in range(n) if i != j]
    within = sum(k(p[i], p[j]) + k(q[i], q[j]) for i, j in others) / (n * (n - 1))
    return within - 2 * sum(k(a, b) for a in p for b in q) / n**2


@through("scales", SCALES)
@through("sigma2", [1.0, 2.0])
def test_mmd_is_the_double_loop(scales, sigma2):
    p, q = pair(7, 3)
    q = 0.5 * q + 1
    assert (
        abs(mmd(p, q, SCALES[scales], sigma2).item() - by_double_loop(p, q, SCALES[scales], sigma2)) < 1e-12
    )


@through("scales", SCALES)
def test_mmd_of_equal_laws_is_zero_on_average_and_sometimes_negative(scales):
    values = torch.stack([mmd(*pair(16, 4, draw), SCALES[scales]) for draw in range(1000)])
    assert abs(values.mean()) < 3 * values.std() / 1000**0.5
    assert 200 < (values < 0).sum() < 800


def test_mmd_of_different_laws_is_positive_and_grows():
    p, q = pair(200, 2)
    values = [mmd(p, scale * q + shift, SCALES["single"]) for scale, shift in ((1, 0), (1, 0.5), (1, 2))]
    assert values[0].abs() < 0.01
    assert values[0] < values[1] < values[2]
    assert mmd(p, 0.1 * q, SCALES["single"]) > 0.05


def test_its_constant_grows_with_the_dimension_and_the_priors_variance():
    """Scaling codes and prior together changes nothing: codes may be measured in prior deviations."""
    p, q = pair(20, 5)
    torch.testing.assert_close(
        mmd(3 * p, 3 * q, SCALES["seven"], 9.0), mmd(p, q, SCALES["seven"]), rtol=1e-12, atol=0
    )
    a, b = pair(2000, 64)
    assert abs(imq(a[:500], b[:500], SCALES["single"]).mean() - 0.5) < 0.02  # methods.md 23
    assert len(SCALES["seven"]) == 7


def test_gradients_reach_the_codes_and_leave_out_the_diagonal():
    p, q = pair(4, 2)
    q.requires_grad_()
    (slope,) = torch.autograd.grad(mmd(p, q, SCALES["seven"]), q)
    assert torch.autograd.gradcheck(lambda q: mmd(p, q, SCALES["seven"]), q)
    assert slope.isfinite().all()
    assert slope.any()


def test_one_code_is_refused():
    with pytest.raises(InputError, match="2 codes"):
        mmd(torch.zeros(1, 3), torch.zeros(1, 3), SCALES["single"])


def test_moment_gap():
    p, q = pair(50, 3)
    gap = (p.mean(0) - q.mean(0)).square().mean() + (torch.cov(p.T) - torch.cov(q.T)).square().mean()
    torch.testing.assert_close(moment_gap(p, q), gap)
    assert moment_gap(p, p) == 0
    assert moment_gap(p, p[torch.randperm(50)]) < 1e-20
    assert moment_gap(p, p + 2).item() == pytest.approx(4.0)

"""Priors fitted to the codes of training data, for samples of a model whose codes do not follow N(0, I).

Source: ex-post density estimation, Ghosh et al. 2020 (arXiv 1903.12436), section 4: a Gaussian, or a mixture
of ten.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Final, Literal

import torch
from torch import Tensor

from chimerae import noise
from chimerae.data import Split
from chimerae.errors import InputError
from chimerae.evaluation.seeded_codec import SeededCodec, pieces, spread
from chimerae.extras import require

Fitted = Literal["gaussian", "mixture"]
COMPONENTS: Final = 10
"""Gaussians of a mixture, as in the source."""
PER_COMPONENT: Final = 5
"""Codes that a Gaussian of a mixture needs, for each dimension; fewer codes get fewer Gaussians."""
MOST_CODES: Final = 10_000
"""Codes that are fitted, at most."""
RIDGE: Final = 1e-4
"""Added to the variances, so that codes of little variance can be fitted."""


@dataclass(frozen=True)
class FittedPrior:
    """A mixture of `k` Gaussians over codes of `z` dimensions, float32 on the CPU."""

    weights: Tensor
    """`[k]`, summing to 1."""
    means: Tensor
    """`[k, z]`."""
    factors: Tensor
    """Lower triangular factors of the covariances, `[k, z, z]`."""
    n_codes: int
    """Codes that it was fitted to."""

    @property
    def facts(self) -> dict[str, str | int | float]:
        """Protocol facts of samples from this prior."""
        return {"code": "fitted prior", "gaussians": len(self.weights), "fitted_to": self.n_codes}

    def codes(self, start: int, stop: int, seed: int) -> Tensor:
        """Codes `start` to `stop` of an endless table, `[stop - start, z]`.

        A code depends on its number and on `seed` alone.
        """
        random = noise.rows(start, stop, 1 + self.means.shape[1], "fitted prior", seed)
        share = torch.special.ndtr(random[:, 0].double())
        which = torch.searchsorted(self.weights.double().cumsum(0), share).clamp(max=len(self.weights) - 1)
        return self.means[which] + torch.einsum("nij,nj->ni", self.factors[which], random[:, 1:])


def fit_to(codec: SeededCodec, train: Split, kind: Fitted) -> FittedPrior:
    """The prior fitted to posterior codes of at most `MOST_CODES` samples, spread over the training split.

    Raises:
        InputError: the method has no encoder, codes are not finite, or scikit-learn is missing.
    """
    if not codec.method.encodes:
        raise InputError(f"{codec.method.name} has no encoder, so no prior can be fitted to its codes")
    indices = spread(len(train), MOST_CODES)
    with codec.nets.evaluating():
        parts = [
            codec.posterior(train.take(indices[a:b]).to(codec.device), a, "fitted prior")
            for a, b in pieces(len(indices), codec.batch_size)
        ]
    return fitted(torch.cat(parts), kind, codec.seed)


def fitted(codes: Tensor, kind: Fitted, seed: int = 0) -> FittedPrior:
    """The prior fitted to `codes` `[n, z]`.

    Raises:
        InputError: fewer than two codes, codes that are not finite, or scikit-learn is missing.
    """
    n, z = codes.shape
    if n < 2 or not bool(codes.isfinite().all()):
        raise InputError(f"no prior can be fitted to {n} codes, some of which may not be finite")
    exact = codes.double()
    if kind == "gaussian" or (k := min(COMPONENTS, n // (PER_COMPONENT * z))) < 2:
        covariance = exact.T.cov().reshape(z, z) + RIDGE * torch.eye(z, dtype=torch.float64)
        return _prior(torch.ones(1), exact.mean(0)[None], covariance[None], n)
    require("priors")
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a fit that moves a little still is a density
        found = GaussianMixture(k, reg_covar=RIDGE, random_state=seed % 2**32).fit(exact.numpy())
    weights, means = torch.from_numpy(found.weights_), torch.from_numpy(found.means_)
    return _prior(weights, means, torch.from_numpy(found.covariances_), n)


def _prior(weights: Tensor, means: Tensor, covariances: Tensor, n: int) -> FittedPrior:
    return FittedPrior(weights.float(), means.float(), torch.linalg.cholesky(covariances).float(), n)

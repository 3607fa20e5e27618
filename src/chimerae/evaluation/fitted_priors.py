"""Priors fitted to the codes of training data, for samples of a model whose codes do not follow N(0, I).

Source: ex-post density estimation, Ghosh et al. 2020 (arXiv 1903.12436), section 4: a Gaussian, or a mixture
of ten. Clusters and the flow (`chimerae.evaluation.flow`) are ours.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from math import log, pi
from typing import Final, Protocol

import numpy as np
import torch
from torch import Tensor

from chimerae import noise
from chimerae.data import Split
from chimerae.errors import InputError
from chimerae.evaluation.flow import Flow, fit_flow
from chimerae.evaluation.seeded_codec import SeededCodec, pieces, spread
from chimerae.evaluation.settings import Fitted
from chimerae.extras import require

COMPONENTS: Final = 10
"""Gaussians of a mixture, as in the source."""
PER_COMPONENT: Final = 5
"""Codes that a Gaussian of a mixture or a cluster needs, for each dimension; few codes get few of them."""
CLUSTERS: Final = 100
"""Clusters of k-means, at most."""
ROUNDS: Final = 50
"""Rounds of k-means."""
MOST_CODES: Final = 10_000
"""Codes that are fitted, at most."""
RIDGE: Final = 1e-4
"""Added to the variances, so that codes of little variance can be fitted."""


class CodePrior(Protocol):
    """A distribution of codes."""

    @property
    def facts(self) -> dict[str, str | int | float]:
        """Protocol facts of samples from this prior."""
        ...

    def codes(self, start: int, stop: int, seed: int) -> Tensor:
        """Codes `start` to `stop` of an endless table, `[stop - start, z]`.

        A code depends on its number and on `seed` alone.
        """
        ...

    def log_density(self, z: Tensor) -> Tensor:
        """Log density of codes `[n, z]` in nats, `[n]`."""
        ...


@dataclass(frozen=True)
class FlowPrior:
    """A normalising flow over codes of `z` dimensions, float32 on the CPU."""

    flow: Flow
    n_codes: int
    """Codes that it was fitted to, the held-out ones included."""

    @property
    def facts(self) -> dict[str, str | int | float]:
        """Protocol facts of samples from this prior."""
        return {"code": "fitted prior", "couplings": len(self.flow.couplings), "fitted_to": self.n_codes}

    def codes(self, start: int, stop: int, seed: int) -> Tensor:
        """As `CodePrior.codes`: the flow's inverse of rows of noise."""
        with torch.no_grad():
            return self.flow.codes(noise.rows(start, stop, len(self.flow.mean), "fitted prior", seed))

    def log_density(self, z: Tensor) -> Tensor:
        """Log density of codes `[n, z]` in nats, `[n]`."""
        with torch.no_grad():
            return self.flow.log_density(z)


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
    parts: str = "gaussians"
    """Name of the Gaussians in a protocol."""

    @property
    def facts(self) -> dict[str, str | int | float]:
        """Protocol facts of samples from this prior."""
        return {"code": "fitted prior", self.parts: len(self.weights), "fitted_to": self.n_codes}

    def codes(self, start: int, stop: int, seed: int) -> Tensor:
        """As `CodePrior.codes`."""
        random = noise.rows(start, stop, 1 + self.means.shape[1], "fitted prior", seed)
        share = torch.special.ndtr(random[:, 0].double())
        which = torch.searchsorted(self.weights.double().cumsum(0), share).clamp(max=len(self.weights) - 1)
        return self.means[which] + torch.einsum("nij,nj->ni", self.factors[which], random[:, 1:])

    def log_density(self, z: Tensor) -> Tensor:
        """Log density of codes `[n, z]` in nats, `[n]`."""
        gaps = (z[None] - self.means[:, None]).transpose(1, 2)
        u = torch.linalg.solve_triangular(self.factors, gaps, upper=False)
        slopes = self.factors.diagonal(dim1=1, dim2=2).log().sum(1)
        each = self.weights.log() - slopes - 0.5 * z.shape[1] * log(2 * pi)
        return torch.logsumexp(each[:, None] - 0.5 * u.square().sum(1), 0)


def fit_to(codec: SeededCodec, train: Split, kind: Fitted) -> CodePrior:
    """The prior fitted to posterior codes of at most `MOST_CODES` samples, spread over the training split.

    Raises:
        InputError: the method has no encoder, codes are not finite, or scikit-learn is missing for a mixture.
    """
    if not codec.method.encodes:
        raise InputError(f"{codec.method.name} has no encoder, so no prior can be fitted to its codes")
    indices = spread(len(train), MOST_CODES)
    with codec.nets.evaluating():
        parts = [
            codec.posterior(
                train.take(indices[a:b]).to(codec.device), a, "fitted prior", train.labels_of(indices[a:b])
            )
            for a, b in pieces(len(indices), codec.batch_size)
        ]
    return fitted(torch.cat(parts), kind, codec.seed)


def fitted(codes: Tensor, kind: Fitted, seed: int = 0) -> CodePrior:
    """The prior fitted to `codes` `[n, z]`. Too few codes for two clusters or Gaussians get one Gaussian.

    Raises:
        InputError: fewer than two codes, codes that are not finite, or scikit-learn is missing for a mixture.
    """
    n, z = codes.shape
    if n < 2 or not bool(codes.isfinite().all()):
        raise InputError(f"no prior can be fitted to {n} codes, some of which may not be finite")
    exact = codes.double()
    k = min({"mixture": COMPONENTS, "kmeans": CLUSTERS}.get(kind, 1), n // (PER_COMPONENT * z))
    if k > 1:
        return _mixture(exact, k, seed) if kind == "mixture" else _clusters(exact, k, seed)
    covariance = exact.T.cov().reshape(z, z) + RIDGE * torch.eye(z, dtype=torch.float64)
    one = _prior(torch.ones(1), exact.mean(0)[None], covariance[None], n)
    if kind == "flow":
        return FlowPrior(fit_flow(codes.float(), one.means[0], one.factors[0], seed), n)
    return one


def _mixture(codes: Tensor, k: int, seed: int) -> FittedPrior:
    """A mixture of `k` Gaussians with covariances of their own, by expectation maximisation."""
    require("priors")
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a fit that moves a little still is a density
        found = GaussianMixture(k, reg_covar=RIDGE, random_state=seed % 2**32).fit(codes.numpy())
    weights, means = torch.from_numpy(found.weights_), torch.from_numpy(found.means_)
    return _prior(weights, means, torch.from_numpy(found.covariances_), len(codes))


def _clusters(codes: Tensor, k: int, seed: int) -> FittedPrior:
    """The clusters of k-means, each drawn by its share of the codes, as a Gaussian around its mean.

    The covariance of a cluster of `m` codes is its own, with weight `m`, and the mean one within all
    clusters, with weight `z`: a small cluster has too few codes for its own. Clusters without codes are left
    out.
    """
    from scipy.cluster.vq import kmeans2

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of clusters without codes
        rng = np.random.default_rng(seed % 2**32)
        distinct = min(k, len(codes.unique(dim=0)))
        _, found = kmeans2(codes.numpy(), distinct, iter=ROUNDS, minit="++", rng=rng)
    which, z = torch.from_numpy(found).long(), codes.shape[1]
    parts = [part for i in range(k) if len(part := codes[which == i])]
    means = torch.stack([part.mean(0) for part in parts])
    own = torch.stack([part.T.cov(correction=0).reshape(z, z) for part in parts])
    sizes = torch.tensor([len(part) for part in parts], dtype=torch.float64)
    shares = sizes / len(codes)
    within = torch.einsum("k,kij->ij", shares, own)
    weights = (sizes / (sizes + z))[:, None, None]
    covariances = weights * own + (1 - weights) * within + RIDGE * torch.eye(z, dtype=torch.float64)
    return _prior(shares, means, covariances, len(codes), "clusters")


def _prior(
    weights: Tensor, means: Tensor, covariances: Tensor, n: int, parts: str = "gaussians"
) -> FittedPrior:
    factors = torch.linalg.cholesky(covariances).float()
    return FittedPrior(weights.float(), means.float(), factors, n, parts)

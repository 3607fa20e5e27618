"""Principal components of features as a posterior: probabilistic PCA with the noise that is left out.

Source: Tipping and Bishop 1999 (Probabilistic principal component analysis, J. R. Stat. Soc. B 61), section
3. With eigenvectors `u_j` and eigenvalues `l_j` of the covariance of features, and the mean `t` of the
eigenvalues that are left out, the posterior of a code is normal, after a rotation of codes: its variances are
`s_j^2 = t / l_j`, its means `sqrt(1 - s_j^2) e_j` for the whitened component `e_j`.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from math import log
from typing import Final

import torch
from torch import Tensor, nn

from chimerae.errors import InputError
from chimerae.gaussian import Gaussian

START: Final = log(0.1)
"""Log-variance of codes before the components are measured."""
LEAST: Final = 1e-4
"""Smallest variance of a code: features that it explains wholly leave no noise."""
WIDEST: Final = 4096
"""Largest number of features whose covariance is taken apart."""


class Principal(nn.Module):
    """`features [B, h] -> Gaussian` over `z_dim` dimensions, one `sigma` `[z]` for all samples.

    Without parameters: `measure` fills its buffers. Until then directions are random and orthonormal.
    """

    def __init__(self, width: int, z_dim: int) -> None:
        """For features of `width` numbers.

        Raises:
            InputError: there are fewer features than dimensions, or too many features.
        """
        super().__init__()
        if width < z_dim:
            raise InputError(
                f"the encoder gives {width:,} features, too few for a code of {z_dim:,} numbers; "
                "set --method.z-dim, --method.encoder-places or another --method.encoder"
            )
        if width > WIDEST:
            raise InputError(
                f"the encoder gives {width:,} features, and at most {WIDEST:,} are taken apart; "
                "set --method.encoder-places or another --method.encoder"
            )
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("directions", nn.init.orthogonal_(torch.empty(z_dim, width)))
        self.register_buffer("logvar", torch.full((z_dim,), START))

    def forward(self, h: Tensor) -> Gaussian:
        """Posterior of each sample."""
        mean, directions, logvar = (self.get_buffer(name) for name in ("mean", "directions", "logvar"))
        with nullcontext() if h.is_meta else torch.autocast(h.device.type, enabled=False):
            whitened = (h.to(mean.dtype) - mean) @ directions.T
            return Gaussian((1.0 - logvar.exp()).sqrt() * whitened, logvar)

    @torch.no_grad()
    def measure(self, h: Tensor, widths: Sequence[int]) -> None:
        """Take mean, directions and variances from the features `h` `[n, sum of widths]` of training data.

        Each of the parts of so many `widths` is first divided by its total deviation: all weigh the same.

        Raises:
            InputError: there are fewer than two samples, or features are not finite.
        """
        if len(h) < 2 or not bool(h.isfinite().all()):
            raise InputError(f"no code can be made from the features of {len(h)} samples, if all are finite")
        exact = h.double()
        mean = exact.mean(0)
        centred = exact - mean
        scale = torch.cat([1.0 / _deviation(part) for part in centred.split(list(widths), 1)])
        directions, variances = components(centred * scale, len(self.get_buffer("logvar")))
        self.get_buffer("mean").copy_(mean)
        self.get_buffer("directions").copy_(directions * scale)
        self.get_buffer("logvar").copy_(variances.log())


def components(centred: Tensor, z_dim: int) -> tuple[Tensor, Tensor]:
    """The first `z_dim` principal components of `centred` `[n, h]`: directions `[z, h]`, along which their
    variance is 1, and the posterior's variances `[z]`, in [`LEAST`, 1].

    A component without variance has the direction 0 and the variance 1. Signs are those that make the largest
    number of a direction positive.

    >>> x = torch.tensor([[3.0, 0.0], [-3.0, 0.0], [0.0, 1.0], [0.0, -1.0]], dtype=torch.float64)
    >>> directions, variances = components(x, 1)
    >>> [round(value, 4) for value in directions[0].tolist()], round(variances.item(), 4)
    ([0.4082, 0.0], 0.1111)
    """
    values, vectors = torch.linalg.eigh(centred.T @ centred / (len(centred) - 1))
    values = values.flip(0).clamp(min=0.0)
    kept, found = values[:z_dim], vectors.T.flip(0)[:z_dim]
    left_out = values[z_dim:].mean() if len(values) > z_dim else values.new_zeros(())
    there = kept > 1e-12 * values[0]
    largest = found.gather(1, found.abs().argmax(1, keepdim=True)).sign()
    root = torch.where(there, kept, 1.0).sqrt()
    directions = torch.where(there[:, None], largest * found / root[:, None], 0.0)
    ratios = torch.where(there, left_out / torch.where(there, kept, 1.0), 1.0)
    return directions, ratios.clamp(LEAST, 1.0)


def _deviation(centred: Tensor) -> Tensor:
    """The root of the summed variances of `[n, h]`, for each of its features `[h]`; 1 where it is 0."""
    total = (centred.square().sum() / (len(centred) - 1)).sqrt()
    return torch.where(total > 0, total, torch.ones_like(total)).expand(centred.shape[1])

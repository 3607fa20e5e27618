"""The hinge game between a critic's logit `c` (> 0 means real) and a generator, one value per logit.

Source: Lim and Ye 2017 (Geometric GAN, arXiv 1705.02894), equations 9 and 10; the generator's cost is
`chimerae.losses.adversarial.linear`.
"""

from __future__ import annotations

from torch import Tensor


def hinge_real(c: Tensor) -> Tensor:
    """Critic's cost `max(1 - c, 0)` of real samples: without slope where it is sure.

    >>> import torch
    >>> hinge_real(torch.tensor([-1.0, 0.0, 2.0]))
    tensor([2., 1., 0.])
    """
    return (1.0 - c).clamp(min=0.0)


def hinge_fake(c: Tensor) -> Tensor:
    """Critic's cost `max(1 + c, 0)` of generated samples.

    >>> import torch
    >>> hinge_fake(torch.tensor([-2.0, 0.0, 1.0]))
    tensor([0., 1., 2.])
    """
    return (1.0 + c).clamp(min=0.0)

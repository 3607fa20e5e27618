"""Parts of all introspective methods: the plain VAE of their warm-up, and the encoder's look at fakes."""

from __future__ import annotations

from torch import Tensor

from chimerae.gaussian import Gaussian
from chimerae.losses.reconstruction import ERROR_WEIGHTS, Likelihood, squared_error
from chimerae.methods.method import Clock, Losses
from chimerae.nets import Net, Nets


def warm_up(
    nets: Nets,
    x: Tensor,
    clock: Clock,
    beta_rec: float = 1.0,
    beta_kl: float = 1.0,
    likelihood: Likelihood = "unit",
) -> Losses:
    """The turn of a plain VAE, `beta_rec R1 + beta_kl KL`, for both players; `likelihood` weighs R1."""
    q = nets.encoder(x)
    x_r, kl = nets.decoder(q.sample()), q.kl()
    rec = squared_error(x, x_r)
    clock.log(rec=rec, kl=kl)
    loss = (beta_rec * ERROR_WEIGHTS[likelihood](x, x_r) * rec + beta_kl * kl).mean()
    return {"encoder": loss, "decoder": loss}


def warming_up(clock: Clock, steps: int, share: float) -> bool:
    """True in the first `steps` steps and the first `share` of the run.

    >>> [warming_up(Clock(step, 100), 10, 0.2) for step in (0, 15, 20)]
    [True, True, False]
    """
    return clock.step < steps or clock.progress < share


def encode_fake(E: Net, D: Net, x_k: Tensor, *, detach_target: bool) -> tuple[Gaussian, Tensor]:
    """Posterior of generated samples `x_k` and their reconstruction error `[B]`, as the encoder's turn has
    them.

    The encoder judges samples, not how they were made: it is given `sg(x_k)` (the papers' stop-gradient). The
    published codes leave the target of the error attached (`detach_target=False`).
    """
    q_k = E.untracked(x_k.detach())
    target = x_k.detach() if detach_target else x_k
    return q_k, squared_error(target, D.untracked(q_k.sample()))


def fake_recon_error(weight: Tensor | float, D: Net, *fakes: tuple[Tensor, Gaussian]) -> Tensor | float:
    """`weight` times the decoder's mean error `[B]` on samples and codes that are all constants.

    With a weight of 0 no pass is made.
    """
    if not weight:
        return 0.0
    errors = (squared_error(x_k.detach(), D.untracked(q_k.sample().detach())) for x_k, q_k in fakes)
    return weight / len(fakes) * sum(errors)


def scale_of(x: Tensor, scale: float | None) -> float:
    """`scale`, or 1 over the number of values of a sample (`s`).

    >>> import torch
    >>> scale_of(torch.zeros(4, 3, 2, 2), None), scale_of(torch.zeros(4, 2), 0.1)
    (0.08333333333333333, 0.1)
    """
    return 1.0 / x[0].numel() if scale is None else scale

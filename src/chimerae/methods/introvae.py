"""IntroVAE, introspective variational autoencoder (Huang et al. 2018, arXiv 1807.06358)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import ClassVar, Literal, final

from pydantic import Field
from pydantic.dataclasses import dataclass
from torch import Tensor, nn

from chimerae.config import STRICT
from chimerae.losses.introspective import HINGES, Hinge
from chimerae.losses.reconstruction import NLL, Likelihood, half_squared_error
from chimerae.methods.introspection import warm_up, warming_up
from chimerae.methods.method import Clock, Losses, Method
from chimerae.nets import Architecture, Nets
from chimerae.shapes import UNIT, Shape, ValueRange

AlphaG = Literal["same", "0.5"]


@final
@dataclass(frozen=True, kw_only=True, config=STRICT)
class IntroVAE(Method):
    """A VAE whose encoder is its own critic: the KL of generated images is pushed up to a margin."""

    name: ClassVar[str] = "introvae"
    players: ClassVar[Mapping[str, tuple[str, ...]]] = {"encoder": ("encoder",), "decoder": ("decoder",)}
    exported: ClassVar[tuple[str, ...]] = ("encoder", "decoder")
    value_range: ClassVar[ValueRange] = UNIT

    z_dim: int = Field(default=128, ge=1)
    """Dimensions of the code; 512 in the paper, at 256 px and more."""
    m: float = Field(default=120.0, gt=0)
    """Margin in nats up to which the KL of generated images is raised; it must exceed the KL of data
    clearly.
    """
    alpha: float = Field(default=0.25, ge=0)
    """Weight of the adversarial terms; half the published code's `weight_neg`."""
    beta: float = Field(default=0.1, ge=0)
    """Weight of the reconstruction, half a squared error; twice the published code's `weight_rec`."""
    likelihood: Likelihood = "unit"
    """Variance of the decoder: 1, or `estimated` from the errors of each batch (sigma-VAE), so that `beta`
    means the same for every number of pixels.
    """
    hinge: Hinge = "per_sample"
    """The margin holds for every image (the paper), or for the mean of the batch (the published code)."""
    alpha_g: AlphaG = "same"
    """The decoder's weight of the adversarial terms: `alpha` (the paper), or 0.5 (the published code)."""
    decoder_error: bool = True
    """Give the decoder the reconstruction error too. False: KLs alone, as the slides on AS-IntroVAE print its
    loss and as the IntroVAE in their code has it; the decoder then ignores the codes of data.
    """
    warmup_steps: int = Field(default=0, ge=0)
    """Steps at the beginning as a plain VAE (`R1 + KL`)."""
    warmup_share: float = Field(default=0.0, ge=0, lt=1)
    """Share of the run as a plain VAE, where that is more than `warmup_steps` steps."""

    def networks(self, shape: Shape, arch: Architecture) -> Mapping[str, nn.Module]:
        """Encoder and decoder; images have a linear output."""
        return {
            "encoder": arch.encoder(shape, self.z_dim),
            "decoder": arch.decoder(self.z_dim, shape, output="linear"),
        }

    def play(self, nets: Nets, x: Tensor, clock: Clock) -> Iterator[Losses]:
        """Two turns (algorithm 1): the encoder judges, the decoder then answers the moved encoder."""
        if warming_up(clock, self.warmup_steps, self.warmup_share):
            yield warm_up(nets, x, clock, likelihood=self.likelihood)[0]
            return
        E, D = nets.encoder, nets.decoder
        q = E(x)
        x_r, x_p = D(q.sample()), D.untracked(self.prior(x))
        rec, nll, kl = half_squared_error(x, x_r), NLL[self.likelihood](x, x_r), q.kl()
        kl_r, kl_p = E.untracked(x_r.detach()).kl(), E.untracked(x_p.detach()).kl()  # ng(.)
        hinge = HINGES[self.hinge](kl_r, self.m) + HINGES[self.hinge](kl_p, self.m)
        clock.log(rec=rec, kl=kl, kl_rec=kl_r, kl_fake=kl_p, hinge=hinge)
        yield {"encoder": (kl + self.alpha * hinge + self.beta * nll).mean()}  # eq. 11

        kl_r, kl_p = E.untracked(x_r).kl(), E.untracked(x_p).kl()  # D has not moved: its images are the same
        alpha = ALPHAS_G[self.alpha_g](self.alpha)
        beta = self.beta if self.decoder_error else 0.0
        yield {"decoder": (alpha * (kl_r + kl_p) + beta * nll).mean()}  # eq. 12


ALPHAS_G: Mapping[AlphaG, Callable[[float], float]] = {"same": lambda alpha: alpha, "0.5": lambda alpha: 0.5}

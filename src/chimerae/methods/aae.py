"""AAE, adversarial autoencoder (Makhzani et al. 2015, arXiv 1511.05644)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar, Literal, final

from pydantic import Field
from pydantic.dataclasses import dataclass
from torch import Tensor, nn

from chimerae.config import STRICT
from chimerae.losses.adversarial import logistic_fake, logistic_real, non_saturating
from chimerae.losses.reconstruction import half_squared_error
from chimerae.methods.method import Clock, Losses, Method
from chimerae.nets import Architecture, Nets
from chimerae.shapes import Shape


@final
@dataclass(frozen=True, kw_only=True, config=STRICT)
class AAE(Method):
    """An autoencoder that alternates between reconstruction and a game of its codes against the prior."""

    name: ClassVar[str] = "aae"
    players: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "autoencoder": ("encoder", "decoder"),
        "critic": ("critic",),
        "generator": ("encoder",),
    }
    exported: ClassVar[tuple[str, ...]] = ("encoder", "decoder")

    z_dim: int = Field(default=8, ge=1)
    """Dimensions of the code; 8 for the paper's MNIST."""
    sigma: Literal["none", "free"] = "none"
    """Spread of a code: none, or one per sample (the paper's Gaussian posterior)."""

    def networks(self, shape: Shape, arch: Architecture) -> Mapping[str, nn.Module]:
        """Encoder, decoder, and a critic that sees codes."""
        return {
            "encoder": arch.encoder(shape, self.z_dim, scale=self.sigma),
            "decoder": arch.decoder(self.z_dim, shape),
            "critic": arch.code_critic(self.z_dim),
        }

    def play(self, nets: Nets, x: Tensor, clock: Clock) -> Iterator[Losses]:
        """Three turns: reconstruction, then the two sides of the game on codes."""
        E, D, A = nets.encoder, nets.decoder, nets.critic
        rec = half_squared_error(x, D(E(x).sample()))
        clock.log(rec=rec)
        yield {"autoencoder": rec.mean()}  # section 2, reconstruction phase

        z_q = E.untracked(x).sample()  # the encoder has moved
        a_prior, a_code = A(self.prior(x)), A(z_q)
        clock.log(a_prior=a_prior, a_code=a_code)
        yield {"critic": (logistic_real(a_prior) + logistic_fake(a_code)).mean()}  # regularisation phase
        yield {"generator": non_saturating(A(z_q)).mean()}  # the critic has moved, the codes are the same

"""Soft-IntroVAE (Daniel and Tamar 2021, arXiv 2012.13253), and its bootstrap variant."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import ClassVar, Literal, final

from pydantic import Field
from pydantic.dataclasses import dataclass
from torch import Tensor, nn

from chimerae.config import STRICT
from chimerae.gaussian import Gaussian
from chimerae.losses.introspective import exp_elbo
from chimerae.losses.reconstruction import ERROR_WEIGHTS, squared_error
from chimerae.methods.conditional import Conditional
from chimerae.methods.introspection import SoftIntrospective, encode_fake, fake_recon_error, scale_of
from chimerae.methods.method import Clock, Losses, Target
from chimerae.nets import Architecture, Nets, Network
from chimerae.shapes import Shape

Variant = Literal["plain", "bootstrap"]


@final
@dataclass(frozen=True, kw_only=True, config=STRICT)
class SoftIntroVAE(Conditional, SoftIntrospective):
    """A VAE whose encoder is its own critic, with the exponential of generated images' ELBO for a margin."""

    name: ClassVar[str] = "soft-introvae"
    variant: Variant = "plain"
    """Network that reconstructs generated images: the decoder, or for `bootstrap` a copy that lags behind."""
    target_every: int = Field(default=1000, ge=1)
    """Steps between the copies of `bootstrap`; the published code copies once per epoch."""

    @property
    def targets(self) -> Mapping[str, Target]:
        """The target decoder of `bootstrap`."""
        return TARGETS[self.variant](self.target_every)

    def networks(self, shape: Shape, arch: Architecture) -> Mapping[str, nn.Module]:
        """Encoder and decoder; images have a linear output."""
        return super().networks(shape, self.conditioned(arch))

    def play(self, nets: Nets, x: Tensor, clock: Clock) -> Iterator[Losses]:
        """Two turns (algorithm 1): the encoder judges, the decoder then answers the moved encoder."""
        if self._warming_up(clock):
            yield self._warm_up(nets, x, clock)
            return
        E, D, s = nets.encoder, nets.decoder, scale_of(x, self.scale)
        q = E(x)
        x_r, x_f = D(q.sample()), D.untracked(self.prior(x))
        rec, kl = squared_error(x, x_r), q.kl()
        beta_rec = self.beta_rec * ERROR_WEIGHTS[self.likelihood](x, x_r)
        (q_r, rec_r), (q_f, rec_f) = (self._encode_fake(nets, fake) for fake in (x_r, x_f))
        neg = self._exponent_kl(nets, s, s * beta_rec * rec)
        exp_r = exp_elbo(s * beta_rec * rec_r + neg * q_r.kl())
        exp_f = exp_elbo(s * beta_rec * rec_f + neg * q_f.kl())
        clock.log(rec=rec, kl=kl, kl_rec=q_r.kl(), kl_fake=q_f.kl(), exp_elbo=(exp_r + exp_f) / 2)
        real = s * (beta_rec * rec + self.beta_kl * kl)
        yield {"encoder": (real + (exp_r + exp_f) / 4).mean()}  # eq. 3, L_E: 1/alpha, and two fakes

        q_r, q_f = E.untracked(x_r), E.untracked(x_f)  # D has not moved: its images are the same
        fake = self.beta_kl * (q_r.kl() + q_f.kl()) / 2 + self._fake_recon_error(
            nets, beta_rec, (x_r, q_r), (x_f, q_f)
        )
        yield {"decoder": (s * (beta_rec * rec + fake)).mean()}  # eq. 3, L_D

    def _encode_fake(self, nets: Nets, x_k: Tensor) -> tuple[Gaussian, Tensor]:
        reconstructor = RECONSTRUCTORS[self.variant](nets)
        return encode_fake(nets.encoder, reconstructor, x_k, detach_target=self.detach_target)

    def _fake_recon_error(
        self, nets: Nets, beta_rec: Tensor | float, *fakes: tuple[Tensor, Gaussian]
    ) -> Tensor | float:
        return FAKE_RECON_ERRORS[self.variant](
            self.gamma_r, beta_rec, RECONSTRUCTORS[self.variant](nets), *fakes
        )


def _through_target(
    gamma_r: float, beta_rec: Tensor | float, T: Network, *fakes: tuple[Tensor, Gaussian]
) -> Tensor | float:
    """As `fake_recon_error`, but only the target decoder's weights are constant."""
    if not gamma_r:
        return 0.0
    errors = (squared_error(x_k, T.untracked(q_k.sample())) for x_k, q_k in fakes)
    return gamma_r * beta_rec / len(fakes) * sum(errors)


TARGETS: Mapping[Variant, Callable[[int], Mapping[str, Target]]] = {
    "plain": lambda every: {},
    "bootstrap": lambda every: {"target": Target("decoder", every)},
}
RECONSTRUCTORS: Mapping[Variant, Callable[[Nets], Network]] = {
    "plain": lambda nets: nets.decoder,
    "bootstrap": lambda nets: nets.target,
}
FAKE_RECON_ERRORS: Mapping[Variant, Callable[..., Tensor | float]] = {
    "plain": fake_recon_error,
    "bootstrap": _through_target,
}

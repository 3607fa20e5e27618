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
from chimerae.losses.reconstruction import ERROR_WEIGHTS, Likelihood, squared_error
from chimerae.methods.introspection import encode_fake, fake_recon_error, scale_of, warm_up, warming_up
from chimerae.methods.method import Clock, Losses, Method, Target
from chimerae.nets import Architecture, Net, Nets
from chimerae.shapes import UNIT, Shape, ValueRange

Variant = Literal["plain", "bootstrap"]


@final
@dataclass(frozen=True, kw_only=True, config=STRICT)
class SoftIntroVAE(Method):
    """A VAE whose encoder is its own critic, with the exponential of generated images' ELBO for a margin."""

    name: ClassVar[str] = "soft-introvae"
    players: ClassVar[Mapping[str, tuple[str, ...]]] = {"encoder": ("encoder",), "decoder": ("decoder",)}
    exported: ClassVar[tuple[str, ...]] = ("encoder", "decoder")
    value_range: ClassVar[ValueRange] = UNIT

    z_dim: int = Field(default=128, ge=1)
    """Dimensions of the code."""
    beta_rec: float = Field(default=1.0, ge=0)
    """Weight of every reconstruction error (squared, summed over pixels)."""
    likelihood: Likelihood = "unit"
    """Weight of squared errors: 1, or `estimated`, `1 / (2 v)` with the variance `v` of the errors of each
    batch of data (sigma-VAE), so that the weights of KLs mean the same for every number of pixels.
    """
    beta_kl: float = Field(default=1.0, ge=0)
    """Weight of the KL of data for the encoder, and of generated images for the decoder."""
    beta_neg: float = Field(default=256.0, ge=0)
    """Weight of the KL of generated images in the encoder's exponent."""
    gamma_r: float = Field(default=0.0, ge=0)
    """Weight of generated images' reconstruction error for the decoder. The published code has 1e-8, which
    costs two passes and float32 cannot see; `bootstrap` has 1.
    """
    exponent_kl: float | None = Field(default=None, ge=0)
    """Weight of the KL of generated images in the encoder's exponent, the same for every number of pixels;
    none: `scale * beta_neg` (the published code; 1/12 at 32 px in colour with its 256).
    """
    scale: float | None = Field(default=None, gt=0)
    """Factor of every ELBO (`s`); none: 1 over the number of values of a sample, so 1/2 for points."""
    warmup_steps: int = Field(default=0, ge=0)
    """Steps at the beginning as a plain VAE."""
    warmup_share: float = Field(default=0.0, ge=0, lt=1)
    """Share of the run as a plain VAE, where that is more than `warmup_steps` steps."""
    scaled_warmup: bool = False
    """The plain VAE's loss is multiplied by `s` too; the published code does not. That changes no step of the
    VAE, but Adam's memory of its gradients, 1/s times larger than the game's, else holds the game still for
    some thousand steps where s is small.
    """
    detach_target: bool = True
    """In the encoder's turn, reconstructions are constants as targets too; False in the published code."""
    variant: Variant = "plain"
    """Who rebuilds generated images: the decoder, or `bootstrap`, a copy of it that lags behind."""
    target_every: int = Field(default=1000, ge=1)
    """Steps between the copies of `bootstrap`; the published code copies once per epoch."""

    @property
    def targets(self) -> Mapping[str, Target]:
        """The target decoder of `bootstrap`."""
        return TARGETS[self.variant](self.target_every)

    def networks(self, shape: Shape, arch: Architecture) -> Mapping[str, nn.Module]:
        """Encoder and decoder; images end in nothing."""
        return {
            "encoder": arch.encoder(shape, self.z_dim),
            "decoder": arch.decoder(self.z_dim, shape, output="linear"),
        }

    def play(self, nets: Nets, x: Tensor, clock: Clock) -> Iterator[Losses]:
        """Two turns (algorithm 1): the encoder judges, the decoder then answers the moved encoder."""
        if warming_up(clock, self.warmup_steps, self.warmup_share):
            scale = scale_of(x, self.scale) if self.scaled_warmup else 1.0
            weights = scale * self.beta_rec, scale * self.beta_kl
            yield warm_up(nets, x, clock, *weights, self.likelihood)
            return
        E, D, s = nets.encoder, nets.decoder, scale_of(x, self.scale)
        q = E(x)
        x_r, x_f = D(q.sample()), D(self.prior(x))
        rec, kl = squared_error(x, x_r), q.kl()
        beta_rec = self.beta_rec * ERROR_WEIGHTS[self.likelihood](x, x_r)
        (q_r, rec_r), (q_f, rec_f) = (self._encode_fake(nets, fake) for fake in (x_r, x_f))
        neg = s * self.beta_neg if self.exponent_kl is None else self.exponent_kl
        exp_r = exp_elbo(s * beta_rec * rec_r + neg * q_r.kl())
        exp_f = exp_elbo(s * beta_rec * rec_f + neg * q_f.kl())
        clock.log(rec=rec, kl=kl, kl_rec=q_r.kl(), kl_fake=q_f.kl(), exp_elbo=(exp_r + exp_f) / 2)
        real = s * (beta_rec * rec + self.beta_kl * kl)
        yield {"encoder": (real + (exp_r + exp_f) / 4).mean()}  # eq. 3, L_E: 1/alpha, and two fakes

        q_r, q_f = E.untracked(x_r), E.untracked(x_f)  # D has not moved: its images still stand
        fake = self.beta_kl * (q_r.kl() + q_f.kl()) / 2 + self._fake_recon_error(
            nets, beta_rec, (x_r, q_r), (x_f, q_f)
        )
        yield {"decoder": (s * (beta_rec * rec + fake)).mean()}  # eq. 3, L_D

    def _encode_fake(self, nets: Nets, x_k: Tensor) -> tuple[Gaussian, Tensor]:
        judge = JUDGES[self.variant](nets)
        return encode_fake(nets.encoder, judge, x_k, detach_target=self.detach_target)

    def _fake_recon_error(
        self, nets: Nets, beta_rec: Tensor | float, *fakes: tuple[Tensor, Gaussian]
    ) -> Tensor | float:
        return FAKE_RECON_ERRORS[self.variant](self.gamma_r * beta_rec, JUDGES[self.variant](nets), *fakes)


def _through_target(weight: Tensor | float, T: Net, *fakes: tuple[Tensor, Gaussian]) -> Tensor | float:
    """As `fake_recon_error`, but nothing is a constant except the target decoder's weights."""
    if not weight:
        return 0.0
    return weight / len(fakes) * sum(squared_error(x_k, T.untracked(q_k.sample())) for x_k, q_k in fakes)


TARGETS: Mapping[Variant, Callable[[int], Mapping[str, Target]]] = {
    "plain": lambda every: {},
    "bootstrap": lambda every: {"target": Target("decoder", every)},
}
JUDGES: Mapping[Variant, Callable[[Nets], Net]] = {
    "plain": lambda nets: nets.decoder,
    "bootstrap": lambda nets: nets.target,
}
FAKE_RECON_ERRORS: Mapping[Variant, Callable[..., Tensor | float]] = {
    "plain": fake_recon_error,
    "bootstrap": _through_target,
}

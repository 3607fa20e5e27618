"""Biadversarial VAE (Fickinger 2019, arXiv 1902.03517): both halves of the ELBO as games, no Gaussian."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import ClassVar, Literal, Self, final

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass
from torch import Tensor, nn

from chimerae.config import STRICT
from chimerae.errors import InputError
from chimerae.gaussian import Gaussian
from chimerae.losses.penalties import R1
from chimerae.losses.ratios import Game, Ratio
from chimerae.losses.reconstruction import half_squared_error
from chimerae.methods.method import Clock, Losses, Method
from chimerae.nets import Architecture, Nets, Network
from chimerae.shapes import UNIT, Shape, ValueRange


@final
@dataclass(frozen=True, kw_only=True, config=STRICT)
class Biadversarial(Method):
    """A VAE whose posterior and likelihood are networks fed with noise, compared with prior and data by two
    critics of density ratios. Its decoder is linear at the end: images may leave [0, 1].
    """

    name: ClassVar[str] = "biadversarial"
    exported: ClassVar[tuple[str, ...]] = ("encoder", "decoder")
    value_range: ClassVar[ValueRange] = UNIT

    z_dim: int = Field(default=100, ge=1)
    """Dimensions of the code."""
    noise: int = Field(default=32, ge=1)
    """Numbers of noise that the encoder gets beside the sample, and the decoder beside the code."""
    inference_disc: Literal["conditional", "marginal"] = "conditional"
    """Codes that T1 compares with the prior: a code seen with its `x` (the paper), or codes alone. The latter
    make the sum of both games the ELBO.
    """
    generative_disc: Literal["joint", "image", "none"] = "joint"
    """Inputs that T2 compares: `(x, z)` with `(decoded, z)` (the paper), images alone (the published code;
    demands no reconstruction), or none: the likelihood is Gaussian, and only the posterior is a network's
    (then `recon_weight` is the inverse of the likelihood's variance; Mescheder et al. 2017).
    """
    ratio: Ratio = "fgan"
    """Loss that teaches critics log-ratios: f-GAN's bound, or that of a classifier."""
    clamp: float = Field(default=10.0, gt=0)
    """Log-ratio above which `exp T` is replaced by its tangent."""
    divergences: Literal["paper", "code"] = "paper"
    """Reverse KL of codes and forward KL of images (`paper`), or the other way round (`code`)."""
    decoder_loss: Literal["exact", "surrogate"] = "exact"
    """The decoder's share in its divergence, or (`surrogate`) the mean log-ratio that it should raise:
    slopes are bounded, and it is another divergence.
    """
    beta: float = Field(default=1.0, ge=0)
    """Weight of the inference game in the encoder's loss."""
    recon_weight: float = Field(default=0.0, ge=0)
    """Weight of half the squared error in the encoder's loss: a remedy for the collapse of the conditional
    pairing, not in the paper. Without a T2 it is the only link from encoder and decoder to the data.
    """
    recon_reduction: Literal["sum", "mean"] = "sum"
    """Sum or mean of the squared error over the numbers of a sample. With `mean`, a weight has the same
    effect beside the games for images of every size; not in the paper.
    """
    recon_warmup: float = Field(default=0.0, ge=0, le=1)
    """Share of the run over which `recon_weight` rises from 0, as a square: the posterior begins as the
    prior, and sees all modes before it can fall to one.
    """
    r1: float = Field(default=0.0, ge=0)
    """Weight of a penalty on the generative critic's slope at data (R1's gamma), which keeps it from running
    ahead; 0 in the paper.
    """
    r1_every: int = Field(default=4, ge=1)
    """Steps between two penalties; each weighs that many times as much."""

    @model_validator(mode="after")
    def _something_to_learn(self) -> Self:
        if self.recon_weight == 0 and self.generative_disc == "none":
            raise InputError("without a generative critic recon_weight must be above 0: 1 / variance")
        return self

    @property
    def players(self) -> Mapping[str, tuple[str, ...]]:
        """Critics, decoder, encoder; there is one critic where the likelihood is Gaussian."""
        both = ("inference_critic", "generative_critic")
        critics = both[:1] if self.generative_disc == "none" else both
        return {"critics": critics, "decoder": ("decoder",), "encoder": ("encoder",)}

    @property
    def noise_dim(self) -> int:
        """Numbers of the decoder's noise."""
        return self.noise

    def networks(self, shape: Shape, arch: Architecture) -> Mapping[str, nn.Module]:
        """Encoder and decoder with noise, and two critics without BatchNorm: a ratio belongs to a sample."""
        networks = {
            "encoder": arch.noisy_encoder(shape, self.z_dim, self.noise),
            "decoder": arch.decoder(self.z_dim + self.noise, shape, output="linear"),
            "inference_critic": INFERENCE_CRITICS[self.inference_disc](arch, shape, self.z_dim),
        }
        if self.generative_disc != "none":
            networks["generative_critic"] = GENERATIVE_CRITICS[self.generative_disc](arch, shape, self.z_dim)
        return networks

    def play(self, nets: Nets, x: Tensor, clock: Clock) -> Iterator[Losses]:
        """Three turns on one batch: both critics, the decoder, the encoder."""
        if self.generative_disc == "none":
            yield from self._with_likelihood(nets, x, clock)
            return
        E, D, game = nets.encoder, nets.decoder, self._game
        T1 = SEEN[self.inference_disc](nets.inference_critic)
        T2 = SEEN[self.generative_disc](nets.generative_critic)
        z_q, z = E(x, self.prior(x, self.noise)), self.prior(x)
        code = self.with_noise(z_q)
        x_r = D(code)
        t_q, t_p = T1(x, z_q), T1(x, z)
        (t_x, slope), t_r = self._at_data(nets, clock, x, z_q), T2(x_r, z_q)
        self._watch(clock, t_q, t_p, t_x, t_r)
        yield {"critics": (game.cost(t_q, t_p) + game.cost(t_x, t_r) + slope).mean()}  # [6-9], [14-17]

        yield {"decoder": DECODER_LOSSES[self.decoder_loss](game, T2(x_r, z_q)).mean()}  # [18]

        x_r = D(code)  # the decoder has moved, the codes are the same
        v1 = game.of_first(T1(x, z_q))
        v2 = DATA_SHARES[self.generative_disc](game, T2, x, z_q) + game.of_second(T2(x_r, z_q))
        rec = self._error(x, x_r)
        yield {"encoder": (self.beta * v1 + v2 + self._recon_weight(clock) * rec).mean()}  # [19]

    def _at_data(self, nets: Nets, clock: Clock, x: Tensor, z_q: Tensor) -> tuple[Tensor, Tensor]:
        """T2 of data, and the penalty on its slope there, `[B]` each."""
        seen = PAIRS[self.generative_disc](x, z_q)
        answer, slope = R1(self.r1, self.r1_every)(nets.generative_critic, clock.step, *seen)
        return answer, slope

    def _with_likelihood(self, nets: Nets, x: Tensor, clock: Clock) -> Iterator[Losses]:
        """The same turns where `-log p(x|z)` is half a squared error over a variance, and T1 plays alone."""
        E, D, game, weight = nets.encoder, nets.decoder, self._game, self._recon_weight(clock)
        T1 = SEEN[self.inference_disc](nets.inference_critic)
        z_q, z = E(x, self.prior(x, self.noise)), self.prior(x)
        t_q, t_p = T1(x, z_q), T1(x, z)
        clock.log(**{GAPS[self.inference_disc]: game.of_first(t_q) + game.of_second(t_p)})
        yield {"critics": game.cost(t_q, t_p).mean()}  # [6-9]

        code = self.with_noise(z_q)
        rec = self._error(x, D(code))
        clock.log(rec=rec)
        yield {"decoder": (weight * rec).mean()}  # [11-12]

        rec = self._error(x, D(code))
        yield {"encoder": (self.beta * game.of_first(T1(x, z_q)) + weight * rec).mean()}  # [3]

    def _error(self, x: Tensor, x_r: Tensor) -> Tensor:
        """Half the squared error of each sample, reduced as `recon_reduction` says."""
        error = half_squared_error(x, x_r)
        return error / x[0].numel() if self.recon_reduction == "mean" else error

    def _recon_weight(self, clock: Clock) -> float:
        """The weight of the squared error at this point of the run."""
        return self.recon_weight * clock.ramp(self.recon_warmup) ** 2

    @property
    def _game(self) -> Game:
        return Game(self.ratio, self.clamp, swapped=self.divergences == "code")

    def _watch(self, clock: Clock, t_q: Tensor, t_p: Tensor, t_x: Tensor, t_r: Tensor) -> None:
        game = self._game
        clock.log(
            **{GAPS[self.inference_disc]: game.of_first(t_q) + game.of_second(t_p)},
            generation=game.of_first(t_x) + game.of_second(t_r),
            c_real=game.log_ratio(t_x),
            c_fake=game.log_ratio(t_r),
        )

    def encode(self, nets: Nets, x: Tensor) -> Gaussian:
        """One code of each sample, drawn from its posterior, which has no density.

        Only `mu` and `sample` of the result are meaningful. Another call draws another code.
        """
        return Gaussian.point(nets.encoder(x, self.prior(x, self.noise)))


Critic = Callable[[Tensor, Tensor], Tensor]
Build = Callable[[Architecture, Shape, int], nn.Module]


def _pair_critic(arch: Architecture, shape: Shape, z_dim: int) -> nn.Module:
    return arch.pair_critic(shape, z_dim, norm=False)


INFERENCE_CRITICS: Mapping[str, Build] = {
    "conditional": _pair_critic,
    "marginal": lambda arch, shape, z_dim: arch.code_critic(z_dim),
}
GENERATIVE_CRITICS: Mapping[str, Build] = {
    "joint": _pair_critic,
    "image": lambda arch, shape, z_dim: arch.critic(shape, norm=False),
}
SEEN: Mapping[str, Callable[[Network], Critic]] = {
    "conditional": lambda T: lambda x, z: T(x, z),
    "marginal": lambda T: lambda x, z: T(z),
    "joint": lambda T: lambda x, z: T(x, z),
    "image": lambda T: lambda x, z: T(x),
}
"""Inputs of a critic."""
PAIRS: Mapping[str, Callable[[Tensor, Tensor], tuple[Tensor, ...]]] = {
    "joint": lambda x, z: (x, z),
    "image": lambda x, z: (x,),
}
"""Inputs of the generative critic, as a tuple."""
DATA_SHARES: Mapping[str, Callable[[Game, Critic, Tensor, Tensor], Tensor | float]] = {
    "joint": lambda game, T, x, z: game.of_first(T(x, z)),
    "image": lambda game, T, x, z: 0.0,  # T2 of data is independent of the encoder
}
DECODER_LOSSES: Mapping[str, Callable[[Game, Tensor], Tensor]] = {
    "exact": Game.of_second,
    "surrogate": lambda game, t: -game.log_ratio(t),
}
GAPS: Mapping[str, str] = {"conditional": "kl", "marginal": "prior_gap"}
"""Name of the inference game's value in the log: near 0 means collapse only for `kl`."""

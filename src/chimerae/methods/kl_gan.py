"""KL-regularised autoencoder with a perceptual loss and a critic of patches (Rombach et al. 2022, arXiv
2112.10752; the game and its weight after Esser et al. 2021, arXiv 2012.09841).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import ClassVar, Literal, final

import torch
from pydantic import Field
from pydantic.dataclasses import dataclass
from torch import Tensor, nn

from chimerae.config import STRICT
from chimerae.heads import Output
from chimerae.losses.adaptive import gradient_ratio
from chimerae.losses.adversarial import linear
from chimerae.losses.hinge import hinge_fake, hinge_real
from chimerae.losses.reconstruction import squared_error
from chimerae.losses.scaled import PIXEL_ERRORS, SCALED_NLL, PixelError, estimated_log_scale
from chimerae.methods.method import Clock, Losses, Method
from chimerae.nets import Architecture, Nets
from chimerae.shapes import Shape

PerceptualKind = Literal["efficientnet", "lpips", "lpips-vgg"]
ScaleKind = Literal["fixed", "learned", "estimated"]
Trained = Literal["all", "decoder"]


class LogScale(nn.Module):
    """`() -> log b`, a learned scalar: the scale of all errors."""

    def __init__(self, start: float) -> None:
        super().__init__()
        self.value = nn.Parameter(torch.tensor(start))

    def forward(self) -> Tensor:
        """The logarithm of the scale."""
        return self.value


def hinge(c_real: Tensor, c_fake: Tensor) -> Tensor:
    """Loss of the critic, a scalar: half the hinge at real images and at reconstructions."""
    return 0.5 * (hinge_real(c_real).mean() + hinge_fake(c_fake).mean())


@final
@dataclass(frozen=True, kw_only=True, config=STRICT)
class KLGAN(Method):
    """An autoencoder for other models to work on: perceptual errors, a slight KL, and a critic of patches
    that keeps reconstructions sharp. It draws no samples.
    """

    name: ClassVar[str] = "kl-gan"
    exported: ClassVar[tuple[str, ...]] = ("encoder", "decoder")
    init_networks: ClassVar[tuple[str, ...]] = ("encoder", "decoder")
    generates: ClassVar[bool] = False
    why_no_samples: ClassVar[str] = (
        "its KL is too slight for codes to follow the prior; train a model on its codes, or reconstruct"
    )

    z_dim: int = Field(default=0, ge=0)
    """Dimensions of the code; 0: those that the networks suggest for the data (`spatial`: a map of
    `--arch.code-channels`). A run records the number.
    """
    beta: float = Field(default=1e-6, ge=0)
    """Weight of the KL."""
    pixel: PixelError = "l1"
    """Error of a pixel: absolute, or squared."""
    perceptual: PerceptualKind = "efficientnet"
    """Network of the perceptual error: EfficientNet-Lite0, whose weights are installed; LPIPS with AlexNet or
    VGG16 (the paper), whose weights you supply.
    """
    perceptual_weight: float = Field(default=1.0, ge=0)
    """Weight of the perceptual error, which is added to the error of every value; 0: none."""
    scale: ScaleKind = "learned"
    """Scale of the errors: learned; `estimated` from each batch; `fixed`, as the published code has it in
    effect.
    """
    log_scale: float = 0.0
    """Logarithm of the scale at the start (`learned`), or throughout (`fixed`)."""
    game_weight: float = Field(default=0.5, ge=0)
    """Weight of the game in the autoencoder's loss; 0: an autoencoder, and a critic that only watches."""
    adaptive: bool = True
    """Multiply that weight by the ratio of the gradients of error and game at the decoder's last layer."""
    critic_start: float = Field(default=0.5, ge=0, lt=1)
    """Share of the run at which critic and game begin."""
    critic_start_step: int = Field(default=0, ge=0)
    """Step before which they do not begin either; 50,001 in the published code."""
    critic_warmup: int = Field(default=0, ge=0)
    """Steps at the beginning in which the critic learns alone: for finetuning."""
    critic_ramp: float = Field(default=0.0, ge=0, le=1)
    """Share of the run over which the game's weight then rises from 0; 0: at once."""

    train: Trained = "all"
    """Networks of the autoencoder that learn; `decoder`: the encoder stays as it is in the model of `--from`,
    so that its codes keep their meaning.
    """
    output: Output = "linear"
    """Last activation of the decoder; `--from` takes that of the model."""

    @property
    def players(self) -> Mapping[str, tuple[str, ...]]:
        """The autoencoder, without a frozen encoder and with the scale if it is learned, and the critic."""
        scale = ("scale",) if self.scale == "learned" else ()
        return {"autoencoder": (*MOVED[self.train], *scale), "critic": ("critic",)}

    @property
    def frozen(self) -> tuple[str, ...]:
        """The perceptual network, and the encoder where the decoder alone learns."""
        return (*self.perceptual_networks, *(("encoder",) if "encoder" not in MOVED[self.train] else ()))

    @property
    def perceptual_networks(self) -> Mapping[str, str]:
        """The network of the perceptual error, unless its weight is 0."""
        return {"perceptual": self.perceptual} if self.perceptual_weight else {}

    def fitted(self, shape: Shape, arch: Architecture) -> KLGAN:
        """The method with `z_dim` as the networks suggest, unless it is given."""
        return self if self.z_dim else replace(self, z_dim=arch.code_dim(shape))

    def initialised(self, z_dim: int | None = None, output: Output | None = None) -> KLGAN:
        """The method whose game begins at the first step, because the networks of `--from` reconstruct."""
        return replace(
            self,
            z_dim=self.z_dim if z_dim is None else z_dim,
            output=self.output if output is None else output,
            critic_start=0.0,
        )

    def networks(self, shape: Shape, arch: Architecture) -> Mapping[str, nn.Module]:
        """Encoder, decoder, a critic of patches, and the scale if it is learned."""
        z_dim = self.z_dim or arch.code_dim(shape)
        return {
            "encoder": arch.encoder(shape, z_dim),
            "decoder": arch.decoder(z_dim, shape, output=self.output),
            **({"scale": LogScale(self.log_scale)} if self.scale == "learned" else {}),
            "critic": arch.patch_critic(shape),
        }

    def play(self, nets: Nets, x: Tensor, clock: Clock) -> Losses:
        """One turn: the critic's warm-up, the autoencoder alone, then both."""
        if clock.step < self.critic_warmup:
            with torch.no_grad():
                x_r = nets.decoder.in_eval_mode(nets.encoder.in_eval_mode(x).sample())
            c_real, c_fake = nets.critic(x), nets.critic(x_r)
            clock.log(c_real=c_real, c_fake=c_fake)
            return {"critic": hinge(c_real, c_fake)}
        q, n = nets.encoder(x), x[0].numel()
        x_r, kl = nets.decoder(q.sample()), q.kl()
        rec = PIXEL_ERRORS[self.pixel](x, x_r)
        error = rec + self._seen(nets, x, x_r, clock)
        s = LOG_SCALES[self.scale](nets, error, n, self.log_scale)
        nll = SCALED_NLL[self.pixel](error, s, n).mean()
        clock.log(rec=rec, kl=kl, log_scale=s)
        loss = nll + self.beta * kl.mean()  # code of Rombach et al.: nll_loss + kl_weight * kl_loss
        return self._game(nets, x, x_r, nll, loss, clock) if self.begun(clock) else {"autoencoder": loss}

    def begun(self, clock: Clock) -> bool:
        """True once critic and game take part."""
        return clock.step >= self.critic_start_step and clock.progress >= self.critic_start

    def strength(self, clock: Clock) -> float:
        """Factor of the game's weight after its beginning: 1, or less during the ramp."""
        start = max(self.critic_start, self.critic_start_step / clock.total)
        return min((clock.progress - start) / self.critic_ramp, 1.0) if self.critic_ramp else 1.0

    def _seen(self, nets: Nets, x: Tensor, x_r: Tensor, clock: Clock) -> Tensor | float:
        """Perceptual error, counted once for each value of a sample, `[B]`."""
        if not self.perceptual_weight:
            return 0.0
        seen = squared_error(nets.perceptual(x), nets.perceptual(x_r))
        clock.log(perceptual=seen)
        return self.perceptual_weight * x[0].numel() * seen

    def _game(
        self, nets: Nets, x: Tensor, x_r: Tensor, nll: Tensor, loss: Tensor, clock: Clock
    ) -> Mapping[str, Tensor]:
        """Losses of both players once the game has begun."""
        c_real, c_fake = nets.critic(x), nets.critic(x_r)
        fooled = linear(c_fake).mean()
        weight = RATIOS[self.adaptive](nll, fooled, nets.modules["decoder"])  # lambda, Esser et al., eq. 7
        clock.log(c_real=c_real, c_fake=c_fake, adaptive=weight)
        return {
            "autoencoder": loss + self.strength(clock) * self.game_weight * weight * fooled,
            "critic": hinge(c_real, c_fake),
        }


MOVED: Mapping[Trained, tuple[str, ...]] = {"all": ("encoder", "decoder"), "decoder": ("decoder",)}
"""Networks of the autoencoder that its player moves."""
LOG_SCALES: Mapping[ScaleKind, Callable[[Nets, Tensor, int, float], Tensor]] = {
    "fixed": lambda nets, error, n, start: error.new_tensor(start),
    "learned": lambda nets, error, n, start: nets.scale(),
    "estimated": lambda nets, error, n, start: estimated_log_scale(error, n),
}
RATIOS: Mapping[bool, Callable[[Tensor, Tensor, nn.Module], Tensor]] = {
    True: gradient_ratio,
    False: lambda nll, game, decoder: torch.ones_like(game),
}

"""Multi-layer perceptrons, for points and for small images."""

from __future__ import annotations

from typing import ClassVar, Literal, final

import torch
from pydantic import Field
from pydantic.dataclasses import dataclass
from torch import Tensor, nn

from chimerae.config import STRICT
from chimerae.errors import InputError
from chimerae.heads import OUTPUTS, Logit, Output, Pair
from chimerae.nets import Architecture
from chimerae.shapes import Shape, is_image, numel

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "tanh": nn.Tanh,
    "silu": nn.SiLU,
}


class Fold(nn.Module):
    """`z [B, d] -> (|z_1|, 0) [B, 2]`, the toy `folded` before noise is added."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        if shape != (2,):
            raise InputError(f"the decoder `fold` makes points of the plane, not samples of shape {shape}")

    def forward(self, z: Tensor) -> Tensor:
        """The mean of the points that belong to a code."""
        return torch.stack([z[:, 0].abs(), torch.zeros_like(z[:, 0])], 1)


@final
@dataclass(frozen=True, kw_only=True, config=STRICT)
class MLP(Architecture):
    """Fully connected networks with `depth` hidden layers of `width` units (AVAE paper's toy: 2 of 128)."""

    name: ClassVar[str] = "mlp"

    width: int = Field(default=128, ge=1)
    """Units per hidden layer."""
    depth: int = Field(default=2, ge=1, le=1000)
    """Hidden layers."""
    activation: Literal["relu", "leaky_relu", "tanh", "silu"] = "relu"
    """Non-linearity after each hidden layer."""
    decoder_kind: Literal["learned", "fold"] = "learned"
    """`fold`: decoders are the known `z -> (|z|, 0)` of the toy `folded`, with nothing to learn."""

    def check(self, shape: Shape) -> None:
        """Accept any shape."""

    def nearest(self, shape: Shape) -> Shape:
        """The valid shape nearest to `shape`, not smaller: `shape` itself."""
        return shape

    def trunk(self, shape: Shape, *, norm: bool = True) -> nn.Sequential:
        """All values of a sample, and the hidden layers, never normalised."""
        return nn.Sequential(nn.Flatten(), self._hidden(numel(shape)))

    def with_head(self, trunk: nn.Sequential, head: nn.Module) -> nn.Module:
        """`trunk` and `head` in one sequence."""
        return nn.Sequential(*trunk, head)

    def decoder(self, z_dim: int, shape: Shape, *, output: Output = "tanh") -> nn.Module:
        """A network `z [B, z_dim] -> x [B, *shape]`; images end in `output`, points are linear.

        Raises:
            InputError: `decoder_kind` is fold and samples are other than points of the plane.
        """
        if self.decoder_kind == "fold":
            return Fold(shape)
        end = OUTPUTS[output]() if is_image(shape) else nn.Identity()
        return nn.Sequential(
            self._hidden(z_dim), nn.Linear(self.width, numel(shape)), end, nn.Unflatten(1, shape)
        )

    def pair_critic(self, shape: Shape, z_dim: int, *, norm: bool = True) -> nn.Module:
        """A network `x [B, *shape], z [B, z_dim] -> logit [B]` on all values side by side, never
        normalised.
        """
        joint = nn.Sequential(self._hidden(numel(shape) + z_dim), Logit(self.width))
        return Pair(nn.Flatten(), nn.Identity(), joint)

    def code_critic(self, z_dim: int) -> nn.Module:
        """A network `z [B, z_dim] -> logit [B]`."""
        return nn.Sequential(self._hidden(z_dim), Logit(self.width))

    def _hidden(self, inputs: int) -> nn.Sequential:
        layers: list[nn.Module] = []
        for i in range(self.depth):
            layers += [nn.Linear(self.width if i else inputs, self.width), ACTIVATIONS[self.activation]()]
        return nn.Sequential(*layers)

"""A function from images to their reconstructions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, final

import torch
from torch import Tensor, nn

from chimerae.errors import InputError, first_line
from chimerae.foreign.subject import Fitted, Foreign, Subject
from chimerae.gaussian import Gaussian
from chimerae.nets import Nets
from chimerae.shapes import Shape, is_image, numel

Reconstruct = Callable[[Tensor], Tensor]
BEYOND = 0.5
"""Distance from [0, 1] at which values are taken for those of another range; nearer ones are clipped."""


@final
@dataclass(frozen=True, kw_only=True)
class Function(Foreign):
    """A function that reconstructs; its codes, if there are any, stay inside."""

    name: ClassVar[str] = "function"
    exported: ClassVar[tuple[str, ...]] = ("encoder", "function")
    z_dim: int
    recon_code: str = "hidden"

    def reconstruction_code(self, q: Gaussian, eps: Tensor) -> Tensor:
        """The sample itself, flattened."""
        return q.mu


class Flatten(nn.Module):
    """`x [B, C, H, W] -> Gaussian` without spread at the sample itself."""

    def __init__(self) -> None:
        super().__init__()
        self.anchor = nn.Parameter(torch.empty(0), requires_grad=False)  # tells the device

    def forward(self, x: Tensor) -> Gaussian:
        """Each sample, flattened."""
        return Gaussian.point(x.flatten(1))


class Call(nn.Module):
    """`z [B, C H W] -> x [B, C, H, W]`: the function, applied to images in [0, 1]."""

    def __init__(self, function: Reconstruct, name: str, shape: Shape) -> None:
        super().__init__()
        self.function, self.name, self.shape = function, name, shape

    def forward(self, z: Tensor) -> Tensor:
        """Reconstructions.

        Raises:
            InputError: the function fails, or gives no images of the same shape with values near [0, 1].
        """
        x = z.unflatten(1, self.shape).clamp(0.0, 1.0)
        try:
            made = self.function(x)
        except Exception as error:
            told = f"{type(error).__name__}: {first_line(error)}"
            raise InputError(f"{self.name} fails on images of shape {list(x.shape)}: {told}") from error
        wanted = f"{self.name} must give a tensor of floats in [0, 1] of shape {list(x.shape)}"
        if not isinstance(made, Tensor) or not made.is_floating_point() or made.shape != x.shape:
            raise InputError(f"{wanted}, not {_described(made)}")
        low, high = (float(edge) for edge in made.detach().nan_to_num(0.0, 0.0, 0.0).aminmax())
        if low < -BEYOND or high > 1 + BEYOND:
            raise InputError(f"{wanted}; its values go from {low:.3g} to {high:.3g}")
        return made.float()


def _described(made: object) -> str:
    if isinstance(made, Tensor):
        return f"one of {str(made.dtype).removeprefix('torch.')} and shape {list(made.shape)}"
    return f"an object of type {type(made).__name__}"


def of_function(function: Reconstruct, name: str) -> Subject:
    """`function` as a subject: it maps images `[B, C, H, W]` in [0, 1] to their reconstructions."""

    def fitted(shape: Shape, device: torch.device) -> Fitted:
        if not is_image(shape):
            raise InputError(f"{name} is judged on images, and the data are points")
        module = function.to(device).eval() if isinstance(function, nn.Module) else function
        nets = Nets({"encoder": Flatten().to(device), "function": Call(module, name, shape).to(device)})
        return Fitted(method=Function(z_dim=numel(shape)), nets=nets)

    kind = type(function).__name__ if isinstance(function, nn.Module) else name
    return Subject(name=kind, method={"name": kind}, arch={"name": "function"}, digest="", fitted=fitted)

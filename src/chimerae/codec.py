"""Method and networks as a codec: samples in [0, 1] to codes and back."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from chimerae import noise
from chimerae.gaussian import Gaussian
from chimerae.heads import CodeMap
from chimerae.interpolation import WALKS, Walk
from chimerae.methods import Method
from chimerae.nets import Nets
from chimerae.shapes import Shape, is_image


@dataclass(frozen=True)
class Codec:
    """Encodes and decodes samples of one shape: images in [0, 1], points as they are.

    Use it inside `nets.evaluating()`. Missing noise is drawn from `chimerae.noise`; callers control it with
    `noise.seeded` or `noise.placed`.
    """

    method: Method
    nets: Nets
    shape: Shape

    @property
    def device(self) -> torch.device:
        """Device of the networks."""
        parameters = (p for _, module in self.nets.items() for p in module.parameters())
        return next((p.device for p in parameters), torch.device("cpu"))

    @property
    def code_shape(self) -> Shape:
        """Shape of one code: `(c, h, w)` where the encoder makes maps, else `(z,)`."""
        parts = (part for _, module in self.nets.items() for part in module.modules())
        return next((part.code for part in parts if isinstance(part, CodeMap)), (self.method.z_dim,))

    def inwards(self, x: Tensor) -> Tensor:
        """Samples in the method's range of values, on the device of the networks."""
        x = x.to(self.device)
        return self.method.value_range.from_unit(x) if is_image(self.shape) else x

    def outwards(self, x: Tensor) -> Tensor:
        """Samples of the networks: images clipped to [0, 1], points as they are."""
        return self.method.value_range.to_unit(x) if is_image(self.shape) else x

    def encode(self, x: Tensor, y: Tensor | None = None) -> Gaussian:
        """Posterior over codes of `x` `[B, *shape]`, whose labels are `y` `[B, N]` where networks take some.

        Raises:
            InputError: networks need labels.
            NoEncoder: the method has no encoder.
        """
        nets = self.nets if y is None else self.nets.labelled(y.to(self.device))
        return self.method.encode(nets, self.inwards(x))

    def code(self, q: Gaussian, eps: Tensor | None = None) -> Tensor:
        """The code `[B, z_dim]` that reconstructs `q`'s samples; `eps` `[B, z_dim]` is standard normal, drawn
        when not given.
        """
        eps = noise.normal(len(q.mu), self.method.z_dim, like=q.mu) if eps is None else eps
        return self.method.reconstruction_code(q, eps)

    def decode(self, z: Tensor) -> dict[str, Tensor]:
        """Samples from codes `[n, z_dim]` or `[n, z_dim + noise_dim]`, labels behind them where networks
        take some, by each of the method's decoders.
        """
        made = self.method.decode(self.nets, self.method.with_noise(z))
        return {name: self.outwards(x) for name, x in made.items()}

    def decode_by(self, network: str, z: Tensor) -> Tensor:
        """Samples from codes, as `decode` makes them, by the decoder `network` alone."""
        return self.outwards(self.method.decode_by(network, self.nets, z))

    def reconstruct(self, x: Tensor, y: Tensor | None = None) -> dict[str, Tensor]:
        """Reconstructions of `x` `[B, *shape]` with labels `y` (as for `encode`) by each of the method's
        decoders.

        Raises:
            NoEncoder: the method has no encoder.
        """
        return self.decode(self.method.with_labels(self.code(self.encode(x, y)), y))

    def generate(self, n: int, y: Tensor | None = None) -> dict[str, Tensor]:
        """`n` samples from the prior by each of the method's decoders, all from the same codes; with labels
        `y` `[n, N]`, by default draws, where networks take some.
        """
        like = torch.empty(0, device=self.device)
        z = noise.normal(n, self.method.z_dim + self.method.noise_dim, like=like)
        return self.decode(self.method.with_labels(z, y))

    def again(self, x: Tensor, z: Tensor, network: str) -> Tensor:
        """Samples `x` of codes `z`, encoded at the mean and decoded again by `network`.

        Noise and labels of `z` stay. Both `x` and the result are in the method's range of values.
        """
        q = self.method.encode(self.method.parted(self.nets, z)[0], x)
        code = self.code(q, torch.zeros_like(q.mu))
        made = self.method.decode(self.nets, torch.cat([code, z[:, self.method.z_dim :]], 1))
        return made[network]

    def walk(self, a: Tensor, b: Tensor, steps: int, mode: Walk = "spherical") -> Tensor:
        """Codes `[n, steps, d]` on paths from `a` `[n, d]` to `b`, both ends included.

        A path keeps the noise of its start. Labels behind the codes of both ends are mixed linearly; a path
        to a code without labels keeps those of its start.
        """
        d, classes = self.method.z_dim, self.method.label_dim
        path = WALKS[mode](a[:, :d], b[:, :d], steps)
        rest = a[:, None, d:].expand(-1, steps, -1)
        if classes and a.shape == b.shape:
            labels = WALKS["linear"](a[:, -classes:], b[:, -classes:], steps)
            rest = torch.cat([rest[:, :, :-classes], labels], 2)
        return torch.cat([path, rest], 2)

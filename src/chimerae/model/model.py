"""What a trained model can do: encode, decode, sample, reconstruct, interpolate."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from chimerae import noise
from chimerae.errors import InputError, unknown
from chimerae.evaluation.improved import PUBLISHED, Improve, moved, selected
from chimerae.gaussian import Gaussian
from chimerae.methods import Method
from chimerae.nets import Nets
from chimerae.shapes import Shape, describe, is_image
from chimerae.walks import WALKS, Walk


@dataclass(frozen=True)
class Model:
    """A trained model. Images are float32 `[B, C, H, W]` in [0, 1] everywhere (uint8 is taken too); points as
    they are.

    Randomness comes from `seed`: the same call gives the same answer.
    """

    method: Method
    nets: Nets
    shape: Shape
    step: int
    averaged: bool
    """Whether the weights are averages over the last steps (EMA)."""
    device: torch.device

    @property
    def decoders(self) -> tuple[str, ...]:
        """Networks that turn codes into samples; the last one is used when none is named."""
        return self.method.decoders

    def encode(self, x: Tensor, *, seed: int = 0) -> Gaussian:
        """Posterior over codes of `x` `[B, *shape]`: `mu` and `logvar` are `[B, z]` (`logvar` may be `[z]`).

        A posterior that is no Gaussian is given by one draw from it, in `mu`; `seed` chooses which.

        Raises:
            InputError: `x` has another shape, or values outside [0, 1].
            NoEncoder: the method has no encoder.
        """
        with self.nets.evaluating(), noise.seeded(seed, "encode"):
            q = self.method.encode(self.nets, self._inwards(x))
        return Gaussian(q.mu.cpu(), q.logvar.cpu())

    def decode(self, z: Tensor, *, by: str | None = None, seed: int = 0) -> Tensor:
        """Samples `[n, *shape]` from codes `[n, z]`, by the network called `by` (one of `decoders`).

        Raises:
            InputError: `z` has another width, or there is no such network.
        """
        wanted = self._decoder(by)
        self._check_codes(z)
        with self.nets.evaluating(), noise.seeded(seed, "decode"):
            made = self.method.decode(self.nets, self.method.with_noise(z.to(self.device, torch.float32)))
        return self._outwards(made[wanted])

    def sample(
        self,
        n: int,
        *,
        by: str | None = None,
        seed: int = 0,
        batch_size: int = 256,
        improve: Improve | None = None,
    ) -> Tensor:
        """Exactly `n` samples `[n, *shape]` from the prior, with `improve` from codes that were improved.

        Raises:
            InputError: `n` or `batch_size` is below 1.
            NoEncoder: samples are to be improved, and the method has no encoder.
        """
        if n < 1 or batch_size < 1:
            raise InputError(f"{n} samples in batches of {batch_size} cannot be drawn; ask for 1 or more")
        with noise.seeded(seed, "sample"):
            z = noise.normal(
                n * (improve.reject if improve else 1), self.method.z_dim + self.method.noise_dim
            )
        z = self.improve(z, improve, by=by) if improve else z
        return torch.cat([self.decode(part, by=by) for part in z.split(batch_size)])

    def improve(self, z: Tensor, how: Improve = PUBLISHED, *, by: str | None = None) -> Tensor:
        """Codes whose samples survive being encoded and decoded better than those of `z`.

        Args:
            z: codes with their noise, `[n reject, z_dim + noise_dim]`.
            how: how many codes to choose from, and how far to move them.
            by: the network that makes the samples.

        Raises:
            InputError: `z` has another width, or there is no such network.
            NoEncoder: the method has no encoder.
        """
        maker, width = self._decoder(by), self.method.z_dim + self.method.noise_dim
        if z.dim() != 2 or z.shape[1] != width or len(z) % how.reject:
            raise InputError(f"codes to improve must be [n x {how.reject}, {width}], not {list(z.shape)}")
        best = selected(self.method, self.nets, z.to(self.device), maker, how)
        return moved(self.method, self.nets, best, maker, how).cpu()

    def reconstruct(self, x: Tensor, *, by: str | None = None, seed: int = 0) -> Tensor:
        """What becomes of `x` `[B, *shape]` when it is encoded and decoded, `[B, *shape]`.

        Raises:
            InputError: `x` has another shape, or values outside [0, 1].
            NoEncoder: the method has no encoder.
        """
        q = self.encode(x, seed=seed)
        with noise.seeded(seed, "reconstruct"):
            z = self.method.reconstruction_code(q, noise.normal(len(x), self.method.z_dim))
        return self.decode(z, by=by, seed=seed)

    def interpolate(
        self,
        a: Tensor,
        b: Tensor,
        *,
        steps: int = 8,
        mode: Walk = "spherical",
        by: str | None = None,
        seed: int = 0,
    ) -> Tensor:
        """The way from `a` to `b` (each `[B, *shape]`) through the codes, `[B, steps, *shape]`, both ends
        included.

        Raises:
            InputError: shapes differ, `steps` is below 2, or `mode` is unknown.
            NoEncoder: the method has no encoder.
        """
        if a.shape != b.shape:
            raise InputError(f"both ends must have one shape, not {list(a.shape)} and {list(b.shape)}")
        with noise.seeded(seed, "interpolate"):
            eps = noise.normal(len(a), self.method.z_dim)
        ends = [self.method.reconstruction_code(self.encode(x, seed=seed), eps) for x in (a, b)]
        return self.walk(*ends, steps=steps, mode=mode, by=by, seed=seed)

    def walk(
        self,
        a: Tensor,
        b: Tensor,
        *,
        steps: int = 8,
        mode: Walk = "spherical",
        by: str | None = None,
        seed: int = 0,
    ) -> Tensor:
        """The way from codes `a` to codes `b` (each `[n, z]`), decoded: `[n, steps, *shape]`, both ends
        included. A way keeps the noise beside the code of its start.

        Raises:
            InputError: `steps` is below 2, `mode` is unknown, or the codes differ in shape or have another
                width.
        """
        if steps < 2:
            raise InputError(f"a way of {steps} steps has no two ends; ask for 2 or more")
        if mode not in WALKS:
            raise unknown("mode", mode, WALKS)
        self._check_codes(a)
        if a.shape != b.shape:
            raise InputError(f"both ends must have one shape, not {list(a.shape)} and {list(b.shape)}")
        with noise.seeded(seed, "walk"):
            kept = self.method.with_noise(a)[:, self.method.z_dim :]
        way = WALKS[mode](a[:, : self.method.z_dim], b[:, : self.method.z_dim], steps)
        codes = torch.cat([way, kept[:, None].expand(-1, steps, -1)], 2)
        made = self.decode(codes.flatten(0, 1), by=by, seed=seed)
        return made.view(len(a), steps, *self.shape)

    def prior(self, n: int, *, seed: int = 0) -> Tensor:
        """Codes `[n, z]` drawn from the prior N(0, I).

        Raises:
            InputError: `n` is below 1.
        """
        if n < 1:
            raise InputError(f"{n} codes cannot be drawn; ask for 1 or more")
        with noise.seeded(seed, "prior"):
            return noise.normal(n, self.method.z_dim)

    def _decoder(self, by: str | None) -> str:
        wanted = self.decoders[-1] if by is None else by
        if wanted not in self.decoders:
            raise unknown("decoder", wanted, self.decoders)
        return wanted

    def _check_codes(self, z: Tensor) -> None:
        widths = sorted({self.method.z_dim, self.method.z_dim + self.method.noise_dim})
        if z.dim() != 2 or z.shape[1] not in widths:
            raise InputError(f"codes must be [n, {' or '.join(map(str, widths))}], not {list(z.shape)}")

    def _inwards(self, x: Tensor) -> Tensor:
        if tuple(x.shape[1:]) != self.shape or len(x) == 0:
            wanted = ", ".join(map(str, self.shape))
            raise InputError(f"this model takes [B, {wanted}] ({describe(self.shape)}), not {list(x.shape)}")
        x = x.float() / 255.0 if x.dtype == torch.uint8 else x.float()
        if not is_image(self.shape):
            return x.to(self.device)
        low, high = x.min().item(), x.max().item()
        if not (low >= 0.0 and high <= 1.0):
            raise InputError(f"images must lie in [0, 1], these go from {low:.3g} to {high:.3g}")
        return self.method.value_range.from_unit(x.to(self.device))

    def _outwards(self, x: Tensor) -> Tensor:
        return self.method.value_range.to_unit(x).cpu() if is_image(self.shape) else x.cpu()

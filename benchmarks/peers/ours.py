"""Our side: the training loop of `chimerae train`, on networks that both sides begin with."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import torch
from benchmarks.peers.times import Clock, Times
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from chimerae.bench.passes import Passes
from chimerae.gaussian import Gaussian
from chimerae.nets import Architecture
from chimerae.run_folder.schema import RUN
from chimerae.training.loop import Loop, Stopwatch
from chimerae.training.settings import Training
from chimerae.training.state import build_state

FAR = 10**9
"""Step that no benchmark reaches."""


@dataclass(frozen=True, eq=False)
class Given(Architecture):
    """Networks that are already there, by the names of a method's networks."""

    name: ClassVar[str] = "given"
    networks: Mapping[str, nn.Module]

    def check(self, shape: Any) -> None: ...

    def nearest(self, shape: Any) -> Any:
        return shape

    def trunk(self, shape: Any, *, norm: bool = True) -> nn.Sequential:
        raise NotImplementedError

    def pair_critic(self, shape: Any, z_dim: int, *, norm: bool = True) -> nn.Module:
        raise NotImplementedError

    def encoder(self, shape: Any, z_dim: int, *, scale: Any = "free") -> nn.Module:
        return deepcopy(self.networks["encoder"])

    def decoder(self, z_dim: int, shape: Any, *, output: Any = "tanh") -> nn.Module:
        return deepcopy(self.networks["decoder"])

    def critic(self, shape: Any, *, norm: bool = True) -> nn.Module:
        return deepcopy(self.networks["critic"])

    feature_critic = critic

    def code_critic(self, z_dim: int) -> nn.Module:
        return deepcopy(self.networks["critic"])


class AsPosterior(nn.Module):
    """A network `x -> mu, logvar` as one that gives a posterior."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Gaussian:
        return Gaussian(*self.network(x))


class Dense(nn.Module):
    """Values in the order of the channels: networks of others call `view` on what a convolution gives."""

    def forward(self, x: Tensor) -> Tensor:
        return x.contiguous()


def data(shape: tuple[int, ...], batch_size: int, seed: int) -> Tensor:
    """Smooth random images in [0, 1], or points on a ring of eight Gaussians."""
    draw = torch.Generator().manual_seed(seed)
    if len(shape) == 1:
        angle = torch.randint(8, (batch_size,), generator=draw) * torch.pi / 4
        centres = 2.0 * torch.stack([angle.cos(), angle.sin()], 1)
        return (centres + 0.02 * torch.randn(batch_size, 2, generator=draw)) / 2**0.5
    coarse = torch.rand(batch_size, shape[0], 4, 4, generator=draw)
    return F.interpolate(coarse, size=shape[1:], mode="bilinear")


class Quiet:
    """Stands where the loop has its previews and its measurements, which are not part of an update."""

    def draw(self, nets: Any, step: int) -> None: ...

    def due(self, *position: Any) -> bool:
        return False

    def share(self, progress: float) -> float:
        return 0.0


class Ours(Loop):
    """The loop of a run with its log and without previews, measurements and saved states."""

    def __init__(
        self, case: Any, networks: Mapping[str, nn.Module], precision: str, seed: int, folder: Path
    ) -> None:
        training = Training(
            batch_size=case.batch_size,
            optimizer=case.optimizer,
            ema=0.0,
            precision=precision,  # type: ignore[arg-type]
            picture_every=FAR,
            save_every=FAR,
        )
        self.x = data(case.shape, case.batch_size, seed)
        folder.mkdir()
        (folder / RUN).touch()
        quiet: Any = Quiet()
        super().__init__(
            state=build_state(case.method, Given(networks), case.shape, training, seed),
            batches=lambda step: self.x,
            training=training,
            total=FAR,
            seed=seed,
            folder=folder,
            previews=quiet,
            probe=quiet,
            snapshot=lambda state: None,
        )
        self.state.nets.train()
        self._watch = Stopwatch(0.0, 0)

    def block(self, updates: int, times: Times | None = None) -> Times:
        """Play so many updates, and note the mean seconds of one."""
        times = Times() if times is None else times
        clock = Clock()
        for _ in range(updates):
            self._step(self._watch)
        clock.note(times, updates)
        return times

    def arithmetic(self) -> int:
        """Floating-point operations of an update, as PyTorch counts them."""
        with FlopCounterMode(display=False) as counted:
            self._step(self._watch)
        return int(counted.get_total_flops())

    def passes(self) -> dict[str, list[int]]:
        """Network -> forwards, backwards to the weights, backwards to the input alone, in one update."""
        counted = Passes(self.state)
        with counted.counting():
            self._step(self._watch)
        return {name: list(counted.of(name)) for name in self.state.nets.modules}

    def error(self, theirs: Mapping[str, nn.Module] | None = None) -> float | None:
        """Mean squared error of a reconstruction of the batch; None without an encoder.

        Args:
            theirs: networks of a peer, in place of those of this loop.
        """
        method, nets = self.state.method, theirs or self.state.nets.modules
        if not method.encodes:
            return None
        x = method.value_range.from_unit(self.x) if self.x.dim() == 4 else self.x
        with torch.no_grad():
            z = _mean(nets["encoder"](x))
            made = nets["decoder"](z)
        made = made["reconstruction"] if isinstance(made, Mapping) else made
        return float((made - x).square().mean())


def _mean(posterior: Any) -> Tensor:
    if isinstance(posterior, Gaussian):
        return posterior.mu
    return posterior["embedding"] if isinstance(posterior, Mapping) else posterior[0]

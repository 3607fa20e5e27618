"""Graphs of a model: samples to codes and codes to samples, each with its whole path."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import torch
from torch import Tensor, nn

from chimerae import noise
from chimerae.codec import Codec
from chimerae.errors import InputError
from chimerae.gaussian import Gaussian
from chimerae.labels import even
from chimerae.nets import Nets, Network
from chimerae.shapes import Shape, describe, is_image

TRACED: Final = 3
"""Samples of the batch with which a graph is traced."""
CODE: Final = "code"
NOISE: Final = "noise"
"""Input for the noise beside a code (AVAE's xi)."""
LABELS: Final = "labels"
"""Input for the labels of samples `[B, N]`, 1 in the place of each one's class and 0 elsewhere."""
ENCODER_NOISE: Final = "encoder_noise"
"""Beginning of the names of inputs for noise that an encoder draws."""
BYTE: Final = 255.0

Named = Mapping[str, Tensor]
Act = Callable[[Codec, Named], Named]
"""Function of a codec and the inputs by name, which gives the outputs by name."""


@dataclass(frozen=True)
class Port:
    """Input or output of a graph: its name, the shape of one sample, the type of its numbers."""

    name: str
    shape: Shape
    dtype: torch.dtype = torch.float32

    def draw(self, n: int, generator: torch.Generator) -> Tensor:
        """Random values `[n, *shape]`: bytes, values in [0, 1] of images, or standard normal ones."""
        size = (n, *self.shape)
        if self.dtype == torch.uint8:
            return torch.randint(256, size, dtype=torch.uint8, generator=generator)
        return (torch.rand if is_image(self.shape) else torch.randn)(size, generator=generator)

    def __str__(self) -> str:
        sizes = ", ".join(map(str, ("B", *self.shape)))
        return f"{self.name} [{sizes}] {str(self.dtype).removeprefix('torch.')}"


@dataclass(frozen=True)
class Graph:
    """A function of tensors that becomes a file."""

    name: str
    """Name of the file without its ending."""
    module: nn.Module
    """The function, with its networks: positional inputs to a tuple of outputs."""
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]

    def __str__(self) -> str:
        ends = (", ".join(map(str, ports)) for ports in (self.inputs, self.outputs))
        return " -> ".join(ends)


class Route(nn.Module):
    """A function of a codec with the networks that it uses, as a module.

    Args:
        codec: method, networks and shape.
        act: the function.
        names: names of the inputs, in order.
        used: names of the networks.
    """

    def __init__(self, codec: Codec, act: Act, names: Sequence[str], used: Sequence[str]) -> None:
        super().__init__()
        self.networks = nn.ModuleDict({name: codec.nets.modules[name] for name in used})
        nets = Nets(dict(self.networks.items()), codec.nets.autocast)
        self.codec, self.act, self.names = Codec(codec.method, nets, codec.shape), act, tuple(names)

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Outputs in their order."""
        return tuple(self.act(self.codec, dict(zip(self.names, inputs, strict=True))).values())


class _Noting(Nets):
    """Networks that note which of them are called."""

    def __init__(self, nets: Nets) -> None:
        self.used: dict[str, None] = {}
        super().__init__(nets.modules, nets.autocast)

    def __getattr__(self, name: str) -> Network:
        net = super().__getattr__(name)
        self.used[name] = None
        return net


@dataclass(frozen=True)
class Graphs:
    """Makes the graphs of a codec. Images are float32 in [0, 1], or bytes with `uint8`.

    Raises:
        InputError: `uint8` is asked for points.
    """

    codec: Codec
    uint8: bool = False

    def __post_init__(self) -> None:
        if self.uint8 and not is_image(self.codec.shape):
            raise InputError(
                f"{describe(self.codec.shape)} are no bytes; leave out uint8, which is for images"
            )

    @property
    def samples(self) -> Port:
        """Samples of the data, as an input or an output."""
        images = is_image(self.codec.shape)
        dtype = torch.uint8 if self.uint8 else torch.float32
        return Port("images" if images else "points", self.codec.shape, dtype)

    def encode(self) -> Graph:
        """Samples to codes at the mean of the posterior, and its spread where it has one.

        Outputs are `code`; `mean`, where that is another code (AVAE's `mean_rescaled`); and `sigma` `[B, z]`
        where the posterior has a spread.

        Raises:
            NoEncoder: the method has no encoder.
        """
        noises, outputs = self._encoder()

        def act(codec: Codec, given: Named) -> Named:
            q = self._posterior(codec, given)
            return {name: ENCODED[name](codec, q) for name in outputs}

        return self._graph("encode", act, (self.samples, *noises, *self._labels()))

    def decode(self, network: str) -> Graph:
        """Codes to samples by `network`, with an input for the noise beside the code where it takes some."""

        def act(codec: Codec, given: Named) -> Named:
            return {self.samples.name: self._decoded(codec, network, given[CODE], given)}

        code = Port(CODE, (self.codec.method.z_dim,))
        return self._graph(f"decode-{network}", act, (code, *self._noise(network), *self._labels()))

    def reconstruct(self, network: str) -> Graph:
        """Samples to their reconstructions by `network`, through the `code` of `encode`.

        Raises:
            NoEncoder: the method has no encoder.
        """

        def act(codec: Codec, given: Named) -> Named:
            code = ENCODED[CODE](codec, self._posterior(codec, given))
            return {"reconstructions": self._decoded(codec, network, code, given)}

        ports = (self.samples, *self._encoder()[0], *self._noise(network), *self._labels())
        return self._graph(f"reconstruct-{network}", act, ports)

    def _encoder(self) -> tuple[tuple[Port, ...], tuple[str, ...]]:
        """Inputs for the draws of the encoder and names of its outputs, from one pass."""
        widths: list[int] = []

        def draw(n: int, d: int) -> Tensor:
            widths.append(d)
            return torch.zeros(n, d)

        x = self.samples.draw(TRACED, noise.generator("export"))
        with self.codec.nets.evaluating(), noise.supplied(draw):
            classes = self.codec.method.label_dim
            q = self.codec.encode(self._floats(x), even(TRACED, classes) if classes else None)
        found = {name: output(self.codec, q) for name, output in ENCODED.items()}
        absent = {"mean"} if torch.equal(found[CODE], found["mean"]) else set()
        absent |= {"sigma"} if q.is_point else set()
        names = (ENCODER_NOISE + (f"_{i}" if i > 1 else "") for i in range(1, len(widths) + 1))
        ports = tuple(Port(name, (d,)) for name, d in zip(names, widths, strict=True))
        return ports, tuple(name for name in ENCODED if name not in absent)

    def _noise(self, network: str) -> tuple[Port, ...]:
        method = self.codec.method
        takes = method.noise_dim and network == method.decoders[-1]
        return (Port(NOISE, (method.noise_dim,)),) if takes else ()

    def _labels(self) -> tuple[Port, ...]:
        classes = self.codec.method.label_dim
        return (Port(LABELS, (classes,)),) if classes else ()

    def _floats(self, x: Tensor) -> Tensor:
        return x.float() / BYTE if self.uint8 else x

    def _posterior(self, codec: Codec, given: Named) -> Gaussian:
        noises = iter([value for name, value in given.items() if name.startswith(ENCODER_NOISE)])
        with noise.supplied(lambda n, d: next(noises)):
            return codec.encode(self._floats(given[self.samples.name]), given.get(LABELS))

    def _decoded(self, codec: Codec, network: str, code: Tensor, given: Named) -> Tensor:
        z = torch.cat([code, given[NOISE]], 1) if NOISE in given else code
        if LABELS in given:
            codec = replace(codec, nets=codec.nets.labelled(given[LABELS]))
        x = codec.decode_by(network, z)
        return (x * BYTE).round().to(torch.uint8) if self.uint8 else x

    def _graph(self, name: str, act: Act, ports: tuple[Port, ...]) -> Graph:
        """The graph of `act`, whose networks and outputs one pass shows."""
        given = {port.name: port.draw(TRACED, noise.generator("export")) for port in ports}
        noting = _Noting(self.codec.nets)
        with noting.evaluating():
            made = act(Codec(self.codec.method, noting, self.codec.shape), given)
        outputs = tuple(Port(key, tuple(value.shape[1:]), value.dtype) for key, value in made.items())
        return Graph(
            name,
            Route(self.codec, act, tuple(given), [name for name in noting.modules if name in noting.used]),
            ports,
            outputs,
        )


ENCODED: Final[Mapping[str, Callable[[Codec, Gaussian], Tensor]]] = {
    CODE: lambda codec, q: codec.code(q, torch.zeros_like(q.mu)),
    "mean": lambda codec, q: q.mu,
    "sigma": lambda codec, q: q.sigma.expand_as(q.mu),
}
"""Outputs of `encode`."""

"""Export of a codec: each of its graphs written, opened again, and compared with PyTorch."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

import chimerae
from chimerae import noise
from chimerae.codec import Codec
from chimerae.errors import InputError
from chimerae.export.check import BATCHES, Real, largest_difference, shown
from chimerae.export.formats import OPSET, Format, format_of
from chimerae.export.graphs import Graph, Graphs
from chimerae.files import write_bytes
from chimerae.labels import even
from chimerae.nets import Nets
from chimerae.progress import Progress, silent


@dataclass(frozen=True)
class Wanted:
    """Files that an export writes."""

    to: str = "onnx"
    """Key of `FORMATS`."""
    uint8: bool = False
    """Images are bytes, from 0 to 255, in place of floats in [0, 1]."""
    reconstruct: bool = False
    """Also write graphs from samples to reconstructions."""
    overwrite: bool = False
    """Replace files that exist."""


@dataclass(frozen=True)
class Exported:
    """A written and compared file."""

    path: Path
    graph: Graph
    difference: float
    """Largest difference from PyTorch; in levels from 0 to 255 for bytes."""

    def __str__(self) -> str:
        said = shown(self.graph, self.difference)
        return f"{self.path}: {self.graph}; largest difference from PyTorch: {said}"


def export_graphs(
    codec: Codec,
    folder: Path,
    wanted: Wanted = Wanted(),
    *,
    about: Mapping[str, str] = {},
    real: Tensor | None = None,
    progress: Progress = silent,
) -> list[Exported]:
    """Write the graphs of `codec`, with its networks in evaluation mode, into `folder`.

    Graphs are `encode`, `decode-NETWORK` of each decoder, and `reconstruct-NETWORK` if wanted. Those that
    need an encoder are left out where the method has none.

    Args:
        codec: method, networks and shape.
        folder: place of the files; it is made if it is missing.
        wanted: format and kinds of files.
        about: origin of the model, for the files' own description.
        real: samples `[N, *shape]` to compare on, beside random ones.
        progress: listener for the number of written files.

    Raises:
        InputError: a file exists, the format or one of its packages is missing, or an exported graph differs
            from PyTorch.
    """
    form, codec = format_of(wanted.to), _frozen(codec)
    graphs = _graphs(codec, wanted)
    paths = [folder / f"{graph.name}{form.suffix}" for graph in graphs]
    if not wanted.overwrite and (there := next((path for path in paths if path.exists()), None)):
        raise InputError(f"{there} exists; add --overwrite to replace it, or choose another --out")
    compared, done = _real(codec, real), []
    for i, (graph, path) in enumerate(zip(graphs, paths, strict=True)):
        progress(i, len(graphs), "graphs")
        done.append(_write(graph, path, form, _described(codec, graph, about, wanted), compared))
    progress(len(graphs), len(graphs), "graphs")
    return done


def _frozen(codec: Codec) -> Codec:
    """A copy of `codec` on the CPU, in evaluation mode and without gradients."""
    copies = {
        name: deepcopy(module).cpu().eval().requires_grad_(False) for name, module in codec.nets.items()
    }
    plain = {name: copy.to(memory_format=torch.contiguous_format) for name, copy in copies.items()}
    return Codec(codec.method, Nets(plain), codec.shape)


def _graphs(codec: Codec, wanted: Wanted) -> list[Graph]:
    make, decoders = Graphs(codec, wanted.uint8), codec.method.decoders
    graphs = [make.encode()] if codec.method.encodes else []
    graphs += [make.decode(network) for network in decoders]
    if wanted.reconstruct and codec.method.encodes:
        graphs += [make.reconstruct(network) for network in decoders]
    return graphs


def _real(codec: Codec, samples: Tensor | None) -> Real | None:
    if samples is None or not len(samples):
        return None
    few = samples[: max(BATCHES)].cpu()
    if not codec.method.encodes:
        return Real(few)
    with codec.nets.evaluating(), noise.seeded(0, "export"):
        classes = codec.method.label_dim
        q = codec.encode(few, even(len(few), classes) if classes else None)
        return Real(few, codec.code(q, torch.zeros_like(q.mu)))


def _described(codec: Codec, graph: Graph, about: Mapping[str, str], wanted: Wanted) -> dict[str, str]:
    method = codec.method
    own = {
        "chimerae": chimerae.__version__,
        "graph": graph.name,
        "method": method.name,
        "shape": " ".join(map(str, codec.shape)),
        "z_dim": str(method.z_dim),
        "noise_dim": str(method.noise_dim),
        "values": "0 to 255" if wanted.uint8 else "0 to 1" if len(codec.shape) == 3 else "as in the data",
    }
    return {**own, **about} | ({"opset": str(OPSET)} if wanted.to == "onnx" else {})


def _write(graph: Graph, path: Path, form: Format, about: Mapping[str, str], real: Real | None) -> Exported:
    found: list[float] = []

    def check(written: Path) -> None:
        found.append(largest_difference(graph, form.open(written, graph), real))

    write_bytes(path, form.write(graph, about), check)
    return Exported(path, graph, found[-1])

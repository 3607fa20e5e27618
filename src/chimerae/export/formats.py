"""Formats of exported graphs: how each is written, and opened again."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor
from torch.export import Dim, ExportedProgram

from chimerae import noise
from chimerae.errors import InputError, first_line, unknown
from chimerae.export.graphs import TRACED, Graph
from chimerae.extras import require

OPSET: Final = 18
"""Version of ONNX's operators: the lowest that PyTorch's exporter writes directly, for the oldest readers."""
LARGEST_ONNX: Final = 2**31 - 1
"""Bytes that one ONNX file may have."""
ABOUT: Final = "chimerae.json"
"""Name of the description inside a `.pt2`."""

About = Mapping[str, str]
Opened = Callable[[Sequence[Tensor]], list[Tensor]]
"""An opened file: inputs to outputs."""


@dataclass(frozen=True)
class Format:
    """A kind of file."""

    suffix: str
    write: Callable[[Graph, About], bytes]
    """Content of the file of a graph and its description."""
    open: Callable[[Path, Graph], Opened]
    """The function in a file, as another program would open it."""
    extra: str | None = None
    """Key of `EXTRAS` for its packages."""


def format_of(name: str) -> Format:
    """The format called `name`, whose packages can be imported.

    Raises:
        InputError: there is none, or one of its packages is missing.
    """
    if name in FORMATS:
        form = FORMATS[name]
        if form.extra is not None:
            require(form.extra)
        return form
    if name.lower() == "torchscript":
        raise InputError("PyTorch has deprecated TorchScript: use --to torch.export, or onnx outside Python")
    raise unknown("format", name, FORMATS)


def _program(graph: Graph) -> ExportedProgram:
    """The graph of operations, for any number of samples, without the places of its source lines.

    Raises:
        InputError: PyTorch cannot trace it.
    """
    generator = noise.generator("export")
    given = tuple(port.draw(TRACED, generator) for port in graph.inputs)
    shapes = (tuple({0: Dim("batch")} for _ in given),)
    try:
        program = torch.export.export(graph.module, given, dynamic_shapes=shapes)
    except Exception as error:  # the tracer has no common class of errors
        raise InputError(f"{graph.name} cannot be exported: {first_line(error)}") from error
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)
    return program


def _write_onnx(graph: Graph, about: About) -> bytes:
    size = sum(value.numel() * value.element_size() for value in graph.module.state_dict().values())
    if size > LARGEST_ONNX:
        raise InputError(
            f"{graph.name} has {size:,} bytes of weights, an ONNX file 2 GB: use --to torch.export"
        )
    made = torch.onnx.export(
        _program(graph),
        input_names=[port.name for port in graph.inputs],
        output_names=[port.name for port in graph.outputs],
        opset_version=OPSET,
        external_data=False,
        verbose=False,
    )
    assert made is not None
    model = made.model_proto
    _cleaned(model)
    for key, value in about.items():
        model.metadata_props.add(key=key, value=value)
    content: bytes = model.SerializeToString()
    return content


def _cleaned(model: Any) -> None:
    """Remove names of classes and the shapes between operations from `model`, and call its batch `batch`."""
    for part in (*model.graph.node, model.graph, model):
        del part.metadata_props[:]
    del model.graph.value_info[:]
    for port in (*model.graph.input, *model.graph.output):
        del port.metadata_props[:]
        port.type.tensor_type.shape.dim[0].dim_param = "batch"


def _open_onnx(path: Path, graph: Graph) -> Opened:
    import onnxruntime

    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    names = [each.name for each in session.get_inputs()]

    def run(inputs: Sequence[Tensor]) -> list[Tensor]:
        given = {name: value.numpy() for name, value in zip(names, inputs, strict=True)}
        return [torch.from_numpy(value) for value in session.run(None, given)]

    return run


def _write_program(graph: Graph, about: About) -> bytes:
    buffer = io.BytesIO()
    torch.export.save(_program(graph), buffer, extra_files={ABOUT: json.dumps(dict(about), indent=2)})
    return buffer.getvalue()


def _open_program(path: Path, graph: Graph) -> Opened:
    module: Any = torch.export.load(io.BytesIO(path.read_bytes())).module()
    return lambda inputs: list(module(*inputs))


FORMATS: Final[Mapping[str, Format]] = {
    "onnx": Format(".onnx", _write_onnx, _open_onnx, "onnx"),
    "torch.export": Format(".pt2", _write_program, _open_program),
}
"""Name in `--to` -> format."""

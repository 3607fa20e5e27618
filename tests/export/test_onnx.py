"""ONNX files compute what the model computes.

An export takes a second and more, by the number of its operations. Every method is exported once, with the
smallest networks, and every architecture once, all in one file. `test_export.py` compares the graphs of all
methods on all architectures with the model.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import onnx
import pytest
import torch
from torch import Tensor, nn

from chimerae.codec import Codec
from chimerae.export import FORMATS
from chimerae.export.formats import OPSET
from chimerae.export.graphs import Graph, Graphs, Port
from chimerae.methods import METHODS
from chimerae.networks import ARCHITECTURES, MLP
from tests.export.exported import model_of, run_onnx
from tests.helpers.cases import GREY, POINTS, Case, small, tiny

ARCHS = [tiny(arch) for arch in ARCHITECTURES if arch is not MLP]
PLAINEST = MLP(width=8, depth=1)


def graphs_of(name: str, arch: object, **options: object) -> Graphs:
    model = model_of(Case(small(name, **options), arch, POINTS if arch.name == "mlp" else GREY))
    return Graphs(Codec(model.method, model.nets, model.shape))


def every_graph() -> Iterator[Graph]:
    for method in METHODS:
        graphs = graphs_of(method.name, PLAINEST)
        yield graphs.encode() if small(method.name).encodes else graphs.decode("generator")
    for arch in ARCHS:
        yield graphs_of("vae", arch).reconstruct("decoder")
    yield graphs_of("avae", PLAINEST, use_xi=True).decode("generator")
    yield graphs_of("biadversarial", PLAINEST).reconstruct("decoder")


class Together(nn.Module):
    """Several graphs as one, whose inputs and outputs follow each other."""

    def __init__(self, graphs: list[Graph]) -> None:
        super().__init__()
        self.parts = nn.ModuleList([graph.module for graph in graphs])
        self.counts = [len(graph.inputs) for graph in graphs]

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        rest, made = list(inputs), []
        for part, count in zip(self.parts, self.counts, strict=True):
            made += part(*rest[:count])
            del rest[:count]
        return tuple(made)


def numbered(graphs: list[Graph], end: str) -> tuple[Port, ...]:
    return tuple(
        Port(f"{end}-{i}-{port.name}", port.shape)
        for i, graph in enumerate(graphs)
        for port in getattr(graph, end)
    )


def test_onnx_computes_what_pytorch_does(tmp_path: Path):
    graphs = list(every_graph())
    inputs, outputs = numbered(graphs, "inputs"), numbered(graphs, "outputs")
    whole = Graph("whole", Together(graphs).eval().requires_grad_(False), inputs, outputs)
    path = tmp_path / "whole.onnx"
    path.write_bytes(FORMATS["onnx"].write(whole, {}))
    for n in (1, 4):
        given = {port.name: torch.rand(n, *port.shape) for port in inputs}
        made = run_onnx(path, **given)
        for port, wanted in zip(outputs, whole.module(*given.values()), strict=True):
            torch.testing.assert_close(made[port.name], wanted, atol=1e-5, rtol=1e-4, msg=port.name)
            assert port.name.endswith("sigma") or n == 1 or wanted.std(0).max() > 1e-3, port.name


def test_bytes_go_in_and_come_out(tmp_path: Path):
    model = model_of(Case(small("aae"), ARCHS[0], GREY))
    graph = Graphs(Codec(model.method, model.nets, model.shape), uint8=True).reconstruct("decoder")
    path = tmp_path / "bytes.onnx"
    path.write_bytes(FORMATS["onnx"].write(graph, {}))
    x = torch.randint(256, (4, *GREY), dtype=torch.uint8)
    made = run_onnx(path, images=x)["reconstructions"]
    assert made.dtype == torch.uint8
    assert (made - 255 * model.reconstruct(x)).abs().max() <= 0.51
    assert made.unique().numel() > 3


@pytest.fixture(scope="module")
def generator(tmp_path_factory: pytest.TempPathFactory) -> onnx.ModelProto:
    folder = tmp_path_factory.mktemp("gan")
    model = model_of(Case(small("gan"), ARCHS[0], GREY))
    (done,) = model.export(folder)
    return onnx.load(done.path)


def test_a_file_describes_itself(generator: onnx.ModelProto):
    said = {each.key: each.value for each in generator.metadata_props}
    assert said.items() >= {
        "method": "gan", "data": "noise", "shape": "1 8 8", "z_dim": "4", "graph": "decode-generator",
    }.items()  # fmt: skip
    assert said["chimerae"]
    assert [(each.domain, each.version) for each in generator.opset_import] == [("", OPSET)]


def test_a_file_has_a_free_batch_and_no_places_of_this_machine(generator: onnx.ModelProto):
    for port in (*generator.graph.input, *generator.graph.output):
        assert port.type.tensor_type.shape.dim[0].dim_param == "batch"
    content = generator.SerializeToString()
    assert str(Path(__file__).parents[2]).encode() not in content
    assert b"site-packages" not in content

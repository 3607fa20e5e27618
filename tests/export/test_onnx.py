"""ONNX files compute what the model computes.

Every method is exported once, and every architecture several times. All methods on all architectures are in
`test_export.py`, which exports nothing: a graph takes half a second.
"""

from __future__ import annotations

from itertools import cycle
from pathlib import Path

import onnx
import pytest
import torch

from chimerae import noise
from chimerae.codec import Codec
from chimerae.export import FORMATS
from chimerae.export.formats import OPSET
from chimerae.export.graphs import Graph, Graphs
from chimerae.methods import METHODS
from chimerae.nets import Architecture
from chimerae.networks import ARCHITECTURES
from tests.export.exported import model_of, run_onnx
from tests.helpers.cases import GREY, POINTS, Case, small, tiny
from tests.helpers.rows import through

N = 4
CASES = [
    Case(small(method.name), tiny(arch), POINTS if arch.name == "mlp" else GREY)
    for method, arch in zip(METHODS, cycle(ARCHITECTURES), strict=False)
]


def test_every_method_and_architecture_has_a_case():
    assert {case.method.name for case in CASES} == {method.name for method in METHODS}
    assert {case.arch.name for case in CASES} == {arch.name for arch in ARCHITECTURES}


@through("case", CASES)
def test_onnx_computes_what_pytorch_does(case: Case, tmp_path: Path):
    """The encoder, or the generator where there is none; the graphs themselves are those of the model."""
    model = model_of(case)
    graphs = Graphs(Codec(model.method, model.nets, model.shape))
    graph = graphs.encode() if model.method.encodes else graphs.decode(model.decoders[-1])
    same(graph, tmp_path)


@through("arch", [tiny(arch) for arch in ARCHITECTURES], ids=lambda arch: arch.name)
def test_decoders_of_every_architecture(arch: Architecture, tmp_path: Path):
    model = model_of(Case(small("avae", use_xi=True), arch, POINTS if arch.name == "mlp" else GREY))
    same(Graphs(Codec(model.method, model.nets, model.shape)).decode("generator"), tmp_path)


def same(graph: Graph, folder: Path) -> None:
    path = folder / f"{graph.name}.onnx"
    path.write_bytes(FORMATS["onnx"].write(graph, {}))
    inputs = {port.name: torch.rand(N, *port.shape) for port in graph.inputs}
    made = run_onnx(path, **inputs)
    for port, wanted in zip(graph.outputs, graph.module(*inputs.values()), strict=True):
        torch.testing.assert_close(made[port.name], wanted, atol=1e-4, rtol=0)


def test_a_reconstruction_goes_through_the_code_and_takes_the_noise_of_both_networks(tmp_path: Path):
    model = model_of(Case(small("biadversarial"), tiny(ARCHITECTURES[0]), POINTS))
    graph = Graphs(Codec(model.method, model.nets, model.shape)).reconstruct("decoder")
    (tmp_path / "both.onnx").write_bytes(FORMATS["onnx"].write(graph, {}))
    x, eps, xi = torch.rand(2, 2), torch.randn(2, 32), torch.randn(2, 32)
    made = run_onnx(tmp_path / "both.onnx", points=x, encoder_noise=eps, noise=xi)
    with noise.supplied(lambda n, d: eps):
        code = model.encode(x).mu
    wanted = model.decode(torch.cat([code, xi], 1))
    torch.testing.assert_close(made["reconstructions"], wanted, atol=1e-4, rtol=0)


def test_bytes_go_in_and_come_out(tmp_path: Path):
    model = model_of(Case(small("vae"), tiny(ARCHITECTURES[0]), GREY))
    model.export(tmp_path, uint8=True)
    x = torch.randint(256, (3, *GREY), dtype=torch.uint8)
    code = run_onnx(tmp_path / "encode.onnx", images=x)["code"]
    torch.testing.assert_close(code, model.encode(x).mu, atol=1e-4, rtol=0)
    z = 3 * torch.randn(3, 4)
    images = run_onnx(tmp_path / "decode-decoder.onnx", code=z)["images"]
    assert images.dtype == torch.uint8
    levels = 255 * model.decode(z)
    assert (images - levels).abs().max() <= 0.501
    assert images.unique().numel() > 3


@pytest.fixture(scope="module")
def generator(tmp_path_factory: pytest.TempPathFactory) -> onnx.ModelProto:
    folder = tmp_path_factory.mktemp("gan")
    model = model_of(Case(small("gan"), tiny(ARCHITECTURES[0]), GREY))
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

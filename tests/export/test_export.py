"""Exports without ONNX: outputs, comparisons, refusals."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from chimerae import noise
from chimerae.codec import Codec
from chimerae.errors import InputError
from chimerae.export import FORMATS
from chimerae.export.check import Real, largest_difference
from chimerae.export.formats import ABOUT, format_of
from chimerae.export.graphs import Graph, Graphs, Port
from chimerae.methods import NoEncoder
from chimerae.networks import MLP
from tests.export.exported import model_of
from tests.helpers.cases import GREY, PLAIN, POINTS, Case, small
from tests.helpers.rows import through

TINY = MLP(width=8)


class Doubling(nn.Module):
    def forward(self, x: Tensor) -> tuple[Tensor]:
        return (2 * x,)


DOUBLED = Graph("doubled", Doubling(), (Port("images", (1,)),), (Port("images", (1,)),))


UNWRITTEN = replace(
    FORMATS["torch.export"], write=lambda *_: b"", open=lambda p, graph: lambda given: [*graph.module(*given)]
)
"""A format whose files are empty."""


def codec_of(name: str, shape: tuple[int, ...] = POINTS, **options: object) -> Codec:
    model = model_of(Case(small(name, **options), TINY, shape))
    return Codec(model.method, model.nets, model.shape)


@through("case", PLAIN)
def test_graphs_compute_what_the_model_does(case: Case):
    model = model_of(case)
    graphs = Graphs(Codec(model.method, model.nets, model.shape))
    if model.method.encodes:
        graph, x, eps = graphs.encode(), torch.rand(3, *case.shape), torch.randn(3, 32)
        made = answers(graph, *[x, eps][: len(graph.inputs)])
        with noise.supplied(lambda n, d: eps):
            q = model.encode(x)
        torch.testing.assert_close(made.get("mean", made["code"]), q.mu)  # a rescaled code has both
        assert made["code"].std(0).max() > 1e-3
        assert ("sigma" in made) != q.is_point
        if "sigma" in made:
            torch.testing.assert_close(made["sigma"], q.sigma.expand_as(q.mu))
    for network in model.decoders:
        graph = graphs.decode(network)
        given = [torch.randn(3, *port.shape) for port in graph.inputs]
        (samples,) = answers(graph, *given).values()
        torch.testing.assert_close(samples, model.decode(torch.cat(given, 1), network=network))
        assert samples.std(0).max() > 1e-3


def answers(graph: Graph, *inputs: Tensor) -> dict[str, Tensor]:
    with torch.no_grad():
        return dict(zip([port.name for port in graph.outputs], graph.module(*inputs), strict=True))


@through(
    "name, options, names",
    [
        ("vae", {}, ["code", "sigma"]),
        ("aae", {}, ["code"]),
        ("aae", {"sigma": "free"}, ["code", "sigma"]),
        ("avae", {"recon_code": "mean_rescaled"}, ["code", "mean", "sigma"]),
        ("biadversarial", {}, ["code"]),
    ],
)
def test_outputs_of_an_encoder(name, options, names):
    assert [port.name for port in Graphs(codec_of(name, **options)).encode().outputs] == names


def test_the_code_is_that_of_a_reconstruction_at_the_mean():
    codec = codec_of("avae", recon_code="mean_rescaled", sigma_start=0.5)
    x = torch.rand(3, *POINTS)
    with torch.no_grad():
        code, mean, sigma = Graphs(codec).encode().module(x)
    torch.testing.assert_close(code, mean / (1 - sigma**2).sqrt())


def test_a_graph_holds_the_weights_of_its_own_networks():
    graphs = Graphs(codec_of("avae"))
    held = {
        g.name: [*g.module.networks] for g in (graphs.encode(), *map(graphs.decode, ("decoder", "generator")))
    }
    assert held == {"encode": ["encoder"], "decode-decoder": ["decoder"], "decode-generator": ["generator"]}
    assert [*Graphs(codec_of("ian")).encode().module.networks] == ["critic", "encoder"]
    assert [*graphs.reconstruct("generator").module.networks] == ["encoder", "generator"]


def test_noise_is_an_input_of_the_network_that_takes_it():
    graphs = Graphs(codec_of("avae", use_xi=True))
    assert [str(port) for port in graphs.decode("generator").inputs] == [
        "code [B, 4] float32",
        "noise [B, 4] float32",
    ]
    assert [port.name for port in graphs.decode("decoder").inputs] == ["code"]


def test_methods_without_an_encoder_and_points_as_bytes_are_refused():
    with pytest.raises(NoEncoder, match="gan has no encoder"):
        Graphs(codec_of("gan")).encode()
    with pytest.raises(InputError, match="2-d points are no bytes"):
        Graphs(codec_of("vae"), uint8=True)


@through(
    "off, said",
    [
        (lambda y: y + 2e-4, "differs from PyTorch's by 0.0002"),
        (lambda y: y * torch.nan, "differs from PyTorch's by nan"),
        (lambda y: y.double(), "float64 in place of"),
        (lambda y: y[:1].repeat(3, 1), r"is \[3, 1\]"),
    ],
)
def test_a_file_that_computes_something_else_is_refused(off, said):
    with pytest.raises(InputError, match=said):
        largest_difference(DOUBLED, lambda given: [off(2 * given[0])], None)


def test_the_difference_is_the_largest_of_two_batches_of_random_and_of_real_samples():
    seen: list[Tensor] = []

    def opened(given: Sequence[Tensor]) -> list[Tensor]:
        seen.append(given[0])
        return [2 * given[0] + len(seen) * 1e-5]

    real = Real(torch.full((5, 1), 0.25))
    assert largest_difference(DOUBLED, opened, real) == pytest.approx(4e-5, rel=0.05)
    assert [len(x) for x in seen] == [1, 5, 1, 5]
    assert [bool((x == 0.25).all()) for x in seen] == [False, False, True, True]


def test_bytes_may_differ_by_a_level():
    port = Port("images", (1, 2, 2), torch.uint8)
    graph = Graph("same", Doubling(), (port,), (port,))
    assert largest_difference(graph, lambda given: [2 * given[0] ^ 1], None) == 1
    with pytest.raises(InputError, match="by 2"):
        largest_difference(graph, lambda given: [2 * given[0] ^ 2], None)


def test_real_codes_are_those_of_the_samples():
    real = Real(torch.zeros(5, *GREY), torch.ones(5, 4))
    assert torch.equal(real.of(Port("code", (4,)), 2), torch.ones(2, 4))
    assert torch.equal(real.of(Port("images", GREY), 2), torch.zeros(2, *GREY))
    assert Real(torch.ones(5, *GREY)).of(Port("images", GREY, torch.uint8), 1).unique().tolist() == [255]
    assert Real(torch.zeros(5, 4)).of(Port("code", (4,)), 2) is None


def test_unknown_formats():
    with pytest.raises(InputError, match=r"did you mean 'torch\.export'"):
        format_of("torch-export")
    with pytest.raises(InputError, match="deprecated TorchScript"):
        format_of("torchscript")


def test_programs_open_with_torch_alone_and_describe_themselves(tmp_path: Path):
    model = model_of(Case(small("gan"), TINY, POINTS))
    (done,) = model.export(tmp_path, to="torch.export")
    assert done.path == tmp_path / "decode-generator.pt2"
    assert done.difference <= 1e-6
    about = {ABOUT: ""}
    z = torch.randn(6, 4)
    (made,) = torch.export.load(done.path, extra_files=about).module()(z)
    torch.testing.assert_close(made, model.decode(z))
    assert json.loads(about[ABOUT])["method"] == "gan"
    before = done.path.read_bytes()
    with pytest.raises(InputError, match="exists; add --overwrite"):
        model.export(tmp_path, to="torch.export")
    assert done.path.read_bytes() == before
    assert str(Path(__file__).parents[2]).encode() not in before


def test_a_wrong_file_is_not_left_and_the_old_one_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    wrong = replace(
        FORMATS["torch.export"], write=lambda *_: b"new", open=lambda *_: lambda given: [given[0][:, :2]]
    )
    monkeypatch.setitem(FORMATS, "torch.export", wrong)
    model = model_of(Case(small("gan"), TINY, POINTS))
    with pytest.raises(InputError, match="decode-generator was not exported: its output points differs"):
        model.export(tmp_path / "new", to="torch.export")
    assert list((tmp_path / "new").iterdir()) == []
    (tmp_path / "decode-generator.pt2").write_text("old")
    with pytest.raises(InputError, match="was not exported"):
        model.export(tmp_path, to="torch.export", overwrite=True)
    assert (tmp_path / "decode-generator.pt2").read_text() == "old"


def test_exporting_leaves_the_model_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    model = model_of(Case(small("vae"), TINY, POINTS))
    monkeypatch.setitem(FORMATS, "torch.export", UNWRITTEN)
    for module in model.nets.modules.values():
        module.train().requires_grad_(True)
    (first, *_) = model.export(tmp_path, to="torch.export")
    for module in model.nets.modules.values():
        assert module.training
        assert all(p.requires_grad for p in module.parameters())
    assert not first.graph.module.networks["encoder"].training
    assert not any(p.requires_grad for p in first.graph.module.parameters())

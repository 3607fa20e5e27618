"""`chimerae export`: its files, what it prints, what it refuses."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from chimerae.cli import main
from chimerae.export import FORMATS
from tests.helpers.rows import through

DECODERS = ("decoder", "generator")


@pytest.fixture
def unwritten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs that are not traced, which takes half a second each: their graphs answer in place of files."""
    form = FORMATS["torch.export"]
    quick = replace(
        form, write=lambda *_: b"", open=lambda path, graph: lambda given: [*graph.module(*given)]
    )
    monkeypatch.setitem(FORMATS, "torch.export", quick)


def as_text(graph: object, about: Mapping[str, str]) -> bytes:
    return json.dumps(dict(about)).encode()


@pytest.mark.usefixtures("unwritten")
def test_a_run_becomes_files(call, trained: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(FORMATS, "onnx", replace(FORMATS["torch.export"], suffix=".onnx", write=as_text))
    code, out, err = call("export", trained, "--page")
    assert code == 0, err
    assert "random samples alone" not in err
    *lines, page = out.splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        f"run/export/{name}.onnx" for name in ("encode", "decode-decoder", "decode-generator")
    ]
    assert page == "run/export/index.html: cd run/export; npm install onnxruntime-web; python -m http.server"
    written = (trained / "export" / "index.html").read_text("utf-8")
    assert "A model of avae for 16x16x3 images, after 4 steps." in written
    assert '"file": "decode-generator.onnx"' in written
    assert "images [B, 3, 16, 16] float32 -> code [B, 3] float32, sigma [B, 3] float32" in lines[0]
    assert all(float(line.rpartition(": ")[2]) <= 1e-4 for line in lines)
    about = json.loads((trained / "export" / "encode.onnx").read_text())
    assert (about["run"], about["data"], about["step"], about["graph"]) == ("run", "photos", "4", "encode")
    assert {"weights_sha256", "trained_with", "chimerae", "arch", "noise_dim"} <= about.keys()
    before = {path: path.read_bytes() for path in (trained / "export").iterdir()}
    code, out, err = call("export", trained)
    assert (code, out) == (2, "")
    assert err.splitlines()[-1] == (
        "chimerae: run/export/encode.onnx exists; add --overwrite to replace it, or choose another --out"
    )
    assert {path: path.read_bytes() for path in (trained / "export").iterdir()} == before
    code, _, err = call("export", trained, "--to", "torch.export", "--page")
    assert (code, err.splitlines()[-1]) == (
        2,
        "chimerae: a page runs ONNX files, not torch.export: leave out --page, or use --to onnx",
    )


@pytest.mark.usefixtures("unwritten")
def test_other_places_and_graphs(call, trained: Path):
    asked = ("export", trained, "--to", "torch.export", "--out", "web", "--uint8", "--reconstruct")
    code, out, err = call(*asked)
    assert code == 0, err
    graphs = ("encode", *(f"{kind}-{by}" for kind in ("decode", "reconstruct") for by in DECODERS))
    assert {path.name for path in Path("web").iterdir()} == {f"{name}.pt2" for name in graphs}
    assert out.splitlines()[1].endswith(
        "images [B, 3, 16, 16] uint8; largest difference from PyTorch: 0 levels of 255"
    )
    assert call(*asked, "--overwrite")[0] == 0
    assert not (trained / "export").exists()


@pytest.mark.usefixtures("unwritten")
def test_a_gan_has_no_encoder_and_says_so(call):
    assert main(["train", "gan", "--data", "8gaussians", "--steps", "1", "--out", "gan"]) == 0
    code, out, err = call("export", "gan", "--to", "torch.export", "--reconstruct")
    assert code == 0, err
    assert [path.name for path in Path("gan/export").iterdir()] == ["decode-generator.pt2"]
    assert "gan has no encoder: only its generating networks were written" in out
    code, _, err = call("export", "gan", "--to", "torch.export", "--uint8", "--overwrite")
    assert code == 2
    assert "2-d points are no bytes" in err


@pytest.mark.usefixtures("unwritten")
def test_a_model_without_its_run_or_its_data_is_compared_on_random_samples(call, trained: Path):
    shutil.move(trained / "model", "kept")
    code, out, err = call("export", "kept", "--to", "torch.export")
    assert code == 0, err
    assert "compared on random samples alone: " in err
    assert len(out.splitlines()) == 3
    code, _, err = call("export", "kept", "--to", "torch.export", "--overwrite", "--input", "nowhere")
    assert code == 2
    assert "nowhere" in err


@through(
    "args, hint",
    [
        (("nowhere",), "nowhere"),
        (("nowhere", "--to", "onxx"), "unknown format 'onxx'; did you mean 'onnx'?"),
        (("nowhere", "--to", "TorchScript"), "use --to torch.export"),
        ((), "run folder"),
    ],
)
def test_bad_arguments(call, workplace: Path, args: tuple[str, ...], hint: str):
    code, out, err = call("export", *args)
    assert code == 2
    assert not out
    assert hint in err.splitlines()[-1]
    assert list(workplace.iterdir()) == []

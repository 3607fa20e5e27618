"""The Python of the page about exports runs on an exported model."""

from __future__ import annotations

import json
import re

import chimerae
from chimerae.export.formats import OPSET
from chimerae.runs.train import train
from tests.docs.fences import DOCS, blocks
from tests.helpers.runs import tiny_run

PAGE = DOCS / "export.md"


def test_onnx_in_python(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("chimerae.training.previews.Previews.draw", lambda *args: None)
    run = train(tiny_run("bigan", "dcgan", steps=1), out=tmp_path / "runs" / "avae-photos")
    chimerae.load(run).export(run / "export")
    capsys.readouterr()
    (code,) = blocks(PAGE, "python")
    made: dict[str, object] = {}
    exec(compile(code, "export.md", "exec"), made)
    assert made["again"].shape == (4, 1, 8, 8)
    about = json.loads(capsys.readouterr().out)
    assert (about["method"], about["data"], about["graph"]) == ("bigan", "digits", "decode-generator")


def test_the_opset_of_the_page():
    assert re.findall(r"opset (\d+)", PAGE.read_text("utf-8")) == [str(OPSET)]

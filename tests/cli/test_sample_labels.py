"""`chimerae sample` of a run that learns with labels."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chimerae.runs.train import train
from tests.cli.conftest import Call
from tests.helpers.rows import through
from tests.helpers.runs import tiny_run


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory):
    run = tiny_run("vae", steps=1)
    run = replace(run, data="digits", method=replace(run.method, classes=10))
    return train(run, out=tmp_path_factory.mktemp("labelled") / "run", quiet=True)


@through(
    "asked, drawn",
    [
        ((), 70),  # seven rows of ten classes, none of them cut
        (("--label", 1, 2, 3), 66),
        (("--label", 4), 64),
        (("-n", 25), 25),
    ],
)
def test_rows_of_classes_are_whole_unless_a_number_is_given(labelled, tmp_path, call: Call, asked, drawn):
    code, out, _ = call("sample", labelled, *asked, "--out", tmp_path / "sheet.png")
    assert code == 0
    assert f"{drawn} samples" in out

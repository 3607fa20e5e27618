"""Run folders of schema 1, whose settings, players and tensors had earlier names, go on as they were.

They were stopped after step 4 of 6, with a state of step 3.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

import chimerae
from chimerae.report.read import read_run as read_report
from chimerae.run_folder.schema import SCHEMAS
from chimerae.runs.folder import read_run
from chimerae.runs.run import Run
from chimerae.runs.train import resume, train
from chimerae.training.checkpoint import read_state
from tests.helpers.runs import tiny_run

OLD = Path(__file__).parent / "schema_1"
RUNS: dict[str, Run] = {
    "aae": tiny_run("aae", grad_accumulation=2, players={"critic": {"lr": 1e-3}, "generator": {"lr": 3e-4}}),
    "avae": tiny_run(
        "avae",
        method={"latent_warmup": 0.5, "likelihood": "estimated", "latent_loss": "normalised"},
        optimizer={"sigma_lr_scale": 5.0},
    ),
    "id-gan": tiny_run("id-gan", method={"first_stage_share": 0.4}),
    "soft-introvae": tiny_run(
        "soft-introvae",
        method={"variant": "bootstrap", "target_every": 2, "warmup_steps": 2, "scaled_warmup": True},
    ),
}
"""What the folders hold, under today's names."""


@pytest.fixture(params=RUNS)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, Run]:
    """A copy of an old folder, and its run."""
    shutil.copytree(OLD / request.param, tmp_path / "old")
    return tmp_path / "old", RUNS[request.param]


@pytest.mark.usefixtures("no_pictures")
def test_an_old_run_goes_on_to_where_a_new_one_ends(old: tuple[Path, Run], tmp_path: Path):
    """Not to the bit: another processor made its first three steps."""
    folder, run = old
    assert read_run(folder) == run
    resume(folder)
    train(run, out=tmp_path / "new")
    ours, step = read_state(folder / "state")
    theirs: dict[str, Any] = dict(read_state(tmp_path / "new" / "state")[0])
    assert step == 6
    torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-5)


def test_an_old_run_is_reported_and_its_model_loaded(old: tuple[Path, Run]):
    folder, run = old
    report = read_report(folder)
    assert report.settings["method"].keys() >= {"z_dim"}
    assert report.log[-1].logged
    assert chimerae.load(folder).method == run.method


def test_a_state_of_before_and_one_of_today_stand_in_one_index(old: tuple[Path, Run]):
    """Each entry says which names its tensors have."""
    folder, _ = old
    resume(folder)
    entries = json.loads((folder / "state" / "index.json").read_text())["states"]
    assert [entry.get("schema", 1) for entry in entries][-2:] == [1, SCHEMAS["state"]]

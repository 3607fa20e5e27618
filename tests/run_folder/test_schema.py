"""Run folders of earlier versions stay readable: one table of renamed keys, and every reader applies it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from chimerae.config import to_dict
from chimerae.errors import InputError
from chimerae.evaluation import Results, read_scores, write_scores
from chimerae.model import store
from chimerae.report import read
from chimerae.run_folder import schema
from chimerae.run_folder.log import parsed
from chimerae.run_folder.schema import RENAMED, SCHEMAS, check_schema, renamed
from chimerae.run_folder.scores import Score
from chimerae.runs.folder import create, read_run
from tests.helpers.rows import through
from tests.helpers.runs import tiny_run

MADE_UP = {
    "method.weight_of_kl": "method.beta",
    "training.players.*.pace": "training.players.*.lr",
    "logged.divergence": "logged.kl",
    "protocol.part": "protocol.split",
}


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "RENAMED", MADE_UP)


@through("names", [RENAMED, MADE_UP])
def test_only_the_last_part_of_a_key_changes(names: dict[str, str]):
    for before, now in names.items():
        assert before.rpartition(".")[0] == now.rpartition(".")[0]


def test_without_entries_nothing_changes(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(schema, "RENAMED", {})
    tree = {"method": {"weight_of_kl": 1}}
    assert renamed(tree) is tree


@pytest.mark.usefixtures("table")
def test_keys_keep_their_place_and_todays_wins():
    tree = {"method": {"a": 1, "weight_of_kl": 2, "b": 3}, "weight_of_kl": 4}
    assert json.dumps(renamed(tree)) == '{"method": {"a": 1, "beta": 2, "b": 3}, "weight_of_kl": 4}'
    assert renamed({"method": {"weight_of_kl": 2, "beta": 3}}) == {"method": {"beta": 3}}
    players = {"vae": {"pace": 1.0}, "critic": {"pace": 2.0, "lr": 3.0}, "odd": None}
    assert renamed({"training": {"players": players}})["training"]["players"] == {
        "vae": {"lr": 1.0},
        "critic": {"lr": 3.0},
        "odd": None,
    }
    assert renamed({"method": "none"}) == {"method": "none"}
    assert renamed(None) is None


@pytest.fixture
def old(tmp_path: Path, table: None) -> Path:
    """A run folder in which `beta` has its earlier name."""
    folder = tmp_path / "run"
    create(folder, tiny_run("vae", method={"beta": 3.0}), {"checksum": "0"}, torch.device("cpu"), "test")
    record = json.loads((folder / "run.json").read_text())
    record["schema"] = 1
    record["run"]["method"]["weight_of_kl"] = record["run"]["method"].pop("beta")
    (folder / "run.json").write_text(json.dumps(record))
    (folder / "log.jsonl").write_text('{"step": 1, "seconds": 1.0, "logged": {"divergence": 2.0}}\n')
    score = Score(metric="mse", of="decoder", value=1.0, n=2, better="lower", protocol={"part": "test"})
    write_scores(Results(scores=(score,)), 1, folder / "scores.json")
    (folder / "model").mkdir()
    tree = to_dict(tiny_run("vae"))
    config = {"schema": 1, "arch": tree["arch"], "shape": [2], "step": 1, "averaged": False}
    method = {"name": "vae", "weight_of_kl": 3.0}
    (folder / "model" / "config.json").write_text(json.dumps(config | {"method": method}))
    return folder


def test_every_reader_knows_the_earlier_names(old: Path):
    assert read_run(old).method.beta == 3.0
    assert store._config(old / "model" / "config.json")["method"]["beta"] == 3.0
    assert read_scores(old / "scores.json")[0].scores[0].protocol == {"split": "test"}
    run = read.read_run(old)
    assert run.settings["method"]["beta"] == 3.0
    assert run.model["method"]["beta"] == 3.0
    assert run.log[0].logged == {"kl": 2.0}
    assert run.scores[0].protocol == {"split": "test"}
    line = parsed('{"step": 1, "logged": {"divergence": 2.0}}')
    assert line is not None
    assert line.logged == {"kl": 2.0}


@through("name", SCHEMAS)
def test_another_schema_is_refused_in_one_line(name: str):
    check_schema({"schema": SCHEMAS[name]}, Path(name), name)
    for content, given in (({"schema": 99}, "99"), ({}, "None"), ([], "None")):
        with pytest.raises(InputError, match=f"{name} has format {given}, this version of chimerae reads"):
            check_schema(content, Path(name), name)


RESULTS = Path(__file__).parents[2] / "docs" / "results"


@through("folder", sorted({p.parent for p in RESULTS.rglob("run.json")}))
def test_committed_results_are_readable(folder: Path):
    run = read.read_run(folder)
    assert run.method == read_run(folder).method.name
    assert run.scores


def test_todays_files_keep_a_setting_that_bears_an_earlier_name():
    """A method of a user's own may have one."""
    before, now = next(iter(RENAMED.items()))
    tree = {"method": {before.removeprefix("method."): 1.0}}
    assert renamed(tree, SCHEMAS["run.json"]) is tree
    assert renamed(tree, 1) == renamed(tree) == {"method": {now.removeprefix("method."): 1.0}}


def test_no_present_name_is_an_earlier_one():
    """Otherwise the order of the table would matter, and a file be translated twice."""
    assert not {*RENAMED} & {*RENAMED.values()}
    assert len({*RENAMED.values()}) == len(RENAMED)

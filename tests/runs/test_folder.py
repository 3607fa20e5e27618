"""Run folders are made whole, and only in places that are free."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from chimerae.errors import InputError
from chimerae.run_folder.schema import ENV, LOCK, LOG, MANIFEST, MODEL, PICTURES, PREVIEWS, RUN, STATE
from chimerae.runs.evaluate import evaluate_run
from chimerae.runs.folder import vacant
from chimerae.runs.train import resume, train
from tests.helpers.runs import after, assert_same_run, tiny_run

PARTS = (ENV, MANIFEST, RUN)


@pytest.fixture(autouse=True)
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chimerae.training.previews.Previews.draw", lambda self, nets, step: None)
    monkeypatch.setattr("chimerae.runs.evaluate.draw", lambda *args: None)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("chimerae.training.previews.Previews.draw", lambda self, nets, step: None)
        return train(tiny_run("vae"), out=tmp_path_factory.mktemp("runs") / "whole")


@pytest.mark.parametrize("written", range(len(PARTS)))
@pytest.mark.parametrize("half", [False, True])
def test_a_start_that_was_killed_is_in_nobodys_way(whole: Path, tmp_path: Path, written: int, half: bool):
    """Killed while the file after the first `written` ones was written, with or without a part of it."""
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / LOCK).touch()
    for name in PARTS[:written]:
        (folder / name).write_bytes((whole / name).read_bytes())
    if half:
        (folder / f".{PARTS[written]}.k2x9_a1b").write_bytes(b'{"chim')
    assert_same_run(train(tiny_run("vae"), out=folder), whole)
    assert not [path.name for path in folder.iterdir() if path.name.startswith(".") and path.name != LOCK]


OTHERS = {
    "data.json of one's own": {MANIFEST: "{}"},
    "env.json of one's own": {ENV: '{"API_KEY": 1}'},
    "env.json that is a list": {ENV: '["chimerae"]'},
    "another file beside": {ENV: '{"chimerae": "0.1.0"}', "notes.txt": ""},
    "a hidden file": {".data.json": ""},
    "a half file of another program": {".notes.json.k2x9": ""},
}


@pytest.mark.parametrize("files", OTHERS.values(), ids=OTHERS)
def test_what_others_wrote_is_left_alone(tmp_path: Path, files: dict[str, str]):
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match="is not empty"):
        train(tiny_run("vae"), out=tmp_path)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == files


def test_a_link_is_no_leftover(tmp_path: Path):
    (tmp_path / "theirs").write_text(json.dumps({"chimerae": 1}))
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ENV).symlink_to(tmp_path / "theirs")
    with pytest.raises(InputError, match="is not empty"):
        vacant(tmp_path / "run")


@pytest.mark.parametrize("name", [STATE, MODEL, PREVIEWS, PICTURES, LOG])
@pytest.mark.parametrize("use", [resume, evaluate_run])
def test_links_inside_a_run_are_not_followed(whole: Path, tmp_path: Path, name: str, use):
    folder = shutil.copytree(whole, tmp_path / "run")
    elsewhere = tmp_path / "elsewhere"
    if (folder / name).exists():
        (folder / name).rename(elsewhere)
    else:
        elsewhere.mkdir()
    (folder / name).symlink_to(elsewhere)
    before = {path: path.read_bytes() for path in elsewhere.rglob("*") if path.is_file()}
    with pytest.raises(InputError, match=f"{name} is a link, which is not followed"):
        use(folder)
    assert {path: path.read_bytes() for path in elsewhere.rglob("*") if path.is_file()} == before


def test_a_run_may_itself_lie_behind_a_link(whole: Path, tmp_path: Path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "runs").symlink_to(tmp_path / "disk")
    assert_same_run(train(tiny_run("vae"), out=tmp_path / "runs" / "a"), whole)


@pytest.mark.parametrize("step", [1, 4])
def test_a_folder_that_is_removed_under_a_run_stays_removed(tmp_path: Path, step: int):
    gone = after(step, lambda: (tmp_path / "run").rename(tmp_path / "elsewhere"))
    with pytest.raises(InputError, match=r"was removed or moved|No such file"):
        train(tiny_run("vae", log_every=step), out=tmp_path / "run", callbacks=gone)
    assert not (tmp_path / "run").exists()


def test_scores_are_saved_before_pictures(whole: Path, monkeypatch: pytest.MonkeyPatch):
    def full(*args: object) -> None:
        raise InputError("No space left on device")

    monkeypatch.setattr("chimerae.runs.evaluate.draw", full)
    (whole / "scores.json").unlink(missing_ok=True)
    with pytest.raises(InputError, match="No space left"):
        evaluate_run(whole)
    assert json.loads((whole / "scores.json").read_text())["scores"]

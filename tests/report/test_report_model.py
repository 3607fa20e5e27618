"""Pages about models alone: folders that `save` wrote, and models of the hub."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

import chimerae
from chimerae.errors import InputError
from chimerae.report.read import read_run
from chimerae.runs.train import train
from tests.helpers.hub import Hub, standin
from tests.helpers.runs import tiny_run

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")  # of the library
SCORE = {"metric": "psnr", "of": "decoder", "value": 13.5, "n": 180, "better": "higher", "protocol": {}}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of one step with a score and its pictures."""
    place = tmp_path_factory.mktemp("runs") / "run"
    train(tiny_run("vae", "dcgan", steps=1), out=place, quiet=True)
    record = {"schema": 1, "step": 1, "scores": [SCORE], "absent": {}}
    (place / "scores.json").write_text(json.dumps(record))
    (place / "pictures").mkdir()
    Image.new("L", (200, 100), 90).save(place / "pictures" / "samples.png")
    return place


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    with standin(tmp_path / "hub-cache") as there:
        yield there


def test_a_saved_model_is_read_with_its_scores_and_pictures(run: Path, tmp_path: Path):
    folder = chimerae.load(run).save(tmp_path / "kept")
    found = read_run(folder)
    assert (found.method, found.source) == ("vae", "digits")
    assert [(score.metric, score.value) for score in found.scores] == [("psnr", 13.5)]
    assert set(found.pictures) == {"samples"}
    assert found.is_judged
    page = chimerae.report(folder)
    assert page == folder / "report.html"
    text = page.read_text()
    assert "13.5" in text
    assert "How it learned" not in text


def test_scores_of_another_step_are_left_out(run: Path, tmp_path: Path):
    folder = chimerae.load(run).save(tmp_path / "kept")
    scores = json.loads((folder / "scores.json").read_text())
    (folder / "scores.json").write_text(json.dumps({**scores, "step": 2}))
    assert read_run(folder).scores == ()
    assert "chimerae evaluate kept --data SOURCE" in chimerae.report(folder).read_text()


def test_a_model_of_the_hub_has_a_page_here_and_beside_a_run(run: Path, hub: Hub):
    chimerae.load(run).push_to_hub("anna/faces", license="MIT")
    assert chimerae.report("anna/faces") == Path("report.html")
    alone = Path("report.html").read_text()
    assert "13.5" in alone
    assert "One model: anna/faces." in alone
    assert chimerae.report(["anna/faces", run], out="both.html") == Path("both.html")
    assert "How it learned" in Path("both.html").read_text()


def test_names_that_the_hub_does_not_have(hub: Hub, run: Path):
    with pytest.raises(InputError, match="the hub has no model anna/none"):
        chimerae.report("anna/none")
    with pytest.raises(InputError, match=r"nowhere does not exist; give the folder"):
        chimerae.report("nowhere")
    Path("runs").mkdir()
    asked = len(hub.asked)
    with pytest.raises(InputError, match=r"runs/none does not exist"):
        chimerae.report("runs/none")
    assert len(hub.asked) == asked

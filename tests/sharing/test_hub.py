"""The way to the hub and back, against a stand-in on this machine."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch
from huggingface_hub import constants

import chimerae
from chimerae.errors import InputError
from chimerae.model import Model
from tests.helpers.hub import READ_ONLY, Hub

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")  # of the library
REPO = "anna/faces"


@pytest.fixture
def model(run: Path) -> Model:
    return chimerae.load(run)


def test_push_then_load_gives_the_same_model(model: Model, hub: Hub, run: Path):
    assert model.push_to_hub(REPO, license="MIT").startswith(f"{hub.address}/{REPO}/commit/")
    there = hub.repos[REPO]
    assert there.private
    weights = (run / "model" / "model.safetensors").read_bytes()
    assert there.files["model.safetensors"] == weights
    again = chimerae.load(REPO)
    assert torch.equal(again.sample(5), model.sample(5))
    assert torch.equal(Model.from_pretrained(REPO).sample(2), model.sample(2))
    assert f'chimerae.load("{REPO}")' in there.files["README.md"].decode()


def test_revisions(model: Model, hub: Hub):
    model.push_to_hub(REPO, license="MIT")
    first = hub.repos[REPO].commits[-1][0]
    hub.repos[REPO].commit({"model.safetensors": b"spoilt"})
    with pytest.raises(InputError, match=r"damaged|cannot be read"):
        chimerae.load(REPO)
    for name, how in ((f"{REPO}@{first}", {}), (REPO, {"revision": first})):
        assert torch.equal(chimerae.load(name, **how).sample(2), model.sample(2))
    with pytest.raises(InputError, match=r"anna/faces has no revision 'v9'"):
        chimerae.load(f"{REPO}@v9")


def test_other_files_stay_and_the_card_is_replaced(model: Model, hub: Hub):
    hub.holding(REPO, {"README.md": b"old", "notes.txt": b"mine"})
    model.push_to_hub(REPO, license="MIT")
    files = hub.repos[REPO].files
    assert files["notes.txt"] == b"mine"
    assert files["README.md"].startswith(b"---\nlibrary_name: chimerae\n")


def test_a_public_repository_takes_no_private_model(model: Model, hub: Hub):
    hub.holding(REPO, {}, private=False)
    with pytest.raises(InputError, match="already and public"):
        model.push_to_hub(REPO, license="MIT")
    assert len(hub.repos[REPO].commits) == 1
    model.push_to_hub(REPO, license="MIT", private=False)
    assert len(hub.repos[REPO].commits) == 2


def test_models_that_the_hub_does_not_give(hub: Hub, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(InputError, match="the hub has no model anna/none, or it is private"):
        chimerae.load("anna/none")
    hub.holding("anna/other", {"config.json": b'{"model_type": "bert"}', "model.safetensors": b"x" * 99})
    hub.holding("anna/empty", {"notes.txt": b""})
    for repo in ("anna/other", "anna/empty"):
        with pytest.raises(InputError, match=f"{repo} on the hub is no model of chimerae"):
            chimerae.load(repo)
    assert not [line for line in hub.asked if "safetensors" in line], "weights of others are not loaded"
    hub.holding("anna/locked", {"config.json": b"{}"})
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(InputError, match="or it is private"):
        chimerae.load("anna/locked")


def test_a_folder_here_wins_and_typing_errors_stay_here(
    run: Path, hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "anna").mkdir()
    run.rename("anna/faces")
    assert chimerae.load(REPO).step == 1
    with pytest.raises(InputError, match=r"there is no run folder anna/fcaes \(the hub is not asked"):
        chimerae.load("anna/fcaes")
    for name in ("nothing", "a/b/c", "../x", "/a/b"):
        with pytest.raises(InputError, match="there is no run folder"):
            chimerae.load(name)
    assert hub.asked == []


@pytest.mark.parametrize(
    "repo", ["faces", "a/b/c", "", "anna/faces@main", "../faces", "anna/--x--", "anna/x.git"]
)
def test_wrong_names(model: Model, hub: Hub, repo: str):
    with pytest.raises(InputError, match="is no name on the hub"):
        model.push_to_hub(repo, license="MIT")
    assert hub.repos == {}


def test_uploads_need_a_licence_and_a_token_that_may(model: Model, hub: Hub, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(InputError, match="needs a licence"):
        model.push_to_hub(REPO)
    for token, said in (
        (READ_ONLY, "may not write to anna/faces"),
        ("hf_wrong", "does not accept the token"),
    ):
        monkeypatch.setenv("HF_TOKEN", token)
        with pytest.raises(InputError, match=said):
            model.push_to_hub(REPO, license="MIT")
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(InputError, match="there is none here: `hf auth login`"):
        model.push_to_hub(REPO, license="MIT")
    assert hub.repos == {}


def test_a_hub_out_of_reach(model: Model, hub: Hub, monkeypatch: pytest.MonkeyPatch):
    model.push_to_hub(REPO, license="MIT")
    chimerae.load(REPO)
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    assert torch.equal(chimerae.load(REPO).sample(2), model.sample(2)), "from the cache"
    with pytest.raises(InputError, match="the hub cannot be reached, and anna/none is not in the cache"):
        chimerae.load("anna/none")
    with pytest.raises(InputError, match="the hub cannot be reached"):
        model.push_to_hub(REPO, license="MIT")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    for ask in (lambda: chimerae.load("anna/none"), lambda: model.push_to_hub(REPO, license="MIT")):
        with pytest.raises(InputError, match="HF_HUB_OFFLINE is set"):
            ask()


def test_a_missing_library_names_its_extra(model: Model, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    for ask in (lambda: chimerae.load(REPO), lambda: model.push_to_hub(REPO, license="MIT")):
        with pytest.raises(InputError, match=r"the package huggingface_hub .*install chimerae\[hub\]"):
            ask()

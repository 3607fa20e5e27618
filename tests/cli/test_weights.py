"""`chimerae weights`: what is here, what is not, and how it gets here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from helpers.weights import in_place_of

NAMES = ("inception", "vgg16", "alexnet")


def states(out: str) -> dict[str, str]:
    rows = [line.split() for line in out.splitlines()[1:] if not line.startswith(" ")]
    return {name: state for name, state, *_ in rows}


def test_list_shows_what_is_there_missing_and_damaged(call, tmp_path: Path):
    with in_place_of("vgg16", {"a": torch.zeros(2)}, tmp_path):
        (tmp_path / "alexnet-owt-7be5be79.pth").write_bytes(b"half of it")
        code, out, _ = call("weights", "list")
    assert code == 0
    assert out.startswith(f"kept in {tmp_path}\n")
    assert states(out) == {"inception": "missing", "vgg16": "there", "alexnet": "damaged"}
    for part in (
        "weights-inception-2015-12-05-6726825d.pth",
        "SHA-256 6726825d...",
        "fid, kid",
        "lpips",
        "https://",
    ):
        assert part in out


def test_add_checks_copies_and_names(call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with in_place_of("alexnet", {"a": torch.zeros(2)}, tmp_path) as path:
        path.rename("download.bin")
        monkeypatch.setenv("CHIMERAE_WEIGHTS", str(tmp_path / "place"))
        code, out, err = call("weights", "add", "download.bin")
        assert code == 0, err
        line = f"alexnet (for lpips): {tmp_path / 'place' / 'alexnet-owt-7be5be79.pth'}"
        assert out.splitlines()[0] == line
        assert states(call("weights", "list")[1])["alexnet"] == "there"
        other = tmp_path / "other"
        code, out, _ = call("weights", "add", "download.bin", "--weights", other)
        assert code == 0
        assert f"say --weights {other} with every verb" in out
        assert states(call("weights", "list", "--weights", other)[1])["alexnet"] == "there"
        Path("wrong").write_bytes(b"wrong")
        code, _, err = call("weights", "add", "wrong")
        assert code == 2
        assert err.startswith("chimerae: wrong is none of the known weights: its SHA-256 is")
        code, _, err = call("weights", "add", "nothing")
        assert code == 2
        assert "cannot read nothing" in err


def test_path_prints_the_folder(call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("CHIMERAE_WEIGHTS")
    assert call("weights", "path") == (0, f"{tmp_path / 'cache' / 'weights'}\n", "")
    here = Path("here").absolute()
    assert call("weights", "path", "--weights", "here")[1] == f"{here}\n"


def test_verbs_that_are_not_there_are_one_line(call):
    code, _, err = call("weights", "ad")
    assert code == 2
    assert "did you mean 'add'" in err
    assert call("weights")[0] == 2


def test_an_evaluation_without_weights_says_so_in_one_line(call, trained: Path):
    code, out, err = call("evaluate", trained)
    assert code == 0, err
    lines = [line for line in out.splitlines() if "chimerae weights list" in line]
    assert [line.partition(" (")[0] for line in lines] == [
        "lpips_vgg, precision, recall, density, coverage: absent, vgg16-397923af.pth",
        "fid, kid, inception_score, rfid: absent, weights-inception-2015-12-05-6726825d.pth",
    ]
    absent = json.loads((trained / "scores.json").read_text())["absent"]
    assert "\n" not in absent["fid"]
    code, out, _ = call("evaluate", trained, "--metrics", "fid")
    assert code == 0
    assert "fid: absent, weights-inception-2015-12-05-6726825d.pth (SHA-256 6726825d...) is not in" in out

"""`chimerae push`, and verbs on models of the hub, against a stand-in on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.helpers.hub import Hub, standin

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")  # of the library
TO = ("anna/faces", "--license", "MIT")


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with standin(tmp_path / "hub-cache") as there:
        yield there


def test_push_tells_what_it_uploads_and_verbs_take_the_name(call, trained: Path, hub: Hub):
    hub.holding("anna/faces", {"README.md": b"", "notes.txt": b""})
    code, out, err = call("push", trained, *TO, "--yes")
    assert code == 0, err
    assert "anna/faces (is there, private), licence MIT:" in out
    assert "bytes, replaces" in next(line for line in out.splitlines() if "README.md" in line)
    assert "1 other files there stay as they are: notes.txt" in out
    for name in ("model.safetensors", "config.json", "pictures/samples.png"):
        assert f"  {name} " in out
        assert name in hub.repos["anna/faces"].files
    for run, made in ((trained, "a.npy"), ("anna/faces", "b.npy")):
        assert call("sample", run, "-n", 3, "--out", made)[0] == 0
    assert np.array_equal(np.load("a.npy"), np.load("b.npy"))
    code, _, err = call("reconstruct", "anna/faces", "--input", "photos", "--out", "r.npy")
    assert code == 0, err
    code, _, err = call("reconstruct", "anna/faces")
    assert code == 2
    assert "name images with --input" in err


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("run", "anna/faces", "--yes"), "add one, such as --license Apache-2.0"),
        (("run", *TO), "add --yes"),
        (("run", *TO, "--yes", "--public", "--private"), "choose one"),
        (("run", "faces", "--license", "MIT"), "give OWNER/NAME"),
        (("run", "anna/faces", "--license", "Appache-2.0"), "did you mean 'Apache-2.0'"),
        (("nothing", *TO), "there is no run folder nothing"),
        (("anna/faces", *TO), "there is no run folder anna/faces"),
        (("photos", *TO, "--yes"), "holds no model yet"),
    ],
)
def test_wrong_pushes_are_one_line(call, trained: Path, hub: Hub, args: tuple[str, ...], said: str):
    code, _, err = call("push", *args)
    assert code == 2
    assert said in err
    assert err.count("\n") == 1
    assert hub.repos == {}


def test_a_terminal_is_asked(call, trained: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch):
    answers, asked = iter(["CC-BY-4.0", "no", "y"]), []
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda text: asked.append(text) or next(answers))
    assert call("push", trained, "anna/faces")[0] == 2
    assert hub.repos == {}
    assert call("push", trained, *TO, "--no-pictures", "--public")[0] == 0
    assert [text.split()[0] for text in asked] == ["Licence", "Upload", "Upload"]
    assert sorted(hub.repos["anna/faces"].files) == [
        ".gitattributes", "README.md", "config.json", "model.safetensors", "scores.json",
    ]  # fmt: skip
    assert not hub.repos["anna/faces"].private

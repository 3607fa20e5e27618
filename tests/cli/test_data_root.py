"""`--data-root` and CHIMERAE_DATA: where data sets that have a name are looked for."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from chimerae.cli.flags import rooted
from chimerae.data import NAMED_DATASETS
from chimerae.errors import InputError
from tests.cli.conftest import TINY, Call
from tests.data.named_files import write_set

BY_NAME = {each.name: each for each in NAMED_DATASETS}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with CIFAR-10 and CelebA in small."""
    for name in ("cifar10", "celeba-crop70"):
        write_set(tmp_path / "my-sets", BY_NAME[name])
    return tmp_path / "my-sets"


@pytest.mark.parametrize("place", [0, 1, 2, 4])
def test_it_may_stand_anywhere(call: Call, root: Path, place: int) -> None:
    args = ["train", "avae", "--data", "cifar10", "--steps", "2", "--dry-run"]
    args[place:place] = ["--data-root", str(root)]
    code, out, err = call(*args)
    assert code == 0, err
    assert json.loads(out)["data"] == "cifar10"
    assert str(root) not in out


def test_the_environment_says_the_same(call: Call, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHIMERAE_DATA", str(root))
    assert call("train", "avae", "--data", "cifar10", "--steps", "2", "--dry-run")[0] == 0


def test_a_relative_root_is_known_everywhere(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root.parent)
    assert rooted(["list", "--data-root=my-sets", "data"]) == ["list", "data"]
    assert os.environ["CHIMERAE_DATA"] == str(root)
    with pytest.raises(InputError, match="--data-root needs a value"):
        rooted(["list", "--data-root"])


def test_nothing_that_a_run_writes_holds_the_root(call: Call, root: Path) -> None:
    code, _, err = call(
        *("train", "avae", "--data", "cifar10", "--data-root", root, "--steps", 2, "--out", "run"), *TINY
    )
    assert code == 0, err
    assert call("report", "run")[0] == 0
    files = [path for path in Path("run").rglob("*") if path.is_file()]
    assert {"run.json", "data.json", "env.json", "report.html"} <= {path.name for path in files}
    assert not [path for path in files if str(root).encode() in path.read_bytes()]
    code, _, err = call("evaluate", "run", "--data-root", root)
    assert code == 0, err


def test_the_preset_and_single_flags(call: Call, root: Path) -> None:
    def prepared(*flags: object) -> dict[str, object]:
        given = ("--data", "celeba-crop70", "--data-root", root, "--steps", 2, *flags)
        code, out, err = call("train", "avae", *given, "--dry-run")
        assert code == 0, err
        return json.loads(out)["prepare"]

    own = {"crop": 0.7, "size": 64, "fit": "squeeze", "channels": "auto", "hold_out": 0.1}
    own["validation"] = None
    assert prepared() == own
    assert prepared("--prepare.size", 128) == own | {"size": 128}
    assert prepared("--prepare.crop", 140) == own | {"crop": 140}
    assert prepared("--prepare.crop", 15, 40, 148, 148) == own | {"crop": [15, 40, 148, 148]}
    assert prepared("--prepare.crop", "None", "--prepare.fit", "pad") == own | {"crop": None, "fit": "pad"}


def test_inspection_takes_the_preset_too(call: Call, root: Path) -> None:
    code, out, err = call("data", "inspect", "celeba-crop70", "--data-root", root, "--prepare.size", 32)
    assert code == 0, err
    assert "network sees   32x32x3 (crop: 0.7, fit: squeeze)" in out
    assert "7 train, 3 test" in out
    assert str(root) not in out


@pytest.mark.parametrize("crop", ["1.5", "0", "two", "1 2 3"])
def test_crops_that_are_none(call: Call, photos: Path, crop: str) -> None:
    code, _, err = call("data", "inspect", photos, "--prepare.crop", *crop.split())
    assert code == 2
    assert err.count("\n") == 1
    assert "crop" in err


def test_one_line_when_it_is_nowhere(call: Call, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def load_dataset(*_: object, **__: object) -> object:
        raise ConnectionError("offline")

    monkeypatch.setattr("datasets.load_dataset", load_dataset)
    for verb in (["train", "avae", "--data"], ["data", "inspect"]):
        code, _, err = call(*verb, "svhn-extra", "--data-root", root)
        assert (code, err.count("\n")) == (2, 1)
        assert f"{root / 'svhn'} " in err
        assert "ufldl-stanford/svhn" in err


def test_a_model_takes_a_named_set_with_its_own_crop(call: Call, root: Path, photos: Path) -> None:
    trained = ("train", "vae", "--data", "celeba-crop70", "--data-root", root, "--prepare.size", 16)
    code, _, err = call(*trained, "--steps", 2, "--out", "run", *TINY)
    assert code == 0, err
    for source in ("celeba-crop148", photos, "cifar10"):
        code, _, err = call("reconstruct", "run", "--input", source, "--data-root", root, "--n", 2)
        assert code == 0, err

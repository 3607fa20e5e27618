"""Files of published weights: found, checked, added."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from chimerae.data import prepare
from chimerae.errors import InputError
from chimerae.features import EXTRACTORS, FeatureRequest, MissingWeights, weights
from chimerae.features.weights import add_weights, published, read_weights, state_of, weights_folder
from helpers.weights import in_place_of

STATE = {"a": torch.arange(3.0)}


def test_names_and_digests_agree():
    for file in weights.PUBLISHED:
        assert file.digest in file.file
        assert file.where.endswith((file.file, "IMAGENET1K_V1.url)"))
        assert len(file.digest) == 8


def test_the_folder_is_the_argument_else_the_environments_else_in_the_cache(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("CHIMERAE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("CHIMERAE_WEIGHTS", str(tmp_path / "env"))
    assert weights_folder(tmp_path / "given") == tmp_path / "given"
    assert weights_folder() == tmp_path / "env"
    monkeypatch.delenv("CHIMERAE_WEIGHTS")
    assert weights_folder() == tmp_path / "cache" / "weights"


def test_what_was_published_is_read(tmp_path: Path):
    with in_place_of("vgg16", STATE, tmp_path):
        assert torch.equal(read_weights("vgg16")["a"], STATE["a"])
        assert state_of(published("vgg16")) == "there"
    assert state_of(published("vgg16"), tmp_path) == "damaged"  # other contents than the true digest's


def test_missing_weights_are_named_with_their_place(tmp_path: Path):
    with pytest.raises(MissingWeights) as said:
        read_weights("alexnet", tmp_path)
    message = str(said.value)
    assert "\n" not in message
    for part in ("alexnet-owt-7be5be79.pth", "7be5be79...", str(tmp_path), "chimerae weights add FILE"):
        assert part in message


def test_damaged_weights_are_one_clear_line(tmp_path: Path):
    with in_place_of("vgg16", STATE, tmp_path) as path:
        path.write_bytes(path.read_bytes()[:-1])
        with pytest.raises(
            InputError, match=r"vgg16-397923af.pth' is damaged: its SHA-256 is \w{8}\.\.\., not"
        ):
            read_weights("vgg16")


class Spell:
    """What runs code when it is unpickled."""

    def __reduce__(self):
        return print, ("cast",)


@pytest.mark.parametrize("content", ["noise", "a spell", "no table"])
def test_contents_that_are_no_weights_are_refused_and_run_nothing(
    tmp_path: Path, monkeypatch, capsys, content
):
    path = tmp_path / published("vgg16").file
    if content == "noise":
        path.write_bytes(b"not weights at all")
    else:
        torch.save({"a": Spell()} if content == "a spell" else [1, 2], path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
    monkeypatch.setattr(weights, "PUBLISHED", (replace(published("vgg16"), digest=digest),))
    with pytest.raises(InputError, match="cannot be read as weights"):
        read_weights("vgg16", tmp_path)
    assert capsys.readouterr().out == ""


def test_a_file_is_known_by_its_contents_whatever_its_name(tmp_path: Path):
    with in_place_of("alexnet", STATE, tmp_path) as path:
        other = tmp_path / "download (1)"
        path.rename(other)
        file, target = add_weights(other, tmp_path / "new" / "folder")
        assert (file.name, target.name) == ("alexnet", "alexnet-owt-7be5be79.pth")
        assert state_of(file, tmp_path / "new" / "folder") == "there"
        assert add_weights(target, target.parent) == (file, target)  # itself: nothing to do
        assert [p.name for p in target.parent.iterdir()] == [target.name]
        other.write_bytes(b"else")
        with pytest.raises(InputError, match="none of the known weights: its SHA-256 is"):
            add_weights(other, tmp_path)
    with pytest.raises(InputError, match=r"cannot read .*nothing: No such file"):
        add_weights(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("network", "name"), [("inception", "inception"), ("vgg16", "vgg16"), ("lpips", "alexnet")]
)
def test_no_network_is_opened_without_its_own_weights(tmp_path: Path, network: str, name: str):
    wanted = FeatureRequest(data=prepare("digits"))
    with pytest.raises(MissingWeights, match=re.escape(published(name).file)):
        EXTRACTORS[network](wanted)
    with (
        in_place_of(name, STATE, tmp_path),
        pytest.raises(InputError, match=f"does not hold the weights of the {name}"),
    ):
        EXTRACTORS[network](wanted)

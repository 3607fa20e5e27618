"""`chimerae weights get`, from a file in place of the network."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from chimerae.cli import main
from chimerae.errors import InputError
from chimerae.features import getting
from chimerae.features.getting import address_of, get_weights
from chimerae.features.weights import PUBLISHED, published
from tests.helpers.weights import in_place_of


def test_every_file_has_an_address_with_its_name():
    for file in PUBLISHED:
        address = address_of(file)
        assert address.startswith("https://")
        assert address.rpartition("/")[2] == file.file
        assert file.digest in address


def test_a_file_is_checked_before_it_takes_its_place(tmp_path: Path, monkeypatch, capsys):
    with in_place_of("vgg16", {"a": torch.zeros(2)}, tmp_path) as path:
        away, content = tmp_path / "away.bin", path.read_bytes()
        path.rename(away)
        monkeypatch.setattr(getting, "address_of", lambda file: away.as_uri())
        assert main(["weights", "get", "VGG16"]) == 0
        assert path.read_bytes() == content
        assert str(path) in capsys.readouterr().out
        away.write_bytes(b"something else")
        assert get_weights("vgg16") == (published("vgg16"), path), "a whole file is kept"
        path.write_bytes(b"damaged")
        with pytest.raises(InputError, match="sent another file: its SHA-256 is"):
            get_weights("vgg16")
        assert path.read_bytes() == b"damaged"
        assert sorted(p.name for p in tmp_path.iterdir()) == sorted([path.name, away.name])


def test_a_silent_place_and_an_unknown_name_are_one_line(tmp_path: Path, monkeypatch, capsys):
    monkeypatch.setenv("CHIMERAE_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setattr(getting, "address_of", lambda file: (tmp_path / "nothing").as_uri())
    for name, word in (("alexnet", "weights add FILE"), ("alexnett", "alexnet")):
        assert main(["weights", "get", name]) == 2
        error = capsys.readouterr().err
        assert word in error
        assert error.count("\n") == 1

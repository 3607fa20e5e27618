"""`chimerae sample` of a run that learns with labels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

import chimerae
from chimerae.runs.train import train
from tests.cli.conftest import Call
from tests.helpers.rows import through
from tests.helpers.runs import tiny_run


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory):
    run = tiny_run("vae", steps=1)
    run = replace(run, data="digits", method=replace(run.method, classes=10))
    return train(run, out=tmp_path_factory.mktemp("labelled") / "run", quiet=True)


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory):
    """A run on a folder of cats and dogs."""
    place = tmp_path_factory.mktemp("named")
    for i, animal in enumerate(("cat", "dog") * 5):
        (place / "animals" / animal).mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(i).integers(0, 256, (8, 8), dtype=np.uint8)
        Image.fromarray(pixels).save(place / "animals" / animal / f"{i}.png")
    run = tiny_run("vae", steps=1)
    run = replace(run, data=str(place / "animals"), method=replace(run.method, classes=2))
    return train(run, out=place / "animals-run", quiet=True)


def test_a_label_may_be_the_name_of_its_folder(named, tmp_path, call: Call):
    model = chimerae.load(named)
    assert model.label_names == ("cat", "dog")
    dogs = model.sample(3, labels="dog", seed=1)
    assert torch.equal(dogs, model.sample(3, labels=1, seed=1))
    assert torch.equal(dogs, model.sample(3, labels=["dog", "dog", "dog"], seed=1))
    assert not torch.equal(dogs, model.sample(3, labels="cat", seed=1))
    out = tmp_path / "dogs.npy"
    assert call("sample", named, "--label", "dog", "-n", 3, "--seed", 1, "--out", out)[0] == 0
    assert np.abs(np.load(out) / 255 - dogs[:, 0].numpy()).max() < 0.003
    code, _, err = call("sample", named, "--label", "dgo", "--out", out)
    assert (code, "did you mean 'dog'?" in err) == (2, True)


def test_a_shared_model_knows_the_names_of_public_data_only(named, labelled, tmp_path, call: Call):
    """Folders may be named after people."""
    for run, names in ((named, ()), (labelled, tuple("0123456789"))):
        chimerae.load(run).save(tmp_path / run.name)
        assert chimerae.load(tmp_path / run.name).label_names == names
    code, _, err = call("sample", tmp_path / "animals-run", "--label", "cat", "--out", tmp_path / "sheet.png")
    assert (code, "give a number" in err) == (2, True)


@through(
    "asked, drawn",
    [
        ((), 70),  # seven rows of ten classes, none of them cut
        (("--label", 1, 2, 3), 66),
        (("--label", 4), 64),
        (("-n", 25), 25),
    ],
)
def test_rows_of_classes_are_whole_unless_a_number_is_given(labelled, tmp_path, call: Call, asked, drawn):
    code, out, _ = call("sample", labelled, *asked, "--out", tmp_path / "sheet.png")
    assert code == 0
    assert f"{drawn} samples" in out

"""Directions of a run: tensors, file and picture."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file

import chimerae
from chimerae.errors import InputError
from chimerae.pictures import strips
from chimerae.runs.directions import directions
from chimerae.runs.train import prepare, train
from tests.helpers.runs import tiny_run


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("directed")
    quick = {"steps": 8, "optimizer": {"lr": 0.01}}
    train(tiny_run("avae", "dcgan", method={"use_xi": True}, **quick), out=place / "avae", quiet=True)
    train(tiny_run("gan", "dcgan", steps=2), out=place / "gan", quiet=True)
    train(tiny_run("vae", steps=2), out=place / "points", quiet=True)
    return place


@pytest.fixture(scope="module")
def maps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A KL-GAN, whose codes are maps, on twelve images of two folders."""
    place = tmp_path_factory.mktemp("mapped")
    rng = np.random.default_rng(0)
    for i in range(12):
        folder = place / "photos" / ("dark", "light")[i % 2]
        folder.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 100, (16, 16, 3), dtype=np.uint8) + 120 * (i % 2)
        Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{i}.png")
    settings = {"arch.width": 4, "arch.factor": 4, "arch.code_channels": 2, "arch.patch_width": 2}
    settings |= {"method.perceptual_weight": 0, "training.batch_size": 4}
    return chimerae.train(
        "kl-gan", data=str(place / "photos"), steps=2, out=place / "run", settings=settings, quiet=True
    )


def test_they_are_a_function_of_the_package(runs: Path):
    assert chimerae.directions is directions
    found = directions(runs / "avae", count=3)
    assert len(found.principal) == 2, "the code has two dimensions"
    assert len(found.labelled.labels) == 3
    assert found.lack == ""
    again = directions(runs / "avae", count=3)
    assert torch.equal(found.principal.axes, again.principal.axes)


def test_the_file_has_every_tensor(runs: Path, tmp_path: Path):
    found = directions(runs / "avae", labels=["7", 3])
    path = found.save(tmp_path / "ways.safetensors")
    tensors = load_file(path)
    torch.testing.assert_close(tensors["axes"], found.principal.axes.T)
    torch.testing.assert_close(tensors["label_axes"], found.labelled.directions.axes.T)
    assert tensors["labels"].tolist() == [7, 3]
    assert {"mean", "deviations", "shares", "label_deviations", "label_shares", "label_gaps"} < tensors.keys()
    with safe_open(path, "pt") as file:
        assert file.metadata()["names"] == '["7", "3"]'
        assert "vary most" in file.metadata()["about"]


def test_the_middle_of_each_row_is_what_the_network_makes_of_the_start(runs: Path):
    found = directions(runs / "avae", count=1, labels=["5"])
    z, x = found.starts(2)
    assert torch.equal(x, prepare("digits").test.take([0, 90]))
    shown = strips(found.picture(starts=2, steps=3))
    assert list(shown)[:2] == ["", "image"]
    assert [name.split()[0] for name in [*shown][2:]] == ["1", "1", "label", "label"]
    with found.codec.nets.evaluating():
        made = found.codec.decode_by("generator", z)
    row = next(np.asarray(strip.convert("L")) for name, strip in shown.items() if "generator" in name)
    walk = 3 * 64 + 2
    for i in range(2):
        left = i * (walk + 12) + 65
        expected = (made[i, 0] * 255).round().numpy()
        np.testing.assert_allclose(row[:64:8, left : left + 64 : 8], expected, atol=1)
    images = np.asarray(shown["image"].convert("L"))
    np.testing.assert_allclose(images[:64:8, 65:129:8], (x[0, 0] * 255).round().numpy(), atol=1)
    assert (images[:, :64] == 255).all()


def test_moves_go_both_ways_by_the_reach(runs: Path):
    found = directions(runs / "avae", count=1, labels=["5"])
    z, _ = found.starts(1)
    shown = strips(found.picture(starts=1, steps=3, reach=1.5))
    way = found.principal.axes[:, 0] * found.principal.deviations[0]
    for i, by in ((0, -1.5), (2, 1.5)):
        moved = torch.cat([z[:, :2] + by * way, z[:, 2:]], 1)
        with found.codec.nets.evaluating():
            made = found.codec.decode_by("decoder", moved)
        row = next(np.asarray(strip.convert("L")) for name, strip in shown.items() if "decoder" in name)
        seen = row[:64:8, 65 * i : 65 * i + 64 : 8]
        np.testing.assert_allclose(seen, (made[0, 0] * 255).round().numpy(), atol=1)


def test_codes_of_the_prior_are_starts_too(runs: Path):
    found = directions(runs / "avae")
    z, x = found.starts(3, from_prior=True)
    assert x is None
    assert z.shape == (3, 2 + found.codec.method.noise_dim)
    assert "image" not in strips(found.picture(starts=3, from_prior=True))


def test_a_method_without_an_encoder_has_those_of_its_pictures(runs: Path):
    found = directions(runs / "gan")
    assert found.labelled is None
    assert "gan has no encoder" in found.lack
    rows = [*strips(found.picture(starts=1))]
    assert rows[0] == ""
    assert [name.split()[0] for name in rows[1:]] == ["1", "2"]
    with pytest.raises(InputError, match="labels have no codes: gan has no encoder"):
        directions(runs / "gan", labels=["1"])


def test_points_have_a_file_and_no_picture(runs: Path, tmp_path: Path):
    found = directions(runs / "points")
    assert found.save(tmp_path / "a.safetensors").is_file()
    with pytest.raises(InputError, match="a picture shows images"):
        found.picture()


def test_codes_that_are_maps_are_taken_as_one_vector_and_saved_as_maps(maps: Path, tmp_path: Path):
    found = directions(maps, count=2)
    assert found.code_shape == (2, 4, 4)
    tensors = load_file(found.save(tmp_path / "maps.safetensors"))
    assert tensors["axes"].shape == (2, 2, 4, 4)
    assert tensors["mean"].shape == (2, 4, 4)
    assert float(tensors["axes"][0].flatten() @ tensors["axes"][1].flatten()) == pytest.approx(0, abs=1e-5)
    assert found.names == ("light",), "the second of two labels, by the name of its folder"
    assert "label light" in strips(found.picture(starts=1))
    with pytest.raises(InputError, match="kl-gan draws no samples: start from images"):
        found.picture(from_prior=True)


def test_a_model_alone_opens_public_data_and_no_paths(runs: Path, maps: Path, tmp_path: Path):
    chimerae.load(runs / "avae").save(tmp_path / "alone")
    assert directions(tmp_path / "alone").data is not None, "digits come with the package"
    shutil.copytree(maps / "model", tmp_path / "maps")
    with pytest.raises(InputError, match="a model alone, without its training images"):
        directions(tmp_path / "maps")
    assert directions(tmp_path / "maps", data=str(maps.parent / "photos"), labels=["dark"]).names == ("dark",)


def test_data_in_memory(runs: Path):
    images = np.random.default_rng(0).integers(0, 256, (40, 8, 8), dtype=np.uint8)
    found = directions(runs / "avae", data=(images, np.arange(40) % 4), count=9)
    assert found.names == ("0", "1", "2", "3")
    assert "36 training images" in found.principal.about


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"n": 1}, "8 directions of 1 samples"),
        ({"count": 0}, "0 directions"),
        ({"labels": ["ten"]}, "unknown label 'ten'"),
        ({"data": "avae-sine"}, "the model takes"),
    ],
)
def test_bad_wishes_are_one_line(runs: Path, options: dict[str, object], told: str):
    with pytest.raises(InputError, match=told) as error:
        directions(runs / "avae", **options)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("options", [{"steps": 4}, {"steps": 1}, {"reach": 0.0}, {"starts": 0}])
def test_bad_pictures_are_refused(runs: Path, options: dict[str, object]):
    with pytest.raises(InputError):
        directions(runs / "avae").picture(**options)

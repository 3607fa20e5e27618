from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from chimerae.config import from_dict, to_dict
from chimerae.data import Prepare, prepare, source_info
from chimerae.data.inspect import in_words, inspect
from chimerae.data.pixels import crop_box, cropped_size
from chimerae.errors import InputError
from chimerae.networks import DCGAN
from chimerae.recipes.sizing import settled
from tests.data.data_files import Make, speckles
from tests.helpers.rows import through

FACE = (218, 178)


@through("share, size", [(0.7, (154, 126)), (0.6, (132, 108)), (1.0, FACE)])
def test_shares_of_a_face(share: float, size: tuple[int, int]) -> None:
    assert cropped_size(share, FACE, "face") == size


@through("share", [0.01, 0.35, 0.5, 0.7, 0.999])
@through("size", [(1, 1), (5, 8), (64, 65), FACE])
def test_shares_against_the_formula_side_by_side(share: float, size: tuple[int, int]) -> None:
    left, top, width, height = crop_box(share, *size, "image")
    assert (height, width) == tuple(n - 2 * int((n - n * share) / 2) for n in size)
    assert size[0] - height == 2 * top
    assert size[1] - width == 2 * left


@through("side", range(2, 12))
@through("size", [(12, 11), (11, 13)])
def test_squares_lie_in_the_middle(side: int, size: tuple[int, int]) -> None:
    left, top, width, height = crop_box(side, *size, "image")
    assert (width, height) == (side, side)
    for before, total in ((top, size[0]), (left, size[1])):
        assert total - side - before - before in (0, 1)


@pytest.mark.parametrize(
    "crop", [0.5, 6, (1, 2, 5, 7), (0, 0, 10, 12), 1.0], ids=["share", "square", "box", "all", "whole"]
)
def test_pixels_are_those_of_the_array(photos: Make, crop: float | int | tuple[int, int, int, int]) -> None:
    prepared = prepare(str(photos(5, height=12, width=10)), Prepare(crop=crop, hold_out=0.2))
    left, top, width, height = crop_box(crop, 12, 10, "image")
    whole = [speckles(i, 12, 10, 3).transpose(2, 0, 1) for i in range(5)]
    cut = {pixels[:, top : top + height, left : left + width].tobytes() for pixels in whole}
    found = [split.raw(range(len(split))).numpy() for split in (prepared.train, prepared.test)]
    assert {np.ascontiguousarray(row).tobytes() for rows in found for row in rows} == cut
    assert prepared.shape == (3, height, width)


def test_the_crop_comes_before_fit_and_size(photos: Make) -> None:
    settings = Prepare(crop=(2, 0, 6, 12), size=6, fit="squeeze")
    prepared = prepare(str(photos(2, height=12, width=10)), settings)
    (row,) = prepared.test.raw([0]).numpy()
    wanted = [
        Image.fromarray(speckles(i, 12, 10, 3)).crop((2, 0, 8, 12)).resize((6, 6), Image.Resampling.LANCZOS)
        for i in range(2)
    ]
    assert any(np.array_equal(row.transpose(1, 2, 0), np.asarray(image)) for image in wanted)


def test_a_large_jpeg_is_cropped_at_its_full_size(tmp_path: Path) -> None:
    pixels = np.zeros((800, 800, 3), np.uint8)
    pixels[300:340, 500:540] = 255
    for i, picture in enumerate((pixels, 255 - pixels)):
        Image.fromarray(picture).save(tmp_path / f"{i}.jpg", quality=100, subsampling=0)
    prepared = prepare(str(tmp_path), Prepare(crop=(500, 300, 40, 40), size=8))
    means = [float(split.take([0]).mean()) for split in (prepared.train, prepared.test)]
    assert sorted(means) == pytest.approx([0, 1], abs=0.02)


def test_look_tells_the_final_shape(photos: Make) -> None:
    root = str(photos(3, height=12, width=10))
    assert source_info(root, Prepare(crop=0.5)).final == (3, 6, 6)
    assert source_info(root, Prepare(crop=0.5, size=4)).final == (3, 4, 4)
    photos(3, height=20, width=30, seed=1, under="photos/more")
    seen = source_info(root, Prepare(crop=8))
    assert (seen.shape, seen.final) == (None, (3, 8, 8))
    assert (seen.sizes, seen.cropped) == ({(12, 10): 3, (20, 30): 3}, {(8, 8): 6})
    assert prepare(root, Prepare(crop=8)).shape == (3, 8, 8)
    assert source_info(root, Prepare(crop=0.5)).final is None
    with pytest.raises(InputError, match="differ in size"):
        prepare(root, Prepare(crop=0.5))


def test_a_crop_that_is_too_large(photos: Make) -> None:
    root = str(photos(3, height=12, width=10))
    for crop, said in ((11, "11"), ((4, 0, 7, 2), "4 0 7 2"), ((0, 11, 2, 2), "0 11 2 2")):
        with pytest.raises(InputError, match=f"12x10 pixels .* --prepare.crop {said}; ") as error:
            source_info(root, Prepare(crop=crop))
        assert "\n" not in str(error.value)
        with pytest.raises(InputError, match="too few"):
            prepare(root, Prepare(crop=crop, size=4))


@through("crop", [0, 1.5, -3, 0.0, (0, 0, 0, 4), (-1, 0, 4, 4), (1, 2, 3), "all"])
def test_crops_that_are_none(crop: object) -> None:
    with pytest.raises(ValidationError):
        Prepare(crop=crop)  # type: ignore[arg-type]


@through("crop", [None, 0.7, 1.0, 140, (15, 40, 148, 148)])
def test_there_and_back_through_json(crop: float | int | tuple[int, int, int, int] | None) -> None:
    there = json.loads(json.dumps(to_dict(Prepare(crop=crop))))
    back = from_dict(Prepare, there)
    assert back.crop == crop
    assert type(back.crop) is type(crop)


def test_what_was_written_before_there_were_crops(photos: Make, cache: Path) -> None:
    assert from_dict(Prepare, {"size": 8, "fit": "pad", "channels": "auto", "hold_out": 0.1}).crop is None
    root = str(photos(3))
    first = prepare(root)
    (path,) = cache.glob("data-*/manifest.json")
    manifest = json.loads(path.read_text())
    del manifest["transform"]["crop"], manifest["hub"], manifest["revision"]
    path.write_text(json.dumps(manifest))
    assert prepare(root).facts == first.facts
    assert json.loads(path.read_text()) == manifest


def test_entries_keep_the_names_they_had(photos: Make, cache: Path) -> None:
    """The name as it was made when settings had no crop."""
    from chimerae.data.open import open_source
    from chimerae.data.sources import ImageSource, digest

    root = str(photos(3))
    source = open_source(root)
    assert isinstance(source, ImageSource)
    settings = [("channels", "auto"), ("fit", "crop"), ("hold_out", 0.1), ("size", None)]
    prepare(root)
    prepare(root, Prepare(crop=4))
    assert len(list(cache.iterdir())) == 2
    assert (cache / f"data-{digest([1, source.identity, settings])}").is_dir()


def test_it_is_in_the_manifest_and_in_words(photos: Make) -> None:
    root = str(photos(3))
    prepared = prepare(root, Prepare(crop=(1, 2, 4, 4)))
    assert prepared.facts.transform is not None
    assert prepared.facts.transform.crop == (1, 2, 4, 4)
    found, _ = inspect(root, Prepare(crop=0.5))
    assert "4x4x3 (crop: 0.5, fit: crop)" in in_words(found)


def test_training_chooses_a_size_for_what_is_left(photos: Make) -> None:
    root = str(photos(3, height=70, width=80))
    photos(3, height=90, width=70, seed=1, under="photos/more")
    prepare_settings, why = settled(root, Prepare(crop=0.5), DCGAN())
    assert prepare_settings == replace(Prepare(crop=0.5), size=32)
    assert "different sizes" in why

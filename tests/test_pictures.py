from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from chimerae import pictures
from chimerae.errors import InputError
from tests.helpers.rows import through


@through("channels", [1, 3])
def test_grid_shows_every_pixel_where_it_belongs(channels: int) -> None:
    images = torch.rand(5, channels, 4, 6)
    shown = np.asarray(pictures.grid(images, columns=2, padding=1, scale=2).convert("RGB"))
    assert shown.shape == (3 * 8 + 2, 2 * 12 + 1, 3)
    third = shown[9:17, 0:12]
    expected = (images[2] * 255).round().byte().expand(3, -1, -1).permute(1, 2, 0).numpy()
    assert (third[::2, ::2] == expected).all()
    assert (third[1::2, 1::2] == expected).all()
    assert (shown[18:, 13:] == 255).all(), "the empty place is white"


def test_grid_enlarges_small_images_and_leaves_large_ones() -> None:
    assert pictures.grid(torch.rand(1, 1, 8, 8)).size == (64, 64)
    assert pictures.grid(torch.rand(1, 3, 100, 80)).size == (80, 100)
    assert pictures.grid(torch.rand(7, 3, 64, 64), padding=0).size == (192, 192)


def test_grid_clips_and_shows_nan_as_black() -> None:
    image = torch.tensor([-1.0, 2.0, torch.nan, 0.5]).view(1, 1, 2, 2)
    assert np.asarray(pictures.grid(image, scale=1)).tolist() == [[0, 255], [0, 128]]


@through("shape", [(0, 1, 4, 4), (2, 2, 4, 4), (4, 4), (1, 4, 4)])
def test_grid_names_the_shape_that_cannot_be_shown(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="cannot be shown"):
        pictures.grid(torch.zeros(shape))


def test_rows_come_apart_again_even_from_a_file(tmp_path: Path) -> None:
    sets = {"originals": torch.rand(3, 3, 16, 16), "decoder": torch.rand(3, 3, 16, 16)}
    pictures.save(pictures.rows(sets), tmp_path / "rows.png")
    with Image.open(tmp_path / "rows.png") as picture:
        taken = pictures.strips(picture)
    assert list(taken) == list(sets)
    for name, images in sets.items():
        alone = pictures.grid(images, columns=3, padding=2)
        assert taken[name].tobytes() == alone.tobytes()


def test_grids_have_no_rows_to_take() -> None:
    assert pictures.strips(pictures.grid(torch.rand(2, 1, 4, 4))) == {}


def test_no_rows_and_no_points_are_errors() -> None:
    with pytest.raises(InputError, match="no rows"):
        pictures.rows({})
    with pytest.raises(InputError, match="no points"):
        pictures.scatter({})
    with pytest.raises(InputError, match=r"'data' of shape \[3, 4\]"):
        pictures.scatter({"data": torch.zeros(3, 4)})


@through("values", [torch.randn(50, 2), torch.full((3, 2), torch.nan), torch.zeros(1, 2)])
def test_scatter_has_a_panel_per_set(values: torch.Tensor) -> None:
    one = pictures.scatter({"data": torch.randn(50, 2)})
    two = pictures.scatter({"data": values, "decoder": 100 * torch.randn(50, 2)})
    assert two.size == (2 * one.width, one.height)


def test_scatter_is_the_same_every_time() -> None:
    sets = {"data": torch.randn(50, 2, generator=torch.Generator().manual_seed(0))}
    assert pictures.png(pictures.scatter(sets)) == pictures.png(pictures.scatter(sets))


def test_save_makes_folders_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.png"
    for _ in range(2):
        pictures.save(pictures.grid(torch.rand(1, 1, 4, 4)), path)
    assert os.listdir(path.parent) == ["a.png"]


def test_save_to_an_impossible_place_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="cannot write") as caught:
        pictures.save(pictures.grid(torch.rand(1, 1, 4, 4)), tmp_path / "file" / "a.png")
    assert "\n" not in str(caught.value)
    assert os.listdir(tmp_path) == ["file"]


def test_walks_stand_side_by_side_with_their_starts_in_the_middle() -> None:
    way, starts = torch.rand(2, 3, 1, 64, 64), torch.rand(2, 1, 64, 64)
    shown = pictures.strips(pictures.walks({"a": way, "b": 1 - way}, ["-1", "0", "+1"], starts=starts))
    assert list(shown) == ["", "image", "a", "b"]
    for name, expected in (("a", way), ("b", 1 - way)):
        row = np.asarray(shown[name].convert("L"))
        assert row.shape == (64, 2 * (3 * 64 + 2) + 12)
        for s in range(2):
            for t in range(3):
                left = s * (3 * 64 + 2 + 12) + 65 * t
                np.testing.assert_array_equal(
                    row[:, left : left + 64], (expected[s, t, 0] * 255).round().byte().numpy()
                )
    row = np.asarray(shown["image"].convert("L"))
    np.testing.assert_array_equal(row[:, 65:129], (starts[0, 0] * 255).round().byte().numpy())
    assert (row[:, :64] == 255).all()


def test_walks_reduce_large_images_and_name_wrong_ones() -> None:
    assert pictures.shrunk(torch.rand(2, 3, 32, 20)).shape == (2, 3, 32, 20)
    image = torch.rand(1, 1, 128, 128)
    shown = pictures.shrunk(image)
    torch.testing.assert_close(shown, torch.nn.functional.avg_pool2d(image, 2))
    for ways, marks in (({}, ["0"]), ({"a": torch.rand(1, 2, 1, 8, 8)}, ["0"])):
        with pytest.raises(InputError):
            pictures.walks(ways, marks)

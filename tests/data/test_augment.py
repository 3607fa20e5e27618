"""Random crops and resized crops: functions of seed and step, compared with loops over samples and pixels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from chimerae.data import TOYS, Batches, Split
from chimerae.data.augment import check_crop, cropped, resized
from chimerae.errors import InputError
from chimerae.runs.train import train
from tests.helpers.rows import through

SPLIT = Split(name="train", stored=np.random.default_rng(0).integers(0, 256, (10, 3, 6, 8), dtype=np.uint8))
ALL = {"flip": True, "random_crop": 2, "random_resize": 0.6}


def batches(split: Split = SPLIT, **settings: object) -> Batches:
    return Batches(split, **{"batch_size": 4, "seed": 0, **settings})


def shifts(x: Tensor, y: Tensor, most: int) -> list[tuple[int, int]]:
    """The shifts that make images `y` of images `x`, found by trying all on images that numpy reflected."""
    wide = np.pad(x.numpy(), ((0, 0), (0, 0), (most, most), (most, most)), mode="reflect")
    height, width = x.shape[2:]
    found = []
    for before, after in zip(wide, y.numpy(), strict=True):
        found += [
            (down - most, right - most)
            for down in range(2 * most + 1)
            for right in range(2 * most + 1)
            if (before[:, down : down + height, right : right + width] == after).all()
        ]
    return found


@through("settings", [{"random_crop": 2}, {"random_resize": 0.5}, ALL], ids=["crop", "resize", "all"])
def test_a_batch_is_a_function_of_seed_and_step(settings):
    forward, backward = batches(**settings), batches(**settings)
    ahead = [forward(step) for step in range(6)]
    assert all(torch.equal(ahead[step], backward(step)) for step in reversed(range(6)))
    torch.manual_seed(5)
    assert torch.equal(ahead[3], forward(3))
    assert not torch.equal(ahead[3], batches(seed=1, **settings)(3))
    assert not torch.equal(ahead[3], batches()(3))


def test_crops_are_windows_of_the_mirrored_image():
    x = SPLIT.raw(range(10))
    every = torch.arange(10)
    found: list[tuple[int, int]] = []
    for step in range(40):
        y = cropped(x.clone(), every, 10, 0, step, 2)
        once = shifts(x, y, 2)
        assert len(once) == 10
        found += once
    for axis in zip(*found, strict=True):
        counts = [axis.count(shift) for shift in range(-2, 3)]
        assert sum(counts) == 400
        assert min(counts) > 50, "each of five shifts 80 times in the mean"
    assert len({*found}) == 25, "the axes are independent"


def test_the_largest_shift_and_one_that_is_too_large():
    x = SPLIT.raw(range(10))
    assert len(shifts(x, cropped(x.clone(), torch.arange(10), 10, 0, 0, 5), 5)) >= 10
    check_crop(5, (3, 6, 8))
    check_crop(99, (2,))
    for bad in (6, 7):
        with pytest.raises(InputError, match=f"--training.random-crop {bad} is too much for images of 6x8"):
            batches(random_crop=bad)


def test_a_shift_that_is_too_large_leaves_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="too much for images of 8x8"):
        train("vae", data="digits", steps=2, out="run", settings={"training.random_crop": 8}, quiet=True)
    assert not Path("run").exists()


def bilinear(image: np.ndarray, y: float, x: float) -> np.ndarray:
    """The value `[C]` at a place in pixels, where pixel i has its centre at i; edges go on."""
    height, width = image.shape[1:]
    y, x = min(max(y, 0.0), height - 1.0), min(max(x, 0.0), width - 1.0)
    top, left = int(min(y, height - 2)), int(min(x, width - 2))
    dy, dx = y - top, x - left
    rows = image[:, top, left : left + 2] * (1 - dy) + image[:, top + 1, left : left + 2] * dy
    return rows[:, 0] * (1 - dx) + rows[:, 1] * dx


def test_a_resized_crop_is_the_loop_over_pixels(double):
    n, least, step = 5, 0.4, 7
    images = torch.rand(n, 2, 6, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    made = resized(images, torch.arange(n), n, 3, step, least)
    from chimerae import noise

    draws = torch.rand(3, n, generator=noise.generator(3, "resize", step)).numpy()
    expected = np.empty_like(images.numpy())
    for i in range(n):
        share = least + (1 - least) * draws[0, i]
        wide, high = share * 8, share * 6
        left, top = draws[1, i] * (8 - wide), draws[2, i] * (6 - high)
        for row in range(6):
            for column in range(8):
                y, x = top + (row + 0.5) * high / 6 - 0.5, left + (column + 0.5) * wide / 8 - 0.5
                expected[i, :, row, column] = bilinear(images[i].numpy(), y, x)
    np.testing.assert_allclose(made.numpy(), expected, atol=1e-12)
    assert made.min() >= 0
    assert made.max() <= 1


def test_parts_are_of_all_sizes_down_to_the_least():
    """A ramp from 0 to 1 shows the part of it: its slope is the share of the side."""
    ramp = torch.arange(64.0).expand(200, 1, 64, 64) / 64
    made = resized(ramp, torch.arange(200), 200, 0, 0, 0.5)
    share = (made[:, 0, 0, 40] - made[:, 0, 0, 24]) / (16 / 64)
    assert 0.5 <= share.min() < 0.53
    assert 0.97 < share.max() <= 1.001
    assert abs(share.mean() - 0.75) < 0.03
    place = made[:, 0, 0].mean(1) - 0.5
    assert place.min() < -0.1
    assert place.max() > 0.1


@through("settings", [{"random_crop": 2}, {"random_resize": 0.5}, ALL], ids=["crop", "resize", "all"])
def test_processes_draw_the_parts_of_one_batch(settings):
    whole = batches(**settings)(3)
    for rows in (torch.tensor([0, 2]), torch.tensor([1, 3])):
        part = batches(rows=rows, **settings)(3)
        torch.testing.assert_close(part, whole[rows], rtol=0, atol=1e-6)


def test_all_together_keep_shape_and_range():
    x = batches(batch_size=23, **ALL)(1)
    assert x.shape == (23, 3, 6, 8)
    assert x.dtype == torch.float32
    assert 0 <= x.min() <= x.max() <= 1


def test_points_stay_as_they_are():
    points = Split(name="train", stored=np.random.default_rng(0).normal(size=(9, 2)).astype(np.float32))
    toy = Split(name="train", stored=TOYS[0].fixed("train").numpy(), toy=TOYS[0])
    for split in (points, toy):
        assert torch.equal(batches(split, **ALL)(2), batches(split)(2))


def test_stored_images_are_left_alone():
    before = SPLIT.stored.copy()
    batches(**ALL)(0)
    np.testing.assert_array_equal(SPLIT.stored, before)

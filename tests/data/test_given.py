"""One's own images as a batch: every form, the run's transform, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from chimerae.data import Prepare, prepare
from chimerae.data.given import as_batch, settings_for_others, take
from chimerae.errors import InputError
from tests.data.data_files import Make, speckles
from tests.helpers.rows import through

SHAPE = (3, 8, 8)
PIXELS = speckles(0, 8, 8, 3)
EXACT = torch.from_numpy(PIXELS).permute(2, 0, 1)[None].float() / 255


@through(
    "given",
    [
        PIXELS,
        PIXELS[None],
        PIXELS.astype(np.float64) / 255,
        PIXELS.transpose(2, 0, 1)[None],
        Image.fromarray(PIXELS),
        [PIXELS],
        [Image.fromarray(PIXELS)],
        [EXACT[0]],
        (EXACT,),
        [torch.from_numpy(PIXELS).permute(2, 0, 1)],
    ],
)
def test_every_form_of_one_image_is_the_same_batch(given) -> None:
    torch.testing.assert_close(as_batch(given, SHAPE), EXACT)


def test_lists_mix_forms_and_keep_their_order(photos: Make) -> None:
    folder = photos(3)
    first, second = folder / "2.png", folder / "0.png"
    x = as_batch([first, Image.open(second), str(folder)], SHAPE)
    assert x.shape == (5, *SHAPE)
    assert torch.equal(x[0], x[4])
    assert torch.equal(x[1], x[2])


def test_floats_that_fit_are_not_rounded() -> None:
    values = np.full((8, 8, 3), 0.1234567, np.float32)
    assert float(as_batch(values, SHAPE)[0, 0, 0, 0]) == pytest.approx(0.1234567, abs=1e-7)


def test_grey_images_in_a_stack_and_alone() -> None:
    grey = speckles(1, 8, 8, 1)
    assert as_batch(np.stack([grey] * 5), (1, 8, 8)).shape == (5, 1, 8, 8)
    assert torch.equal(as_batch(grey, (1, 8, 8)), as_batch(grey[..., None], (1, 8, 8)))
    assert torch.equal(as_batch(grey, SHAPE)[:, :1], as_batch(grey, (1, 8, 8)))


@pytest.mark.parametrize(
    "settings",
    [Prepare(size=8), Prepare(size=8, crop=0.5), Prepare(size=8, fit="squeeze"), Prepare(size=8, fit="pad")],
)
def test_files_pictures_and_arrays_of_other_sizes_pass_the_transform_of_training(
    photos: Make, settings: Prepare
) -> None:
    folder = photos(4, height=30, width=20)
    prepared = prepare(str(folder), settings)
    wanted = {row.tobytes() for split in (prepared.train, prepared.test) for row in split.stored}
    paths = [folder / f"{i}.png" for i in range(4)]
    forms = (
        paths,
        [Image.open(path) for path in paths],
        np.stack([np.asarray(Image.open(p)) for p in paths]),
    )
    for form in forms:
        made = (as_batch(form, SHAPE, settings) * 255).round().byte().numpy()
        assert {row.tobytes() for row in made} == wanted


def test_all_images_of_a_folder_are_taken_with_their_names(photos: Make) -> None:
    folder = photos(20)
    (folder / "bad.png").write_bytes(b"nothing")
    taken = take(str(folder), SHAPE)
    assert len(taken.x) == 20
    assert sorted(taken.names) == sorted(f"{i}.png" for i in range(20))
    assert [unread.name for unread in taken.unread] == ["bad.png"]
    at = taken.names.index("7.png")
    assert torch.equal(taken.x[at : at + 1], as_batch(folder / "7.png", SHAPE))
    assert len(take(str(folder), SHAPE, n=3).x) == 3
    for source in (str(folder), "digits", str(next(folder.glob("*.*")))):
        with pytest.raises(InputError, match=r"0 samples of .* cannot be taken"):
            take(source, SHAPE, n=0)
    with pytest.raises(InputError, match=r"'bad.png' cannot be read: not a picture"):
        as_batch(folder, SHAPE)


def test_users_pictures_stay_open(photos: Make) -> None:
    with Image.open(photos(1) / "0.png") as image:
        as_batch(image, SHAPE)
        as_batch([image, image], SHAPE)
        assert np.asarray(image).shape == (8, 8, 3)


def test_points() -> None:
    points = np.arange(6.0).reshape(3, 2)
    assert as_batch(points, (2,)).tolist() == points.tolist()
    assert take("8gaussians", (2,), n=5).x.shape == (5, 2)


@through(
    "given, said",
    [
        ("nowhere.jpg", "no file or folder"),
        ("8gaussians", "does not fit"),
        (PIXELS.astype(np.float64), "values from 0 to 249"),
        (PIXELS.astype(np.int64), "int64"),
        (np.full((8, 8, 3), np.nan), "nan"),
        (np.zeros((2, 2, 2, 2, 3)), "no image"),
        (np.zeros((9, 9, 7)), "no colour image"),
        ([], "an empty list"),
        (3, "type int"),
        ([EXACT, torch.zeros(1, 3, 4, 4)], "not a tensor of"),
    ],
)
def test_what_is_no_image_is_one_line(given, said: str) -> None:
    with pytest.raises(InputError, match=said) as error:
        as_batch(given, SHAPE)
    assert "\n" not in str(error.value)


def test_a_crop_in_pixels_stays_with_the_name_it_came_with() -> None:
    assert settings_for_others("celeba-crop140", Prepare(crop=140)).crop is None
    assert settings_for_others("celeba-crop70", Prepare(crop=0.7)).crop == 0.7
    assert settings_for_others("photos", Prepare(crop=140)).crop == 140


def test_one_file(tmp_path: Path) -> None:
    Image.fromarray(PIXELS).save(tmp_path / "me.PNG")
    taken = take(str(tmp_path / "me.PNG"), SHAPE)
    assert taken.names == ("me.PNG",)
    assert torch.equal(taken.x, EXACT)

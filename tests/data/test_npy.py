from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from chimerae.data import Prepare, prepare, source_info
from chimerae.data.rescale import AS_IS, SIGNED, SIXTEEN_BITS, UNIT, Rescale, rescale_of
from chimerae.errors import InputError
from tests.helpers.rows import through

RANDOM = np.random.default_rng(0)
BYTES = RANDOM.integers(0, 256, (10, 6, 5), dtype=np.uint8)


def saved(folder: Path, array: np.ndarray, name: str = "a.npy") -> str:
    np.save(folder / name, array)
    return str(folder / name)


def everything(source: str) -> np.ndarray:
    """All samples, in the order of the file."""
    return np.asarray(prepare(source).train.stored)


def test_bytes_stay_bytes(tmp_path: Path) -> None:
    assert np.array_equal(everything(saved(tmp_path, BYTES))[:, 0], BYTES)


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("last", [True, False])
def test_both_layouts(tmp_path: Path, channels: int, last: bool) -> None:
    images = RANDOM.integers(0, 256, (4, 6, 5, channels), dtype=np.uint8)
    if channels == 4:
        images[..., 3] = 255
    source = saved(tmp_path, images if last else images.transpose(0, 3, 1, 2))
    kept = min(channels, 3)
    assert source_info(source).final == (kept, 6, 5)
    assert np.array_equal(everything(source), images.transpose(0, 3, 1, 2)[:, :kept])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("rescale", [UNIT, SIGNED, AS_IS])
def test_float_ranges_come_back_to_the_same_bytes(tmp_path: Path, dtype: type, rescale: Rescale) -> None:
    floats = (BYTES / rescale.factor + rescale.low).astype(dtype)
    assert np.abs(everything(saved(tmp_path, floats))[:, 0].astype(int) - BYTES).max() <= (
        dtype == np.float16
    )


def test_the_range_is_that_of_train_and_test_together() -> None:
    low, unit = np.full((2, 2, 2), -1.0), np.full((2, 2, 2), 0.5)
    assert rescale_of({"train": unit, "test": low}) == SIGNED
    assert rescale_of({"train": unit}) == UNIT


def test_integers() -> None:
    assert rescale_of({"x": np.array([[0, 255]])}) == AS_IS
    assert rescale_of({"x": np.array([[0, 60_000]], np.uint16)}) == SIXTEEN_BITS
    assert rescale_of({"x": np.array([[True]])}) == UNIT


@through("values", [[0.0, 1.5], [-3.0, 1.0], [0.0, 300.0], [0.5, 200.0]])
def test_other_ranges_are_refused(values: list[float]) -> None:
    with pytest.raises(
        InputError, match=r"x has float64 values from .* to .*; wanted: uint8, floats in \[0, 1\]"
    ):
        rescale_of({"x": np.array([values])})


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_not_a_number(tmp_path: Path, bad: float) -> None:
    images = np.zeros((5, 4, 4))
    images[3, 1, 2] = bad
    points = RANDOM.normal(size=(5, 2))
    points[4, 0] = bad
    with pytest.raises(InputError, match="NaN or infinite values, first in image 3"):
        prepare(saved(tmp_path, images))
    with pytest.raises(InputError, match="NaN or infinite values in 1 rows, first in row 4"):
        prepare(saved(tmp_path, points, "p.npy"))


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.array([["a", "b"]]), "dtype <U1"),
        (np.zeros((3, 4, 4), complex), "dtype complex128"),
        (np.zeros((3, 4), int), "points .* must be float"),
        (np.zeros(5), r"has shape \[5\]"),
        (np.zeros((2, 2, 2, 2, 2)), "has shape"),
        (np.zeros((3, 8, 8, 2)), "with 1, 3 or 4 channels"),
        (np.zeros((0, 8, 8)), "is empty"),
        (np.ones((1, 8, 8)), "at least 2 are needed"),
        (np.ones((4, 8, 8), np.uint8), "same single colour"),
        (np.ones((4, 2)), "all 4 points are the same"),
        (np.array([{}, {}], dtype=object), "has dtype object"),
    ],
    ids=lambda value: value.replace(" ", "-") if isinstance(value, str) else "",
)
def test_refused_in_one_line(tmp_path: Path, array: np.ndarray, message: str) -> None:
    with pytest.raises(InputError, match=message) as error:
        prepare(saved(tmp_path, array))
    assert "\n" not in str(error.value)


def test_damaged_files(tmp_path: Path) -> None:
    source = Path(saved(tmp_path, BYTES))
    source.write_bytes(source.read_bytes()[:-20])
    zipped = tmp_path / "b.npz"
    np.savez_compressed(zipped, x=BYTES)
    zipped.write_bytes(zipped.read_bytes()[:-50])
    inside = tmp_path / "c.npz"
    np.savez(inside, x=BYTES)
    data = bytearray(inside.read_bytes())
    data[200:210] = b"\x55" * 10
    inside.write_bytes(data)
    for path in (source, zipped, inside):
        with pytest.raises(InputError, match=r"cannot be read as|is damaged"):
            prepare(str(path))


def test_points_are_taken_as_they_are(tmp_path: Path) -> None:
    points = RANDOM.normal(size=(20, 3)) * 100
    prepared = prepare(saved(tmp_path, points), Prepare(hold_out=0.25))
    assert prepared.kind == "points"
    assert prepared.shape == (3,)
    assert (len(prepared.train), len(prepared.test)) == (15, 5)
    assert prepared.train.rows is not None
    assert torch.equal(prepared.train.take(range(15)), torch.tensor(points[prepared.train.rows]).float())


@pytest.mark.parametrize(
    ("train", "test", "labels"),
    [
        ("x_train", "x_test", "y_train"),
        ("train", "test", "train_labels"),
        ("images", None, "labels"),
        ("odd", None, "y"),
    ],
)
def test_names_in_npz(tmp_path: Path, train: str, test: str | None, labels: str) -> None:
    arrays = {train: BYTES, labels: np.arange(10)}
    if test is not None:
        arrays |= {test: BYTES[:3] ^ 255, labels.replace("train", "test"): np.arange(3)}
    np.savez(tmp_path / "a.npz", **arrays)
    prepared = prepare(str(tmp_path / "a.npz"))
    assert (len(prepared.train), len(prepared.test)) == ((9, 1) if test is None else (10, 3))
    assert prepared.train.labels is not None
    for i in range(len(prepared.train)):
        assert np.array_equal(prepared.train.raw([i])[0, 0].numpy(), BYTES[int(prepared.train.labels[i])])


def test_npz_without_a_known_name(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", left=BYTES, right=BYTES)
    with pytest.raises(InputError, match=r"x_train and x_test, or images; it holds left \[10, 6, 5\], right"):
        source_info(str(tmp_path / "a.npz"))


def test_labels_that_fit_nothing_are_no_labels(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=BYTES, y=np.arange(7))
    assert prepare(str(tmp_path / "a.npz")).train.labels is None


def test_objects_beside_images_are_left_alone(tmp_path: Path):
    images = np.random.default_rng(0).integers(0, 256, (6, 8, 8), dtype=np.uint8)
    np.savez(tmp_path / "a.npz", x_train=images, x_test=images, meta=np.array({"by": "us"}, dtype=object))
    assert source_info(str(tmp_path / "a.npz")).counts == {"train": 6, "test": 6}

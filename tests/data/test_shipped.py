"""Data that come with the package, against scikit-learn's copies."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import sklearn.datasets

from chimerae.data.builtin import PATCH_SIDE, PHOTOGRAPHS, SHIPPED, digits, patches


def test_digits_are_those_of_scikit_learn_bit_for_bit():
    theirs = sklearn.datasets.load_digits()
    with np.load(SHIPPED / "digits.npz") as ours:
        images, labels = (
            ours["images"].astype(theirs.images.dtype),
            ours["labels"].astype(theirs.target.dtype),
        )
    np.testing.assert_array_equal(images, theirs.images, strict=True)
    np.testing.assert_array_equal(labels, theirs.target, strict=True)


def test_the_source_is_made_of_them():
    theirs = sklearn.datasets.load_digits()
    items = list(digits().parts["train"].read(None))
    assert [item.label for item in items] == theirs.target.tolist()
    shown = np.stack([np.asarray(item.load()) for item in items])
    np.testing.assert_array_equal(shown, np.rint(theirs.images * (255 / 16)).astype(np.uint8), strict=True)


def test_photographs_are_those_of_scikit_learn_byte_for_byte():
    folder = Path(sklearn.datasets.__file__).parent / "images"
    for _, _, name in PHOTOGRAPHS:
        assert (SHIPPED / f"{name}.jpg").read_bytes() == (folder / f"{name}.jpg").read_bytes()


def test_crops_are_cut_from_what_scikit_learn_reads():
    for item in patches().parts["test"].read(20):
        name, _, place = item.name.partition(" at ")
        x, y = map(int, place.split(","))
        whole = sklearn.datasets.load_sample_image(f"{name}.jpg")
        np.testing.assert_array_equal(item.load(), whole[y : y + PATCH_SIDE, x : x + PATCH_SIDE], strict=True)

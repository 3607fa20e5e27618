"""Data in memory: every kind is prepared like files, under a checksum of its content."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import TensorDataset

from chimerae.data import prepare, source_info
from chimerae.data.memory import held, held_again
from chimerae.errors import InputError
from tests.helpers.rows import through

IMAGES = np.random.default_rng(0).integers(0, 256, (12, 8, 8, 3), dtype=np.uint8)
LABELS = np.arange(12) % 3
TENSORS = torch.from_numpy(IMAGES).permute(0, 3, 1, 2)


class Pairs(torch.utils.data.Dataset):
    classes = ("a", "b", "c")

    def __len__(self) -> int:
        return len(IMAGES)

    def __getitem__(self, i: int) -> tuple[Image.Image, int]:
        return Image.fromarray(IMAGES[i]), int(LABELS[i])


class Restless(Pairs):
    """Another image at every reading."""

    def __getitem__(self, i: int) -> tuple[Image.Image, int]:
        return Image.fromarray(np.random.default_rng().integers(0, 256, (8, 8, 3), dtype=np.uint8)), 0


def hugging_face():
    from datasets import ClassLabel, Dataset, Features
    from datasets import Image as Pictures

    return Dataset.from_dict(
        {"image": [Image.fromarray(image) for image in IMAGES], "label": LABELS.tolist()},
        features=Features({"image": Pictures(), "label": ClassLabel(names=["a", "b", "c"])}),
    )


KINDS = {
    "array": (lambda: IMAGES, False),
    "array with labels": (lambda: (IMAGES, LABELS), True),
    "floats": (lambda: IMAGES / 255, False),
    "tensor": (lambda: TENSORS, False),
    "float tensor": (lambda: TENSORS / 255, False),
    "pictures": (lambda: [Image.fromarray(image) for image in IMAGES], False),
    "torch pairs": (Pairs, True),
    "torch tensors": (lambda: TensorDataset(TENSORS / 255, torch.from_numpy(LABELS)), True),
    "torch images alone": (lambda: TensorDataset(TENSORS), False),
    "hugging face": (hugging_face, True),
}


@through("kind", KINDS)
def test_every_kind_is_prepared_pixel_for_pixel(kind: str) -> None:
    make, labelled = KINDS[kind]
    with held(make()) as name:
        assert name.startswith("array:")
        assert source_info(name).final == (3, 8, 8)
        data = prepare(name)
    assert np.array_equal(data.train.stored, TENSORS.numpy())
    assert data.facts.counts == {"train": 11, "test": 1}
    if labelled:
        assert data.train.labels.tolist() == LABELS[data.train.rows].tolist()
    else:
        assert data.train.labels is None
    again = prepare(name)  # nothing is held any more: found in the cache
    assert again.manifest == data.manifest


@through("kind", KINDS)
def test_the_name_follows_the_content(kind: str) -> None:
    make, _ = KINDS[kind]
    with held(make()) as name, held(make()) as same:
        assert name == same


def test_one_pixel_or_label_makes_another_name() -> None:
    pixel, label = IMAGES.copy(), LABELS.copy()
    pixel[3, 2, 1, 0] ^= 1
    label[5] = 0
    variants = [IMAGES, pixel, (IMAGES, LABELS), (IMAGES, label), IMAGES[:, ::-1], IMAGES[:11]]
    variants += [[Image.fromarray(image) for image in images] for images in (IMAGES, pixel)]
    names = []
    for each in variants:
        with held(each) as name:
            names.append(name)
    assert len(set(names)) == len(variants)


def test_splits_of_a_mapping() -> None:
    with held({"train": IMAGES[:9], "test": IMAGES[9:]}) as name:
        data = prepare(name)
    assert np.array_equal(data.test.stored, TENSORS[9:].numpy())
    assert data.facts.hold_out is None


def test_classes_and_points() -> None:
    with held(Pairs()) as name, held(hugging_face()) as other:
        assert prepare(name).facts.classes == ("a", "b", "c")
        assert prepare(other).facts.classes == ("a", "b", "c")
    points = torch.randn(20, 2)
    for each in (points, TensorDataset(points), points.numpy()):
        with held(each) as name:
            data = prepare(name)
        assert data.kind == "points"
        assert np.array_equal(data.train.stored, points.numpy())


def test_data_that_are_gone_say_what_to_pass(tmp_path) -> None:
    with held(IMAGES) as name:
        pass
    with pytest.raises(InputError, match=r"give them again, as in chimerae.resume\(run, data=...\)"):
        prepare(name, cache=tmp_path)
    with held_again(IMAGES, name):
        assert len(prepare(name, cache=tmp_path).train) == 11
    with pytest.raises(InputError, match="the same again"), held_again(IMAGES[:9], name):
        pass


def test_names_and_paths_pass_through(tmp_path) -> None:
    with held(None) as nothing, held("digits") as name, held(tmp_path) as path:
        assert (nothing, name, path) == (None, "digits", str(tmp_path))


def test_a_data_set_that_changes_is_refused() -> None:
    with held(Restless()) as name, pytest.raises(InputError, match="random transforms"):
        prepare(name)


@through(
    "data, said",
    [
        ([], "hold nothing"),
        ({}, "hold nothing"),
        (3, "type int"),
        (iter([1]), "type list_iterator"),
        ([1, 2], "type int"),
        (IMAGES.astype(object), "dtype object"),
        ((IMAGES, LABELS[:5]), "do not fit"),
        ([np.full((8, 8), 7.0)] * 3, "values from 7 to 7"),
        ({"train": IMAGES, "test": list(IMAGES)}, "differ in kind"),
    ],
)
def test_what_are_no_data_is_one_line(data, said: str) -> None:
    with pytest.raises(InputError, match=said) as error, held(data):
        pass
    assert "\n" not in str(error.value)

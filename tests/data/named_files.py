"""Named data sets in small: files as the hub lays them out, with the columns that it has."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from chimerae.data import NAMED_DATASETS, NamedDataset
from chimerae.data.named_datasets import CELEBA
from tests.data.data_files import speckles

ROWS = {"train": 5, "test": 3, "extra": 4, "valid": 2, "validation": 2}
"""Images in the splits of every small set."""

SPLITS = {
    **{each.name: ("train", "test") for each in NAMED_DATASETS},
    **{each.name: ("train", "valid", "test") for each in CELEBA},
    **dict.fromkeys(("svhn", "svhn-extra"), ("train", "test", "extra")),
    "oxford-flowers": ("train", "validation", "test"),
    "ffhq": ("train",),
}
"""Name -> the splits that the hub's data set has."""

SUBFOLDERS = {"cifar10": "plain_text", "celeba": "img_align+identity+attr", "svhn": "cropped_digits"}
"""Folder under the root -> where in it the hub's files lie; the others are in `data`."""


def size_of(name: str) -> tuple[int, int, int]:
    """Height, width and channels of the images of a set, as they are in its files."""
    if "mnist" in name:
        return 28, 28, 1
    if name.startswith("celeba"):
        return 218, 178, 3
    return {"ffhq": (256, 256, 3), "lfw": (64, 64, 3)}.get(name, (50, 40, 3) if "-" in name else (32, 32, 3))


def columns(name: str, seeds: range) -> dict[str, Any]:
    """The columns of a set: what every image is made of is its seed."""
    cells = [_cell(seed, *size_of(name)) for seed in seeds]
    labels = [seed % 3 for seed in seeds]
    if name.startswith("celeba"):
        return {"image": cells, "celeb_id": labels, "Smiling": [seed % 2 == 0 for seed in seeds]}
    if name == "cifar100":
        return {"img": cells, "coarse_label": [0] * len(cells), "fine_label": labels}
    if name == "oxford-pets":
        return {"image": cells, "label": labels, "image_id": ["a"] * len(cells), "label_cat_dog": labels}
    if name in ("lsun-bedroom", "ffhq"):
        return {"image": cells}
    picture = "img" if name == "cifar10" else "image"
    return {picture: cells, "identity" if name == "lfw" else "label": labels}


def _cell(seed: int, height: int, width: int, channels: int) -> dict[str, Any]:
    buffer = BytesIO()
    Image.fromarray(speckles(seed, height, width, channels)).save(buffer, "PNG")
    return {"bytes": buffer.getvalue(), "path": None}


def seeds_of(name: str) -> dict[str, range]:
    """The seeds of the images of every split of the hub."""
    starts = {split: 100 * i for i, split in enumerate(ROWS)}
    return {split: range(starts[split], starts[split] + ROWS[split]) for split in SPLITS[name]}


def write_set(root: Path, found: NamedDataset) -> Path:
    """The set as parquet files in its folder under `root`; the folder."""
    folder = root / found.folders[0]
    inside = folder / SUBFOLDERS.get(folder.name, "data")
    inside.mkdir(parents=True)
    for split, seeds in seeds_of(found.name).items():
        table = pa.table(columns(found.name, seeds))
        pq.write_table(table, inside / f"{split}-00000-of-00001.parquet", row_group_size=2)
    return folder

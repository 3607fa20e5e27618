from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from chimerae.data import Prepare, prepare, source_info
from chimerae.errors import InputError
from tests.data.data_files import Make, speckles


def encoded(seed: int, kind: str = "PNG", channels: int = 3) -> bytes:
    buffer = BytesIO()
    Image.fromarray(speckles(seed, 8, 8, channels)).save(
        buffer, kind, **({"lossless": True} if kind == "WEBP" else {})
    )
    return buffer.getvalue()


def cells(seeds: range, kind: str = "PNG") -> list[dict[str, Any]]:
    return [{"bytes": encoded(seed, kind), "path": f"{seed}.png"} for seed in seeds]


def written(path: Path, groups: int = 1000, **columns: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path, row_group_size=groups)
    return path


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
@pytest.mark.parametrize(("image", "label"), [("image", "label"), ("img", "identity"), ("picture", "age")])
def test_hub_schema(tmp_path: Path, kind: str, image: str, label: str) -> None:
    path = written(
        tmp_path / "a.parquet", groups=3, **{image: cells(range(10), kind), label: list(range(10))}
    )
    prepared = prepare(str(path))
    assert prepared.facts.counts == {"train": 9, "test": 1}
    assert prepared.train.labels is not None
    for i in range(9):
        label_of = int(prepared.train.labels[i])
        expected = speckles(label_of, 8, 8, 3).transpose(2, 0, 1)
        assert np.array_equal(prepared.train.raw([i])[0].numpy(), expected)


def test_plain_binary_column_and_no_labels(tmp_path: Path) -> None:
    path = written(tmp_path / "a.parquet", jpg=[encoded(i) for i in range(4)], caption=["a"] * 4)
    assert prepare(str(path)).train.labels is None


def test_splits_from_file_names(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    written(folder / "train-00000-of-00002.parquet", image=cells(range(3)))
    written(folder / "train-00001-of-00002.parquet", image=cells(range(3, 6)))
    written(folder / "validation-00000-of-00001.parquet", image=cells(range(6, 8)))
    prepared = prepare(str(folder))
    assert prepared.facts.counts == {"train": 6, "test": 2}
    written(folder / "test-00000-of-00001.parquet", image=cells(range(8, 9)))
    prepared = prepare(str(folder))
    assert prepared.facts.counts == {"train": 6, "test": 1}
    assert prepared.facts.left_out == {"rows in validation": 2}


def test_damaged_and_empty_cells_are_named(tmp_path: Path) -> None:
    images = cells(range(4))
    images[1] = {"bytes": b"text", "path": "bad.png"}
    images[2] = {"bytes": None, "path": None}
    prepared = prepare(str(written(tmp_path / "a.parquet", image=images, label=[0, 1, 2, 3])))
    assert [(unread.name, unread.why) for unread in prepared.facts.unreadable] == [
        ("a.parquet row 1 (bad.png)", "not a picture"),
        ("a.parquet row 2", "empty cell"),
    ]
    assert prepared.train.labels is not None
    assert prepared.test.labels is not None
    assert sorted([*prepared.train.labels.tolist(), *prepared.test.labels.tolist()]) == [0, 3]


def test_a_missing_label_leaves_no_labels(tmp_path: Path) -> None:
    path = written(tmp_path / "a.parquet", image=cells(range(3)), label=pa.array([0, None, 1]))
    assert prepare(str(path)).train.labels is None


def test_the_first_look_reads_from_all_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "a.parquet", groups=100, image=cells(range(2)) * 1000)
    seen = source_info(str(path))
    assert not seen.complete
    assert 500 <= seen.sizes[8, 8] <= 1000


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (
            {"text": ["a", "b"]},
            r"no column holds images; wanted a column 'image' of .*found: text \(string\)",
        ),
        ({"a": [b"x"], "b": [b"x"]}, "several columns hold images"),
    ],
)
def test_no_images(tmp_path: Path, columns: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        source_info(str(written(tmp_path / "a.parquet", **columns)))


def test_damaged_files(tmp_path: Path) -> None:
    text = tmp_path / "text.parquet"
    text.write_text("text")
    with pytest.raises(InputError, match="cannot be read as parquet"):
        source_info(str(text))
    path = written(tmp_path / "a.parquet", image=cells(range(50)))
    data = bytearray(path.read_bytes())
    data[4:400] = b"\xff" * 396
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"is damaged: |can be read"):
        prepare(str(path))


def test_differing_columns(tmp_path: Path) -> None:
    written(tmp_path / "d" / "a.parquet", image=cells(range(2)))
    written(tmp_path / "d" / "b.parquet", img=cells(range(2)))
    with pytest.raises(InputError, match="different columns"):
        source_info(str(tmp_path / "d"))


def hub_set(seeds: range) -> Any:
    from datasets import ClassLabel, Dataset, Features, Image

    features = Features({"image": Image(), "label": ClassLabel(names=["a", "b"])})
    return Dataset.from_dict({"image": cells(seeds), "label": [i % 2 for i in seeds]}, features=features)


def test_hub_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    from datasets import DatasetDict

    asked: list[tuple[str, str | None]] = []

    def load_dataset(name: str, config: str | None, revision: str | None = None) -> Any:
        asked.append((name, revision))
        return DatasetDict({"train": hub_set(range(5)), "test": hub_set(range(5, 8))})

    monkeypatch.setattr("datasets.load_dataset", load_dataset)
    prepared = prepare("owner/name-v1.0@main", Prepare())
    assert asked[0] == ("owner/name-v1.0", "main")
    assert prepared.facts.counts == {"train": 5, "test": 3}
    assert prepared.train.labels is not None
    assert prepared.train.labels.tolist() == [0, 1, 0, 1, 0]
    assert np.array_equal(prepared.test.raw([0])[0].numpy(), speckles(5, 8, 8, 3).transpose(2, 0, 1))
    assert source_info("owner/name").counts == {"train": 5, "test": 3}


@pytest.mark.parametrize(
    "error", [ConnectionError("Couldn't reach\nthe hub"), FileNotFoundError("no such set")]
)
def test_hub_that_cannot_be_had(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def load_dataset(name: str, config: str | None, revision: str | None = None) -> Any:
        raise error

    monkeypatch.setattr("datasets.load_dataset", load_dataset)
    with pytest.raises(
        InputError, match="is no file or folder here, and not to be had from the hub: "
    ) as raised:
        source_info("owner/name")
    assert "\n" not in str(raised.value)


def test_a_missing_file_is_not_asked_of_the_hub(photos: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(photos(2).parent)
    with pytest.raises(InputError, match="there is no file or folder 'photos/cats'"):
        source_info("photos/cats")
    with pytest.raises(InputError, match=r"there is no file or folder 'data/set\.npy'"):
        source_info("data/set.npy")

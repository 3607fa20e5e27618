from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from chimerae.data import NAMED_DATASETS, NamedDataset, Prepare, prepare, preset, source_abouts, source_info
from chimerae.data.builtin import BUILTIN
from chimerae.data.image_folder import open_folder
from chimerae.data.named_datasets import named_dataset
from chimerae.data.open import open_source
from chimerae.data.sources import ImageSource
from chimerae.data.toys import TOYS
from chimerae.errors import InputError
from chimerae.recipes.build import build
from tests.data.data_files import speckles
from tests.data.named_files import ROWS, columns, seeds_of, size_of, write_set
from tests.helpers.rows import through

SHARED = Path(__file__).resolve().parents[2] / ".." / "shared" / "data"

each_set = pytest.mark.parametrize("found", NAMED_DATASETS, ids=lambda found: found.name)
on_the_hub = pytest.mark.parametrize(
    "found", [each for each in NAMED_DATASETS if each.hub], ids=lambda found: found.name
)
by_name = {each.name: each for each in NAMED_DATASETS}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty root of data."""
    folder = tmp_path / "sets"
    folder.mkdir()
    monkeypatch.setenv("CHIMERAE_DATA", str(folder))
    return folder


def wanted_counts(found: NamedDataset) -> dict[str, int]:
    """Images of every split of ours, of a small set; a tenth is held out where there is no test split."""
    counts = {split: sum(ROWS[name] for name in names) for split, names in found.splits.items()}
    return counts if "test" in counts else {"train": counts["train"] - 1, "test": 1}


@each_set
def test_read_from_its_folder(found: NamedDataset, root: Path) -> None:
    write_set(root, found)
    settings = Prepare(**{**vars(found.prepare), "size": 16}) if size_of(found.name)[0] > 64 else None
    seen, prepared = source_info(found.name, settings), prepare(found.name, settings)
    assert seen.counts == prepared.facts.counts == wanted_counts(found)
    assert seen.final == prepared.shape
    assert (prepared.train.labels is None) == (found.name in ("lsun-bedroom", "ffhq"))
    assert (prepared.facts.source, prepared.facts.hub) == (found.name, None)
    assert str(root) not in json.dumps(prepared.manifest)


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist", "cifar10", "cifar100", "svhn", "svhn-extra"])
def test_small_ones_are_taken_as_they_are(name: str, root: Path) -> None:
    write_set(root, by_name[name])
    prepared = prepare(name)
    for split, names in by_name[name].splits.items():
        seeds = [seed for each in names for seed in seeds_of(name)[each]]
        rows = {"train": prepared.train, "test": prepared.test}[split]
        wanted = [speckles(seed, *size_of(name)) for seed in seeds]
        pixels = np.stack(wanted).reshape(len(seeds), *size_of(name)).transpose(0, 3, 1, 2)
        assert np.array_equal(rows.raw(range(len(rows))).numpy(), pixels)
        assert rows.labels is not None
        assert rows.labels.tolist() == [seed % 3 for seed in seeds]


@pytest.mark.parametrize(
    ("name", "box"),
    [
        ("celeba-crop70", (26, 32, 26 + 126, 32 + 154)),
        ("celeba-crop60", (35, 43, 35 + 108, 43 + 132)),
        ("celeba-crop140", (19, 39, 19 + 140, 39 + 140)),
        ("celeba-crop148", (15, 40, 163, 188)),
        ("celeba-whole", (0, 0, 178, 218)),
    ],
)
def test_faces_are_cut_as_in_the_papers(name: str, box: tuple[int, int, int, int], root: Path) -> None:
    write_set(root, by_name[name])
    prepared = prepare(name)
    assert prepared.shape == (3, 64, 64)
    picture = Image.fromarray(speckles(seeds_of(name)["test"][0], 218, 178, 3)).crop(box)
    wanted = np.asarray(picture.resize((64, 64), Image.Resampling.LANCZOS)).transpose(2, 0, 1)
    assert np.array_equal(prepared.test.raw([0])[0].numpy(), wanted)


@each_set
def test_read_from_a_folder_of_images(found: NamedDataset, root: Path) -> None:
    height, width, channels = size_of(found.name)
    for split, seeds in seeds_of(found.name).items():
        (root / found.folders[-1] / split).mkdir(parents=True)
        for seed in seeds:
            picture = Image.fromarray(speckles(seed, height, width, channels))
            picture.save(root / found.folders[-1] / split / f"{seed}.png")
    assert source_info(found.name).counts == wanted_counts(found)


@on_the_hub
def test_read_from_the_hub(found: NamedDataset, monkeypatch: pytest.MonkeyPatch) -> None:
    from datasets import Dataset, DatasetDict

    asked: list[tuple[str, str | None, str | None]] = []
    tables = {split: columns(found.name, seeds) for split, seeds in seeds_of(found.name).items()}
    there = DatasetDict({split: Dataset.from_dict(table) for split, table in tables.items()})

    def load_dataset(name: str, config: str | None, revision: str | None = None) -> Any:
        asked.append((name, config, revision))
        return there

    monkeypatch.setattr("datasets.load_dataset", load_dataset)
    for source, revision in ((found.name, None), (f"{found.name}@main", "main")):
        asked.clear()
        assert source_info(source).counts == wanted_counts(found)
        assert asked == [(found.hub, found.config, revision)]
        opened = open_source(source)
        assert isinstance(opened, ImageSource)
        assert (opened.hub, opened.revision) == (found.hub, revision)


def test_a_revision_is_the_hubs_and_is_written_down(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its commit, as far as `datasets` tells: by the name of the folder in which it keeps the tables."""
    from datasets import Dataset, DatasetDict, load_from_disk

    write_set(root, by_name["mnist"])
    commit = "0123456789abcdef" * 2 + "01234567"
    for split, seeds in seeds_of("mnist").items():
        Dataset.from_dict(columns("mnist", seeds)).save_to_disk(root / split / commit)
    tables = DatasetDict({split: load_from_disk(root / split / commit) for split in ("train", "test")})
    monkeypatch.setattr("datasets.load_dataset", lambda *_, **__: tables)
    facts = prepare("mnist@main").facts
    assert (facts.source, facts.hub, facts.revision) == ("mnist@main", "ylecun/mnist", commit)
    assert prepare("mnist").facts.hub is None


def test_a_set_that_is_nowhere(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def load_dataset(*_: object, **__: object) -> Any:
        raise ConnectionError("no\nway")

    monkeypatch.setattr("datasets.load_dataset", load_dataset)
    with pytest.raises(InputError) as error:
        source_info("lsun-bedroom")
    said = str(error.value)
    assert "\n" not in said
    for part in (
        *by_name["lsun-bedroom"].folders,
        str(root),
        "--data-root DIR",
        "pcuenq/lsun-bedrooms",
        "no way",
    ):
        assert part in said
    with pytest.raises(InputError, match="the hub has no such set"):
        source_info("oxford-buildings")
    monkeypatch.setenv("CHIMERAE_DATA", "")
    with pytest.raises(InputError, match=r"there is no folder ROOT/mnist .*ylecun/mnist@v1 is not to be had"):
        source_info("mnist@v1")


def test_a_root_that_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHIMERAE_DATA", str(tmp_path / "gone"))
    with pytest.raises(InputError, match="is no folder; give another with --data-root or CHIMERAE_DATA"):
        source_info("mnist")


def test_a_split_that_is_missing(root: Path) -> None:
    folder = write_set(root, by_name["svhn"])
    next(folder.rglob("extra-*")).unlink()
    assert source_info("svhn").counts == {"train": 5, "test": 3}
    with pytest.raises(InputError, match="has no split 'extra'; it has test, train"):
        source_info("svhn-extra")


def test_splits_that_are_not_used_are_counted(root: Path) -> None:
    write_set(root, by_name["celeba-whole"])
    assert prepare("celeba-whole", Prepare(size=8)).facts.left_out == {"rows in valid": 2}
    assert prepare("celeba-crop70", Prepare(size=8)).facts.left_out == {}


def test_names_on_the_same_files_have_arrays_of_their_own(root: Path) -> None:
    write_set(root, by_name["svhn"])
    assert [prepare(name).facts.counts["train"] for name in ("svhn", "svhn-extra")] == [5, 4]


def test_a_flat_folder_of_faces_is_split_in_order(root: Path) -> None:
    folder = root / "celeba" / "img_align_celeba"
    folder.mkdir(parents=True)
    for i in range(9):
        Image.fromarray(speckles(i, 8, 8, 3)).save(folder / f"{i + 1:06}.png")
    assert source_info("celeba-whole").counts == {"train": 8, "test": 1}
    found = open_folder(root / "celeba", by_name["celeba-crop70"].splits, {"train": 5, "valid": 1, "test": 3})
    names = {split: [item.name for item in part.read(None)] for split, part in found.parts.items()}
    assert names["test"] == [f"img_align_celeba/{i:06}.png" for i in (7, 8, 9)]
    assert len(names["train"]) == 6


def test_names_are_listed_once_and_differ() -> None:
    listed = [name for name, _ in source_abouts()]
    assert len(set(listed)) == len(listed)
    assert [name for name in listed if name in by_name] == [each.name for each in NAMED_DATASETS]
    assert not {*by_name} & {*BUILTIN, *(toy.name for toy in TOYS)}
    with pytest.raises(InputError, match="did you mean 'celeba-crop70'"):
        open_source("celeba-crop7")


def test_a_name_wins_over_a_path(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_set(root, by_name["mnist"])
    monkeypatch.chdir(root)
    assert source_info("mnist").counts == source_info("./mnist").counts
    monkeypatch.setenv("CHIMERAE_DATA", str(root.parent))
    monkeypatch.setattr("datasets.load_dataset", lambda *_, **__: (_ for _ in ()).throw(OSError("off")))
    with pytest.raises(InputError, match="ylecun/mnist"):
        open_source("mnist")


@through("found", NAMED_DATASETS, ids=lambda found: found.name)
def test_what_is_known_of_it_is_complete(found: NamedDataset) -> None:
    assert found.preset
    assert found.folders
    assert found.hub is None or (found.documented and found.hub in found.documented)
    assert found.splits["train"]
    named_splits = {name for names in found.splits.values() for name in names}
    assert not found.counts or named_splits <= found.counts.keys()
    assert not found.in_order or sum(found.counts.values()) == 202_599


def test_the_preset_is_a_default_that_single_flags_change(root: Path) -> None:
    write_set(root, by_name["celeba-crop70"])
    run = build("avae", data="celeba-crop70")
    assert run.prepare == preset("celeba-crop70") == Prepare(crop=0.7, size=64, fit="squeeze")
    run = build("avae", data="celeba-crop70", settings={"prepare.size": 128})
    assert run.prepare == Prepare(crop=0.7, size=128, fit="squeeze")
    assert build("avae", data="celeba-crop70@v1", arch="dcgan").prepare.crop == 0.7
    assert build("avae", data="digits").prepare == Prepare()
    assert named_dataset("digits") is None


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "counts", "shape"),
    [
        ("mnist", {"train": 60_000, "test": 10_000}, (1, 28, 28)),
        ("cifar10", {"train": 50_000, "test": 10_000}, (3, 32, 32)),
        ("lfw", {"train": 12_166, "test": 1_067}, (3, 64, 64)),
    ],
)
def test_real_sets_by_name(
    name: str, counts: dict[str, int], shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    if not SHARED.is_dir():
        pytest.skip("the real data sets are not beside the checkout")
    monkeypatch.setenv("CHIMERAE_DATA", os.path.normpath(SHARED))
    seen = source_info(name)
    assert seen.counts == counts == by_name[name].counts
    assert seen.final == shape

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from chimerae.data import Prepare, prepare, source_info
from chimerae.data.open import open_source
from chimerae.errors import InputError
from tests.data.data_files import Make, speckles


def one_line(error: pytest.ExceptionInfo[InputError]) -> str:
    message = str(error.value)
    assert "\n" not in message
    return message


def test_nested_folders_of_mixed_pictures(photos: Make) -> None:
    root = photos(3, height=20, width=30)
    photos(2, channels=1, under="photos/deep/deeper", seed=1)
    Image.fromarray(speckles(9, 40, 10, 3)).convert("P").save(root / "palette.gif")
    Image.fromarray(speckles(8, 12, 12, 3)).save(root / "camera.JPG")
    (root / "notes.txt").write_text("not used")
    (root / ".hidden.png").write_bytes(b"")
    prepared = prepare(str(root), Prepare(size=16))
    assert prepared.shape == (3, 16, 16)
    assert prepared.manifest["counts"] == {"train": 6, "test": 1}
    assert prepared.manifest["unreadable"] == []
    assert prepared.manifest["left_out"] == {"other files": 1}
    assert prepared.train.labels is None


def test_unreadable_files_are_named_and_counted(photos: Make) -> None:
    root = photos(4)
    (root / "note.jpg").write_text("I am text")
    whole = (root / "0.png").read_bytes()
    (root / "half.png").write_bytes(whole[: len(whole) // 2])
    (root / "link.png").symlink_to(root / "nowhere.png")
    prepared = prepare(str(root))
    assert [unread.name for unread in prepared.facts.unreadable] == ["half.png", "link.png", "note.jpg"]
    assert prepared.facts.unreadable[2].why == "not a picture"
    assert len(prepared.train) + len(prepared.test) == 4
    assert json.loads(json.dumps(prepared.manifest)) == prepared.manifest


def test_class_folders_give_labels(photos: Make) -> None:
    photos(3, under="photos/cat")
    root = photos(4, under="photos/dog", seed=1).parent
    prepared = prepare(str(root), Prepare(hold_out=0.3))
    assert prepared.facts.classes == ("cat", "dog")
    assert prepared.train.labels is not None
    assert prepared.test.labels is not None
    every = prepared.train.labels.tolist() + prepared.test.labels.tolist()
    assert sorted(every) == [0] * 3 + [1] * 4
    cat = np.asarray(Image.open(root / "cat" / "0.png")).transpose(2, 0, 1)
    for split in (prepared.train, prepared.test):
        for i in range(len(split)):
            if np.array_equal(split.raw([i])[0].numpy(), cat):
                assert split.labels is not None
                assert int(split.labels[i]) == 0


@pytest.mark.parametrize("test", ["test", "val", "Validation"])
def test_split_folders_are_used(photos: Make, test: str) -> None:
    photos(5, under="set/train")
    root = photos(2, under=f"set/{test}", seed=1).parent
    photos(1, under="set/spare", seed=2)
    prepared = prepare(str(root))
    assert prepared.manifest["counts"] == {"train": 5, "test": 2}
    assert prepared.facts.hold_out is None
    assert prepared.facts.left_out == {"images in spare": 1}


def test_circles_of_links_end(photos: Make) -> None:
    root = photos(3)
    (root / "again").mkdir()
    (root / "again" / "back").symlink_to(root, target_is_directory=True)
    assert sum(source_info(str(root)).counts.values()) <= 6


def test_new_changed_and_lost_files_are_noticed(photos: Make) -> None:
    root = photos(4)
    first = prepare(str(root)).facts.checksum
    assert prepare(str(root)).facts.checksum == first
    photos(5)
    assert sum(prepare(str(root)).facts.counts.values()) == 5
    (root / "4.png").unlink()
    assert prepare(str(root)).facts.checksum == first
    Image.fromarray(speckles(99, 8, 8, 3)).save(root / "0.png")
    os.utime(root / "0.png", ns=(1, 1))
    assert prepare(str(root)).facts.checksum != first


def test_mixed_sizes_need_a_size(photos: Make) -> None:
    photos(2, height=40, width=60, under="photos/more")
    root = photos(2, height=100, width=70)
    seen = source_info(str(root))
    assert seen.shape is None
    assert seen.final is None
    assert source_info(str(root), Prepare(size=32)).final == (3, 32, 32)
    with pytest.raises(InputError, match=r"differ in size .*--prepare\.size 32") as error:
        prepare(str(root))
    one_line(error)


def test_late_surprises_are_met(photos: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Colour and another size where the first look, a sample, saw none."""
    root = photos(5, channels=1)
    Image.fromarray(speckles(7, 8, 8, 3)).save(root / "1.png")
    monkeypatch.setattr("chimerae.data.build.info_of_open", _grey_only)
    assert prepare(str(root)).shape == (3, 8, 8)
    Image.fromarray(speckles(7, 9, 8, 1)).save(root / "3.png")
    with pytest.raises(InputError, match=r"'3\.png' is 9x8.*--prepare\.size"):
        prepare(str(root))


def _grey_only(name: str, source: object, settings: Prepare) -> object:
    from chimerae.data.info import SourceInfo

    return SourceInfo(name, "images", (1, 8, 8), (1, 8, 8), {})


def test_one_channel_on_request(photos: Make) -> None:
    root = str(photos(3))
    assert source_info(root, Prepare(channels="1")).final == (1, 8, 8)
    assert prepare(root, Prepare(channels="1")).shape == (1, 8, 8)
    assert prepare(root).shape == (3, 8, 8)


def test_non_square_sizes(photos: Make) -> None:
    assert prepare(str(photos(3)), Prepare(size=(12, 20))).shape == (3, 12, 20)


def test_missing_empty_and_single(photos: Make, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    root = photos(1)
    cases = {
        str(tmp_path / "nowhere"): "there is no file or folder",
        "./nowhere": "there is no file or folder",
        str(empty): "holds no images",
        str(root): "at least 2 are needed",
        str(root / "0.png"): "one image only",
        "digitz": "did you mean 'digits'",
        "sevenspirals": "did you mean '2spirals'",
    }
    for source, message in cases.items():
        for verb in (source_info, prepare):
            with pytest.raises(InputError, match=message) as error:
                verb(source)
            one_line(error)


def test_unknown_file_type(tmp_path: Path) -> None:
    file = tmp_path / "model.bin"
    file.write_bytes(b"x")
    with pytest.raises(InputError, match=r"not a data source; possible: a folder of images"):
        open_source(str(file))


def test_none_readable(photos: Make) -> None:
    root = photos(0)
    for i in range(3):
        (root / f"{i}.jpg").write_text("text")
    for verb in (source_info, prepare):
        with pytest.raises(InputError, match="none of its 3 files can be read"):
            verb(str(root))


def test_only_headers_readable(photos: Make) -> None:
    root = photos(3, height=64, width=64)
    for path in root.iterdir():
        path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(
        InputError, match=r"none of the 3 images .* can be read; the first, '0\.png': "
    ) as error:
        prepare(str(root))
    one_line(error)


def test_one_readable_is_too_few(photos: Make) -> None:
    root = photos(1)
    (root / "other.png").write_text("text")
    with pytest.raises(InputError, match="at least 2 are needed"):
        prepare(str(root))


def test_constant_images(photos: Make) -> None:
    root = photos(0)
    for i in range(3):
        Image.new("RGB", (8, 8), (1, 2, 3)).save(root / f"{i}.png")
    with pytest.raises(InputError, match="same single colour"):
        prepare(str(root))
    Image.new("RGB", (8, 8), (9, 2, 3)).save(root / "3.png")
    assert prepare(str(root)).facts.constant == 4

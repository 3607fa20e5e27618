from __future__ import annotations

import errno
import os
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
import torch

from chimerae.data import Prepare, prepare
from chimerae.data.store import RowWriter, cache_folder, new_entry, read_manifest
from chimerae.errors import InputError
from tests.data.data_files import Make


def entries(cache: Path) -> list[Path]:
    return sorted(cache.iterdir())


def test_made_once_and_found_again(photos: Make, cache: Path) -> None:
    root = str(photos(5))
    heard: list[tuple[int, int, str]] = []
    first = prepare(root, progress=lambda *said: heard.append(said))
    assert heard[-1] == (5, 5, "images")
    heard.clear()
    again = prepare(root, progress=lambda *said: heard.append(said))
    assert heard == []
    assert again.manifest == first.manifest
    assert len(entries(cache)) == 1


def test_one_entry_for_all_spellings_of_a_path(
    photos: Make, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = photos(5)
    monkeypatch.chdir(root.parent)
    assert [prepare(source).facts.source for source in (str(root), "./photos")] == [str(root), "./photos"]
    assert len(entries(cache)) == 1


def test_settings_have_entries_of_their_own(photos: Make, cache: Path) -> None:
    root = str(photos(5))
    for settings in (Prepare(), Prepare(size=16), Prepare(size=16, fit="pad"), Prepare(hold_out=0.5)):
        prepare(root, settings)
    assert len(entries(cache)) == 4


def test_where_the_cache_is(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cache_folder(tmp_path) == tmp_path
    assert cache_folder(None) == cache
    monkeypatch.delenv("CHIMERAE_CACHE")
    assert cache_folder(None) == Path.home() / ".cache" / "chimerae"


@pytest.mark.parametrize("harm", ["shorter", "missing", "manifest", "no manifest"])
def test_damage_is_found_and_mended(photos: Make, cache: Path, harm: str) -> None:
    root = str(photos(5))
    whole = prepare(root)
    images = np.array(whole.train.stored)
    (entry,) = entries(cache)
    if harm == "shorter":
        (entry / "train").write_bytes(b"short")
    elif harm == "missing":
        (entry / "train").unlink()
    elif harm == "manifest":
        (entry / "manifest.json").write_text('{"format": 1')
    else:
        (entry / "manifest.json").unlink()
    assert prepare(root).manifest == whole.manifest
    assert np.array_equal(prepare(root).train.stored, images)
    assert entries(cache) == [entry]


def test_changed_contents_are_found_on_demand(photos: Make, cache: Path) -> None:
    root = str(photos(5))
    whole = prepare(root).train.take(range(4))
    path = entries(cache)[0] / "train"
    data = bytearray(path.read_bytes())
    data[0] ^= 1
    path.unlink()
    path.write_bytes(data)
    assert prepare(root).verify() == ["train"]
    mended = prepare(root, verify=True)
    assert mended.verify() == []
    assert torch.equal(mended.train.take(range(4)), whole)


def test_nothing_is_left_of_a_failure(photos: Make, cache: Path) -> None:
    def stop(done: int, total: int, what: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(str(photos(5)), progress=stop)
    assert entries(cache) == []


def test_a_full_disk_is_one_line(photos: Make, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def add(self: RowWriter, rows: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(RowWriter, "add", add)
    with pytest.raises(
        InputError, match=r"cannot write prepared data to .*: No space left on device; make room"
    ):
        prepare(str(photos(5)))
    assert entries(cache) == []


def test_an_unwritable_cache_is_one_line(photos: Make, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write prepared data to"):
        prepare(str(photos(3)), cache=tmp_path / "file" / "cache")


def test_remains_of_killed_processes_are_swept(photos: Make, cache: Path) -> None:
    old, new = cache / ".partial-old", cache / ".partial-new"
    old.mkdir()
    new.mkdir()
    os.utime(old, (time.time() - 2 * 86400,) * 2)
    prepare(str(photos(3)))
    assert not old.exists()
    assert new.exists()


def test_the_first_of_two_wins(tmp_path: Path, photos: Make) -> None:
    entry = tmp_path / "cache" / "entry"
    done = prepare(str(photos(3)), cache=tmp_path / "other").folder
    assert done is not None
    with new_entry(entry) as late:
        with new_entry(entry) as early:
            for file in done.iterdir():
                (early / file.name).write_bytes(file.read_bytes())
        won = read_manifest(entry)
        (late / "train").write_text("the loser's")
    assert won is not None
    assert read_manifest(entry) == won
    assert entries(entry.parent) == [entry]


def _checksum(source: str) -> str:
    return prepare(source).facts.checksum


def test_threads_and_processes_at_once(photos: Make, cache: Path) -> None:
    root = str(photos(40))
    with get_context("spawn").Pool(2) as pool, ThreadPoolExecutor(3) as threads:
        elsewhere = pool.map_async(_checksum, [root] * 2)
        here = list(threads.map(_checksum, [root] * 6))
        found = {*here, *elsewhere.get(60)}
    assert len(found) == 1
    assert len(entries(cache)) == 1


def test_memory_stays_bounded(photos: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are handed on in chunks, never all at once."""
    sizes: list[int] = []
    add = RowWriter.add

    def spy(self: RowWriter, rows: np.ndarray) -> None:
        sizes.append(len(rows))
        add(self, rows)

    monkeypatch.setattr(RowWriter, "add", spy)
    monkeypatch.setattr("chimerae.data.build._CHUNK", 4)
    prepare(str(photos(10)))
    assert sizes == [4, 4, 2]

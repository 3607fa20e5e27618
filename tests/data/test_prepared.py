from __future__ import annotations

import errno
import json
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest
import torch

from chimerae.data import Batches, Prepare, intact, prepare
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


def flip(path: Path) -> None:
    """Change the first bit of a file, which becomes another file."""
    data = bytearray(path.read_bytes())
    data[0] ^= 1
    path.unlink()
    path.write_bytes(data)


@pytest.mark.parametrize("large", [False, True])
def test_changed_contents_are_told_and_mended(
    photos: Make, cache: Path, large: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(intact, "AT_ONCE", 0 if large else intact.AT_ONCE)
    root = str(photos(5))
    first = prepare(root)
    whole = first.train.take(range(4))
    flip(entries(cache)[0] / "train")
    assert first.verify() == ["train"]
    mended = prepare(root, verify=large)
    (told,) = caplog.messages
    assert f"'{entries(cache)[0]}' are damaged (train)" in told
    assert mended.verify() == []
    assert torch.equal(mended.train.take(range(4)), whole)


@pytest.mark.parametrize("device", ["cpu", "resident"])
def test_a_large_array_is_checked_while_it_is_used(
    photos: Make, cache: Path, device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intact, "AT_ONCE", 0)
    if device == "resident":
        monkeypatch.setattr(Batches, "_fits", lambda self: True)
    root = str(photos(5))
    prepare(root)
    flip(entries(cache)[0] / "train")
    may_read = Event()
    plain = intact.checksum

    def waits(path: Path) -> str:
        may_read.wait(10)
        return plain(path)

    monkeypatch.setattr(intact, "checksum", waits)
    batches = Batches(prepare(root).train, batch_size=2, seed=0)
    batches(0)
    may_read.set()

    def go_on() -> None:
        for step in range(1, 1000):
            time.sleep(0.005)
            batches(step)

    with pytest.raises(InputError, match=rf"damaged: .*train' is not what .*; delete the folder '{cache}"):
        go_on()


def test_manifests_whose_parts_do_not_fit_are_not_believed(photos: Make, cache: Path) -> None:
    root = str(photos(5))
    whole = prepare(root).manifest
    path = entries(cache)[0] / "manifest.json"
    text = path.read_text()
    edits: list[Callable[[dict[str, Any]], object]] = [
        lambda facts: facts["files"].pop("train"),
        lambda facts: facts["files"].update({"../train": facts["files"]["train"]}),
        lambda facts: facts["files"]["train"].update(dtype="garbage"),
        lambda facts: facts["files"]["train"].update(shape=[5, 8, 8, 3]),
        lambda facts: facts["files"]["train"].update(shape=[-5, -3, 8, 8]),
        lambda facts: facts.update(shape=[3, 8, 0]),
        lambda facts: facts.update(hold_out=None),
        lambda facts: facts.update(hold_out=2.0),
        lambda facts: facts.update(counts={"train": 10**9, "test": 1}),
        lambda facts: facts.update(kind="points"),
    ]
    for edit in edits:
        facts = json.loads(text)
        edit(facts)
        path.write_text(json.dumps(facts))
        assert read_manifest(path.parent) is None, facts
    path.unlink()
    os.mkfifo(path)
    assert prepare(root).manifest == whole


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
    monkeypatch.setattr("chimerae.data.transform._CHUNK", 4)
    prepare(str(photos(10)))
    assert sizes == [4, 4, 2]

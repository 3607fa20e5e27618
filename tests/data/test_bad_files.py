"""Damaged, malicious and accidental files in place of data: each is one line that says what is wrong, or is
named as unreadable.
"""

from __future__ import annotations

import io
import os
import struct
import sys
import zipfile
import zlib
from contextlib import suppress
from pathlib import Path
from threading import Lock, Thread
from time import sleep

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from benchmarks.faults import fuzz_data
from PIL import Image

import chimerae.data.parquet as tables
from chimerae.data import Prepare, arrays, npy, parquet_pages, pixels, prepare, source_info, sources
from chimerae.data.given import take
from chimerae.data.open import is_here, open_source
from chimerae.data.parquet_pages import pages
from chimerae.errors import InputError
from tests.data.data_files import Make, speckles

IMAGES = np.stack([speckles(i, 8, 8, 3) for i in range(4)])


def refused(source: Path | str) -> str:
    """The one line about a source that cannot be used."""
    with pytest.raises(InputError) as error:
        prepare(str(source))
    message = str(error.value)
    assert "\n" not in message
    assert len(message) < 1000
    return message


def header(shape: str, kind: str = "'|u1'", more: int = 0) -> bytes:
    text = f"{{'descr': {kind}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text) + more) + text + bytes(256)


def zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return buffer.getvalue()


@pytest.mark.parametrize("inside", [False, True])
def test_headers_of_arrays_that_lie(tmp_path: Path, inside: bool) -> None:
    cases = [(header(shape), "") for shape in fuzz_data.SHAPES]
    cases += [(header("(4, 8, 8)", kind), "") for kind in ("'|O'", "'garbage'", "[]", "'<U4'", "3", "'|V0'")]
    cases += [
        (header("(4000, 8, 8)"), "256,000 bytes, of which 256 are there"),
        (header("(-4, -8, 8)"), "-4"),
        (header("(4, 8, 8)", more=50_000), "no header of an array"),
        (b"\x93NUMPY\x02\x00" + struct.pack("<I", 2**31) + bytes(256), "2,147,483,648"),
        (b"", ""),
        (zipped(x=b""), ""),
    ]
    path = tmp_path / ("a.npz" if inside else "a.npy")
    for content, hint in cases:
        path.write_bytes(zipped(x=content) if inside else content)
        assert hint in refused(path), content[:100]


def test_archives_that_cannot_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.npz"
    buffer = io.BytesIO()
    np.save(buffer, IMAGES)
    whole = zipped(x_train=buffer.getvalue())
    encrypted = bytearray(whole)
    encrypted[6] |= 1
    encrypted[whole.rindex(b"PK\x01\x02") + 8] |= 1
    damaged = bytearray(whole)
    damaged[200] ^= 16
    for content in (bytes(encrypted), bytes(damaged), whole[:100], b"PK", zipped()):
        path.write_bytes(content)
        refused(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("x.npy", buffer.getvalue())
    assert "numpy compresses nothing" in refused(path)
    path.write_bytes(whole)
    monkeypatch.setattr(npy, "_MOST_LOADED", IMAGES.nbytes - 1)
    assert "save the images as .npy" in refused(path)
    monkeypatch.setattr(npy, "_MOST_MEMBERS", 0)
    assert "not a few arrays" in refused(path)
    monkeypatch.setattr(npy, "_MOST_DIRECTORY", 50)
    assert "its list of files has" in refused(path)


def test_arrays_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.save(tmp_path / "a.npy", IMAGES)
    np.save(tmp_path / "points.npy", np.random.default_rng(0).normal(size=(9, 3)))
    monkeypatch.setattr(arrays, "_MOST_VALUES", 8 * 8 * 3 - 1)
    assert "too large" in refused(tmp_path / "a.npy")
    monkeypatch.setattr(arrays, "_MOST_DIMENSIONS", 2)
    assert "too many numbers" in refused(tmp_path / "points.npy")
    monkeypatch.setattr("chimerae.data.info.MOST_SAMPLES", 8)
    monkeypatch.setattr(arrays, "_MOST_DIMENSIONS", 3)
    assert "more than 8" in refused(tmp_path / "points.npy")


def cells(n: int) -> list[dict[str, object]]:
    return [{"bytes": fuzz_data.saved("PNG", i % 3) + bytes(1000), "path": f"{i}.png"} for i in range(n)]


def test_tables_are_read_in_bounded_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"image": cells(50)}), path, row_group_size=20)
    facts = pq.read_metadata(path)
    with path.open("rb") as file:
        first = [next(pages(file, facts.row_group(i).column(0))) for i in range(3)]
        told = [sum(p.size for p in pages(file, facts.row_group(i).column(0))) for i in range(3)]
    assert all(page.is_dictionary and 3000 < page.size < 5000 for page in first)
    # The chunk's size counts the headers too, which hold the least and the greatest value.
    assert all(told[i] < facts.row_group(i).column(0).total_uncompressed_size < 2 * told[i] for i in range(3))
    monkeypatch.setattr(tables, "_BATCH_BYTES", 3 * first[0].size)
    with pq.ParquetFile(path) as table:
        found = list(tables._batches(table, range(3), tables.ImageColumns("image", None), path))
    assert max(len(batch) for batch in found) == 3
    assert sum(len(batch) for batch in found) == 50
    monkeypatch.setattr(parquet_pages, "_MOST_PAGES", 1)
    assert "more than 1 pages" in refused(path)
    monkeypatch.setattr(tables, "_MOST_PAGE", first[0].size - 1)
    assert "more than 1 pages" in refused(path), "pictures are large pages that did not shrink"
    monkeypatch.setattr(tables, "_TIMES", 0)
    assert "a page of" in refused(path)


def test_tables_that_are_damaged(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    whole = fuzz_data.parquet()
    for content in (b"", b"PAR1", whole[:-9], whole[:20] + bytes(60) + whole[80:], b"PAR1" + whole[-300:]):
        path.write_bytes(content)
        refused(path)
    pq.write_table(pa.table({"image": [1, 2, 3]}), path)
    assert "no column holds images" in refused(path)


@pytest.mark.parametrize("suffix", [".png", ".npy", ".npz", ".parquet"])
def test_pipes_devices_and_folders_are_not_opened(photos: Make, tmp_path: Path, suffix: str) -> None:
    pipe, device, folder = (tmp_path / f"{name}{suffix}" for name in ("pipe", "device", "folder"))
    os.mkfifo(pipe)
    device.symlink_to("/dev/zero")
    folder.mkdir()
    assert "is a pipe" in refused(pipe)
    assert "is a device" in refused(device)
    refused(folder)
    with pytest.raises(InputError, match="is a device"):
        take(str(device), (3, 8, 8))


def test_pipes_and_devices_among_pictures_are_unreadable(photos: Make) -> None:
    root = photos(3)
    os.mkfifo(root / "pipe.png")
    (root / "zero.png").symlink_to("/dev/zero")
    (root / "round.png").symlink_to(root / "round.png")
    why = {each.name: each.why for each in prepare(str(root)).facts.unreadable}
    assert why.keys() == {"pipe.png", "zero.png", "round.png"}
    assert "is a pipe" in why["pipe.png"]
    assert "is a device" in why["zero.png"]


def test_pictures_of_too_many_pixels_or_bytes(
    photos: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    root = photos(3)
    for i, side in enumerate((9_000, 18_000)):
        facts = b"IHDR" + struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
        start = (root / "0.png").read_bytes()[:12] + facts + struct.pack(">I", zlib.crc32(facts))
        (root / f"bomb{i}.png").write_bytes(start + (root / "0.png").read_bytes()[33:])
    (root / "sparse.webp").write_bytes((root / "0.png").read_bytes())
    os.truncate(root / "sparse.webp", 2**30)
    prepared = prepare(str(root), Prepare(size=8))
    assert [each.name for each in prepared.facts.unreadable] == ["bomb0.png", "bomb1.png", "sparse.webp"]
    assert all("too large" in each.why for each in prepared.facts.unreadable)
    with pytest.raises(InputError, match="too large"):
        take(str(root / "bomb1.png"), (3, 8, 8))
    monkeypatch.setattr("chimerae.data.build._MOST_FINAL", 63)
    for name in ("bomb0.png", "bomb1.png", "sparse.webp"):
        (root / name).unlink()
    assert "choose a smaller size" in refused(root)


def test_large_pictures_are_decoded_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pixels, "_ROOMS", [pixels._Room(100)])
    lock, now, most = Lock(), [0], [0]

    def load() -> Image.Image:
        return Image.new("L", (6, 10))

    def work() -> None:
        with pixels.decoded(sources.Item("x", load)):
            with lock:
                now[0] += 1
                most[0] = max(most[0], now[0])
            sleep(0.02)
            with lock:
                now[0] -= 1

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert most == [1]
    with pixels.decoded(sources.Item("x", lambda: Image.new("L", (60, 10)))):  # more than there is room for
        pass


def test_labels_that_are_no_numbers_of_classes(tmp_path: Path) -> None:
    for labels in (np.array([0, 1, 0, 2**63], np.uint64), np.array([0, 1, 0, 10**9])):
        np.savez(tmp_path / "a.npz", x=IMAGES, y=labels)
        assert prepare(str(tmp_path / "a.npz")).train.labels is None


@pytest.mark.parametrize(
    "name", ["a\0b", "a\udcff", "./\ud800", "x" * 5000, "./" + "y/" * 5000, "~nobody-here/x"]
)
def test_names_that_no_file_has(name: str) -> None:
    for use in (open_source, source_info, prepare):
        with pytest.raises(InputError, match=r"^[^\n]*$"):
            use(name)
    with suppress(InputError):
        assert not is_here(name)


def test_names_that_are_not_utf8(photos: Make) -> None:
    photos(2, under="photos/a")
    root = photos(2, under="photos/b", seed=1).parent
    os.rename(root / "b", os.fsencode(root) + b"/b\xff")
    (Path(os.fsdecode(os.fsencode(root) + b"/b\xff")) / os.fsdecode(b"\xfe.png")).write_bytes(b"no picture")
    prepared = prepare(str(root))
    assert prepared.facts.classes == ("a", "b\\udcff")
    assert [each.name for each in prepared.facts.unreadable] == ["b\\udcff/\\udcfe.png"]


def test_loops_of_links_are_walked_once(photos: Make) -> None:
    root = photos(3)
    (root / "again").symlink_to(root)
    (root / "deep").mkdir()
    (root / "deep" / "up").symlink_to(root / "deep")
    assert sum(prepare(str(root)).facts.counts.values()) == 3


@pytest.mark.parametrize("path", ["../../x.png", "/tmp/x.png", "x/../../y.png", "z" * 5000, "a\0b"])
def test_names_inside_of_a_table_are_no_places_to_write_to(tmp_path: Path, path: str) -> None:
    table = pa.table({"image": [{"bytes": fuzz_data.saved("PNG", 0), "path": path}]})
    pq.write_table(table, tmp_path / "a.parquet")
    assert take(str(tmp_path / "a.parquet"), (3, 8, 8)).names == ("000000",)


def test_inputs_are_bounded(photos: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    root = str(photos(5))
    monkeypatch.setattr("chimerae.data.given._MOST_VALUES", 2 * 3 * 8 * 8)
    with pytest.raises(InputError, match="take fewer: --n 2"):
        take(root, (3, 8, 8))
    assert len(take(root, (3, 8, 8), n=2).x) == 2


@pytest.mark.parametrize("name", [*fuzz_data.formats(), "prepared"])
@pytest.mark.skipif(sys.platform != "linux", reason="the limits on processes are Linux's")
def test_mutated_files_give_a_result_or_one_line(name: str) -> None:
    results = fuzz_data.fuzz(name, seed=1, count=4)
    assert not fuzz_data.reasons(results)

"""Zip archives and shards: the images of the folder that was packed, and nothing else in them does harm."""

from __future__ import annotations

import io
import struct
import tarfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from chimerae.data import Prepare, prepare, source_info
from chimerae.data.archives import MOST_MEMBER
from chimerae.data.open import open_source
from chimerae.data.shards import MOST_SHARDS, expanded
from chimerae.errors import InputError

RANDOM = np.random.default_rng(0)
PICTURES = [RANDOM.integers(0, 256, (8, 8, 3), dtype=np.uint8) for _ in range(12)]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHIMERAE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


def png(i: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(PICTURES[i]).save(buffer, "PNG")
    return buffer.getvalue()


def zipped(path: str, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> str:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def tarred(path: str, members: Sequence[tuple[str, bytes]], form: int = tarfile.GNU_FORMAT) -> str:
    with tarfile.open(path, "w", format=form) as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def rows(split) -> list[int]:
    """Numbers of the pictures in a split, in order, by their bytes."""
    known = {pixels.transpose(2, 0, 1).tobytes(): i for i, pixels in enumerate(PICTURES)}
    return [known[row.tobytes()] for row in split.raw(range(len(split))).numpy()]


def whole(source: str) -> list[int]:
    """All pictures of a source without a test split, in its own order."""
    data = prepare(source, Prepare(hold_out=0.2))
    both = np.concatenate([data.train.rows, data.test.rows]).argsort()
    return np.array(rows(data.train) + rows(data.test))[both].tolist()


NAMES = [f"{'cat' if i % 2 else 'dog'}/{i:02}.png" for i in range(12)]


@pytest.mark.parametrize(
    "method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
@pytest.mark.parametrize("top", ["", "photos/"])
def test_a_zip_is_the_folder_that_was_packed(tmp_path: Path, method: int, top: str):
    for i, name in enumerate(NAMES):
        (tmp_path / "photos" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "photos" / name).write_bytes(png(i))
    packed = zipped(
        "p.zip", {top + name: png(i) for i, name in sorted(enumerate(NAMES), key=lambda x: x[1])}, method
    )
    ours, theirs = prepare(packed), prepare(str(tmp_path / "photos"))
    assert ours.facts.checksum == theirs.facts.checksum
    assert ours.facts.classes == theirs.facts.classes == ("cat", "dog")
    assert ours.train.labels.tolist() == theirs.train.labels.tolist()
    assert source_info(packed).counts == ours.facts.counts


def test_folders_of_splits_in_a_zip_are_splits():
    members = {f"set/{'test' if i > 8 else 'train'}/{i % 2}/{i}.png": png(i) for i in range(12)}
    data = prepare(zipped("p.zip", members))
    assert rows(data.train) == [*range(9)]
    assert rows(data.test) == [9, 10, 11]
    assert data.test.labels.tolist() == [1, 0, 1]


def test_what_is_no_picture_is_counted_and_hidden_files_are_skipped():
    link = zipfile.ZipInfo("link.png")
    link.external_attr = 0o120777 << 16
    members = {f"{i}.png": png(i) for i in range(6)} | {
        "notes.txt": b"x",
        ".hidden.png": png(7),
        "__MACOSX/1.png": b"",
    }
    zipped("p.zip", members)
    with zipfile.ZipFile("p.zip", "a") as archive:
        archive.writestr(link, "/etc/passwd")
        archive.mkdir("empty") if hasattr(archive, "mkdir") else archive.writestr("empty/", "")
    facts = prepare("p.zip").facts
    assert facts.left_out == {"other files": 1, "links": 1}
    assert sum(facts.counts.values()) == 6


def test_names_that_lead_out_of_the_archive_are_not_used(tmp_path: Path):
    members = {f"{i}.png": png(i) for i in range(4)} | {
        "../out.png": png(5),
        "/abs.png": png(6),
        "a/../../b.png": png(7),
    }
    before = {*tmp_path.parent.iterdir()}
    data = prepare(zipped("p.zip", members))
    assert data.facts.left_out == {"other files": 3}
    assert sum(data.facts.counts.values()) == 4
    assert {*tmp_path.parent.iterdir()} == before
    tarred("p.tar", [*((f"{i}.png", png(i)) for i in range(4)), ("../out.png", png(5)), ("/abs.png", png(6))])
    assert prepare("p.tar").facts.left_out == {"other files": 2}


def unread(source: str) -> dict[str, str]:
    return {each.name: each.why for each in prepare(source, Prepare(hold_out=0.2)).facts.unreadable}


def test_damaged_and_encrypted_members_are_named():
    zipped("p.zip", {f"{i}.png": png(i) for i in range(6)}, zipfile.ZIP_STORED)
    content = bytearray(Path("p.zip").read_bytes())
    content[content.index(png(2)) + 60] ^= 255
    at = content.index(b"PK\x01\x02")  # the directory: flags of its first entry
    content[at + 8] |= 1
    Path("p.zip").write_bytes(content)
    told = unread("p.zip")
    assert told.keys() == {"0.png", "2.png"}
    assert told["0.png"] == "encrypted; unpack the archive with its password first"
    assert told["2.png"].startswith("damaged in the archive: Bad CRC-32")


def test_a_member_that_unpacks_to_more_than_it_says_stays_small(monkeypatch: pytest.MonkeyPatch):
    """A bomb: 64 MB of zeros that claim to be 100 bytes, and one that admits to be too large."""
    zipped(
        "p.zip", {f"{i}.png": png(i) for i in range(4)} | {"lies.png": bytes(2**26), "open.png": bytes(2**20)}
    )
    content = bytearray(Path("p.zip").read_bytes())
    for name, size in ((b"lies.png", 100), (b"open.png", MOST_MEMBER + 1)):
        at = content.rindex(name) - 46
        assert content[at : at + 4] == b"PK\x01\x02"
        content[at + 24 : at + 28] = struct.pack("<I", size)
    Path("p.zip").write_bytes(content)
    asked: list[int] = []
    read = zipfile.ZipExtFile.read

    def watched(self, n=-1):
        found = read(self, n)
        asked.append(len(found))
        return found

    monkeypatch.setattr(zipfile.ZipExtFile, "read", watched)
    told = unread("p.zip")
    assert told.keys() == {"lies.png", "open.png"}
    assert "too large" in told["open.png"]
    assert max(asked) <= max(len(png(i)) for i in range(4))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"PK\x03\x04 no more", "no readable zip archive"),
        (b"", "no readable zip archive"),
        (None, "holds no images (1 other files)"),
    ],
)
def test_what_is_no_archive_is_one_line(content: bytes | None, told: str):
    if content is None:
        zipped("p.zip", {"a.txt": b""})
    else:
        Path("p.zip").write_bytes(content)
    with pytest.raises(InputError) as error:
        open_source("p.zip")
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def shards(label: bool = True, form: int = tarfile.GNU_FORMAT) -> None:
    """Twelve samples in three shards, as webdataset writes them."""
    for n in range(3):
        members = []
        for i in range(4 * n, 4 * n + 4):
            members += [(f"{i:06}.json", b"{}"), (f"{i:06}.png", png(i))]
            members += [(f"{i:06}.cls", f"{i % 3}\n".encode())] if label else []
        tarred(f"set-{n:03}.tar", members, form)


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT])
def test_shards_by_a_pattern(form: int):
    shards(form=form)
    data = prepare("set-{000..002}.tar", Prepare(hold_out=0.2))
    assert whole("set-{000..002}.tar") == [*range(12)]
    assert data.train.labels.tolist() == [i % 3 for i in rows(data.train)]
    assert data.facts.left_out == {"other files": 12}
    assert source_info("set-{000..002}.tar", Prepare(hold_out=0.2)).counts == data.facts.counts


def test_a_shard_and_a_folder_of_shards(tmp_path: Path):
    shards()
    assert whole("set-001.tar") == [4, 5, 6, 7]
    assert whole("set-{000,002}.tar") == [0, 1, 2, 3, 8, 9, 10, 11]
    assert whole(str(tmp_path)) == [*range(12)]


def test_shards_of_splits():
    shards()
    Path("set-000.tar").rename("train-000.tar")
    Path("set-001.tar").rename("train-001.tar")
    Path("set-002.tar").rename("val-000.tar")
    data = prepare("{train-000,train-001,val-000}.tar")
    assert rows(data.train) == [*range(8)]
    assert rows(data.test) == [*range(8, 12)]


def test_a_tar_of_a_folder_has_its_classes():
    long = "x" * 150  # beyond what a plain header holds
    data = prepare(
        tarred("p.tar", [(f"photos/{name[:4]}{long}{name[4:]}", png(i)) for i, name in enumerate(NAMES)])
    )
    assert data.facts.classes == ("cat", "dog")
    assert data.train.labels.tolist() == [1 - i % 2 for i in rows(data.train)]


def test_samples_without_a_picture_or_a_class():
    tarred(
        "p.tar",
        [
            ("a.png", png(0)), ("a.cls", b"1"), ("b.cls", b"1"), ("c.png", png(1)), ("c.cls", b"one"),
            ("d.x.png", png(2)), ("d.jpg", b"second picture"), ("d.cls", b"9" * 40), ("e.png", png(3)),
        ],
    )  # fmt: skip
    data = prepare("p.tar", Prepare(hold_out=0.3))
    assert whole("p.tar") == [0, 1, 2, 3]
    assert data.train.labels is None
    assert data.facts.left_out == {"other files": 1}


def test_a_truncated_shard_names_its_last_picture_and_a_damaged_one_its_place():
    shards(label=False)
    content = Path("set-000.tar").read_bytes()
    Path("set-000.tar").write_bytes(content[: content.index(png(3)) + 50])
    (name,) = unread("set-000.tar")
    assert name == "set-000.tar/000003.png"
    damaged = bytearray(content)
    at = content.index(b"000002.png")
    damaged[at : at + 200] = b"\xff" * 200
    Path("set-000.tar").write_bytes(damaged)
    with pytest.raises(InputError, match=rf"'set-000.tar' is damaged: after {at:,} of"):
        open_source("set-000.tar")


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("p.tar", b"not a tar file", "no readable tar file"),
        ("p.tar", b"", "no readable tar file"),
        ("p.tar", bytes(10240), "holds no images"),
    ],
)
def test_bad_shards_are_one_line(name: str, content: bytes, told: str):
    Path(name).write_bytes(content)
    with pytest.raises(InputError, match=told) as error:
        open_source(name)
    assert "\n" not in str(error.value)


def test_a_header_that_asks_for_gigabytes_is_refused():
    """The names of GNU and pax headers are read into memory."""
    for kind in (tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE):
        info = tarfile.TarInfo("a.png")
        info.type, info.size = kind, 2**33
        Path("p.tar").write_bytes(info.tobuf(tarfile.GNU_FORMAT) + bytes(1024))
        with pytest.raises(InputError, match="a header asks for 8,589,9"):
            open_source("p.tar")


def test_a_picture_that_claims_to_be_huge_is_not_read():
    info = tarfile.TarInfo("b.png")
    info.size = MOST_MEMBER + 1
    with tarfile.open("p.tar", "w") as archive:
        for i in range(3):
            one = tarfile.TarInfo(f"a{i}.png")
            one.size = len(png(i))
            archive.addfile(one, io.BytesIO(png(i)))
    content = Path("p.tar").read_bytes().rstrip(b"\0")
    content += bytes(-len(content) % 512)
    Path("p.tar").write_bytes(content + info.tobuf())
    assert unread("p.tar") == {
        "p.tar/b.png": "too large: a file of more than 128 MB; make the picture smaller"
    }


def test_missing_shards_and_endless_patterns_are_one_line():
    shards()
    with pytest.raises(InputError, match=r"there is no shard 'set-003.tar'"):
        open_source("set-{000..003}.tar")
    for pattern in (f"s-{{0..{MOST_SHARDS}}}.tar", "s-{0..999}{0..999}.tar"):
        with pytest.raises(InputError, match="more than 100,000 shards"):
            expanded(pattern)
    assert expanded("set-{5..3}.tar") == []
    with pytest.raises(InputError, match="holds no images"):
        open_source("set-{5..3}.tar")
    assert expanded("{a,b}-{1..2}.tar") == [Path(f"{x}-{n}.tar") for x in "ab" for n in "12"]
    assert expanded("set-{a}.zip") is None


def test_archives_are_prepared_anew_when_they_change():
    zipped("p.zip", {f"{i}.png": png(i) for i in range(4)})
    first = whole("p.zip")
    zipped("p.zip", {f"{i}.png": png(i + 4) for i in range(5)})
    assert (first, whole("p.zip")) == ([0, 1, 2, 3], [4, 5, 6, 7, 8])


def test_several_processes_make_the_same_arrays():
    zipped("p.zip", {name: png(i) for i, name in enumerate(NAMES)})
    shards()
    for source in ("p.zip", "set-{000..002}.tar"):
        one, two = (prepare(source, cache=Path(f"c{n}"), processes=n) for n in (1, 2))
        assert one.facts.checksum == two.facts.checksum

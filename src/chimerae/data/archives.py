"""A zip archive of images, read as the folder that it was packed from. Nothing is unpacked onto the disk."""

from __future__ import annotations

import stat
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import Final
from zipfile import BadZipFile, LargeZipFile, ZipFile, ZipInfo

from PIL import Image

from chimerae.data.image_folder import SUFFIXES, classes_of, splits_of
from chimerae.data.sources import (
    MOST_SAMPLES,
    ImageSource,
    Item,
    Part,
    file_identity,
    in_utf8,
    indexed,
    open_picture,
)
from chimerae.errors import InputError, first_line

MOST_MEMBER: Final = 2**27
"""Bytes of a picture in an archive, at most, packed or not: it is held in memory."""
_ENCRYPTED: Final = 1
"""Bit of a member's flags."""


@dataclass(frozen=True)
class Member:
    """A picture in an archive, and its way out."""

    name: str
    """Its name in messages."""
    folders: tuple[str, ...]
    """Folders in the archive that it lies in, from outside to inside."""
    load: Callable[[], Image.Image]
    label: int | None = None


def open_zip(path: Path) -> ImageSource:
    """The images in a zip archive; folders are splits and classes as in a folder of images.

    Raises:
        InputError: it is no archive, is damaged, or holds no images.
    """
    try:
        infos = _archive(str(path), path.stat().st_mtime_ns).infolist()
    except (BadZipFile, LargeZipFile, OSError, ValueError, NotImplementedError) as error:
        raise InputError(f"'{path}' is no readable zip archive: {first_line(error)}") from error
    members, beside = [], {"other files": 0, "links": 0}
    for i, info in enumerate(infos):
        kind = kind_of(info.filename)
        if info.is_dir() or kind == "hidden":
            continue
        if stat.S_ISLNK(info.external_attr >> 16):
            beside["links"] += 1
        elif kind == "image":
            load = partial(_open_member, str(path), path.stat().st_mtime_ns, i)
            name = in_utf8(info.filename)
            members.append(Member(name, folders_of(name), load))
        else:
            beside["other files"] += 1
    return as_folder(path, members, {what: n for what, n in beside.items() if n}, [path])


def kind_of(name: str) -> str:
    """`image` for a file that may be a picture, `hidden` for one that folders would skip, else `other`.

    >>> [kind_of(name) for name in ("a/b.PNG", "__MACOSX/b.png", "a/.b.png", "../b.png", "/b.png")]
    ['image', 'hidden', 'hidden', 'other', 'other']
    """
    place = PurePosixPath(name)
    if place.is_absolute() or ".." in place.parts:
        return "other"
    if "__MACOSX" in place.parts or any(part.startswith(".") for part in place.parts):
        return "hidden"
    return "image" if place.suffix.lower() in SUFFIXES else "other"


def folders_of(name: str) -> tuple[str, ...]:
    """Folders in the name of a member.

    >>> folders_of("./train/cats/1.png")
    ('train', 'cats')
    """
    return PurePosixPath(name).parts[:-1]


def as_folder(
    path: Path, members: Sequence[Member], beside: Mapping[str, int], files: Sequence[Path]
) -> ImageSource:
    """Pictures of an archive as a source: their folders are splits, and classes unless they have labels.

    Args:
        path: of the archive, for messages.
        members: its pictures, in the order in which they are packed.
        beside: counts of everything else in it.
        files: the files that it consists of.

    Raises:
        InputError: there are no pictures, or too many.
    """
    if not members:
        told = f" ({', '.join(f'{count} {what}' for what, count in beside.items())})" if beside else ""
        raise InputError(f"'{path}' holds no images{told}; wanted: {' '.join(sorted(SUFFIXES))}")
    if len(members) > MOST_SAMPLES:
        raise InputError(
            f"'{path}' holds {len(members):,} images, more than {MOST_SAMPLES:,}; give a part of it"
        )
    inside = _below_common([member.folders for member in members])
    found = [(str(i), parts) for i, parts in enumerate(inside)]
    parts, left_out = splits_of(path, found, None, {})
    given = any(member.label is not None for member in members)
    classes, labels = ((), {}) if given else classes_of(parts)

    def items(split: Sequence[tuple[str, tuple[str, ...]]]) -> Part:
        chosen = [int(key) for key, _ in split]
        return indexed(len(chosen), lambda i: _item(members[chosen[i]], labels.get(str(chosen[i]))))

    return ImageSource(
        identity=file_identity(files),
        parts={split: items(each) for split, each in parts.items()},
        classes=classes,
        left_out={**left_out, **beside},
    )


def _below_common(folders: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Folders without those at their beginning that all of them share: the folder that was packed."""
    shared = 0
    while all(len(parts) > shared for parts in folders) and len({parts[shared] for parts in folders}) == 1:
        shared += 1
    return [parts[shared:] for parts in folders]


def _item(member: Member, label: int | None) -> Item:
    """The picture `member`, with the class `label` of its folder where it has no label of its own."""
    return Item(member.name, member.load, label if member.label is None else member.label)


@lru_cache(maxsize=8)
def _archive(path: str, changed: int) -> ZipFile:
    """An open archive; `changed`, its time of change, tells another file of the same name apart."""
    return ZipFile(path)


def _open_member(path: str, changed: int, i: int) -> Image.Image:
    """Picture number `i` of an archive.

    Raises:
        InputError: it is encrypted, too large, or damaged.
    """
    archive = _archive(path, changed)
    info = archive.infolist()[i]
    if info.flag_bits & _ENCRYPTED:
        raise InputError("encrypted; unpack the archive with its password first")
    if max(info.file_size, info.compress_size) > MOST_MEMBER:
        raise InputError(f"too large: a file of more than {MOST_MEMBER >> 20} MB; make the picture smaller")
    try:
        return open_picture(BytesIO(_unpacked(archive, info)))
    except (BadZipFile, zlib.error, EOFError) as error:
        raise InputError(f"damaged in the archive: {first_line(error)}") from error


def _unpacked(archive: ZipFile, info: ZipInfo) -> bytes:
    """The bytes of a member: as many as the archive tells, at most, whatever is packed there."""
    with archive.open(info) as file:
        return file.read(info.file_size)

"""Shards of webdataset: tar files whose members belong together by the stem of their names."""

from __future__ import annotations

import re
import tarfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from io import BytesIO
from itertools import product
from pathlib import Path
from typing import IO, Any, Final, cast

from PIL import Image

from chimerae.data.archives import MOST_MEMBER, Member, as_folder, folders_of, kind_of
from chimerae.data.sources import ImageSource, in_utf8, open_picture
from chimerae.data.split_names import split_of
from chimerae.errors import InputError, first_line
from chimerae.files import regular, size_of

SUFFIX: Final = ".tar"
LABEL: Final = "cls"
"""Ending of the member that holds the class of a sample, a whole number in digits."""
MOST_HEADER: Final = 2**20
"""Bytes that a header may ask to have read: a real one takes some hundred."""
MOST_DIGITS: Final = 20
MOST_SHARDS: Final = 100_000
_BRACES: Final = re.compile(r"\{([^{}]*)\}")
_RANGE: Final = re.compile(r"(\d+)\.\.(\d+)")
_KEY: Final = re.compile(r"((?:.*/)?[^/.]+)\.([^/]+)")


def open_shards(path: Path, shards: Sequence[Path]) -> ImageSource:
    """The samples of all `shards`, in order; `path` names them in messages.

    A sample is a run of members with the same stem: its first picture, and its class if it has a member
    `.cls`. Files whose names begin with `train` and `test` (or `val`) are these splits. Folders in the shards
    are splits and classes where no sample has a class of its own, as in a folder of images.

    Raises:
        InputError: a shard is missing, compressed or damaged, or there are no images.
    """
    splits = [split_of(shard.name) for shard in shards]
    if not all(splits) or len({*splits}) == 1:
        splits = [""] * len(shards)
    beside: Counter[str] = Counter()
    members = [
        replace(member, folders=(split, *member.folders) if split else member.folders)
        for shard, split in zip(shards, splits, strict=True)
        for member in _samples(shard, beside)
    ]
    return as_folder(path, members, dict(beside), shards)


def expanded(source: str) -> list[Path] | None:
    """The shards that a pattern such as `set-{000..012}.tar` or `{train,test}.tar` names; None for others.

    Raises:
        InputError: a range has more ends than `MOST_SHARDS`.

    >>> [str(path) for path in expanded("a/s-{09..11}.tar")]
    ['a/s-09.tar', 'a/s-10.tar', 'a/s-11.tar']
    >>> expanded("a.tar")
    """
    if not (source.endswith(SUFFIX) and _BRACES.search(source)):
        return None
    pieces = _BRACES.split(source)
    choices = [_choices(piece) if i % 2 else [piece] for i, piece in enumerate(pieces)]
    n = 1
    for each in choices:
        n *= len(each)
        if n > MOST_SHARDS:
            raise InputError(f"'{source}' names more than {MOST_SHARDS:,} shards")
    return [Path("".join(parts)).expanduser() for parts in product(*choices)]


def _choices(text: str) -> list[str]:
    """Alternatives between braces: a range, whose leading zeros are kept, or words between commas."""
    found = _RANGE.fullmatch(text)
    if found is None:
        return text.split(",")
    first, last = int(found[1]), int(found[2])
    if last - first >= MOST_SHARDS:
        raise InputError(f"'{{{text}}}' names more than {MOST_SHARDS:,} shards")
    return [f"{i:0{len(found[1])}}" for i in range(first, last + 1)]


@dataclass(frozen=True)
class _Place:
    """A member of a shard, and the place of its bytes."""

    name: str
    key: str
    ending: str
    start: int
    size: int


def _samples(shard: Path, beside: Counter[str]) -> Iterator[Member]:
    """The samples of a shard in order; everything else is counted in `beside`."""
    group: list[_Place] = []
    for place in _members(shard, beside):
        if group and place.key != group[0].key:
            yield from _sample(shard, group, beside)
            group = []
        group.append(place)
    yield from _sample(shard, group, beside)


def _sample(shard: Path, group: Sequence[_Place], beside: Counter[str]) -> Iterator[Member]:
    """The sample of members with one key; none if it has no picture."""
    pictures = [place for place in group if kind_of(place.name) == "image"]
    label = next((_label(shard, place) for place in group if place.ending == LABEL), None)
    if others := len(group) - len(pictures[:1]) - sum(place.ending == LABEL for place in group):
        beside["other files"] += others
    for place in pictures[:1]:
        name, load = in_utf8(place.name), partial(_open_member, str(shard), place.start, place.size)
        yield Member(f"{shard.name}/{name}", folders_of(name), load, label)


def _members(shard: Path, beside: Counter[str]) -> Iterator[_Place]:
    """The files of a shard, from its headers alone.

    Raises:
        InputError: it is no tar file, or damaged.
    """
    if not shard.is_file():
        raise InputError(f"there is no shard '{shard}'")
    whole = size_of(regular(shard))
    with shard.open("rb") as file:
        try:
            with tarfile.open(fileobj=cast(Any, _Bounded(file)), mode="r:") as tar:
                while tar.offset <= whole and (info := tar.next()) is not None:  # the last one may be cut off
                    tar.members = []  # type: ignore[attr-defined]  # they would fill the memory
                    if info.isreg() and not info.issparse():
                        if kind_of(info.name) != "hidden":
                            yield _place(info)
                    elif not info.isdir():
                        beside["links and devices"] += 1
                end = tar.offset
        except (tarfile.TarError, OSError, ValueError, EOFError, OverflowError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(f"'{shard}' is no readable tar file: {first_line(error)}") from error
        _check_end(shard, file, end, whole)


def _place(info: tarfile.TarInfo) -> _Place:
    found = _KEY.fullmatch(info.name)
    key, ending = (found[1], found[2].lower()) if found else (info.name, "")
    return _Place(info.name, key, ending, info.offset_data, info.size)


def _check_end(shard: Path, file: IO[bytes], end: int, whole: int) -> None:
    """Raise `InputError` where the list of members ended at something that is no end."""
    if end >= whole:
        return
    file.seek(end)
    if any(file.read(tarfile.BLOCKSIZE)):
        raise InputError(f"'{shard}' is damaged: after {end:,} of {whole:,} bytes there is no header")


class _Bounded:
    """A file for `tarfile` that reads no more than a header at a time."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def read(self, n: int) -> bytes:
        """The next `n` bytes.

        Raises:
            InputError: a damaged header asks for more than any header takes.
        """
        if not 0 <= n <= MOST_HEADER:
            raise InputError(f"'{self._file.name}' is damaged: a header asks for {n:,} bytes")
        return self._file.read(n)

    def seek(self, place: int) -> int:
        """Go to a place."""
        return self._file.seek(place)

    def tell(self) -> int:
        """The place now."""
        return self._file.tell()


def _bytes(shard: str, start: int, size: int) -> bytes:
    with open(shard, "rb") as file:
        file.seek(start)
        content = file.read(size)
    if len(content) < size:
        raise InputError(f"truncated: the shard ends {size - len(content):,} bytes before the picture does")
    return content


def _open_member(shard: str, start: int, size: int) -> Image.Image:
    if size > MOST_MEMBER:
        raise InputError(f"too large: a file of more than {MOST_MEMBER >> 20} MB; make the picture smaller")
    return open_picture(BytesIO(_bytes(shard, start, size)))


def _label(shard: Path, place: _Place) -> int | None:
    """The class of a sample; None where its member is no whole number."""
    if not 0 < place.size <= MOST_DIGITS:
        return None
    text = _bytes(str(shard), place.start, place.size).decode("ascii", "replace").strip()
    return int(text) if text.isdecimal() else None

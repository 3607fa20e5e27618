"""Files of samples: a sheet, an array, a zip or a folder of pictures."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from chimerae import pictures
from chimerae.data.image_folder import SUFFIXES
from chimerae.errors import InputError
from chimerae.files import whole_folder, write_bytes
from chimerae.shapes import is_image

Names = Sequence[str] | None


def kind_of(out: Path) -> str:
    """The ending that decides the format: .png, .npz, .npy, .zip, or none for a folder.

    Raises:
        InputError: another ending, or a folder that is not empty.
    """
    if out.suffix.lower() in WRITERS and (out.suffix or not out.exists() or out.is_dir()):
        if not out.suffix and out.is_dir() and any(out.iterdir()):
            raise InputError(f"{out} is not empty; choose a new folder")
        return out.suffix.lower()
    raise InputError(
        f"cannot write {out}: use .png (a sheet), .npz, .npy, .zip, or a name without ending (a folder)"
    )


def write(x: Tensor, out: Path, *, columns: int | None = None, names: Sequence[str] | None = None) -> None:
    """Write samples `[n, *shape]`, images in [0, 1], to `out` as its ending says.

    `columns` is the width of a sheet; `names` are kept in a folder, a .zip and a .npz (as `names`), with .png
    in place of the ending of an image file.
    """
    WRITERS[kind_of(out)](x, out, columns, names)


def as_png_names(names: Sequence[str]) -> tuple[str, ...]:
    """Names of PNG files for images of these names; a number tells equal ones apart.

    >>> as_png_names(["me.jpg", "a/me.jpg", "me.png", "000003"])
    ('me.png', 'a/me.png', 'me-2.png', '000003.png')
    """
    made: dict[str, None] = {}
    for name in names:
        path = Path(name)
        stem = str(path.with_suffix("")) if path.suffix.lower() in SUFFIXES else name
        tries = (f"{stem}.png" if i == 1 else f"{stem}-{i}.png" for i in range(1, len(names) + 1))
        made[next(each for each in tries if each not in made)] = None
    return tuple(made)


def as_uint8(x: Tensor) -> NDArray[np.generic]:
    """Images `[n, C, H, W]` in [0, 1] as rounded uint8 `[n, H, W, C]` (`[n, H, W]` for grey); points as they
    are.
    """
    if not is_image(tuple(x.shape[1:])):
        return x.numpy()
    array: NDArray[np.generic] = (x * 255.0).round().byte().permute(0, 2, 3, 1).numpy()
    return array[..., 0] if array.shape[-1] == 1 else array


def _sheet(x: Tensor, out: Path, columns: int | None, names: Names) -> None:
    images = is_image(tuple(x.shape[1:]))
    pictures.save(pictures.grid(x, columns=columns) if images else pictures.scatter({"samples": x}), out)


def _npz(x: Tensor, out: Path, columns: int | None, names: Names) -> None:
    buffer = io.BytesIO()
    if names is None:
        np.savez_compressed(buffer, samples=as_uint8(x))
    else:
        np.savez_compressed(buffer, samples=as_uint8(x), names=np.array(names))
    write_bytes(out, buffer.getvalue())


def _npy(x: Tensor, out: Path, columns: int | None, names: Names) -> None:
    buffer = io.BytesIO()
    np.save(buffer, as_uint8(x))
    write_bytes(out, buffer.getvalue())


def _files(x: Tensor, names: Names) -> Iterator[tuple[str, bytes]]:
    if not is_image(tuple(x.shape[1:])):
        raise InputError(
            "points have no pictures of their own: write them to .npz, .npy, or a .png scatter plot"
        )
    called = as_png_names([f"{i:06d}" for i in range(len(x))] if names is None else names)
    for i, name in enumerate(called):
        yield name, pictures.png(pictures.grid(x[i : i + 1], padding=0, scale=1))


def _zip(x: Tensor, out: Path, columns: int | None, names: Names) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in _files(x, names):
            archive.writestr(zipfile.ZipInfo(name), content)
    write_bytes(out, buffer.getvalue())


def _folder(x: Tensor, out: Path, columns: int | None, names: Names) -> None:
    with whole_folder(out) as work:
        for name, content in _files(x, names):
            write_bytes(work / name, content)


WRITERS: Mapping[str, Callable[[Tensor, Path, int | None, Names], None]] = {
    ".png": _sheet,
    ".npz": _npz,
    ".npy": _npy,
    ".zip": _zip,
    "": _folder,
}

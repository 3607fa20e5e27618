"""Images or points of the user as a batch for a model: the only converter of batches."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, islice
from math import prod
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from chimerae.data.arrays import channel_axis
from chimerae.data.image_folder import SUFFIXES
from chimerae.data.manifest import Unread
from chimerae.data.named_datasets import named_dataset, preset
from chimerae.data.npy_header import Array
from chimerae.data.open import open_source, path_of
from chimerae.data.picture import as_picture, checked
from chimerae.data.settings import Prepare
from chimerae.data.sources import MOST_SAMPLES, Item, PointSource, open_picture
from chimerae.data.splits import to_unit
from chimerae.data.toys import Toy
from chimerae.data.transform import ImageTransform, chunks
from chimerae.errors import InputError
from chimerae.shapes import Shape, describe, is_image

Given: TypeAlias = "str | os.PathLike[str] | Image.Image | NDArray[np.generic] | Tensor | Sequence[Given]"
"""A path of an image or of a folder (or any source of `chimerae list data`), a PIL image, an array `[H, W]`,
`[H, W, C]` or `[B, H, W, C]` (uint8, or float in [0, 1]), a tensor `[B, C, H, W]`, or a list of these. For
models of points an array or tensor `[B, d]`.
"""

_MOST_VALUES: Final = 2**27
"""Numbers of all samples together, at most: they are kept in memory as float32."""
PLAIN: Final = Prepare()
"""The transform of images that are taken as they are."""


@dataclass(frozen=True)
class Taken:
    """Samples of a source as a model sees them."""

    x: Tensor
    """`[n, *shape]`, float32; images in [0, 1]."""
    names: tuple[str, ...]
    """Name of each sample: its path below the folder, or its number in the source."""
    unread: tuple[Unread, ...] = ()
    """Images that could not be read, and why."""


def settings_for_others(data: str, prepare: Prepare) -> Prepare:
    """The transform that a run on `data`, prepared as `prepare` says, applies to images of other sources.

    It is the run's own, without the crop in pixels of a named data set: `celeba-crop140` is cut out of
    images of one known size. A share of the sides, as in `celeba-crop70`, suits every image.

    >>> settings_for_others("./photos", Prepare(crop=140, size=64)).crop
    140
    """
    own = named_dataset(data) is not None and not isinstance(prepare.crop, float)
    return replace(prepare, crop=None) if own else prepare


def as_batch(given: Given, shape: Shape, prepare: Prepare = PLAIN) -> Tensor:
    """The samples in `given` as a batch `[B, *shape]`; see `Given`.

    Files and PIL images pass the run's transform `prepare`: crop, fit, size, channels. Arrays of the model's
    own height, width and channels are taken as they are, value for value; others pass the transform. Tensors
    are returned unchanged.

    Args:
        given: the samples.
        shape: of one sample of the model, `(C, H, W)` or `(d,)`.
        prepare: the transform of the run.

    Raises:
        InputError: a form, shape, type or range that is not accepted, or an image that cannot be read.
    """
    if isinstance(given, Tensor):
        return given
    if isinstance(given, str | os.PathLike):
        taken = take(os.fspath(given), shape, prepare)
        for unread in taken.unread:
            raise InputError(f"'{unread.name}' cannot be read: {unread.why}")
        return taken.x
    if isinstance(given, np.ndarray):
        return _from_array(given, shape, prepare) if is_image(shape) else torch.from_numpy(given)
    if isinstance(given, Image.Image) and is_image(shape):
        return _through([Item("the image", partial(as_picture, given))], shape, prepare)
    if isinstance(given, Sequence) and len(given):
        single = [part[None] if isinstance(part, Tensor) and part.shape == shape else part for part in given]
        batches = [as_batch(part, shape, prepare) for part in single]
        if any(part.shape[1:] != shape for part in batches):
            wrong = next(list(part.shape) for part in batches if part.shape[1:] != shape)
            raise InputError(f"this model takes {describe(shape)}, not a tensor of {wrong}")
        return torch.cat([to_unit(part).float() for part in batches])
    what = "an empty list" if isinstance(given, Sequence) else f"an object of type {type(given).__name__}"
    wanted = "paths, PIL images, arrays or tensors" if is_image(shape) else "arrays or tensors [B, d]"
    raise InputError(f"{what} holds no samples for this model of {describe(shape)}; give {wanted}")


def take(source: str, shape: Shape, prepare: Prepare = PLAIN, n: int | None = None) -> Taken:
    """The first `n` samples (all: None) of one image file, a folder or another source, in order; none is held
    out. A named source has the transform of its name, all others `prepare`.

    Raises:
        InputError: there is no such source, it does not fit the model, none of it can be read, or `n` is less
            than 1.
    """
    if n is not None and n < 1:
        raise InputError(f"{n} samples of {source} cannot be taken; ask for 1 or more")
    settings = prepare if named_dataset(source) is None else preset(source)
    path = path_of(source)
    if source and path.suffix.lower() in SUFFIXES and os.path.isfile(path):
        return _taken(source, [Item(path.name, partial(open_picture, path))], shape, settings)
    found = open_source(source)
    points = isinstance(found, PointSource | Toy)
    if points == is_image(shape):
        raise InputError(f"{source} does not fit this model, which takes {describe(shape)}")
    if isinstance(found, Toy):
        return _points(source, [found.fixed("train").numpy()], shape, n)
    if isinstance(found, PointSource):
        return _points(source, found.load().values(), shape, n)
    count = min(n or MOST_SAMPLES, sum(part.count for part in found.parts.values()))
    if count * prod(shape) > _MOST_VALUES:
        most = max(1, _MOST_VALUES // prod(shape))
        raise InputError(f"'{source}' holds too many images to be taken at once; take fewer: --n {most}")
    every = chain.from_iterable(part.read(None) for part in found.parts.values())
    return _taken(source, list(islice(every, n)), shape, settings)


def _points(source: str, parts: Iterable[Array], shape: Shape, n: int | None) -> Taken:
    x = torch.from_numpy(np.concatenate(list(parts)).astype(np.float32))[:n]
    if x.shape[1:] != shape:
        raise InputError(f"{source} holds {describe(tuple(x.shape[1:]))}, this model takes {describe(shape)}")
    return Taken(x, tuple(f"{i:06d}" for i in range(len(x))))


def _taken(source: str, items: Sequence[Item], shape: Shape, settings: Prepare) -> Taken:
    made = _converted(items, shape, settings)
    unread = tuple(found for found in made if isinstance(found, Unread))
    if len(unread) == len(items):
        raise InputError(f"'{source}' cannot be read: '{unread[0].name}': {unread[0].why}")
    kept = [found for found in made if not isinstance(found, Unread)]
    names = [
        item.name if _is_file_name(item.name, Path(source).expanduser()) else f"{i:06d}"
        for i, (item, found) in enumerate(zip(items, made, strict=True))
        if not isinstance(found, Unread)
    ]
    return Taken(to_unit(torch.from_numpy(np.stack(kept))), tuple(names), unread)


def _is_file_name(name: str, source: Path) -> bool:
    """True for the name of a file at or below `source`: results may be written under such a name."""
    return name == source.name or (".." not in Path(name).parts and os.path.isfile(source / name))


def _through(items: Sequence[Item], shape: Shape, settings: Prepare) -> Tensor:
    """Images `[n, C, H, W]` in [0, 1]."""
    made = _converted(items, shape, settings)
    for found in made:
        if isinstance(found, Unread):
            raise InputError(f"{found.name} cannot be read: {found.why}")
    return to_unit(torch.from_numpy(np.stack([found for found in made if not isinstance(found, Unread)])))


def _converted(items: Sequence[Item], shape: Shape, settings: Prepare) -> list[NDArray[np.uint8] | Unread]:
    channels, height, width = shape
    transform = ImageTransform(
        height=height,
        width=width,
        fit=settings.fit,
        channels=channels,
        native=False,
        guessed=False,
        crop=settings.crop,
    )
    with warnings.catch_warnings(), ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        warnings.simplefilter("ignore")  # pillow warns of large images and odd metadata
        return [made for chunk in chunks(items, transform) for made in pool.map(transform, chunk)]


def _from_array(given: Array, shape: Shape, settings: Prepare) -> Tensor:
    """One image `[H, W]` or `[H, W, C]`, or several `[B, H, W, C]`, `[B, C, H, W]` or, grey, `[B, H, W]`."""
    channels, height, width = shape
    if 0 in given.shape or given.ndim not in (2, 3, 4):
        raise InputError(f"an array of shape {list(given.shape)} is no image; give [H, W, C] or [B, H, W, C]")
    checked(given, "the array")
    if given.ndim == 2 or (given.ndim == 3 and channel_axis((0, *given.shape)) == 3):
        given = given[None]
    elif given.ndim == 3 and channels != 1:
        raise InputError(f"an array of shape {list(given.shape)} is no colour image; give [H, W, C]")
    if given.ndim == 3:
        given = given[..., None]
    if channel_axis(given.shape) == 1:
        given = given.transpose(0, 2, 3, 1)
    if given.shape[1:] == (height, width, channels):
        values = np.ascontiguousarray(given.transpose(0, 3, 1, 2))
        return to_unit(torch.from_numpy(values)).float()
    items = [Item(f"image {i}", partial(as_picture, image)) for i, image in enumerate(given)]
    return _through(items, shape, settings)

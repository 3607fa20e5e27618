"""Uploaded pictures, kept in memory only, each as every run sees it."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from io import BytesIO
from typing import Final

from PIL import Image
from torch import Tensor

from chimerae.data.given import as_batch
from chimerae.data.sources import open_picture
from chimerae.data.splits import to_unit
from chimerae.errors import InputError
from chimerae.model import Model

MOST_BYTES: Final = 32 << 20
"""Size of an uploaded file."""
KEPT: Final = 16
"""Pictures that are kept; older ones are forgotten."""


@dataclass
class Uploads:
    """Pictures of the user for `models`."""

    models: Sequence[Model]
    _kept: OrderedDict[str, tuple[str, list[Tensor | None]]] = field(default_factory=OrderedDict, repr=False)

    def take(self, name: str, content: bytes) -> str:
        """Keep the picture in a file, and give its key.

        Raises:
            InputError: it is no picture, or too large; no model has an encoder.
        """
        if not any(model.method.encodes for model in self.models):
            raise InputError(f"'{name}' cannot be taken: {self.models[0].method.name} has no encoder")
        key = sha256(content).hexdigest()[:16]
        if key not in self._kept:
            self._kept[key] = name, self._as_seen(name, content)
        self._kept.move_to_end(key)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return key

    def get(self, key: str, model: int) -> Tensor | None:
        """The picture `[1, *shape]` in [0, 1] as the model of that number sees it; None when it is not kept,
        or the model cannot encode it.
        """
        _, seen = self._kept.get(key, ("", [None] * len(self.models)))
        x = seen[model]
        return None if x is None else to_unit(x)

    def name(self, key: str) -> str:
        """Name of its file; '' when it is not kept."""
        return self._kept[key][0] if key in self._kept else ""

    def _as_seen(self, name: str, content: bytes) -> list[Tensor | None]:
        picture = _picture(name, content)
        seen: list[Tensor | None] = []
        for model in self.models:
            x = None
            if model.method.encodes:
                try:
                    x = as_batch(picture, model.shape, model.prepare)
                except InputError as error:
                    raise InputError(str(error).replace("the image", f"'{name}'", 1)) from None
                x = (x * 255).round().byte()  # a quarter of the memory, and exact: it was made of bytes
            seen.append(x)
        return seen


def _picture(name: str, content: bytes) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            return open_picture(BytesIO(content))
    except InputError as error:
        raise InputError(f"'{name}' is {error}") from None
    except (OSError, ValueError, SyntaxError):
        raise InputError(f"'{name}' is no picture; give a PNG, JPEG, WebP, GIF, BMP or TIFF file") from None

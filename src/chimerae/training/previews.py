"""Previews: pictures of fixed codes and fixed test images while a run learns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from chimerae import noise, pictures
from chimerae.codec import Codec
from chimerae.labels import columns_for, in_turn, weights
from chimerae.methods import Method
from chimerae.nets import Nets
from chimerae.shapes import is_image

SAMPLES = 64
ORIGINALS = 16
POINTS = 2000


@dataclass(frozen=True)
class Previews:
    """Draw `samples-*.png` into `folder` where the method generates, `reconstructions-*.png` where it
    encodes.
    """

    method: Method
    folder: Path
    originals: Tensor
    """Test samples `[n, *shape]` in unit range (or points), on the training device."""
    seed: int
    on_picture: Callable[[Path, int], None] = lambda path, step: None
    """Called with every new file and its step."""
    labels: Tensor | None = None
    """Labels `[n, N]` of `originals`, for networks that take some."""

    def draw(self, nets: Nets, step: int) -> None:
        """Draw the previews of `step` with `nets`; the codes are the same at every step."""
        codec = Codec(self.method, nets, tuple(self.originals.shape[1:]))
        with nets.evaluating(), noise.seeded(self.seed, "sheets"):  # an earlier name: it seeds the codes
            samples = self._samples(codec)
            reconstructions = self._reconstructions(codec)
        self._save("samples", samples, step)
        self._save("reconstructions", reconstructions, step)

    def _samples(self, codec: Codec) -> dict[str, Tensor]:
        if not self.method.generates:
            return {}
        classes, n = self.method.label_dim, SAMPLES if self._images else POINTS
        n -= n % (columns_for(classes) or 1)
        made = codec.generate(n, weights(in_turn(n, classes), classes) if classes else None)
        name = list(made)[-1]
        return {name: made[name]} if self._images else {"data": self.originals, **made}

    def _reconstructions(self, codec: Codec) -> dict[str, Tensor]:
        if not self.method.encodes or not self._images:
            return {}
        x = self.originals[:ORIGINALS]
        y = None if self.labels is None else self.labels[: len(x)].to(x)
        return {"originals": x, **codec.reconstruct(x, y)}

    @property
    def _images(self) -> bool:
        return is_image(tuple(self.originals.shape[1:]))

    def _save(self, kind: str, sets: dict[str, Tensor], step: int) -> None:
        if not sets:
            return
        path = self.folder / f"{kind}-{step:08d}.png"
        sets = {name: x.cpu() for name, x in sets.items()}
        if not self._images:
            image = pictures.scatter(sets)
        elif len(sets) > 1:
            image = pictures.rows(sets)
        else:
            image = pictures.grid(*sets.values(), columns=columns_for(self.method.label_dim))
        pictures.save(image, path)
        self.on_picture(path, step)

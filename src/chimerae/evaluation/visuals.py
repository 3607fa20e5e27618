"""Visuals: reconstructions, samples, interpolations and points of toys, as tensors and as files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

import torch
from torch import Tensor

from chimerae import pictures
from chimerae.data import Prepared
from chimerae.evaluation.code_plots import POINTS, look_at_codes
from chimerae.evaluation.manifold import SIDE, manifold
from chimerae.evaluation.nearest import neighbours
from chimerae.evaluation.scores import Shown
from chimerae.evaluation.seeded_codec import SeededCodec, by_reason, not_finite, part, pieces, spread
from chimerae.labels import columns_for, in_turn, one_hot
from chimerae.shapes import is_image

ORIGINALS: Final = 16
SAMPLES: Final = 64
PAIRS: Final = 6
NEIGHBOURS: Final = 16
STEPS: Final = 9


def show(codec: SeededCodec, data: Prepared, *, train: bool = False, n: int | None = None) -> Shown:
    """All visuals of a model, the codes of at most `n` test samples among them; with `train`, reconstructions
    of training images too.
    """
    shown = _made(codec, data)
    codes = look_at_codes(codec, data, n)
    return replace(
        shown,
        learnt=_learnt(codec, data) if train and shown.originals is not None else {},
        neighbours=_neighbours(codec, data, shown.samples),
        manifold=manifold(codec, codes.directions) if shown.samples and codec.method.has_codes else None,
        columns=columns_for(codec.method.label_dim),
        codes=codes.points,
        units=codes.units,
    )


def _made(codec: SeededCodec, data: Prepared) -> Shown:
    if not is_image(codec.shape):
        return _points(codec, data)
    samples = _samples(codec) if codec.method.generates else {}
    if not codec.method.encodes or len(data.test) == 0 or by_reason(codec.misfits()):
        z = codec.prior(0, 2 * PAIRS)
        between = _between(codec, z[:PAIRS], z[PAIRS:]) if codec.method.has_codes else None
        return Shown(samples=samples, interpolation=between)
    rows = spread(len(data.test), ORIGINALS)
    originals, y = data.test.take(rows), data.test.labels_of(rows)
    cuts = pieces(len(originals), codec.batch_size)
    z = torch.cat([codec.codes(originals[a:b], a, part(y, a, b)) for a, b in cuts])
    rebuilt = _cpu(codec.decode_all(z))
    if not codec.method.has_codes:
        return Shown(originals=originals, reconstructions=rebuilt, samples=samples)
    pairs = min(PAIRS, len(originals) // 2)
    ends = originals[:pairs, None], originals[pairs : 2 * pairs, None]
    between = _between(codec, z[:pairs], z[pairs : 2 * pairs])
    return Shown(
        originals=originals,
        reconstructions=rebuilt,
        samples=samples,
        interpolation=torch.cat([ends[0], between, ends[1]], 1),
    )


def _learnt(codec: SeededCodec, data: Prepared) -> dict[str, Tensor]:
    rows = spread(len(data.train), ORIGINALS)
    x, y = data.train.take(rows), data.train.labels_of(rows)
    return {"originals": x, **_cpu(codec.decode_all(codec.codes(x, 0, y)))}


def _samples(codec: SeededCodec) -> dict[str, Tensor]:
    """Samples of each network; where these take labels, the classes follow one another."""
    classes, n = codec.method.label_dim, codec.count(SAMPLES)
    n -= n % (columns_for(classes) or 1)
    z = codec.prior(0, n)
    if classes:
        z = torch.cat([z[:, :-classes], one_hot(in_turn(n, classes), classes).to(z)], 1)
    return _cpu(codec.decode_all(z))


def draw(shown: Shown, folder: Path) -> tuple[Path, ...]:
    """Write all available visuals, and return the paths.

    Files are `reconstructions.png`, `train-reconstructions.png`, `samples.png`, `interpolation.png`,
    `neighbours.png`, `manifold.png`, `scatter.png`, `codes.png` and `units.png`. Raises an `InputError` when
    the folder cannot be written.
    """
    made = {}
    if shown.originals is not None:
        made["reconstructions"] = pictures.rows({"originals": shown.originals, **shown.reconstructions})
    if shown.learnt:
        made["train-reconstructions"] = pictures.rows(shown.learnt)
    if shown.samples:
        made["samples"] = pictures.grid(list(shown.samples.values())[-1], columns=shown.columns)
    if shown.interpolation is not None and len(shown.interpolation):
        columns = shown.interpolation.shape[1]
        made["interpolation"] = pictures.grid(shown.interpolation.flatten(0, 1), columns=columns)
    if shown.neighbours:
        made["neighbours"] = pictures.rows(shown.neighbours)
    if shown.manifold is not None:
        made["manifold"] = pictures.grid(shown.manifold, columns=SIDE)
    if shown.clouds:
        made["scatter"] = pictures.scatter(shown.clouds)
    if shown.codes:
        made["codes"] = pictures.scatter(shown.codes)
    if shown.units is not None:
        made["units"] = pictures.bars(shown.units, below="dimensions, largest first", beside="KL in nats")
    paths = tuple(folder / f"{name}.png" for name in made)
    for path, picture in zip(paths, made.values(), strict=True):
        pictures.save(picture, path)
    return paths


def _between(codec: SeededCodec, a: Tensor, b: Tensor) -> Tensor:
    """Samples `[pairs, steps, *shape]` on the way from codes `a` to `b`."""
    if len(a) == 0:
        return torch.empty(0, STEPS, *codec.shape)
    made = codec.decode_all(codec.walk(a, b, STEPS).flatten(0, 1))
    last = list(made.values())[-1].cpu()
    return last.reshape(len(a), STEPS, *last.shape[1:])


def _points(codec: SeededCodec, data: Prepared) -> Shown:
    if codec.shape != (2,) or by_reason(codec.misfits()) or len(data.test) == 0:
        return Shown()
    if not codec.method.generates:
        return Shown()
    points = data.test.take(spread(len(data.test), POINTS))
    return Shown(clouds={"data": points, **_cpu(codec.decode_all(codec.prior(0, POINTS)))})


def _neighbours(codec: SeededCodec, data: Prepared, samples: Mapping[str, Tensor]) -> dict[str, Tensor]:
    images = list(samples.values())[-1][:NEIGHBOURS] if samples else torch.empty(0)
    if not len(images) or tuple(images.shape[1:]) != data.shape or not_finite(images):
        return {}
    which = neighbours(images, data.train, codec.device)[1][:, 0]
    return {"samples": images, "nearest of the data": data.train.take(which)}


def _cpu(named: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: x.cpu() for name, x in named.items()}

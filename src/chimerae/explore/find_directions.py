"""The search for directions of codes: where codes of data vary most, or pictures change most."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from chimerae.data import Split
from chimerae.evaluation.code_plots import main_directions
from chimerae.evaluation.seeded_codec import SeededCodec, pieces, spread
from chimerae.explore.directions import Directions
from chimerae.shapes import numel

MOST: Final = 12
"""Directions."""
ENCODED: Final = 2_000
"""Training images that are encoded, at most."""
VALUES: Final = 2**25
"""Values of all encoded images, at most, where that leaves `FEWEST`."""
FEWEST: Final = 64
DRAWS: Final = 16
"""Draws around which pictures are changed, at most."""
CHANGED: Final = 2_048
"""Changed pictures, at most."""
CHANGED_VALUES: Final = 2**28
"""Values of all changed pictures, at most."""
STEP: Final = 0.25
"""Length of a change, in deviations of the prior."""
SEEN: Final = 32
"""Side, in pixels, at which changes are compared."""


def directions_of(codec: SeededCodec, train: Split | None) -> Directions:
    """The directions of a model: those in which codes of `train` vary most; without training images or an
    encoder, those in which generated pictures change most.
    """
    if codec.method.encodes and train is not None and len(train) > 1:
        found = _of_codes(codec, train)
        if found is not None:
            return found
    return _of_pictures(codec)


def _of_codes(codec: SeededCodec, train: Split) -> Directions | None:
    """None where codes are not finite."""
    count = min(ENCODED, max(FEWEST, VALUES // numel(codec.shape)))
    rows = spread(len(train), count)
    cuts = pieces(len(rows), codec.batch_size)
    z = torch.cat([codec.posterior(train.take(rows[a:b]), a, "explore") for a, b in cuts])
    if not bool(z.isfinite().all()):
        return None
    axes = main_directions(z, min(MOST, max(1, len(z) - 1), z.shape[1])).float()
    mean = z.mean(0)
    deviations = ((z - mean) @ axes).std(0).clamp(min=1e-3)
    about = f"Directions in which the codes of {len(z):,} training images vary most"
    return Directions(mean, axes, deviations, about)


def _of_pictures(codec: SeededCodec) -> Directions:
    """Eigenvectors of the mean of `J^T J`, where `J` is the change of the picture with the code."""
    d, values = codec.method.z_dim, numel(codec.shape)
    draws = min(DRAWS, CHANGED // (d + 1), CHANGED_VALUES // (values * (d + 1)))
    k, about = min(MOST, d), "The first axes of the code: to find better directions would take too long"
    if draws < 1:
        return Directions(torch.zeros(d), torch.eye(d)[:, :k], torch.ones(k), about)
    total = torch.zeros(d, d, dtype=torch.float64)
    for code in codec.prior(0, draws):
        around = code + STEP * torch.eye(d, len(code), device=code.device)
        seen = _seen(codec, torch.cat([code[None], around]))
        slope = ((seen[1:] - seen[:1]) / STEP).nan_to_num()
        total += slope @ slope.T
    axes = torch.linalg.eigh(total).eigenvectors[:, -k:].flip(1)
    signed = (axes * torch.where(axes.sum(0) < 0, -1.0, 1.0)).float()
    what = f"Directions in which the pictures of the {codec.method.decoders[-1]} change most"
    return Directions(
        torch.zeros(d), signed, torch.ones(k), f"{what}, around {draws} draw{'s' * (draws > 1)}"
    )


def _seen(codec: SeededCodec, z: Tensor) -> Tensor:
    """Pictures of codes as rows of values, float64, at a side of at most `SEEN` pixels."""
    side = (min(SEEN, codec.shape[1]), min(SEEN, codec.shape[2]))
    made = [
        adaptive_avg_pool2d(codec.decode_by(codec.method.decoders[-1], z[a:b]), side).flatten(1).cpu()
        for a, b in pieces(len(z), codec.batch_size)
    ]
    return torch.cat(made).double()

"""Directions along which codes are moved: those in which codes vary or labels differ, or pictures change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from chimerae.data import Split
from chimerae.errors import InputError
from chimerae.evaluation.code_plots import main_directions
from chimerae.evaluation.seeded_codec import SeededCodec, pieces, spread
from chimerae.shapes import numel

MOST: Final = 12
"""Directions, unless a number is given."""
ENCODED: Final = 2_000
"""Samples that are encoded, at most, unless a number is given."""
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


@dataclass(frozen=True)
class Directions:
    """Directions of length 1 in the space of codes, with the places of codes along them."""

    mean: Tensor
    """`[z]`, place 0 of every direction."""
    axes: Tensor
    """`[z, k]`."""
    deviations: Tensor
    """`[k]`, unit of the places."""
    about: str
    """Their origin in one sentence."""
    shares: Tensor | None = None
    """Share of the variance of codes, or of the change of pictures, along each direction, `[k]` in [0, 1];
    None where it is unknown."""

    def __len__(self) -> int:
        return self.axes.shape[1]

    def places(self, z: Tensor) -> Tensor:
        """Places `[n, k]` of codes `[n, z or more]`."""
        return (z[:, : len(self.mean)] - self.mean) @ self.axes / self.deviations

    def moved(self, z: Tensor, to: Mapping[int, float]) -> Tensor:
        """Codes `z` `[n, z or more]`, moved to the places `to` along directions, which must be orthogonal.

        Other places stay, and so does noise beside the code. Directions beyond the last one are left out.
        """
        known = [axis for axis in to if axis < len(self)]
        wanted = torch.tensor([to[axis] for axis in known])
        gap = (wanted - self.places(z)[:, known]) * self.deviations[known]
        return self._shifted(z, gap @ self.axes[:, known].T)

    def walk(self, z: Tensor, axis: int, by: Tensor) -> Tensor:
        """Codes `[n, t, z or more]` that lie `by` `[t]` deviations from the codes `z` `[n, z or more]` along
        one direction; noise beside the code stays.
        """
        shift = by[:, None] * self.deviations[axis] * self.axes[:, axis]
        return torch.stack([self._shifted(z, each) for each in shift], 1)

    def _shifted(self, z: Tensor, shift: Tensor) -> Tensor:
        return torch.cat([z[:, : len(self.mean)] + shift, z[:, len(self.mean) :]], 1)


@dataclass(frozen=True)
class Encoded:
    """Codes of samples, on the CPU."""

    means: Tensor
    """Means of their posteriors, `[n, z]`; for posteriors that are drawn, a draw each."""
    draws: Tensor
    """One draw from each posterior, `[n, z]`."""
    labels: Tensor | None
    """Class of each sample, `[n]`, where they have one."""

    @property
    def variance(self) -> Tensor:
        """Summed variance of the means, a number."""
        return self.means.var(0).sum()

    def along(self, axes: Tensor) -> tuple[Tensor, Tensor]:
        """Deviation of the draws along each of `axes` `[z, k]`, and the share of the variance of the means,
        `[k]` each.
        """
        shares = (self.means @ axes).var(0) / self.variance.clamp(min=1e-12)
        return (self.draws @ axes).std(0).clamp(min=1e-3), shares


def directions_of(
    codec: SeededCodec, train: Split | None, *, n: int = ENCODED, most: int = MOST
) -> Directions:
    """The directions of a model: those in which codes of `train` vary most; without training images or an
    encoder, those in which generated pictures change most.
    """
    if codec.method.encodes and train is not None and len(train) > 1:
        found = encoded(codec, train, n)
        if found is not None:
            return principal(found, most)
    return _of_pictures(codec, most)


def encoded(codec: SeededCodec, split: Split, n: int = ENCODED) -> Encoded | None:
    """Codes of at most `n` samples, spread over the split; None where codes are not finite.

    Large images are fewer, so that they take no more memory than `VALUES` values.
    """
    rows = spread(len(split), min(n, max(FEWEST, VALUES // numel(codec.shape))))
    cuts = pieces(len(rows), codec.batch_size)
    parts = [
        codec.described(split.take(rows[a:b]), a, "explore", split.labels_of(rows[a:b]))[:2] for a, b in cuts
    ]
    draws, means = (torch.cat(each) for each in zip(*parts, strict=True))
    if not bool(draws.isfinite().all() and means.isfinite().all()):
        return None
    return Encoded(means, draws, None if split.labels is None else split.labels[rows])


def principal(codes: Encoded, most: int = MOST) -> Directions:
    """The orthonormal directions in which the means of codes vary most, at most `most`; units are deviations
    of the draws, whose variance includes that of the posteriors.

    A code that is a map is taken as one long vector.
    """
    n, z = codes.means.shape
    axes = main_directions(codes.means, min(most, max(1, n - 1), z)).float()
    deviations, shares = codes.along(axes)
    about = f"Directions in which the codes of {n:,} training images vary most"
    return Directions(codes.means.mean(0), axes, deviations, about, shares)


@dataclass(frozen=True)
class ByLabel:
    """Directions from the codes of all other samples towards those of one label. They are not orthogonal."""

    directions: Directions
    labels: tuple[int, ...]
    """The label of each direction."""
    gaps: Tensor
    """Distance between both means in deviations within the two groups (Cohen's d), `[k]`."""


def by_label(codes: Encoded, labels: Sequence[int] | None = None, most: int = MOST) -> ByLabel | None:
    """The difference between the mean code of a label and that of all other samples, as a direction: the
    visual attribute vectors of Larsen et al. 2016 (arXiv 1512.09300), at length 1.

    Args:
        codes: codes with labels.
        labels: wanted labels; when not given, at most `most` with the widest gaps, and of two labels that are
            alone the second, as both directions are opposite.
        most: number of directions when no labels are given.

    Returns:
        None where the samples have no labels, or fewer than two of them.

    Raises:
        InputError: a wanted label has fewer than two samples, or all.
    """
    known = [] if codes.labels is None else codes.labels.unique().tolist()
    wanted = known if labels is None else list(labels)
    if labels is None and len(known) == 2:
        wanted = known[1:]
    found = {label: way for label in wanted if (way := _towards(codes, label)) is not None}
    if missing := next((label for label in labels or () if label not in found), None):
        raise InputError(f"label {missing}: too few samples with it, or without it, were encoded")
    if labels is None:
        widest = sorted(found, key=lambda label: -found[label][1])[:most]
        found = {label: found[label] for label in sorted(widest)}
    if not found:
        return None
    axes = torch.stack([axis for axis, _ in found.values()], 1)
    deviations, shares = codes.along(axes)
    about = f"Differences between mean codes of {len(codes.means):,} training images with a label and without"
    directions = Directions(codes.means.mean(0), axes, deviations, about, shares)
    return ByLabel(directions, tuple(found), torch.tensor([gap for _, gap in found.values()]))


def _towards(codes: Encoded, label: int) -> tuple[Tensor, float] | None:
    """Direction `[z]` of length 1 and gap of a label; None where one of both groups has too few samples."""
    assert codes.labels is not None
    has = codes.labels == label
    a, b = codes.means[has], codes.means[~has]
    if min(len(a), len(b)) < 2:
        return None
    way = a.mean(0) - b.mean(0)
    length = way.norm()
    axis = way / length.clamp(min=1e-12)
    within = ((a @ axis).var() * (len(a) - 1) + (b @ axis).var() * (len(b) - 1)) / (len(has) - 2)
    return axis, float(length / within.sqrt().clamp(min=1e-12))


def _of_pictures(codec: SeededCodec, most: int) -> Directions:
    """Eigenvectors of the mean of `J^T J`, where `J` is the change of the picture with the code."""
    d, values = codec.method.z_dim, numel(codec.shape)
    draws = min(DRAWS, CHANGED // (d + 1), CHANGED_VALUES // (values * (d + 1)))
    k, about = min(most, d), "The first axes of the code: to find better directions would take too long"
    if draws < 1:
        return Directions(torch.zeros(d), torch.eye(d)[:, :k], torch.ones(k), about)
    total = torch.zeros(d, d, dtype=torch.float64)
    for code in codec.prior(0, draws):
        around = code + STEP * torch.eye(d, len(code), device=code.device)
        seen = _seen(codec, torch.cat([code[None], around]))
        slope = ((seen[1:] - seen[:1]) / STEP).nan_to_num()
        total += slope @ slope.T
    sizes, ways = torch.linalg.eigh(total)
    axes, shares = ways[:, -k:].flip(1), sizes[-k:].flip(0) / sizes.sum().clamp(min=1e-12)
    signed = (axes * torch.where(axes.sum(0) < 0, -1.0, 1.0)).float()
    what = f"Directions in which the pictures of the {codec.method.decoders[-1]} change most"
    about = f"{what}, around {draws} draw{'s' * (draws > 1)}"
    return Directions(torch.zeros(d), signed, torch.ones(k), about, shares.clamp(0, 1).float())


def _seen(codec: SeededCodec, z: Tensor) -> Tensor:
    """Pictures of codes as rows of values, float64, at a side of at most `SEEN` pixels."""
    side = (min(SEEN, codec.shape[1]), min(SEEN, codec.shape[2]))
    made = [
        adaptive_avg_pool2d(codec.decode_by(codec.method.decoders[-1], z[a:b]), side).flatten(1).cpu()
        for a, b in pieces(len(z), codec.batch_size)
    ]
    return torch.cat(made).double()

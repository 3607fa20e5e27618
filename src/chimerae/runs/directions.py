"""Directions in the space of a model's codes, as tensors, a file and a picture."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import torch
from safetensors.torch import save
from torch import Tensor

from chimerae.data import Prepared, prepare
from chimerae.data.memory import held
from chimerae.errors import InputError, unknown
from chimerae.evaluation.directions import (
    ENCODED,
    ByLabel,
    Directions,
    by_label,
    directions_of,
    encoded,
    principal,
)
from chimerae.evaluation.seeded_codec import SeededCodec, pieces, spread
from chimerae.files import write_bytes
from chimerae.model import Model, load
from chimerae.pictures import shrunk, walks
from chimerae.progress import Progress, silent
from chimerae.runs.own_data import own_data
from chimerae.shapes import Shape, describe, is_image, numel

if TYPE_CHECKING:
    from PIL.Image import Image

COUNT: Final = 8
"""Directions of each kind."""
AT_ONCE: Final = 2**23
"""Values of the samples that the networks see at a time."""


@dataclass(frozen=True)
class CodeDirections:
    """Directions of a model: principal ones, and where the data have labels, one for each of some labels."""

    principal: Directions
    labelled: ByLabel | None
    names: tuple[str, ...]
    """Names of the labels of `labelled`."""
    lack: str
    """The reason why no codes of data were used; '' where they were."""
    codec: SeededCodec
    data: Prepared | None

    @property
    def code_shape(self) -> Shape:
        """Shape of one code: `(c, h, w)` where codes are maps, else `(z,)`."""
        return self.codec.code_shape

    def starts(self, n: int = 4, *, from_prior: bool = False) -> tuple[Tensor, Tensor | None]:
        """Codes with their noise `[n, z or more]` of images of the test split and those images; without an
        encoder or data, or with `from_prior`, codes drawn from the prior, and None.

        Raises:
            InputError: `n` is below 1, or codes of the prior are wanted of a method that draws no samples.
        """
        method = self.codec.method
        if n < 1:
            raise InputError(f"{n} starts: ask for 1 or more")
        held = None if self.data is None or not len(self.data.test) else self.data.test
        with self.codec.nets.evaluating():
            if held is not None and method.encodes and not from_prior:
                rows = spread(len(held), n)
                x = held.take(rows)
                return self.codec.codes(x, 0, held.labels_of(rows)).cpu(), x
            if not method.generates:
                raise InputError(f"{method.name} draws no samples: start from images of data")
            return self.codec.prior(0, n).cpu(), None

    def picture(
        self, *, starts: int = 4, reach: float = 2.0, steps: int = 5, from_prior: bool = False
    ) -> Image:
        """A row for each direction and each network that decodes: from every start, `steps` steps from
        `-reach` to `reach` deviations, the start in the middle.

        Raises:
            InputError: the model makes points; `steps` is even or below 3; `starts` is below 1, or `reach` is
                not above 0.
        """
        if not is_image(self.codec.shape):
            raise InputError(f"the model makes {describe(self.codec.shape)}, and a picture shows images")
        if steps < 3 or steps % 2 == 0 or not 0 < reach < float("inf"):
            raise InputError(f"{steps} steps to {reach:g}: ask for 3, 5, ... steps, and a reach above 0")
        z, x = self.starts(starts, from_prior=from_prior)
        by = torch.linspace(-reach, reach, steps)
        ways: dict[str, Tensor] = {}
        for name, directions, axis in self._rows():
            made = self._decoded(directions.walk(z, axis, by))
            ways |= {f"{name}  {network}" if len(made) > 1 else name: way for network, way in made.items()}
        return walks(ways, [f"{each:+.3g}" if each else "0" for each in by.tolist()], starts=x)

    def save(self, path: str | Path) -> Path:
        """Write the tensors as a safetensors file; its metadata `about` tells their origin.

        `mean` `[*code]`, `axes` `[k, *code]`, `deviations` and `shares` `[k]`; with labels also `label_axes`
        `[m, *code]`, `label_deviations`, `label_shares`, `label_gaps` and `labels` `[m]`.

        Raises:
            InputError: the place cannot be written.
        """
        tensors = _tensors(self.principal, "", self.code_shape)
        tensors["mean"] = self.principal.mean.view(self.code_shape)
        told = {"about": self.principal.about}
        if self.labelled is not None:
            tensors |= _tensors(self.labelled.directions, "label_", self.code_shape)
            tensors |= {"label_gaps": self.labelled.gaps, "labels": torch.tensor(self.labelled.labels)}
            told |= {"about_labels": self.labelled.directions.about, "names": json.dumps(self.names)}
        path = Path(path)
        write_bytes(path, save({name: each.contiguous() for name, each in tensors.items()}, told))
        return path

    def _rows(self) -> list[tuple[str, Directions, int]]:
        """Name of each row, and its direction."""
        rows = []
        for axis in range(len(self.principal)):
            share = None if self.principal.shares is None else float(self.principal.shares[axis])
            rows.append((f"{axis + 1}" + ("" if share is None else f"  {share:.0%}"), self.principal, axis))
        if self.labelled is not None:
            rows += [(f"label {name}", self.labelled.directions, i) for i, name in enumerate(self.names)]
        return rows

    def _decoded(self, z: Tensor) -> dict[str, Tensor]:
        """Reduced pictures `[s, t, C, h, w]` of codes `[s, t, z or more]` by every network."""
        flat, made = z.flatten(0, 1), {}
        with self.codec.nets.evaluating():
            for network in self.codec.method.decoders:
                cuts = pieces(len(flat), self.codec.batch_size)
                parts = [self.codec.decode_by(network, flat[a:b].to(self.codec.device)) for a, b in cuts]
                images = torch.cat([shrunk(part.nan_to_num()).cpu() for part in parts])
                made[network] = images.unflatten(0, z.shape[:2])
        return made


def directions(
    run: str | Path,
    *,
    data: object = None,
    n: int = ENCODED,
    count: int = COUNT,
    labels: Sequence[str | int] | None = None,
    seed: int = 0,
    device: str = "auto",
    progress: Progress = silent,
) -> CodeDirections:
    """Directions in which the codes of a run's data vary most, and where the data have labels, those towards
    the codes of each label.

    Without an encoder, or without data on this machine, the directions are those in which generated pictures
    change most.

    Args:
        run: the run folder, the folder of a model, or OWNER/NAME on the hub.
        data: a source whose training split is encoded; the run's own data when not given.
        n: samples that are encoded, at most; fewer where images are large.
        count: directions of each kind, at most.
        labels: labels, by name or number, that get a direction; when not given, those with the widest gaps.
        seed: seed of draws from posteriors and prior.
        device: "auto", "cpu", "cuda" or "mps".
        progress: called while data are prepared.

    Raises:
        InputError: the run or the source cannot be used, codes are not finite, a label is unknown, or labels
            are given and there are no codes.
    """
    if n < 2 or count < 1:
        raise InputError(f"{count} directions of {n} samples: ask for 1 or more, of 2 or more")
    model = load(run, device=device)
    method, batch = model.method, min(256, max(1, AT_ONCE // numel(model.shape)))
    codec = SeededCodec(method, model.nets, model.shape, seed=seed, batch_size=batch)
    prepared, lack = own_data(model, progress, fetch=True) if data is None else _given(model, data, progress)
    if not method.encodes:
        lack = f"{method.name} has no encoder"
    if lack and labels:
        raise InputError(f"labels have no codes: {lack}")
    if lack and not method.generates:
        raise InputError(f"{run} draws no samples, so its directions need data: {lack}")
    with model.nets.evaluating():
        if lack or prepared is None:
            return CodeDirections(directions_of(codec, None, most=count), None, (), lack, codec, prepared)
        codes = encoded(codec, prepared.train, n) if len(prepared.train) > 1 else None
    if codes is None:
        raise InputError(f"the codes of {prepared.facts.source} are not finite, or there is only one")
    wanted = None if labels is None else [_number(prepared, label) for label in labels]
    found = by_label(codes, wanted, count)
    names = tuple(_name(prepared, label) for label in found.labels) if found else ()
    return CodeDirections(principal(codes, count), found, names, "", codec, prepared)


def _given(model: Model, data: object, progress: Progress) -> tuple[Prepared, str]:
    """The data of a source, or data in memory, as the model sees them, and '', as nothing is missing."""
    with held(data) as source:
        assert source is not None
        prepared = prepare(source, model.prepare, progress=progress)
    if prepared.shape != model.shape:
        took, given = describe(model.shape), describe(prepared.shape)
        raise InputError(f"the model takes {took}, and the samples of {source} are {given}")
    return prepared, ""


def _number(data: Prepared, label: str | int) -> int:
    """The number of a label, given as its name or as a number.

    Raises:
        InputError: the data have no such label, or none at all.
    """
    if data.train.labels is None:
        raise InputError(f"the samples of {data.facts.source} have no labels")
    numbers: list[int] = data.train.labels.unique().tolist()
    known = {_name(data, each): each for each in numbers}
    if str(label) in known:
        return known[str(label)]
    if str(label).isdecimal() and int(label) in known.values():
        return int(label)
    raise unknown("label", str(label), known)


def _name(data: Prepared, label: int) -> str:
    """The name of a label: that of its folder, or its number."""
    classes = data.facts.classes
    return classes[label] if 0 <= label < len(classes) else str(label)


def _tensors(directions: Directions, prefix: str, shape: Shape) -> dict[str, Tensor]:
    """Tensors of a file, each name behind `prefix`."""
    found = {"axes": directions.axes.T.reshape(-1, *shape), "deviations": directions.deviations}
    if directions.shares is not None:
        found["shares"] = directions.shares
    return {prefix + name: tensor for name, tensor in found.items()}

"""A run's model together with samples for it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from chimerae.cli.console import display
from chimerae.data.given import Taken, take
from chimerae.data.manifest import Unread
from chimerae.errors import InputError
from chimerae.model import Model, load
from chimerae.model.labels import numbered
from chimerae.runs.own_data import own_data

N_OWN = 64
"""Samples of a run's own test data that are taken when no number is given."""
NAMED = 5
"""Largest number of unreadable images to name."""


@dataclass(frozen=True)
class Inputs:
    """Samples for a model."""

    x: Tensor
    """`[n, *shape]`."""
    names: tuple[str, ...] | None
    """Name of each sample; None for test data."""
    labels: Tensor | None = None
    """Label of each sample `[n]`; None where they are not known, or the model takes none."""


def load_inputs(
    folder: Path,
    sources: Sequence[str] | None,
    n: int | None,
    device: str,
    label: Sequence[str] | None = None,
) -> tuple[Model, Inputs]:
    """The model of the run in `folder` and the samples of `sources`, or of its own test data (None).

    At most `n` samples are taken from each source; all of them (of test data `N_OWN`) when it is None.
    Unreadable images are named on standard error and left out. `label` is one label for all samples, or one
    for each; test data have their own.

    Raises:
        InputError: the run or a source is missing, or the samples do not fit the model.
    """
    if n is not None and n < 1:
        raise InputError(f"--n {n}: ask for 1 sample or more")
    model = load(folder, device=device)
    if sources is None:
        x, own = held_out_labelled(model, n or N_OWN, "--input")
        return model, Inputs(x, None, labels_for(model, x, label, own))
    if not sources:
        raise InputError("--input names nothing: give an image, a folder or another source")
    taken = [take(source, model.shape, model.prepare, n) for source in sources]
    _tell([unread for each in taken for unread in each.unread])
    x = torch.cat([each.x for each in taken])[:n]
    return model, Inputs(x, _names(taken)[:n], labels_for(model, x, label))


def labels_for(
    model: Model, x: Tensor, label: Sequence[str] | None, own: Tensor | None = None
) -> Tensor | None:
    """Labels `[n]` of samples `x`: `label`, one for all or one for each, by number or name, or else their
    `own`.

    Raises:
        InputError: there are fewer or more, or one is unknown.
    """
    if label is None:
        return own
    if len(label) not in (1, len(x)):
        raise InputError(f"--label has {len(label)} labels for {len(x)} samples: give one, or one for each")
    return torch.tensor([numbered(each, model.label_names) for each in label]).expand(len(x))


def held_out_labelled(model: Model, n: int, flag: str) -> tuple[Tensor, Tensor | None]:
    """The first of the model's own test data, at most `n`, `[n, *shape]`, and their labels `[n]` where the
    model takes some.

    Raises:
        InputError: they are not to be had; the error points to `flag`.
    """
    with display() as show:
        data, lack = own_data(model, show.count, fetch=True)
    if data is None or not len(data.test):
        raise InputError(f"no test data: {lack or 'none is held out'}; name images with {flag}")
    rows = range(min(n, len(data.test)))
    return data.test.take(rows), data.test.labels_of(rows) if model.method.label_dim else None


def _names(taken: Sequence[Taken]) -> tuple[str, ...]:
    """Names of all samples; numbered through where several sources have no names of their own."""
    every = [name for each in taken for name in each.names]
    if len(taken) > 1 and len(set(every)) < len(every) and all(name.isdigit() for name in every):
        return tuple(f"{i:06d}" for i in range(len(every)))
    return tuple(every)


def _tell(unread: Sequence[Unread]) -> None:
    if unread:
        names = ", ".join(f"{each.name} ({each.why})" for each in unread[:NAMED])
        more = ", ..." if len(unread) > NAMED else ""
        print(f"left out, cannot be read: {names}{more}", file=sys.stderr)

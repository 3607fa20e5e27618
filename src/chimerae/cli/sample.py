"""`chimerae sample RUN -n N --out FILE-OR-DIR [--prior mixture] [--improve]`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from chimerae.cli import DONE
from chimerae.cli.output import kind_of, write
from chimerae.cli.parse import parse
from chimerae.errors import InputError
from chimerae.evaluation.improved import PUBLISHED, Improve
from chimerae.evaluation.settings import Fitted

if TYPE_CHECKING:
    from torch import Tensor

    from chimerae.model import Model


USUAL = 64
"""Samples that are drawn where no number is given."""


@dataclass(frozen=True)
class Sample:
    """Draw samples from the prior."""

    run: tyro.conf.Positional[Path]
    """The run folder, or OWNER/NAME on the Hugging Face hub."""
    n: Annotated[int | None, tyro.conf.arg(aliases=["-n"])] = None
    """Number of samples; 64 when not given, or enough more to fill the last row of a sheet of classes."""
    out: Path = Path("samples.png")
    """A .png sheet, a .npz or .npy array, a .zip of PNG files, or a folder for PNG files."""
    label: tuple[str, ...] | None = None
    """Labels of the samples, numbers or names, one after the other, for a run with --method.classes; every
    class in its own column when none is given."""
    network: str | None = None
    """The network that makes them, where a method has several (AVAE: generator or decoder)."""
    seed: int = 0
    """The same seed gives the same samples."""
    device: str = "auto"
    """Device to compute on: auto, cpu, cuda, cuda:1, mps."""
    prior: Literal["normal", Fitted] = "normal"
    """The normal prior of the training, or one fitted to the codes of the training data: a Gaussian, a
    mixture of ten, clusters of k-means, or a normalising flow."""
    improve: bool = False
    """Move codes until their samples survive being encoded and decoded again."""
    improving: Annotated[Improve, tyro.conf.arg(name="improve")] = PUBLISHED
    """Settings of the improvement; any of these implies --improve."""


def main(args: Sequence[str]) -> int:
    """Draw samples, and print where they are."""
    asked = parse(Sample, args, prog="chimerae sample")
    if asked.n is not None and asked.n < 1:
        raise InputError(f"-n {asked.n}: ask for 1 sample or more")
    kind_of(asked.out)
    from chimerae.cli.console import display
    from chimerae.model import load
    from chimerae.runs.fitted import sample_fitted

    how = asked.improving if asked.improve or asked.improving != PUBLISHED else None
    if asked.prior == "normal":
        model = load(asked.run, device=asked.device)
        n, labels, columns = _wanted(model, asked)
        samples = model.sample(n, labels=labels, network=asked.network, seed=asked.seed, improve=how)
    else:
        n, labels, columns = _wanted(load(asked.run, device="cpu"), asked)
        with display() as show:
            samples = sample_fitted(
                asked.run,
                asked.prior,
                n,
                labels=labels,
                network=asked.network,
                seed=asked.seed,
                improve=how,
                device=asked.device,
                progress=show.count,
            )
    write(samples, asked.out, columns=columns)
    print(f"{len(samples)} samples: {asked.out}")
    return DONE


def _wanted(model: Model, asked: Sample) -> tuple[int, Tensor | None, int | None]:
    """Number of samples, label of each, and the columns of a sheet; None and None where the run has no
    labels.
    """
    from chimerae.labels import MOST_COLUMNS, in_turn
    from chimerae.model.labels import given_labels, numbered

    classes = model.method.label_dim
    if asked.label is None and not classes:
        return asked.n or USUAL, None, None
    given = None if asked.label is None else [numbered(label, model.label_names) for label in asked.label]
    wanted = list(range(classes)) if given is None else given
    if not wanted:
        raise InputError("--label names nothing: give one label or more, such as --label 3")
    given_labels(model.method, wanted, len(wanted))
    columns = len(wanted) if 1 < len(wanted) <= MOST_COLUMNS else None
    n = asked.n or ceil(USUAL / (columns or 1)) * (columns or 1)
    import torch

    return n, torch.tensor(wanted)[in_turn(n, len(wanted))], columns

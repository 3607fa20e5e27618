"""`chimerae score RUN --input FOLDER`: the most unusual of your images, and how unusual each is."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import tyro

from chimerae.cli import DONE
from chimerae.cli.parse import parse
from chimerae.errors import InputError, printable
from chimerae.files import write_text

if TYPE_CHECKING:
    from torch import Tensor

    from chimerae.model.unusual import Strangeness

HELD_OUT: Final = 2_000
"""Usual samples that yours are compared with, at most."""
SHOWN: Final = 8
"""Images on the sheet."""
NAMED: Final = 3


@dataclass(frozen=True)
class Score:
    """Find images unlike those that a run learned: large errors of reconstruction."""

    run: tyro.conf.Positional[Path]
    """The run folder, or OWNER/NAME on the Hugging Face hub."""
    input: Annotated[tuple[str, ...] | None, tyro.conf.arg(aliases=["--data"])] = None
    """Images, folders of images or other sources; the run's own test data when it is not given."""
    out: Path = Path("scores.csv")
    """A .csv file; a sheet of the most unusual images stands beside it as .png."""
    usual: str | None = None
    """Source of usual images, with which yours are compared; the run's own test data when it is not given."""
    share: float = 0.99
    """An image is flagged when its error is above that of this share of the usual images."""
    n: int | None = None
    """Number of images, at most."""
    network: str | None = None
    """The network that decodes; the first one when it is not given."""
    label: tuple[str, ...] | None = None
    """Labels of the images, numbers or names, one for all or one for each, for a run with --method.classes;
    test data have their own."""
    seed: int = 0
    """Seed of codes that are drawn from the posterior."""
    device: str = "auto"
    """Device to compute on: auto, cpu, cuda, cuda:1, mps."""


def main(args: Sequence[str]) -> int:
    """Score, and print how many are unusual, and which the most."""
    asked = parse(Score, args, prog="chimerae score")
    if asked.out.suffix.lower() != ".csv":
        raise InputError(f"cannot write {asked.out}: use a name that ends in .csv")
    if not 0 < asked.share <= 1:
        raise InputError(f"--share {asked.share:g}: give a share above 0 and up to 1, such as 0.99")
    from chimerae.cli.inputs import held_out_labelled, labels_for, load_inputs
    from chimerae.data.given import take
    from chimerae.model.unusual import bound, strangeness
    from chimerae.runs.critic import critic_of

    model, given = load_inputs(asked.run, asked.input, asked.n, asked.device, asked.label)
    if asked.usual is None:
        usual, labels = held_out_labelled(model, HELD_OUT, "--usual")
    else:
        usual = take(asked.usual, model.shape, model.prepare, HELD_OUT).x
        labels = labels_for(model, usual, asked.label)
    found, base = (
        strangeness(model, x, labels=y, network=asked.network, seed=asked.seed)
        for x, y in ((given.x, given.labels), (usual, labels))
    )
    critic, lack = critic_of(model, lambda line: print(line, file=sys.stderr))
    limit = bound(base.error, asked.share)
    values = {"error": (found.error, base.error), "kl": (found.kl, base.kl)}
    if critic is not None:
        values["critic"] = critic(given.x, given.labels), critic(usual, labels)
    names = given.names or tuple(f"{i:06d}" for i in range(len(given.x)))
    write_text(asked.out, _table(names, values, found.error > limit))
    order = found.error.argsort(descending=True, stable=True)
    sheet = _sheet(given.x, found, order[:SHOWN], asked.out)
    flagged = int((found.error > limit).sum())
    most = ", ".join(printable(names[i]) for i in order[:NAMED].tolist())
    above = f"{int((base.error > limit).sum())} of {len(base.error)} {_usual(asked)}"
    print(f"{flagged} of {len(names)} flagged: errors above {limit:.4g}, as {above} have")
    print(f"most unusual: {most}")
    print(_of_critic(values, names, lack if critic is None else f"step {critic.step:,}"))
    print(f"score: {asked.out}" + (f", {sheet}" if sheet else ""))
    return DONE


def _usual(asked: Score) -> str:
    return "held-out samples of the run" if asked.usual is None else f"samples of {printable(asked.usual)}"


def _of_critic(values: Mapping[str, tuple[Tensor, Tensor]], names: Sequence[str], told: str) -> str:
    """The least real samples by the critic, of the step that is `told`, or the reason why there is none."""
    if "critic" not in values:
        return f"no critic: {told}"
    least = values["critic"][0].argsort(stable=True)[:NAMED].tolist()
    return f"least like data by the critic of {told}: {', '.join(printable(names[i]) for i in least)}"


def _table(names: Sequence[str], values: Mapping[str, tuple[Tensor, Tensor]], flagged: Tensor) -> str:
    """The table of values, each with its rank among those of usual samples, as CSV."""
    from chimerae.model.unusual import ranks

    columns: dict[str, Tensor] = {}
    for name, (mine, usual) in values.items():
        columns |= {name: mine, f"{name}_rank": ranks(mine, usual)}
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(["name", *columns, "flagged"])
    for i, name in enumerate(names):
        cells = ["" if column[i].isnan() else f"{float(column[i]):.6g}" for column in columns.values()]
        table.writerow([printable(name), *cells, int(flagged[i])])
    return out.getvalue()


def _sheet(x: Tensor, found: Strangeness, chosen: Tensor, out: Path) -> Path | None:
    """Draw the most unusual images, their reconstructions, and where these differ; None for points."""
    from chimerae import pictures
    from chimerae.shapes import is_image

    if not is_image(tuple(x.shape[1:])):
        return None
    shown, made = x[chosen], found.reconstructions[chosen]
    gap = (shown - made).abs().mean(1, keepdim=True)
    heat = (gap / gap.max().clamp(min=1e-6)).expand_as(shown)
    path = out.with_suffix(".png")
    pictures.save(pictures.rows({"most unusual": shown, "reconstruction": made, "difference": heat}), path)
    return path

"""Short runs of every method on a validation part of digits' training split: the table of docs/short-runs.md.

    python benchmarks/short_runs.py OUT [--steps 1500] [--seed 0] [--only avae gan] [--set method.r1=0]

The test split of the data is not touched: a fifth of the training split is held out in its place. Finished
runs in OUT are not trained again.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
import tyro

import chimerae
from chimerae import noise
from chimerae.data import prepare
from chimerae.evaluation.settings import Evaluation
from chimerae.recipes.short import SHORT

SETTINGS = {"arch.width": 16, "method.z_dim": 16, "training.picture_every": 10_000}
METRICS = ("fd_classifier", "variety_classifier", "label_agreement", "mse_signed")
SHARE = 5
"""One in so many training images is held out."""


@dataclass(frozen=True)
class Options:
    """Options of this benchmark."""

    out: tyro.conf.Positional[Path]
    steps: int = 1500
    seed: int = 0
    only: tuple[str, ...] = tuple(SHORT)
    set: tuple[str, ...] = field(default=())


def main(options: Options) -> None:
    torch.set_num_threads(1)
    source = validation(options.out)
    print(f"| method | network | {' | '.join(METRICS)} | s |\n|---|---|{'---|' * (len(METRICS) + 1)}")
    for name in options.only:
        folder = options.out / f"{name}-{options.seed}"
        seconds = learn(name, source, folder, options)
        for network, values in judged(folder).items():
            cells = " | ".join(f"{values[m]:.3g}" if m in values else "" for m in METRICS)
            print(f"| {name} | {network} | {cells} | {seconds:.0f} |", flush=True)


def validation(out: Path) -> str:
    """An `.npz` of the training split of digits, a fifth of which stands where the test split would."""
    out.mkdir(parents=True, exist_ok=True)
    path = out / "validation.npz"
    if not path.exists():
        train = prepare("digits").train
        assert train.labels is not None
        order = torch.randperm(len(train), generator=noise.generator("short runs"))
        held = len(order) // SHARE
        parts = {"test": order[:held], "train": order[held:]}
        images = {f"x_{name}": train.raw(rows).numpy() for name, rows in parts.items()}
        labels = {f"y_{name}": train.labels[rows].numpy() for name, rows in parts.items()}
        np.savez(path, **images, **labels)
    return str(path)


def learn(name: str, source: str, folder: Path, options: Options) -> float:
    """Train and evaluate where that is not done; the seconds of learning."""
    if not (folder / "scores.json").exists():
        changes: dict[str, Any] = dict(SETTINGS)
        for pair in options.set:
            key, _, value = pair.partition("=")
            changes[key] = json.loads(value) if value[:1] in '0123456789-[{"tfn' else value
        began = time.monotonic()
        chimerae.train(
            name,
            data=source,
            steps=options.steps,
            seed=options.seed,
            out=folder,
            settings=changes,
            quiet=True,
        )
        (folder / "seconds").write_text(f"{time.monotonic() - began}")
        chimerae.evaluate(folder, Evaluation(metrics=METRICS))
    return float((folder / "seconds").read_text())


def judged(folder: Path) -> dict[str, dict[str, float]]:
    """Values by network and metric."""
    found: dict[str, dict[str, float]] = {}
    for score in json.loads((folder / "scores.json").read_text())["scores"]:
        if score["of"] != "data":
            found.setdefault(score["of"], {})[score["metric"]] = score["value"]
    return found


if __name__ == "__main__":
    main(tyro.cli(Options, description=__doc__))

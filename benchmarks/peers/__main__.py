"""Measure updates beside those of peers, in turn, each with its passes; a JSON file for each."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import tyro
from benchmarks.peers.adapters import ADAPTERS
from benchmarks.peers.duel import Duel, Finished
from benchmarks.peers.start import Start

from chimerae.bench.measure import device_name
from chimerae.config import to_dict
from chimerae.files import write_text


@dataclass(frozen=True)
class Options:
    """Options of this benchmark."""

    out: Path
    """Folder of the measurements, one JSON file each."""
    pythae: Path | None = None
    """Folder that `pip install --target` put pythae into."""
    soft_intro: Path | None = None
    """Checkout of soft-intro-vae-pytorch."""
    introvae: Path | None = None
    """Checkout of IntroVAE."""
    dcgan: Path | None = None
    """Folder `dcgan` in a checkout of PyTorch's examples."""
    only: tuple[str, ...] = ()
    """Names of the cases to measure; all when not given."""
    rounds: int = 7
    """Rounds, each with a block of updates of every side."""
    seconds: float = 1.5
    """Least seconds of a peer's block."""
    seed: int = 0


def chosen(options: Options) -> Iterator[Start]:
    for name, adapter in ADAPTERS.items():
        folder = getattr(options, name)
        if folder is not None:
            yield from (
                s for s in adapter.starts(folder.resolve()) if not options.only or s.case.name in options.only
            )


def main(options: Options) -> None:
    torch.set_num_threads(1)
    options.out.mkdir(parents=True, exist_ok=True)
    for start in chosen(options):
        case = start.case
        begun = time.monotonic()
        duel = Duel(case, options.rounds, options.seconds, options.seed)
        with suppress(Finished):
            start.train(duel)
        facts = measured(start, duel, options)
        write_text(options.out / f"{case.name}.json", json.dumps(facts, indent=1) + "\n")
        print(f"{case.name}: {time.monotonic() - begun:.0f} s", file=sys.stderr, flush=True)


def measured(start: Start, duel: Duel, options: Options) -> dict[str, Any]:
    """All facts of a measurement, for its file."""
    case = start.case
    device = torch.device("cpu")
    return {
        "name": case.name,
        "peer": case.peer,
        "what": case.what,
        "same": case.same,
        "remarks": list(case.remarks),
        "method": {"name": case.method.name, **to_dict(case.method)},
        "shape": list(case.shape),
        "batch_size": case.batch_size,
        "seed": options.seed,
        "machine": {
            "device": device_name(device),
            "threads": torch.get_num_threads(),
            "torch": torch.__version__,
        },
        **duel.found,
    }


if __name__ == "__main__":
    main(tyro.cli(Options, description=__doc__))

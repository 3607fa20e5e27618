"""Train, evaluate, sample and report again and again in one process; its memory and open files must not grow.

    nice -n 15 python -m benchmarks.faults.soak [--rounds 100] [--minutes 30] [--growth 32]

Each round trains a run of points and one of digits, evaluates both, samples and reports. Resident memory,
open files and threads of the process are recorded. Caches are filled in the first tenth of the rounds. After
it memory may grow by `--growth` MB, and open files and threads may not grow. Linux only.
"""

from __future__ import annotations

import argparse
import gc
import io
import os
import shutil
import sys
import time
import warnings
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from benchmarks.faults.places import METHODS, OFTEN, verb, warm, workshop

SCORED = ("--n", "16", "--metrics")
METRICS = {"vae": ("mse_points", "kl_nats"), "avae": ("mse_unit", "kl_nats")}


@dataclass(frozen=True)
class Use:
    """What the process holds after a round."""

    kilobytes: int
    files: int
    threads: int


def used() -> Use:
    """What this process holds now."""
    gc.collect()
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    files = len([*Path("/proc/self/fd").iterdir()])
    return Use(int(lines["VmRSS"].split()[0]), files, int(lines["Threads"]))


def one_round(folder: Path) -> None:
    """Every verb on two runs, whose folders are removed."""
    for name, metrics in METRICS.items():
        run = str(folder / name)
        verb("train", *METHODS[name], *OFTEN, "--steps", "4", "--out", run)
        verb("resume", run, "--steps", "6")
        verb("evaluate", run, *SCORED, *metrics)
        verb("sample", run, "-n", "4", "--out", f"{run}/drawn.png")
        verb("report", run)
        verb("report", run, "--out", f"{run}/page.md")
        shutil.rmtree(run)


def soak(rounds: int, minutes: float = 1e9) -> list[Use]:
    """What the process held after each of `rounds`, or of those that fit into `minutes`."""
    found: list[Use] = []
    end = time.monotonic() + 60 * minutes
    with workshop("soak-") as folder:
        os.environ["CHIMERAE_CACHE"] = str(folder / "cache")
        while len(found) < rounds and time.monotonic() < end:
            with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                one_round(folder)
            found.append(used())
    return found


def growth(found: Sequence[Use]) -> Use:
    """The difference between the last of the rounds and the one at a tenth of them."""
    first, last = found[len(found) // 10], found[-1]
    return Use(last.kilobytes - first.kilobytes, last.files - first.files, last.threads - first.threads)


def main(args: Sequence[str] | None = None) -> int:
    """Read the options, soak, print, and return 1 where something grew."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--growth", type=float, default=32.0, help="MB")
    asked = parser.parse_args(args)
    warm()
    found = soak(asked.rounds, asked.minutes)
    print("| round | memory, MB | open files | threads |\n|---|---|---|---|")
    for i in sorted({*range(0, len(found), max(1, len(found) // 10)), len(found) - 1}):
        print(f"| {i + 1} | {found[i].kilobytes / 1000:.1f} | {found[i].files} | {found[i].threads} |")
    grown = growth(found)
    print(f"\ngrowth: {grown.kilobytes / 1000:+.1f} MB, {grown.files:+d} files, {grown.threads:+d} threads")
    return int(grown.kilobytes > 1000 * asked.growth or grown.files > 0 or grown.threads > 0)


if __name__ == "__main__":
    sys.exit(main())

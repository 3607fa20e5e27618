"""Data at size: the tables of docs/data.md#measured.

    python -m benchmarks.data_at_size arrays [--counts 10000 1000000] [--batches 2000]
    python -m benchmarks.data_at_size preparation [--pictures 4000] [--processes 1 2]
    python -m benchmarks.data_at_size start [--files 200000]

`arrays` makes prepared images of 64x64 pixels in files without blocks on disk, which read as zeros, and draws
batches from them. `preparation` prepares a folder of JPEGs of CelebA's size. `start` opens a folder of many
files that is prepared already. Every measurement is a process of its own; its files are deleted afterwards.
Seconds are those of the processor if other work shares the machine.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import tyro
from PIL import Image

SHAPE = (3, 64, 64)
CELEBA = (178, 218)
"""Width and height of the pictures of CelebA."""


@dataclass(frozen=True)
class Arrays:
    """Draw batches from prepared images."""

    counts: tuple[int, ...] = (10_000, 1_000_000)
    batches: int = 2_000
    batch_size: int = 64
    seed: int = 0


@dataclass(frozen=True)
class Preparation:
    """Prepare a folder of JPEGs."""

    pictures: int = 4_000
    processes: tuple[int, ...] = (1, 2)
    seed: int = 0


@dataclass(frozen=True)
class Start:
    """Open a folder of many files that is prepared already."""

    files: int = 200_000
    seed: int = 0


@dataclass(frozen=True)
class Child:
    """Measure one case; for internal use."""

    case: str
    given: dict[str, str] = field(default_factory=dict)


def measured(case: str, **given: object) -> Mapping[str, Any]:
    """The figures of one case, measured in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.data_at_size", "child", "--case", case, "--given"]
    pairs = [str(part) for pair in given.items() for part in pair]
    begun = time.time()
    ran = subprocess.run([*command, *pairs], stdout=subprocess.PIPE, check=True, text=True)
    found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return found | {"wall": found.get("at", time.time()) - begun}


def megabytes() -> dict[str, int]:
    """Peak memory of this process, and its present parts: its own and that of files, in MB."""
    lines = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
    own, files = (int(lines[name].split()[0]) // 1024 for name in ("RssAnon", "RssFile"))
    return {"peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, "own": own, "files": files}


def seconds() -> float:
    """Seconds of the processor: of this process and of those that it has waited for."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def sparse_entry(source: Path, count: int, cache: Path) -> None:
    """An array file of `count` images, and its entry in the cache; neither has blocks on disk."""
    from chimerae.data import Prepare
    from chimerae.data.info import split_counts
    from chimerae.data.manifest import ArrayFile, Manifest
    from chimerae.data.open import open_source
    from chimerae.data.prepared import entry_of
    from chimerae.data.store import checksum, write_manifest

    np.lib.format.open_memmap(source, "w+", np.uint8, (count, *SHAPE))
    settings = Prepare()
    entry = entry_of(open_source(str(source)), settings, cache)
    entry.mkdir(parents=True)
    with (entry / "train").open("wb") as file:
        file.truncate(count * int(np.prod(SHAPE)))
    digest = checksum(entry / "train")
    facts = Manifest(
        source=str(source),
        kind="images",
        shape=SHAPE,
        counts=split_counts({"train": count}, settings.hold_out, str(source)),
        hold_out=settings.hold_out,
        transform=None,
        checksum=digest,
        files={"train": ArrayFile(dtype="uint8", shape=(count, *SHAPE), checksum=digest)},
        unreadable=[],
    )
    write_manifest(entry, facts)


def draw(source: str, cache: str, batches: str, batch_size: str, seed: str, flip: str) -> dict[str, Any]:
    """Time to the first batch, and the cost of the following ones."""
    began = time.time()
    from chimerae.data import Batches, prepare

    loaded = time.time()
    data = prepare(source, cache=Path(cache))
    drawn = Batches(data.train, batch_size=int(batch_size), seed=int(seed), flip=flip == "True")
    drawn(0)
    first, at = time.time() - loaded, time.time()
    for step in range(1, 50):
        drawn(step)
    while data.train.watch is not None and data.train.watch.reads:
        time.sleep(0.1)  # the check of the contents, in the background, uses the processor too
    warm, wall = time.process_time(), time.perf_counter()
    for step in range(50, 50 + int(batches)):
        drawn(step)
    each = (time.process_time() - warm) / int(batches), (time.perf_counter() - wall) / int(batches)
    return {
        "imports": loaded - began,
        "first": first,
        "at": at,
        "cpu": each[0],
        "each": each[1],
    } | megabytes()


def pictures(folder: Path, count: int, seed: int) -> None:
    """JPEGs of CelebA's size: smooth noise."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(seed)
    for i in range(count):
        coarse = Image.fromarray(random.integers(0, 256, (14, 12, 3), np.uint8))
        coarse.resize(CELEBA, Image.Resampling.BICUBIC).save(folder / f"{i:06}.jpg", quality=90)


def prepared(source: str, cache: str, processes: str) -> dict[str, Any]:
    """Seconds of a preparation."""
    from chimerae.data import Prepare, prepare

    heard: list[float] = []
    begun, used = time.perf_counter(), seconds()
    data = prepare(
        source,
        Prepare(crop=0.7, size=64, fit="squeeze"),
        cache=Path(cache),
        processes=int(processes),
        progress=lambda *said: heard.append(time.perf_counter() - begun),
    )
    taken = time.perf_counter() - begun
    found = {"taken": taken, "cpu": seconds() - used, "told": heard[0], "sum": data.facts.checksum}
    return found | megabytes()


def opened(source: str, cache: str) -> dict[str, Any]:
    """Seconds to the first batch of a folder that is prepared."""
    from chimerae.data import Batches, Prepare, prepare

    begun, used = time.perf_counter(), seconds()
    data = prepare(source, Prepare(size=8, channels="3"), cache=Path(cache))
    Batches(data.train, batch_size=64, seed=0)(0)
    return {"taken": time.perf_counter() - begun, "cpu": seconds() - used} | megabytes()


CASES = {"draw": draw, "prepared": prepared, "opened": opened}


def main(options: Arrays | Preparation | Start | Child) -> None:
    if isinstance(options, Child):
        print(json.dumps(CASES[options.case](**options.given)))
        return
    with tempfile.TemporaryDirectory() as place:
        {Arrays: arrays, Preparation: preparation, Start: start}[type(options)](options, Path(place))


def arrays(options: Arrays, place: Path) -> None:
    print(
        "| images | GB | flips | s to import | s to the first batch | ms of the processor a batch | ms |",
        end="",
    )
    print(" peak MB | own MB | MB of files |\n|---|---|---|---|---|---|---|---|---|---|")
    for count in options.counts:
        source = place / f"{count}.npy"
        sparse_entry(source, count, place / "cache")
        for flip in (False, True):
            found = measured(
                "draw",
                source=source,
                cache=place / "cache",
                batches=options.batches,
                batch_size=options.batch_size,
                seed=options.seed,
                flip=flip,
            )
            size = count * np.prod(SHAPE) / 1e9
            print(
                f"| {count:,} | {size:.2f} | {'yes' if flip else 'no'} | {found['imports']:.1f} | "
                f"{found['first']:.2f} | {1e3 * found['cpu']:.3f} | {1e3 * found['each']:.3f} | "
                f"{found['peak']:,} | {found['own']:,} | {found['files']:,} |",
                flush=True,
            )


def preparation(options: Preparation, place: Path) -> None:
    pictures(place / "pictures", options.pictures, options.seed)
    print("| processes | images/s | images a second of the processor", end="")
    print(" | s to the first word | peak MB | checksum |\n|---|---|---|---|---|---|")
    for n in options.processes:
        found = measured("prepared", source=place / "pictures", cache=place / f"cache-{n}", processes=n)
        rates = (options.pictures / found[name] for name in ("taken", "cpu"))
        print(
            f"| {n} | {' | '.join(f'{rate:,.0f}' for rate in rates)} | {found['told']:.2f} | "
            f"{found['peak']:,} | {found['sum'][:8]} |",
            flush=True,
        )


def start(options: Start, place: Path) -> None:
    Image.new("RGB", (8, 8), (255, 0, 0)).save(place / "one.png")
    Image.new("RGB", (8, 8), (0, 255, 0)).save(place / "two.png")
    for i in range(options.files):
        folder = place / "pictures" / f"{i // 1000:05}"
        folder.mkdir(parents=True, exist_ok=True)
        os.link(place / ("two.png" if i % 1000 == 0 else "one.png"), folder / f"{i:07}.png")
    print("| files | | s | s of the processor | peak MB |\n|---|---|---|---|---|")
    for what in ("prepared now", "prepared before"):
        found = measured("opened", source=place / "pictures", cache=place / "cache")
        print(
            f"| {options.files:,} | {what} | {found['taken']:.1f} | {found['cpu']:.1f} | {found['peak']:,} |"
        )


if __name__ == "__main__":
    main(
        tyro.cli(
            Annotated[Arrays, tyro.conf.subcommand("arrays")]
            | Annotated[Preparation, tyro.conf.subcommand("preparation")]
            | Annotated[Start, tyro.conf.subcommand("start")]
            | Annotated[Child, tyro.conf.subcommand("child")]
        )
    )

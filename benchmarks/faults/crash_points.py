"""Kill every verb at each of its file operations, call it again, and compare what is there in the end.

    python -m benchmarks.faults.crash_points [--verbs train resume] [--methods vae avae] [--every 1]

Each verb runs once whole: openings for writing, synchronisations, renamings, removals and makings of folders
are counted. Then it runs once for each of them, and is killed (SIGKILL, with all its processes) right before
it: before one operation is after the last. A file in writing is also cut to nothing, and to half of what was
written. Then the verb is called again, as a person would: `resume` where `train` has made a run. It must
succeed, and leave the same files with the same content (but for what clocks say) and nothing else. Pages of
studies tell times, so of them only the presence is compared.

Operations are seen by Python's audit hook. All of them are taken, so there is no seed. Linux only.
"""

from __future__ import annotations

import argparse
import json
import mmap
import os
import shutil
import signal
import struct
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from benchmarks.faults.places import (
    METHODS,
    OFTEN,
    Contents,
    contents,
    forked,
    fresh,
    pictures,
    said,
    undrawn,
    verb,
    warm,
    workshop,
)
from benchmarks.faults.tiny_study import conduct_and_write

WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC
CHANGES: Final = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.chmod")
"""Audit events, beside openings, that change a folder."""
PARTS: Final[Mapping[str, float | None]] = {"whole": None, "nothing": 0.0, "half": 0.5}
"""Share of a file in writing that is there after the kill; None: as the process left it."""
TIMED: Final = ("study/README.md", "study/index.html", "published/README.md")
"""Pages that tell seconds of learning."""
SCORED: Final = ("--metrics", "mse_points", "mse_unit", "kl_nats", "--n", "16")


@dataclass
class Operations:
    """File operations of a process below its folder, and the one before which it is killed."""

    counter: mmap.mmap
    """Operations so far, those of forked processes too."""
    log: int
    """Descriptor that gets a line for each operation."""
    at: int | None = None
    share: float | None = None
    open_files: dict[str, int] = field(default_factory=dict)
    """Files in writing, and their sizes when they were opened."""

    def watch(self) -> None:
        """Begin, in this process."""
        self.place = f"{Path.cwd().resolve()}/"
        self.fsync = os.fsync
        sys.addaudithook(self.hear)
        os.fsync = self.synchronised

    def hear(self, event: str, args: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(args[0], str | bytes) and args[2] and args[2] & WRITING:
            if (path := self.inside(args[0])) is not None:
                self.operation(f"open {path}")
                self.open_files[path] = os.path.getsize(path) if os.path.exists(path) else 0
        elif event in CHANGES and (path := self.inside(args[0], args[-1])) is not None:
            self.operation(f"{event[3:]} {path}")

    def inside(self, name: Any, folder: Any = -1) -> str | None:
        """The path of `name`, None outside; a name below an open folder counts as inside."""
        path = os.path.abspath(os.fsdecode(name))
        beside = isinstance(folder, int) and folder >= 0 and not os.path.isabs(os.fsdecode(name))
        return path if beside or path.startswith(self.place) else None

    def synchronised(self, handle: int) -> None:
        """`os.fsync`, as an operation."""
        path = os.readlink(f"/proc/self/fd/{handle}")
        if path.startswith(self.place):
            self.operation(f"fsync {path}")
            self.open_files.pop(path, None)
        self.fsync(handle)

    def operation(self, what: str) -> None:
        """Count one, and end all processes before it if it is the one."""
        (number,) = struct.unpack("q", self.counter[:8])
        self.counter[:8] = struct.pack("q", number + 1)
        writes = [path for path, size in self.open_files.items() if grown(path, size)]
        os.write(self.log, (json.dumps([what.replace(self.place, ""), bool(writes)]) + "\n").encode())
        if number != self.at:
            return
        for path in writes if self.share is not None else ():
            size = self.open_files[path]
            os.truncate(path, size + int((os.path.getsize(path) - size) * self.share))
        os.killpg(0, signal.SIGKILL)


def grown(path: str, size: int) -> bool:
    """True when the file at `path` has more bytes than `size`."""
    return os.path.isfile(path) and os.path.getsize(path) > size


Call = Callable[[], object]


@dataclass(frozen=True)
class Verb:
    """A verb in a folder: what is there before, the call, and the call after a kill."""

    name: str
    prepare: Callable[[Path], object]
    call: Call
    again: Call | None = None


@dataclass(frozen=True)
class Kill:
    """What came of one kill."""

    verb: str
    operation: str
    part: str
    fault: str
    """Empty where all is well."""


def verbs_of(method: str, points: Sequence[str]) -> Iterator[Verb]:
    """All verbs on runs of one method."""
    train = ("train", *points, *OFTEN, "--seed", "1", "--out", "run")

    def trained(steps: int, scored: bool = False) -> Callable[[Path], object]:
        def make(place: Path) -> None:
            place.mkdir(parents=True)
            done(place, lambda: verb(*train, "--steps", str(steps)))
            if scored:
                done(place, lambda: verb("evaluate", "run", *SCORED))

        return make

    def started() -> object:
        return verb("resume", "run") if Path("run/run.json").exists() else verb(*train, "--steps", "4")

    yield Verb(f"train {method}", lambda place: place.mkdir(), lambda: verb(*train, "--steps", "4"), started)
    yield Verb(f"resume {method}", trained(2), lambda: verb("resume", "run", "--steps", "4"))
    yield Verb(f"evaluate {method}", trained(2), lambda: verb("evaluate", "run", *SCORED))
    yield Verb(f"report {method}", trained(2, True), lambda: verb("report", "run"))
    page = ("report", "run", "--out", "out/page.md")
    yield Verb(f"markdown {method}", trained(2, True), lambda: verb(*page))


def prepare_and_study() -> Iterator[Verb]:
    """The verbs that are not about one run."""
    yield Verb(
        "prepare",
        lambda place: pictures(place / "photos"),
        lambda: verb("data", "inspect", "photos", "--size", "8"),
    )
    yield Verb("study", lambda place: place.mkdir(), conduct_and_write)


def done(place: Path, act: Call) -> None:
    """`act` in a process of its own, which must succeed."""
    if forked(place, act):
        raise RuntimeError(said(place))


def killed(folder: Path, each: Verb, every: int = 1) -> Iterator[Kill]:
    """The outcome of every kill of one verb; with `every` n only of each n-th operation."""
    template, place, counter, log = folder / "template", folder / "place", mmap.mmap(-1, 8), folder / "log"
    for old in (template, place):
        shutil.rmtree(old, ignore_errors=True)
    each.prepare(template)

    def run(at: int | None = None, share: float | None = None) -> list[tuple[str, bool]]:
        fresh(place, template)
        counter[:8] = bytes(8)
        with log.open("wb") as file:
            operations = Operations(counter, file.fileno(), at, share)
            status = forked(place, each.call, operations.watch)
        if (at is None and status) or (at is not None and not os.WIFSIGNALED(status)):
            raise RuntimeError(f"{each.name} at {at}: {said(place)}")
        return [(what, writes) for what, writes in map(json.loads, log.read_text().splitlines())]

    order, whole = run(), contents(place)
    whole |= {name: "" for name in TIMED if name in whole}
    for at, (what, writes) in enumerate(order):
        for part, share in PARTS.items():
            if at % every == 0 and (writes or share is None):
                run(at, share)
                yield Kill(each.name, f"{at}: {what}", part, after(place, each, whole))


def after(place: Path, each: Verb, whole: Contents) -> str:
    """The fault that shows when a killed verb is called again; empty for none."""
    if forked(place, each.again or each.call):
        return f"stuck: {said(place)}"
    there = contents(place)
    if left := sorted(there.keys() - whole.keys()):
        return f"left behind: {', '.join(left)}"
    if lost := sorted(whole.keys() - there.keys()):
        return f"missing: {', '.join(lost)}"
    other = sorted(name for name, content in whole.items() if content and there[name] != content)
    return f"differs: {', '.join(other)}" if other else ""


def all_verbs(methods: Sequence[str]) -> list[Verb]:
    """Every verb of every method, and those without one."""
    return [each for name in methods for each in verbs_of(name, METHODS[name])] + list(prepare_and_study())


def main(args: Sequence[str] | None = None) -> list[Kill]:
    """Read the options, kill, and print faults and the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--verbs", nargs="*", default=[])
    parser.add_argument("--methods", nargs="*", default=["vae", "avae", "wgan-gp"], choices=list(METHODS))
    parser.add_argument("--every", type=int, default=1, help="only each n-th operation")
    asked = parser.parse_args(args)
    warm()
    undrawn()
    found: list[Kill] = []
    print("| verb | operations | kills | faults |\n|---|---|---|---|")
    for each in all_verbs(asked.methods):
        if asked.verbs and each.name.split()[0] not in asked.verbs:
            continue
        with workshop("crash-points-") as folder:
            own = list(killed(folder, each, asked.every))
        operations = len({kill.operation for kill in own})
        print(f"| {each.name} | {operations} | {len(own)} | {sum(bool(k.fault) for k in own)} |", flush=True)
        found += own
    print(f"| all | | {len(found)} | {sum(bool(kill.fault) for kill in found)} |\n")
    for fault, count in Counter(
        f"{k.verb}: {k.operation} ({k.part}): {k.fault}" for k in found if k.fault
    ).items():
        print(fault, f"x{count}" if count > 1 else "")
    return found


if __name__ == "__main__":
    main()

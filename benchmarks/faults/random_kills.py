"""Kill runs at random times, resume them to the end, and compare every bit with a run in one piece.

    python -m benchmarks.faults.random_kills [--kills 300] [--seed 0] [--minutes 60]

Each of five methods trains a tiny run in one piece. Then runs of it are killed (SIGKILL) after a random share
of its processor time, and, with probability one half each time, again while they are resumed. A kill before
the folder of the run exists does not count. In the end weights, averages, optimisers, the log and all other
files equal those of the run in one piece. Linux only.
"""

from __future__ import annotations

import argparse
import random
import resource
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.faults import places
from benchmarks.faults.places import METHODS, OFTEN, Contents, contents, forked, fresh, said, verb

STEPS = "12"


@dataclass(frozen=True)
class Ended:
    """A run that was killed and resumed to its end."""

    method: str
    kills: int
    fault: str
    """Empty where it equals the run in one piece."""


def killed_after(seconds: float) -> Callable[[], None]:
    """Have this process killed after so many seconds of its own computing."""

    def arm() -> None:
        signal.signal(signal.SIGPROF, lambda *_: signal.raise_signal(signal.SIGKILL))
        used = resource.getrusage(resource.RUSAGE_SELF)
        signal.setitimer(signal.ITIMER_PROF, max(seconds - used.ru_utime - used.ru_stime, 1e-4))

    return arm


def go_on(method: str) -> None:
    """`train`, or `resume` where it has made a run."""
    if Path("run/run.json").exists():
        verb("resume", "run")
    else:
        verb("train", *METHODS[method], *OFTEN, "--seed", "1", "--steps", STEPS, "--out", "run")


def runs(folder: Path, seed: int, kills: int, deadline: float) -> Iterator[Ended]:
    """Runs of all methods in turn until there were so many kills, or until `deadline`."""
    whole: dict[str, tuple[Contents, float]] = {}
    for name in METHODS:
        place, before = folder / name, resource.getrusage(resource.RUSAGE_CHILDREN)
        fresh(place, None)
        if forked(place, lambda name=name: go_on(name)):  # type: ignore[misc]
            raise RuntimeError(said(place))
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        whole[name] = contents(place), after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    chance, done = random.Random(seed), 0
    while done < kills and time.monotonic() < deadline:
        for name in METHODS:
            ended = _one(folder / "place", name, chance, *whole[name])
            done += ended.kills
            yield ended


def _one(place: Path, name: str, chance: random.Random, whole: Contents, seconds: float) -> Ended:
    fresh(place, None)
    kills = 0
    while not kills or chance.random() < 0.5:
        if not forked(place, lambda: go_on(name), killed_after(chance.uniform(0, seconds))):
            break  # it came to its end before
        kills += (place / "run").exists()
    if forked(place, lambda: go_on(name)):
        return Ended(name, kills, f"stuck: {said(place)}")
    there = contents(place)
    other = sorted(n for n in there.keys() | whole.keys() if there.get(n) != whole.get(n))
    return Ended(name, kills, f"differs: {', '.join(other)}" if other else "")


def main(args: Sequence[str] | None = None) -> list[Ended]:
    """Read the options, kill, and print faults and the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=60.0)
    asked = parser.parse_args(args)
    places.warm()
    places.undrawn()
    found: list[Ended] = []
    with places.workshop("random-kills-") as folder:
        for ended in runs(folder, asked.seed, asked.kills, time.monotonic() + 60 * asked.minutes):
            found.append(ended)
            if ended.fault:
                print(f"{ended.method}: {ended.fault}", flush=True)
    print("| method | runs | kills | faults |\n|---|---|---|---|")
    for name in (*METHODS, "all"):
        own = [one for one in found if name in (one.method, "all")]
        faults = Counter(bool(one.fault) for one in own)[True]
        print(f"| {name} | {len(own)} | {sum(one.kills for one in own)} | {faults} |", flush=True)
    return found


if __name__ == "__main__":
    main()

"""Write docs/benchmarks.md from the measurements; the package's first lines have the command."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.peers.adapters import ADAPTERS

from chimerae.files import read_json, write_text

REDUNDANT = 1.05
"""Ratio of the arithmetic of both sides from which the peer's passes are called redundant."""
NOISE = 0.97
"""Ratio below which ours counts as slower; blocks of equal work differ by about 3 percent here."""

HEAD = """\
# Speed beside other projects

Written by `python -m benchmarks.peers.page` from the files in
[`benchmarks/peers/results`](../benchmarks/peers/results). The command of the measurements stands in
`benchmarks/peers/__init__.py`; it needs checkouts of the projects, which are not part of this repository.

## Method

- One update of a peer's published training code is compared with the same update of `chimerae train`. Both
  sides run in one process on one core. They begin with the same weights, data and settings of the optimiser.
- The peer's own training function runs from its checkout, with another loader: between two of its blocks, our
  loop plays. Blocks alternate: peer, ours in float32, ours in the precision that `auto` chooses, and again.
- A time is the median over rounds of the mean update of a block, in CPU seconds of the process. Other work on
  the machine adds no CPU seconds, but it shares the caches.
- A ratio is the median over rounds of the peer's time divided by ours: above 1, ours is faster. The range is
  that of the rounds.
- Both times include passes, optimisers, and the losses that each loop reads or prints. Both exclude loading,
  pictures and saved states. Ours has no moving average of the weights (`training.ema` 0), like the peers.
- `auto` is decided as at the start of a run, from a few steps that are timed before the rounds.
- Arithmetic is counted by PyTorch over one update: convolutions and products of matrices, forward and back.
"""


def page(folder: Path) -> str:
    """The whole page."""
    found = [read_json(path, "a measurement") for path in sorted(folder.glob("*.json"))]
    found.sort(key=lambda one: (one["peer"], one["name"]))
    parts = [HEAD, _machine(found), _table(found), _missing(found), _targets(found)]
    parts += [_passes(found), _remarks(found)]
    return "\n".join(parts)


def _machine(found: Sequence[Mapping[str, Any]]) -> str:
    machines = sorted({(m["device"], m["threads"], m["torch"]) for m in (one["machine"] for one in found)})
    lines = [f"- {device}, {n} thread, PyTorch {version}" for device, n, version in machines]
    rounds = sorted({len(one["times"]["theirs"]["cpu"]) for one in found})
    return "\n".join(["## Result", "", *lines, f"- rounds: {', '.join(map(str, rounds))}", ""])


def ratios(one: Mapping[str, Any], side: str) -> list[float]:
    """The peer's time over ours, one per round."""
    times = one["times"]
    return [a / b for a, b in zip(times["theirs"]["cpu"], times[side]["cpu"], strict=True)]


def _table(found: Sequence[Mapping[str, Any]]) -> str:
    lines = [
        "| peer | update and networks | batch | peer, ms | ours, float32, ms | ratio (range) "
        "| arithmetic, peer / ours, GFLOP | `auto` | ours, ms | ratio (range) |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for one in found:
        work = one["arithmetic"]
        auto = one["auto"]
        lines.append(
            f"| {one['peer']} | {one['what']} | {one['batch_size']} | {_ms(one, 'theirs')} "
            f"| {_ms(one, 'float32')} | {_ratio(one, 'float32')} "
            f"| {work['theirs'] / 1e9:.3g} / {work['ours'] / 1e9:.3g} "
            f"| {auto} | {_ms(one, auto)} | {_ratio(one, auto)} |"
        )
    return "\n".join([*lines, ""])


def _missing(found: Sequence[Mapping[str, Any]]) -> str:
    """The measurements that are defined and have no file."""
    known = [s.case.name for adapter in ADAPTERS.values() for s in adapter.starts(Path())]
    left = [name for name in known if name not in {one["name"] for one in found}]
    return f"Defined and not measured yet: {', '.join(left) or 'none'}.\n"


def _ms(one: Mapping[str, Any], side: str) -> str:
    return f"{1000 * median(one['times'][side]['cpu']):.3g}"


def _ratio(one: Mapping[str, Any], side: str) -> str:
    values = ratios(one, side)
    return f"**{median(values):.2f}** ({min(values):.2f} to {max(values):.2f})"


def _targets(found: Sequence[Mapping[str, Any]]) -> str:
    """The three targets, and the rows that miss them."""
    alike = [one for one in found if one["same"]]
    wasteful = [one for one in alike if one["arithmetic"]["theirs"] > REDUNDANT * one["arithmetic"]["ours"]]
    rows = [
        (
            "at least 1.5 times as fast in float32 where the peer makes redundant passes",
            wasteful,
            "float32",
            1.5,
        ),
        (f"nowhere slower in float32 (below {NOISE})", found, "float32", NOISE),
        ("at least 2.5 times as fast in the precision of `auto`", alike, None, 2.5),
    ]
    lines = ["## Targets", "", "| target | met | missed by |", "|---|---|---|"]
    for target, of, side, least in rows:
        missed = [one for one in of if median(ratios(one, side or one["auto"])) < least]
        names = ", ".join(f"{one['name']} ({median(ratios(one, side or one['auto'])):.2f})" for one in missed)
        lines.append(f"| {target} | {len(of) - len(missed)} of {len(of)} | {names or '-'} |")
    return "\n".join([*lines, ""])


def _passes(found: Sequence[Mapping[str, Any]]) -> str:
    lines = [
        "## Sources of the gains",
        "",
        "Passes of each network in an update: forward, back to its weights, back to its input alone. A pass",
        "back to the weights costs about two forward passes, one to the input alone about one.",
        "",
        "The ratio of the rest is the float32 ratio divided by that of the arithmetic. It holds the fused",
        "optimiser, `channels_last`, convolutions without the taps that see only padding, kernels of a",
        "distance, and the reading of losses.",
        "",
        "| measurement | network | peer | ours | ratio of arithmetic | ratio of the rest |",
        "|---|---|---|---|---|---|",
    ]
    for one in found:
        work = one["arithmetic"]["theirs"] / one["arithmetic"]["ours"]
        rest = median(ratios(one, "float32")) / work
        ours = one["passes"]["ours"]
        for network, theirs in one["passes"]["theirs"].items():
            passes = f"{_counts(theirs)} | {_counts(ours[network])}"
            lines.append(f"| {one['name']} | {network} | {passes} | {work:.2f} | {rest:.2f} |")
    return "\n".join([*lines, ""])


def _counts(passes: Sequence[int]) -> str:
    return ", ".join(map(str, passes))


def _remarks(found: Sequence[Mapping[str, Any]]) -> str:
    lines = ["## Differences between both updates", ""]
    told: dict[str, list[str]] = {}
    for one in found:
        for remark in one["remarks"]:
            told.setdefault(remark, []).append(one["name"])
    lines += [f"- {', '.join(names)}: {remark}" for remark, names in told.items()]
    lines += [
        "",
        "Mean squared error of the reconstructed batch after equally many updates in float32, of the peer",
        "and of ours; the draws of noise differ:",
        "",
    ]
    learnt = [one for one in found if one["errors"]["ours"] is not None]
    lines += [
        f"- {one['name']}: {one['errors']['theirs']:.4f}, {one['errors']['ours']:.4f}" for one in learnt
    ]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    write_text(Path(sys.argv[2]), page(Path(sys.argv[1])))

"""An inspection in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from chimerae.data.inspect import Channel, Inspection
from chimerae.shapes import describe

N_SIZES: Final = 5
N_NAMES: Final = 20
"""Unreadable files that are named; of the rest, how many."""


def in_words(found: Inspection) -> str:
    """The inspection as lines of text, `what  value`, problems last."""
    lines = [*_holds(found), *_values(found.channels, images=found.facts.kind == "images"), *_problems(found)]
    width = max(len(what) for what, _ in lines)
    return "\n".join(f"{what:<{width}}  {value}".rstrip() for what, value in lines)


def _holds(found: Inspection) -> Iterator[tuple[str, str]]:
    facts, look = found.facts, found.look
    yield "source", facts.source
    counts = ", ".join(f"{count:,} {split}" for split, count in facts.counts.items())
    held_out = "" if facts.hold_out is None else f" (no test split: {facts.hold_out:.0%} held out)"
    yield facts.kind, counts + held_out
    if look.sizes:
        yield "sizes", _listed({f"{height}x{width}": n for (height, width), n in look.sizes.items()})
        yield "modes", _listed(look.modes)
    if facts.classes:
        yield "labels", f"{len(facts.classes)}: {_some(facts.classes)}"
    yield "network sees", describe(facts.shape) + _how(found)
    yield from (("not used", f"{count:,} {what}") for what, count in facts.left_out.items())


def _how(found: Inspection) -> str:
    facts = found.facts
    unchanged = found.look.final == found.look.shape and not found.chosen
    if facts.transform is None or (unchanged and facts.transform.crop is None):
        return ""
    cut = "" if facts.transform.crop is None else f"crop: {facts.transform.crop}, "
    chosen = f"; sizes differ, choose one with --prepare.size {facts.shape[1]}" if found.chosen else ""
    return f" ({cut}fit: {facts.transform.fit}{chosen})"


def _values(channels: tuple[Channel, ...], *, images: bool) -> Iterator[tuple[str, str]]:
    names = {1: ("grey",), 3: ("red", "green", "blue")}[len(channels)] if images else ()
    for i, channel in enumerate(channels):
        yield (
            names[i] if names else f"x{i + 1}",
            f"{channel.low:.4g} to {channel.high:.4g}, mean {channel.mean:.4f}, "
            f"deviation {channel.deviation:.4f}",
        )


def _problems(found: Inspection) -> Iterator[tuple[str, str]]:
    facts = found.facts
    leaked = f", {found.leaked:,} of them in train and test" if found.leaked else ""
    yield "duplicates", f"{found.duplicates:,}{leaked}"
    if facts.kind == "images":
        yield "single colour", f"{facts.constant:,}"
        yield "unreadable", f"{len(facts.unreadable):,}"
    yield from (("", f"{unread.name}: {unread.why}") for unread in facts.unreadable[:N_NAMES])
    if len(facts.unreadable) > N_NAMES:
        yield "", f"... and {len(facts.unreadable) - N_NAMES:,} more (all are in the manifest)"


def _listed(counts: Mapping[str, int]) -> str:
    """The commonest entries with their counts.

    >>> _listed({"L": 3, "RGB": 1})
    'L (3), RGB (1)'
    """
    shown = ", ".join(f"{what} ({count:,})" for what, count in list(counts.items())[:N_SIZES])
    return shown + (f", and {len(counts) - N_SIZES:,} others" if len(counts) > N_SIZES else "")


def _some(names: tuple[str, ...]) -> str:
    return ", ".join(names[:N_SIZES]) + (", ..." if len(names) > N_SIZES else "")

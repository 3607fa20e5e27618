"""The protocol beside a score, which makes values comparable."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from chimerae.report.compare import readable
from chimerae.run_folder.scores import DATA, Score

COMPARED: Final = ("data", "real", "real_n", "labels", "weights_of_features")
"""Parts of a protocol that must agree between networks for a comparison."""
SEED: Final = "seed"
"""Part of a protocol that may differ between comparable values."""


def protocol_of(score: Score) -> dict[str, str]:
    """Facts that must agree for two values to be comparable: the protocol without its seed, and n."""
    protocol = {name: readable(value) for name, value in score.protocol.items() if name != SEED}
    return (
        protocol
        if score.n is None
        else {"n": f"{score.n:,}"} | {k: v for k, v in protocol.items() if k != "n"}
    )


def shared_by(protocols: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Facts that all protocols share."""
    first, *others = protocols
    return {name: value for name, value in first.items() if all(p.get(name) == value for p in others)}


def words(protocol: Mapping[str, str]) -> str:
    """A protocol as people read it.

    >>> words({"n": "360", "split": "test"})
    'n 360; split test'
    """
    return "; ".join(f"{name} {value}" for name, value in protocol.items())


def protocols(sets: Mapping[str, Sequence[Score]], titles: Mapping[str, str]) -> list[str]:
    """Protocols of the values of a table: that of all columns, then those of columns that share more.

    `sets` maps the name of each set of competing rows to their scores. `titles` maps the metrics shown to the
    titles of their columns.
    """
    own = {metric: _measured(sets, metric) for metric in titles}
    own = {metric: measured for metric, measured in own.items() if measured}
    if not own:
        return []
    common = _shared(score for measured in own.values() for some in measured.values() for score in some)
    special: dict[str, list[str]] = {}
    for metric, measured in own.items():
        special.setdefault("; ".join(_told(measured, common)), []).append(titles[metric])
    said = [f"{', '.join(shown)}: {text}." for text, shown in special.items() if text]
    return [f"All values: {words(common)}.", *said] if common else said


def unlike(sets: Mapping[str, Sequence[Score]], metric: str) -> frozenset[str]:
    """Names of the sets in which values of a metric were measured differently and cannot be compared."""
    return frozenset(name for name, some in _measured(sets, metric).items() if _differ(some))


def _differ(scores: Sequence[Score]) -> bool:
    """True when values of one network were measured differently, or any two against different data."""
    networks = {score.of: protocol_of(score) for score in scores}
    compared = {tuple(protocol_of(score).get(fact) for fact in COMPARED) for score in scores}
    return len(compared) > 1 or any(protocol_of(score) != networks[score.of] for score in scores)


def _measured(sets: Mapping[str, Sequence[Score]], metric: str) -> dict[str, list[Score]]:
    """Scores of models in one metric, by set."""
    own = {name: [s for s in some if s.metric == metric and s.of != DATA] for name, some in sets.items()}
    return {name: some for name, some in own.items() if some}


def _told(sets: Mapping[str, Sequence[Score]], common: Mapping[str, str]) -> Iterator[str]:
    """The protocol of one column beyond `common`.

    The part that all its scores share comes first, then the further part of each set. The rest of each
    network in the set follows, as improved samples have one. If runs of the set differ, a warning replaces
    this rest.
    """
    shared = _shared(score for some in sets.values() for score in some)
    if more := _beyond(shared, common):
        yield words(more)
    for name, some in sets.items():
        before = f"{name}: " if len(sets) > 1 else ""
        of_set = _shared(some)
        if more := _beyond(of_set, shared):
            yield before + words(more)
        if _differ(some):
            yield before + "† measured differently from run to run: these values do not compare"
            continue
        networks = {score.of: protocol_of(score) for score in some}
        for network, protocol in networks.items():
            if more := _beyond(protocol, of_set):
                yield f"{before}{network}: {words(more)}"


def _shared(scores: Iterable[Score]) -> dict[str, str]:
    return shared_by([protocol_of(score) for score in scores])


def _beyond(protocol: Mapping[str, str], known: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in protocol.items() if name not in known}

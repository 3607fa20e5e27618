"""Verdicts on runs, in words: rules over findings. `docs/report.md` lists every sentence and its rule."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from chimerae.report import rules
from chimerae.report.findings import Findings, findings
from chimerae.report.names import listed
from chimerae.report.read import RunFolder
from chimerae.report.rules import step_of

NOTHING: Final = "Nothing to judge by yet: neither scores nor pictures."
SAME: Final = rules.SPREAD[0].words
"""Words for a collapsed generator."""
BLURS: Final = "blurs"
REDRAWS: Final = "redraws each image as another one of its class"
CHANGES: Final = "often changes the class"
BLURRED: Final = "are blurred"
GRAINY: Final = "have too much fine detail"
COPIES: Final = "are copies of training images, {share} in 100"
NO_COPIES: Final = "are no copies of training images"
NEAR: Final = "stay nearer to training images than new images do"
ALL_MODES: Final = "cover all {of} modes"
SOME_MODES: Final = "cover {n} of {of} modes"


@dataclass(frozen=True)
class Clause:
    """A part of a sentence, and whether it praises."""

    words: str
    good: bool


def verdict(run: RunFolder) -> str:
    """One sentence about each network that decodes.

    Raises:
        InputError: a picture of the run cannot be read.
    """
    found = findings(run)
    told = [sentence(each, named=len(found) > 1) for each in found]
    return " ".join(filter(None, told)) or NOTHING


def sentence(found: Findings, *, named: bool = False) -> str:
    """The sentence about one network, with its name if `named`; '' when nothing is known."""
    samples = list(_samples(found))
    collapsed = [clause for clause in samples if clause.words == SAME]
    does = [joined(clauses) for clauses in (collapsed, list(_reconstruction(found))) if clauses]
    text = " and ".join(does)
    if named and text:
        text = f"the {found.network} {text}"
    if samples and not collapsed:
        owner = "its samples" if text else f"the {found.network}'s samples" if named else "samples"
        text = "; ".join(filter(None, [text, f"{owner} {joined(samples)}"]))
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def joined(clauses: Sequence[Clause]) -> str:
    """Clauses in one sentence, praise before blame.

    >>> joined([Clause("are blurred", False), Clause("are varied", True), Clause("are no copies", True)])
    'are varied and are no copies, but are blurred'
    """
    ordered = sorted(clauses, key=lambda clause: not clause.good)
    sides = [[clause.words for clause in own] for _, own in groupby(ordered, key=lambda clause: clause.good)]
    return ", but ".join(map(listed, sides))


def _reconstruction(found: Findings) -> Iterator[Clause]:
    if found.error is None:
        return
    step, same = step_of(rules.ERROR, found.error), found.first("label_agreement")
    if same is not None and same.value >= rules.SAME_CLASS and step not in rules.ERROR[:2]:
        yield Clause(REDRAWS, good=True)
        return
    yield Clause(step.words, step.good)
    if step is rules.ERROR[-1]:
        return
    if found.detail is not None and found.detail < rules.DETAIL:
        yield Clause(BLURS, good=False)
    if same is not None and same.value < rules.OTHER_CLASS:
        yield Clause(CHANGES, good=False)


def _samples(found: Findings) -> Iterator[Clause]:
    """Clauses about samples; for a collapsed network, the collapse alone."""
    variety = _variety(found)
    if variety is not None:
        yield variety
        if variety.words == SAME:
            return
    yield from _of_points(found)
    realism = _realism(found)
    if realism is not None:
        yield realism
    sharpness = found.first("sharpness")
    share = None if sharpness is None else sharpness.share
    if share is not None and not rules.BLURRED <= share <= rules.GRAINY:
        yield Clause(BLURRED if share < rules.BLURRED else GRAINY, good=False)
    yield from _copies(found, blurred=share is None or share < rules.BLURRED, real=realism)


def _variety(found: Findings) -> Clause | None:
    """Variety of samples: by distances of features, else coverage, else variance.

    A collapsed variance goes before these, unless distances of features reach `rules.APART`.
    """
    spread = None if found.spread is None else step_of(rules.SPREAD, found.spread)
    distance, coverage = found.of_features("variety"), found.of_features("coverage")
    step = spread
    if spread is not None and spread.words == SAME and (distance is None or distance.value < rules.APART):
        pass
    elif distance is not None:
        step = step_of(rules.DISTANCE, distance.value)
    elif coverage is not None and coverage.share is not None:
        step = step_of(rules.COVERED, coverage.share)
    return None if step is None else Clause(step.words, step.good)


def _realism(found: Findings) -> Clause | None:
    """Likeness of samples to the data: by features, else by the sliced Wasserstein distance."""
    realism, swd = found.realism(), found.first("swd")
    if realism is not None:
        step = step_of(rules.REALISM, realism)
    elif swd is not None and swd.share is not None:
        step = step_of(rules.SWD, swd.share)
    else:
        return None
    return Clause(step.words, step.good)


def _copies(found: Findings, *, blurred: bool, real: Clause | None) -> Iterator[Clause]:
    """Clauses about copies; their absence is mentioned only where samples look like the data."""
    copied, near = found.first("copied"), found.first("nearest_train")
    if copied is not None:
        if copied.value >= rules.COPIED:
            yield Clause(COPIES.format(share=round(100 * copied.value)), good=False)
        elif real is not None and real.good:
            yield Clause(NO_COPIES, good=True)
    elif near is not None and near.share is not None and near.share < rules.NEAR and not blurred:
        yield Clause(NEAR, good=False)


def _of_points(found: Findings) -> Iterator[Clause]:
    """Clauses about points of the plane: their closeness to the data, and their coverage of it."""
    near = found.first("near_data", "in_modes")
    if near is not None and near.share is not None:
        step = step_of(rules.ON_DATA, near.share)
        yield Clause(step.words, step.good)
    modes, divergence = found.first("modes_covered"), found.first("jsd_nats")
    if modes is not None and modes.data:
        n, of = round(modes.value), round(modes.data)
        words = ALL_MODES.format(of=of) if n >= of else SOME_MODES.format(n=n, of=of)
        yield Clause(words, good=n >= of)
    if divergence is not None and divergence.data is not None:
        step = step_of(rules.DIVERGENCE, divergence.value - divergence.data)
        yield Clause(step.words, step.good)

"""Results of an evaluation, and their file `scores.json`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from os import PathLike
from pathlib import Path
from typing import Any

from torch import Tensor

from chimerae.errors import InputError
from chimerae.files import read_json, write_json
from chimerae.metrics import METRICS, Fact
from chimerae.run_folder.fields import number
from chimerae.run_folder.schema import SCHEMAS, SCORES, check_schema, renamed
from chimerae.run_folder.scores import Score


@dataclass(frozen=True, kw_only=True)
class Shown:
    """Tensors on the CPU, images `[n, C, H, W]` in [0, 1] or points `[n, 2]`; empty where none."""

    originals: Tensor | None = None
    """Test samples, evenly spread over the split."""
    reconstructions: Mapping[str, Tensor] = field(default_factory=dict)
    """Reconstructions of `originals` by each network."""
    learnt: Mapping[str, Tensor] = field(default_factory=dict)
    """Training samples, evenly spread over the split, as `originals`, and their reconstructions."""
    samples: Mapping[str, Tensor] = field(default_factory=dict)
    """Samples of each network, from the same prior codes."""
    columns: int | None = None
    """Columns of a sheet of `samples`: one for each class where networks take labels; None: any."""
    interpolation: Tensor | None = None
    """Images of the generating network, `[pairs, steps, C, H, W]`; with an encoder the ends are originals."""
    neighbours: Mapping[str, Tensor] = field(default_factory=dict)
    """Samples of the network that generates, and the training image nearest to each."""
    manifold: Tensor | None = None
    """Images of the generating network: codes on a plane, `[100, C, H, W]`, or a line, `[10, C, H, W]`."""
    clouds: Mapping[str, Tensor] = field(default_factory=dict)
    """Points of the plane: the data's, then each network's."""
    codes: Mapping[str, Tensor] = field(default_factory=dict)
    """Draws from the prior P_z and from the aggregate posterior Q_z on the same two axes, `[n, 2]`."""
    units: Tensor | None = None
    """KL of the posteriors to the prior in nats, dimension by dimension, largest first, `[z]`; None for
    codes of one dimension, and where posteriors have no density.
    """


@dataclass(frozen=True, kw_only=True)
class Results:
    """Results of an evaluation, or of a part of it."""

    scores: tuple[Score, ...] = ()
    absent: Mapping[str, str] = field(default_factory=dict)
    """Metrics that could not be computed for at least one network, each with the reason in one line."""
    shown: Shown = field(default_factory=Shown)
    latents: Mapping[str, Any] = field(default_factory=dict)
    """Statistics of codes that are maps, else empty: their shape, the number `n` of encoded samples, mean and
    deviation by channel, and the `scaling` that gives all of them together the deviation 1 (None where they
    are all alike).
    """
    earlier: tuple[Score, ...] = ()
    """Earlier scores of the same weights: the newer one has another protocol or number of samples, or the
    metric could not be computed the last time. Tables leave them out.
    """


def merged(new: Results, before: Results) -> Results:
    """`new`, merged with the results of earlier evaluations of the same weights.

    There is one score for each metric and network, the newest. A replaced score moves to `earlier` when its
    protocol or number of samples differs, and is dropped otherwise. Scores of metrics outside `new` stay.
    """
    measured = {(score.metric, score.of): score for score in new.scores}
    kept: list[Score] = []
    earlier = [old for old in before.earlier if not any(_alike(old, score) for score in new.scores)]
    for old in before.scores:
        newer = measured.get((old.metric, old.of))
        if newer is None and old.metric not in new.absent:
            kept.append(old)
        elif newer is None or not _alike(old, newer):
            earlier.append(old)
    names = {score.metric for score in new.scores}
    absent = {name: why for name, why in before.absent.items() if name not in names} | dict(new.absent)
    scores = sorted([*new.scores, *kept], key=lambda score: _rank(score.metric))
    latents = new.latents or before.latents
    return replace(new, scores=tuple(scores), absent=absent, earlier=tuple(earlier), latents=latents)


def _alike(a: Score, b: Score) -> bool:
    """True when both are of the same metric and network, measured in the same way."""
    return (a.metric, a.of, a.n, dict(a.protocol)) == (b.metric, b.of, b.n, dict(b.protocol))


def _rank(name: str) -> int:
    """The place of a metric in the list; names may have an ending for the labels that were used."""
    places = {metric.name: i for i, metric in enumerate(METRICS)}
    known = max((each for each in places if name.startswith(each)), key=len, default="")
    return places.get(known, len(places))


def scores_json(results: Results, step: int) -> dict[str, Any]:
    """The contents of `scores.json`."""
    scores, earlier = ([asdict(score) for score in some] for some in (results.scores, results.earlier))
    content = {"schema": SCHEMAS[SCORES], "step": step, "scores": scores, "absent": dict(results.absent)}
    content |= {"latents": dict(results.latents)} if results.latents else {}
    return content | ({"earlier": earlier} if earlier else {})


def write_scores(results: Results, step: int, path: str | PathLike[str]) -> None:
    """Write `scores.json` atomically; raises an `InputError` when `path` cannot be written."""
    write_json(Path(path), scores_json(results, step))


def read_scores(path: str | PathLike[str]) -> tuple[Results, int]:
    """Results that `write_scores` wrote (without `shown`), and the step.

    Raises an `InputError` when the file is missing, damaged or of another version.
    """
    given = read_json(Path(path), "scores")
    check_schema(given, Path(path), SCORES)
    try:
        scores, earlier = (
            tuple(_score(score) for score in map(renamed, some))
            for some in (given["scores"], given.get("earlier", []))
        )
        absent, step, latents = given.get("absent", {}), given["step"], given.get("latents", {})
        if type(step) is not int or not all(isinstance(why, str) for why in absent.values()):
            raise TypeError("no step, or no reasons for what is absent")
        if not isinstance(latents, dict):
            raise TypeError("no statistics of codes")
        return Results(scores=scores, absent=absent, earlier=earlier, latents=latents), step
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path} is damaged ({type(error).__name__}: {error}); evaluate the run again"
        ) from None


def _score(given: Mapping[str, Any]) -> Score:
    score = Score(**{**given, "protocol": _facts(given["protocol"])})
    words = (score.metric, score.of, score.better)
    numbers = [score.value, *(n for n in (score.std, score.n) if n is not None)]
    if not all(isinstance(word, str) for word in words) or not all(math.isfinite(number(n)) for n in numbers):
        raise TypeError(
            f"the score {score.metric!r} has no value, or other words and numbers than scores have"
        )
    return score


def _facts(protocol: Mapping[str, Any]) -> dict[str, Fact]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in protocol.items()}

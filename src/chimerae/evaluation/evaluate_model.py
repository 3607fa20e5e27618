"""Evaluation of a trained model: one pass over the test split feeds every metric."""

from __future__ import annotations

from torch import Tensor

from chimerae.data import Prepared
from chimerae.errors import InputError
from chimerae.evaluation.codes import measure_codes, probe_rows
from chimerae.evaluation.nearest import measure_nearest
from chimerae.evaluation.pairs import measure_pairs
from chimerae.evaluation.rebuilt import measure_rebuilt
from chimerae.evaluation.samples import measure_samples
from chimerae.evaluation.scores import Results, Shown
from chimerae.evaluation.seeded_codec import SeededCodec
from chimerae.evaluation.settings import Evaluation
from chimerae.evaluation.task import Task
from chimerae.evaluation.toy_points import measure_toy_points
from chimerae.evaluation.visuals import show
from chimerae.labels import weights
from chimerae.methods import Method
from chimerae.metrics import (
    LatentMetric,
    Metric,
    MetricContext,
    NearestMetric,
    PairMetric,
    SampleMetric,
    ToyMetric,
    metrics_of,
)
from chimerae.nets import Nets
from chimerae.progress import Progress, silent
from chimerae.shapes import is_image


def evaluate(
    method: Method,
    nets: Nets,
    data: Prepared,
    settings: Evaluation | None = None,
    *,
    progress: Progress = silent,
    kind: type[SeededCodec] = SeededCodec,
    pictures: bool = True,
) -> Results:
    """Evaluate `nets` on the test split of `data` and, for a toy, on fresh points of its density.

    Without `pictures` the results have scores only.

    Every network that turns codes into samples is scored on the same codes and noise. Noise is a function of
    the seed and the sample's place, so the batch size changes no value. A metric that cannot be computed is
    named in `absent` with the reason; the others are still computed. `kind` is another class of codec, for
    models whose samples come from elsewhere.
    """
    settings = settings or Evaluation()
    with nets.evaluating(batch_statistics=settings.bn == "batch"):
        codec = kind(
            method, nets, data.shape, settings.seed, settings.batch_size, frequencies(method.label_dim, data)
        )
        context = _context(codec, data, settings)
        wanted = metrics_of(settings.metrics)
        unsuited = {m.name: reason for m in wanted if (reason := m.why_not(context)) is not None}
        suited = [m for m in wanted if m.name not in unsuited]
        task = Task(codec, data, context, settings, progress)
        sets = [m for m in suited if isinstance(m, SampleMetric)]
        measured = [
            measure_pairs(task, [m for m in suited if isinstance(m, PairMetric)]),
            measure_samples(task, [m for m in sets if m.made == "samples"]),
            measure_rebuilt(task, [m for m in sets if m.made == "reconstructions"]),
            measure_nearest(task, [m for m in suited if isinstance(m, NearestMetric)]),
            measure_codes(task, [m for m in suited if isinstance(m, LatentMetric)]),
            measure_toy_points(task, [m for m in suited if isinstance(m, ToyMetric)]),
        ]
        shown = show(codec, data, train=settings.rebuild_train, n=settings.n) if pictures else Shown()
    asked = settings.metrics is not None
    absent = {
        m.name: unsuited[m.name] for m in wanted if m.name in unsuited and (asked or _expected(m, context))
    }
    for part in measured:
        absent |= part.absent
    latents = next((part.latents for part in measured if part.latents), {})
    scores = tuple(s for part in measured for s in part.scores)
    return Results(scores=scores, absent=absent, shown=shown, latents=latents)


def frequencies(classes: int, data: Prepared) -> Tensor | None:
    """Frequencies `[classes]` of the labels of `data`, of its test split where it has one; None without
    classes.

    Raises:
        InputError: there are classes, and the data have no labels, or others.
    """
    if not classes:
        return None
    labels = data.train.labels if data.test.labels is None or not len(data.test) else data.test.labels
    if labels is None:
        source = data.facts.source
        raise InputError(f"the model learnt with labels, and {source} has none: give data with labels")
    found = weights(labels, classes)
    assert found is not None
    return found.mean(0)


def _expected(metric: Metric, context: MetricContext) -> bool:
    """True if this metric's absence should be explained although it was not requested: metrics of
    feature networks, on images.
    """
    features = metric.features if isinstance(metric, PairMetric | SampleMetric) else None
    return features is not None and is_image(context.shape)


def _context(codec: SeededCodec, data: Prepared, settings: Evaluation) -> MetricContext:
    labelled = probe_rows(data.train, data.test)
    return MetricContext(
        shape=data.shape,
        source=data.facts.source,
        toy=data.toy,
        encodes=codec.method.encodes,
        generates=codec.method.generates,
        with_codes=codec.method.has_codes,
        posterior=codec.posterior_kind(data.test),
        z_dim=codec.method.z_dim,
        noise_dim=codec.method.noise_dim,
        with_labels=data.train.labels is not None or settings.labels is not None,
        labelled=len(labelled),
        classes=0 if data.train.labels is None else len(data.train.labels[labelled].unique()),
    )

"""Evaluation of a trained model: one pass over the test split feeds every metric."""

from __future__ import annotations

from chimerae.data import Prepared
from chimerae.evaluation.bench import Bench
from chimerae.evaluation.clouds import measure_clouds
from chimerae.evaluation.latent import measure_latent
from chimerae.evaluation.pairs import measure_pairs
from chimerae.evaluation.samples import measure_samples
from chimerae.evaluation.scores import Results
from chimerae.evaluation.settings import Evaluation
from chimerae.evaluation.shown import show
from chimerae.methods import Method
from chimerae.metrics import METRICS, CloudMetric, LatentMetric, PairMetric, SampleMetric, Subject
from chimerae.nets import Nets
from chimerae.progress import Progress, silent


def evaluate(
    method: Method,
    nets: Nets,
    data: Prepared,
    settings: Evaluation | None = None,
    *,
    progress: Progress = silent,
) -> Results:
    """Measure what `nets` make of the test split of `data`, and draw of the toy if it is one.

    Every network that turns codes into samples is scored on the same codes and noise. Noise is a function of
    the seed and the sample's place, so the batch size changes no value. A metric that cannot be computed is
    named in `absent` with the reason; the others come out all the same.
    """
    settings = settings or Evaluation()
    subject = Subject(
        shape=data.shape,
        source=data.facts.source,
        toy=data.toy,
        encodes=method.encodes,
        z_dim=method.z_dim,
        noise_dim=method.noise_dim,
        labelled=data.train.labels is not None or settings.labels is not None,
    )
    wanted = [m for m in METRICS if settings.metrics is None or m.name in settings.metrics]
    unsuited = {m.name: reason for m in wanted if (reason := m.unsuited(subject)) is not None}
    pairs = [m for m in wanted if isinstance(m, PairMetric) and m.name not in unsuited]
    samples = [m for m in wanted if isinstance(m, SampleMetric) and m.name not in unsuited]
    latent = [m for m in wanted if isinstance(m, LatentMetric) and m.name not in unsuited]
    clouds = [m for m in wanted if isinstance(m, CloudMetric) and m.name not in unsuited]
    with nets.evaluating(batch_statistics=settings.bn == "batch"):
        bench = Bench(method, nets, data.shape, settings.seed, settings.batch_size)
        measured = [measure_pairs(bench, data, pairs, subject, settings, progress)]
        measured.append(measure_samples(bench, data, samples, subject, settings, progress))
        measured.append(measure_latent(bench, data.test, latent, subject, settings, progress))
        if data.toy is not None:
            measured.append(measure_clouds(bench, data.toy, clouds, subject, settings, progress))
        shown = show(bench, data)
    absent = {} if settings.metrics is None else dict(unsuited)
    for part in measured:
        absent |= part.absent
    return Results(scores=tuple(s for part in measured for s in part.scores), absent=absent, shown=shown)

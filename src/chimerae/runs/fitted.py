"""Samples of a run from a prior fitted to the codes of its training data."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from chimerae.data import prepare
from chimerae.data.memory import held_again
from chimerae.evaluation.fitted_priors import fit_to
from chimerae.evaluation.improved import Improve
from chimerae.evaluation.seeded_codec import SeededCodec
from chimerae.evaluation.settings import Fitted
from chimerae.model import Model, load
from chimerae.progress import Progress, silent
from chimerae.runs.folder import read_run, same_data

AT_ONCE = 256
"""Samples that the networks see at a time."""


def sample_fitted(
    folder: str | Path,
    kind: Fitted,
    n: int,
    *,
    labels: Tensor | None = None,
    network: str | None = None,
    seed: int = 0,
    improve: Improve | None = None,
    device: str = "auto",
    data: object = None,
    progress: Progress = silent,
) -> Tensor:
    """Samples `[n, *shape]` of a run, from a prior fitted to the codes of its training data.

    Args:
        folder: the run folder.
        kind: a Gaussian, a mixture of ten, clusters of k-means, or a normalising flow.
        n: number of samples.
        labels: label of each sample, `[n]`, for a model that learnt with labels; draws when not given.
        network: the network that makes them; the last one when not given.
        seed: the same seed gives the same prior and the same samples.
        improve: how codes are improved, if at all.
        device: "auto", "cpu", "cuda" or "mps".
        data: the data in memory that the run began with, where their prepared arrays are gone.
        progress: called while data are prepared.

    Raises:
        InputError: the run or its data are missing or have changed, or the method has no encoder.
    """
    folder = Path(folder)
    run, model = read_run(folder), load(folder, device=device)
    with held_again(data, run.data):
        prepared = prepare(run.data, run.prepare, progress=progress)
    same_data(folder, prepared.manifest)
    codec = SeededCodec(model.method, model.nets, model.shape, seed=seed, batch_size=AT_ONCE)
    prior = fit_to(codec, prepared.train, kind)
    times = improve.reject if improve else 1
    y = None if labels is None else labels.repeat_interleave(times)
    z = codec.with_noise(prior.codes(0, n * times, seed), 0, "xi of z", y)
    return _decoded(model, model.improve(z, improve, network=network) if improve else z, network)


def _decoded(model: Model, z: Tensor, network: str | None) -> Tensor:
    return torch.cat([model.decode(part, network=network) for part in z.split(AT_ONCE)])

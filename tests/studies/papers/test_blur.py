from __future__ import annotations

from pathlib import Path

import pytest
import torch

from chimerae.data import prepare
from chimerae.metrics.edges import fitted
from chimerae.model import load
from chimerae.studies import StudyResults
from chimerae.studies.papers.blur import STUDY
from chimerae.tables import Values
from tests.studies.papers.tiny import tiny

SMALL = {"arch.width": 48, "steps": 900, "training.optimizer.lr": 3e-3}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("blur")


@pytest.fixture(scope="module")
def found(folder: Path) -> StudyResults:
    """The study in miniature."""
    metrics = ("edge_width", "edge_open", "edge_misfit", "binary")
    return tiny(STUDY, folder, SMALL, metrics=metrics, only=("VAE", "AVAE"))


def test_the_vae_blurs_and_the_generator_does_not(found: StudyResults):
    vae, data = found("VAE", "edge_width").mean, found("data", "edge_width").mean
    generator, decoder = (found(f"AVAE: {n}", "edge_width").mean for n in ("generator", "decoder"))
    assert vae > 4 * data
    assert decoder > 4 * data
    assert generator < 0.6 * min(vae, decoder)
    assert found("AVAE: generator", "binary").mean > found("VAE", "binary").mean


def test_the_vaes_edges_are_erf_profiles(found: StudyResults):
    assert found("VAE", "edge_misfit").mean < 0.04


def test_the_blur_is_as_wide_as_the_code_leaves_open(found: StudyResults):
    for encoder, decoder in (("VAE", "VAE"), ("AVAE", "AVAE: decoder")):
        predicted = found(encoder, "edge_open").mean
        assert predicted > 0.5
        assert found(decoder, "edge_width").mean == pytest.approx(predicted, rel=0.2)


def test_the_decoder_draws_the_mean_of_all_images_that_its_code_may_stand_for(
    folder: Path, found: StudyResults
):
    """By brute force over the training images, weighted by the densities of their posteriors."""
    model = load(folder / "cells" / "vae-s0")
    images = prepare("step-edges").train.take(range(0, 8192, 4))
    with torch.no_grad():
        q = model.encode(images)
        z = torch.linspace(-1.2, 1.2, 13)[:, None]
        density = (-((z - q.mu.T) ** 2) / (2 * q.sigma.T**2)).exp() / q.sigma.T
        best = (density @ images.flatten(1)) / density.sum(1, keepdim=True)
        drawn = model.decode(z)
    best, ours = (x.reshape(13, 16, 16).mean(1).double() for x in (best, drawn))
    assert (best - ours).square().mean(1).sqrt().max() < 0.05
    expected, width = (fitted(x)[0] for x in (best, ours))
    assert abs(width.mean() / expected.mean() - 1) < 0.15  # marks on what was learned, not on rounding
    assert abs(found("VAE", "edge_open").mean / expected.mean() - 1) < 0.25


ROWS = {
    ("VAE", "edge_width"): 0.88,
    ("VAE", "edge_open"): 0.87,
    ("VAE", "edge_misfit"): 0.007,
    ("AVAE: decoder", "edge_width"): 1.32,
    ("AVAE", "edge_open"): 1.3,
    ("AVAE: generator", "edge_width"): 0.14,
    ("AVAE: generator", "edge_places"): 0.6,
}


@pytest.mark.parametrize(
    ("row", "metric", "value", "word", "why"),
    [
        ("VAE", "edge_width", 0.88, "agrees", "0.87 wide"),
        ("VAE", "edge_open", 0.6, "unclear", "leaves 0.60 open"),
        ("AVAE", "edge_open", 2.0, "unclear", "AVAE: decoder draws"),
        ("VAE", "edge_misfit", 0.02, "unclear", "no erf"),
        ("AVAE: generator", "edge_width", 0.6, "unclear", "not sharp"),
        ("AVAE: generator", "edge_width", 1.2, "disagrees", "1.20"),
        ("AVAE: generator", "edge_places", 2.5, "unclear", "not where"),
    ],
)
def test_the_verdict_asks_for_all_of_it(row: str, metric: str, value: float, word: str, why: str):
    values = {**ROWS, (row, metric): value}
    said = STUDY.verdict(StudyResults({key: Values((0.99 * v, v, 1.01 * v)) for key, v in values.items()}))
    assert said.word == word
    assert why in said.why

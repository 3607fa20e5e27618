from __future__ import annotations

from pathlib import Path

import pytest
import torch

from chimerae.data import prepare
from chimerae.metrics.edges import fitted
from chimerae.model import load
from chimerae.studies import Found
from chimerae.studies.blur import STUDY
from tests.studies.tiny import tiny

SMALL = {"arch.width": 48, "steps": 900, "training.optimizer.lr": 3e-3}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("blur")


@pytest.fixture(scope="module")
def found(folder: Path) -> Found:
    """The study in miniature."""
    return tiny(STUDY, folder, SMALL, only=("VAE", "AVAE"))


def test_the_vae_blurs_and_the_generator_does_not(found: Found):
    vae, data = found("VAE", "edge_width").mean, found("data", "edge_width").mean
    generator, decoder = (found(f"AVAE: {n}", "edge_width").mean for n in ("generator", "decoder"))
    assert vae > 4 * data
    assert decoder > 4 * data
    assert generator < 0.6 * min(vae, decoder)
    assert found("AVAE: generator", "binary").mean > found("VAE", "binary").mean


def test_the_vaes_edges_are_erf_profiles(found: Found):
    assert found("VAE", "edge_misfit").mean < 0.04


def test_the_blur_is_the_mean_over_what_the_code_leaves_open(folder: Path, found: Found):
    """By brute force: the decoder draws the mean of all images that its code may stand for."""
    model = load(folder / "cells" / "vae-s0")
    images = prepare("step-edges").train.take(range(0, 8192, 4))
    with torch.no_grad():
        q = model.encode(images)
        z = torch.linspace(-1.2, 1.2, 13)[:, None]
        density = (-((z - q.mu.T) ** 2) / (2 * q.sigma.T**2)).exp() / q.sigma.T
        best = (density @ images.flatten(1)) / density.sum(1, keepdim=True)
        drawn = model.decode(z)
    expected, ours = (fitted(x.reshape(13, 16, 16).mean(1).double())[0] for x in (best, drawn))
    assert expected.mean() > 0.5
    assert abs(expected.mean() / ours.mean() - 1) < 0.35

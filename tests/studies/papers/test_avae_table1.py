"""The table of the AVAE paper: its settings and numbers written out again, and its verdict."""

from __future__ import annotations

import pytest

from chimerae.studies import StudyResults
from chimerae.studies.papers.avae_table1 import BIGAN, COLUMNS, REBUILT, VAE, VAE_GAN, verdict
from chimerae.tables import Values

BETAS = {"MNIST": 10.0, "CIFAR10": 10.0, "CIFAR100": 10.0, "SVHN": 20.0, "CELEBA": 5.0, "BEDROOM": 4.0}
FIDS = {
    "CIFAR10": (136.75, 32.01, 39.04, 34.61, 33.65, 33.49, 33.67),
    "CIFAR100": (129.71, 34.51, 40.03, 35.40, 39.81, 38.69, 38.35),
    "SVHN": (68.16, 23.83, 17.02, 27.77, 27.64, 28.47, 21.11),
    "CELEBA": (60.04, 14.54, 26.45, 18.49, 16.99, 16.23, 15.01),
    "BEDROOM": (229.75, 110.59, 60.02, 91.72, 85.11, 84.29, 80.99),
}
"""Table 1 of the paper, in its rows: VAE, GAN, VAE/GAN, BiGAN, AVAE L^a with xi, L^a, L^b."""


def test_the_weights_of_the_kl_are_those_of_the_published_code():
    assert {column.title: column.beta for column in COLUMNS} == BETAS


def test_the_published_distances_are_those_of_the_paper():
    told = {c.title: tuple(float(fid.split()[0]) for _, _, fid in c.published.values()) for c in COLUMNS}
    assert {title: fids for title, fids in told.items() if fids} == FIDS


def around(mean: float) -> Values:
    return Values((0.99 * mean, mean, 1.01 * mean))


@pytest.mark.parametrize(
    ("fid", "mse", "word"),
    [
        (30.0, 0.09, "agrees"),
        (200.0, 0.09, "disagrees"),  # far from the VAE's, on the wrong side
        (136.0, 0.09, "disagrees"),  # no difference
        (30.0, 0.2, "disagrees"),  # rebuilds worse than VAE/GAN
    ],
)
def test_an_avae_has_to_draw_better_than_a_vae_and_rebuild_in_between(fid: float, mse: float, word: str):
    rows = {VAE: (0.05, 136.0), REBUILT: (mse, fid), VAE_GAN: (0.14, 39.0), BIGAN: (0.31, 34.0)}
    values = {
        (f"CIFAR10, {row}", metric): around(value)
        for row, both in rows.items()
        for metric, value in zip(("mse_signed", "fid"), both, strict=True)
    }
    assert verdict(StudyResults(values)).word == word

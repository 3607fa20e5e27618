"""The studies of toy tables in miniature: one seed each, and the direction of the effect."""

from __future__ import annotations

from pathlib import Path

import pytest

from chimerae.studies import StudyResults, Verdict
from chimerae.studies.papers import as_introvae_table1, avae_toy, bigan_modes
from chimerae.tables import Values
from tests.studies.papers.tiny import tiny


def test_a_vae_runs_between_the_branches_and_an_avae_on_them(tmp_path: Path):
    settings = {
        "steps": 600,
        "training.batch_size": 64,
        "arch.width": 64,
        "training.optimizer.lr": 4e-3,
    }
    ours = "AVAE L^b, with xi"
    metrics = ("on_branches", "both_branches", "code_rank")
    found = tiny(avae_toy.STUDY, tmp_path, settings, metrics=metrics, only=("VAE", ours))
    assert found("VAE", "on_branches").mean < 0.25
    assert found(ours, "on_branches").mean > found("VAE", "on_branches").mean + 0.1
    assert found(ours, "both_branches").mean > 0.5
    assert min(found(row, "code_rank").mean for row in ("VAE", ours)) > 0.95


def test_cycles_close_in_the_game_of_pairs_and_find_all_modes(tmp_path: Path):
    settings = {
        "steps": 500,
        "training.batch_size": 128,
        "arch.width": 64,
        "arch.depth": 2,
        "training.optimizer.lr": 1e-3,
    }
    metrics = ("modes_covered", "mse_points")
    found = tiny(bigan_modes.STUDY, tmp_path, settings, metrics=metrics, only=("GAN", "BiGAN", "ALICE"))
    gan, bigan, alice = (found(row, "modes_covered").mean for row in ("GAN", "BiGAN", "ALICE"))
    assert max(gan, bigan) < 15 < 20 < alice
    assert found("ALICE", "mse_points").mean < 0.05 < found("BiGAN", "mse_points").mean


def test_introspection_finds_modes_that_a_vae_misses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(as_introvae_table1, "SMALL_WARM_UP", 200)
    settings = {"arch.width": 32, "arch.depth": 2, "training.batch_size": 64, "steps": 900}
    rows = [f"tuned, {name}" for name in ("VAE", "Soft-IntroVAE", "AS-IntroVAE")]
    found = tiny(as_introvae_table1.STUDY, tmp_path, settings, metrics=["kl_published"], only=rows)
    vae, soft, annealed = (found(row, "kl_published").mean for row in rows)
    assert vae > 205
    assert max(soft, annealed) < vae - 20


def table1(**changed: float) -> Verdict:
    """The verdict when KL and JSD are as published for the VAE and 2 everywhere else, but for `changed`."""
    values: dict[tuple[str, str], Values] = {}
    for group in as_introvae_table1.SETS:
        for method in ("VAE", "IntroVAE", "Soft-IntroVAE", "AS-IntroVAE"):
            given = changed.get(f"{group} {method}".replace(" ", "_").replace("-", "_"), 2.0)
            given = 220.0 if method == "VAE" else given
            for metric in ("kl_published", "jsd_published"):
                values[f"{group}, {method}", metric] = Values((given, given + 0.1, given - 0.1))
    return as_introvae_table1.verdict(StudyResults(values))


@pytest.mark.parametrize(
    ("changed", "word", "why"),
    [
        ({}, "unclear", "nowhere better either"),
        ({"strong_KL_Soft_IntroVAE": 50.0}, "agrees", "better in: strong KL"),
        (
            {"strong_KL_AS_IntroVAE": 50.0},
            "disagrees",
            "worse than Soft-IntroVAE at p < .05 in: strong KL",
        ),
        ({"tuned_Soft_IntroVAE": 5.0}, "disagrees", "tuned Soft-IntroVAE stands at 5.0 / 5.0, not 3 / 3"),
    ],
)
def test_the_verdict_on_table_1(changed: dict[str, float], word: str, why: str):
    verdict = table1(**changed)
    assert verdict.word == word
    assert why in verdict.why

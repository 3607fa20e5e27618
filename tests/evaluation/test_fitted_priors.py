"""Priors that are fitted to codes after training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.mixture import GaussianMixture

from chimerae import cli
from chimerae.errors import InputError
from chimerae.evaluation import Evaluation
from chimerae.evaluation.fitted_priors import RIDGE, fit_to, fitted
from chimerae.evaluation.seeded_codec import SeededCodec
from chimerae.model import load
from chimerae.runs.evaluate import evaluate_run
from chimerae.runs.fitted import sample_fitted
from chimerae.runs.train import prepare, train
from tests.helpers.runs import tiny_run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(
        tiny_run("avae", "dcgan", steps=2), out=tmp_path_factory.mktemp("fitted") / "run", quiet=True
    )


def clusters(n: int) -> torch.Tensor:
    """Codes around three points of a plane, one of them with half of all."""
    rng = np.random.default_rng(0)
    places = np.array([[4.0, 0.0], [-4.0, 1.0], [0.0, -5.0]])[rng.choice(3, n, p=[0.5, 0.3, 0.2])]
    return torch.from_numpy(places + rng.normal(size=(n, 2)) @ [[0.5, 0.2], [0.0, 0.3]]).float()


@pytest.mark.parametrize("kind", ["gaussian", "mixture"])
def test_its_codes_have_mean_and_covariance_of_those_it_was_fitted_to(kind):
    codes = clusters(2000)
    drawn = fitted(codes, kind).codes(0, 40_000, seed=1)
    torch.testing.assert_close(drawn.mean(0), codes.mean(0), atol=0.2, rtol=0)
    torch.testing.assert_close(drawn.T.cov(), codes.T.cov(), atol=0.7, rtol=0)


def test_a_mixture_draws_the_clusters_and_a_gaussian_the_space_between_them():
    codes = clusters(2000)

    def apart(kind) -> float:
        drawn = fitted(codes, kind).codes(0, 2000, seed=2)
        return float((torch.cdist(drawn, codes).min(1).values > 0.5).float().mean())

    assert apart("mixture") < 0.05
    assert apart("gaussian") > 0.3


def test_the_mixture_is_that_of_scikit_learn():
    codes = clusters(400)
    prior = fitted(codes, "mixture", seed=5)
    theirs = GaussianMixture(10, reg_covar=RIDGE, random_state=5).fit(codes.double().numpy())
    covariances = prior.factors.double() @ prior.factors.double().transpose(1, 2)
    np.testing.assert_allclose(prior.weights.numpy(), theirs.weights_, rtol=1e-4)
    np.testing.assert_allclose(covariances.numpy(), theirs.covariances_, rtol=1e-3, atol=1e-5)
    assert (prior.factors.triu(1) == 0).all()


@pytest.mark.parametrize(("n", "components"), [(9, 1), (20, 2), (99, 9), (500, 10)])
def test_few_codes_get_few_gaussians(n, components):
    prior = fitted(clusters(n), "mixture")
    assert prior.facts == {"code": "fitted prior", "gaussians": components, "fitted_to": n}


def test_a_code_depends_on_its_number_and_the_seed():
    prior = fitted(clusters(200), "mixture")
    whole = prior.codes(0, 600, seed=0)
    assert torch.equal(prior.codes(250, 300, seed=0), whole[250:300])
    assert not torch.equal(prior.codes(0, 50, seed=1), whole[:50])


def test_codes_without_variance_are_fitted_and_codes_that_are_not_finite_refused():
    assert fitted(torch.zeros(50, 3), "gaussian").codes(0, 9, seed=0).abs().max() < 0.1
    for codes in (torch.full((50, 2), float("nan")), torch.zeros(1, 2)):
        with pytest.raises(InputError, match="no prior can be fitted"):
            fitted(codes, "gaussian")


def test_scores_of_fitted_priors_stand_beside_those_of_the_prior(run: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("chimerae.runs.evaluate.draw", lambda *args: None)
    found = evaluate_run(run, Evaluation(n=60, priors=("gaussian", "mixture"), metrics=("sharpness",)))
    scores = {score.of: score for score in found.scores}
    networks = {
        f"{n}{end}" for n in ("decoder", "generator") for end in ("", ", gaussian prior", ", mixture prior")
    }
    assert scores.keys() == networks | {"data"}
    assert scores["generator"].protocol["code"] == "prior"
    told = scores["generator, mixture prior"].protocol
    assert (told["code"], told["gaussians"], told["fitted_to"]) == ("fitted prior", 10, 1617)
    assert scores["generator, gaussian prior"].protocol["gaussians"] == 1


def test_samples_are_decoded_from_codes_of_the_prior(run: Path):
    model = load(run)
    codec = SeededCodec(model.method, model.nets, model.shape, seed=3, batch_size=64)
    prior = fit_to(codec, prepare("digits").train, "gaussian")
    mine = model.decode(prior.codes(0, 5, seed=3), network="decoder")
    made = sample_fitted(run, "gaussian", 5, network="decoder", seed=3)
    assert torch.equal(made, mine)
    assert not torch.equal(made, model.sample(5, network="decoder", seed=3))


def test_the_command_and_a_method_without_an_encoder(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["sample", str(run), "-n", "3", "--prior", "mixture", "--out", "a.npy"]) == 0
    assert np.load("a.npy").shape == (3, 8, 8)
    train(tiny_run("gan", steps=1), out=tmp_path / "gan", quiet=True)
    assert cli.main(["sample", "gan", "--prior", "gaussian"]) == 2
    assert "gan has no encoder" in capsys.readouterr().err

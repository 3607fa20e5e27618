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
from chimerae.evaluation.fitted_priors import RIDGE, _clusters, fit_to, fitted
from chimerae.evaluation.seeded_codec import SeededCodec
from chimerae.model import load
from chimerae.report.findings import findings
from chimerae.report.read import read_run
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


KINDS = ("gaussian", "mixture", "kmeans", "flow")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flow that learns in a second."""
    monkeypatch.setattr("chimerae.evaluation.flow.STEPS", 150)
    monkeypatch.setattr("chimerae.evaluation.flow.RATE", 5e-3)


@pytest.mark.parametrize("kind", KINDS[:3])
def test_its_codes_have_mean_and_covariance_of_those_it_was_fitted_to(kind):
    codes = clusters(2000)
    drawn = fitted(codes, kind).codes(0, 40_000, seed=1)
    torch.testing.assert_close(drawn.mean(0), codes.mean(0), atol=0.2, rtol=0)
    torch.testing.assert_close(drawn.T.cov(), codes.T.cov(), atol=0.7, rtol=0)


@pytest.mark.parametrize("kind", KINDS)
def test_the_log_density_is_that_of_the_codes_it_draws(kind):
    """Mean log density, by integration over a grid, and by draws."""
    prior = fitted(clusters(2000), kind)
    axis = torch.linspace(-12, 12, 300)
    density = prior.log_density(torch.cartesian_prod(axis, axis)).double()
    cell = float(axis[1] - axis[0]) ** 2
    assert float(density.exp().sum()) * cell == pytest.approx(1, abs=0.01)
    inside = float((density.exp() * density).nan_to_num().sum()) * cell
    drawn = prior.log_density(prior.codes(0, 8_000, seed=3)).double().mean()
    assert float(drawn) == pytest.approx(inside, abs=0.1)


def test_a_mixture_of_gaussians_has_the_density_of_torch():
    prior, z = fitted(clusters(400), "mixture"), torch.randn(9, 2)
    theirs = torch.distributions.MixtureSameFamily(
        torch.distributions.Categorical(prior.weights),
        torch.distributions.MultivariateNormal(prior.means, scale_tril=prior.factors),
    )
    torch.testing.assert_close(prior.log_density(z), theirs.log_prob(z), atol=1e-3, rtol=1e-4)


def test_clusters_are_those_of_k_means():
    """Shares, means and covariances of three clusters far apart, found without knowing them."""
    rng = np.random.default_rng(1)
    which = rng.choice(3, 90, p=[0.5, 0.3, 0.2])
    places = np.array([[40.0, 0.0, 0.0], [-40.0, 10.0, 0.0], [0.0, -50.0, 9.0]])
    codes = torch.from_numpy(places[which] + rng.normal(size=(90, 3)) * [1.0, 2.0, 0.5]).float()
    prior = _clusters(codes.double(), 3, seed=0)
    parts = [codes[torch.from_numpy(which == i)].double() for i in range(3)]
    own = [part.T.cov(correction=0) for part in parts]
    within = sum(len(part) * each for part, each in zip(parts, own, strict=True)) / 90
    for part, each in zip(parts, own, strict=True):
        i = int((prior.means - part.mean(0)).norm(dim=1).argmin())
        torch.testing.assert_close(prior.means[i].double(), part.mean(0), atol=1e-4, rtol=1e-4)
        assert float(prior.weights[i]) == pytest.approx(len(part) / 90)
        m = len(part)
        expected = (m * each + 3 * within) / (m + 3) + RIDGE * torch.eye(3)
        found = prior.factors[i].double() @ prior.factors[i].double().T
        torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


def test_clusters_without_codes_are_left_out():
    codes = torch.tensor([[0.0, 0.0], [1.0, 1.0]]).repeat(100, 1).double()
    prior = _clusters(codes, 20, seed=0)
    assert len(prior.weights) == 2
    assert float(prior.weights.sum()) == pytest.approx(1)
    assert prior.codes(0, 9, seed=0).isfinite().all()


def test_a_mixture_draws_the_clusters_and_a_gaussian_the_space_between_them():
    codes = clusters(2000)

    def apart(kind) -> float:
        drawn = fitted(codes, kind).codes(0, 2000, seed=2)
        return float((torch.cdist(drawn, codes).min(1).values > 0.5).float().mean())

    assert apart("mixture") < 0.05
    assert apart("kmeans") < 0.08
    assert apart("flow") < 0.2
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


def test_facts_tell_the_kinds_apart():
    codes = clusters(200)
    assert fitted(codes, "kmeans").facts == {"code": "fitted prior", "clusters": 20, "fitted_to": 200}
    assert fitted(codes, "flow").facts == {"code": "fitted prior", "couplings": 6, "fitted_to": 200}
    assert fitted(clusters(20), "flow").facts["couplings"] == 0
    assert fitted(clusters(9), "kmeans").facts["gaussians"] == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_code_depends_on_its_number_and_the_seed(kind):
    prior = fitted(clusters(200), kind)
    whole = prior.codes(0, 600, seed=0)
    torch.testing.assert_close(prior.codes(250, 300, seed=0), whole[250:300], atol=1e-5, rtol=1e-5)
    assert torch.equal(fitted(clusters(200), kind).codes(0, 50, seed=0), whole[:50])
    assert not torch.equal(prior.codes(0, 50, seed=1), whole[:50])


def test_codes_without_variance_are_fitted_and_codes_that_are_not_finite_refused():
    for kind in KINDS:
        assert fitted(torch.zeros(60, 3), kind).codes(0, 9, seed=0).abs().max() < 0.1
    for codes in (torch.full((50, 2), float("nan")), torch.zeros(1, 2)):
        with pytest.raises(InputError, match="no prior can be fitted"):
            fitted(codes, "flow")


def test_scores_of_fitted_priors_stand_beside_those_of_the_prior(run: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("chimerae.runs.evaluate.draw", lambda *args: None)
    found = evaluate_run(run, Evaluation(n=60, priors=KINDS, metrics=("sharpness",)))
    scores = {score.of: score for score in found.scores}
    networks = {
        f"{n}{end}" for n in ("decoder", "generator") for end in ("", *(f", {kind} prior" for kind in KINDS))
    }
    assert scores.keys() == networks | {"data"}
    assert scores["generator"].protocol["code"] == "prior"
    told = scores["generator, mixture prior"].protocol
    assert (told["code"], told["gaussians"], told["fitted_to"]) == ("fitted prior", 10, 1617)
    assert scores["generator, gaussian prior"].protocol["gaussians"] == 1
    assert scores["generator, kmeans prior"].protocol["clusters"] == 100
    assert scores["decoder, flow prior"].protocol["couplings"] == 6
    written = read_run(run)
    assert [each.network for each in findings(written)] == ["decoder", "generator"], "priors are no networks"


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
    for kind in ("kmeans", "flow"):
        assert cli.main(["sample", str(run), "-n", "2", "--prior", kind, "--out", f"{kind}.npy"]) == 0
        assert np.load(f"{kind}.npy").shape == (2, 8, 8)
    train(tiny_run("gan", steps=1), out=tmp_path / "gan", quiet=True)
    assert cli.main(["sample", "gan", "--prior", "gaussian"]) == 2
    assert "gan has no encoder" in capsys.readouterr().err

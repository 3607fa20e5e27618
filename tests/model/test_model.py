"""What a trained model answers, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import chimerae
from chimerae.errors import InputError
from chimerae.methods import NoEncoder
from chimerae.model import Model
from chimerae.runs.train import train
from tests.helpers.runs import tiny_run


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("chimerae.training.previews.Previews.draw", lambda self, nets, step: None)
        place = tmp_path_factory.mktemp("runs")
        train(tiny_run("avae", "dcgan", method={"use_xi": True}, steps=1), out=place / "avae")
        train(tiny_run("gan", "dcgan", steps=1), out=place / "gan")
    return place


@pytest.fixture(scope="module")
def model(runs: Path) -> Model:
    return chimerae.load(runs / "avae", device="cpu")


def test_loading_draws_nothing_from_the_callers_generator(runs: Path):
    before = torch.random.get_rng_state()
    chimerae.load(runs / "avae")
    assert torch.equal(torch.random.get_rng_state(), before)


def test_the_model_folder_alone_is_enough(runs: Path, model: Model):
    assert torch.equal(chimerae.load(runs / "avae" / "model").sample(3), model.sample(3))


def test_a_way_keeps_its_noise(model: Model):
    """From a code to itself nothing changes: all that could is the noise beside the code."""
    z = model.prior(2)
    still = model.walk(z, z, steps=3)
    assert torch.equal(still, still[:, :1].expand_as(still))
    assert not torch.equal(model.decode(z), model.decode(z, seed=1))


def test_a_way_goes_by_the_noise_that_is_given(model: Model):
    z = torch.randn(2, 4, generator=torch.Generator().manual_seed(0))
    assert torch.equal(model.walk(z, z, steps=2)[:, 0], model.decode(z))


def test_codes_of_any_precision_are_taken(model: Model):
    z = model.prior(2)
    assert torch.equal(model.decode(z.double()), model.decode(z))


def test_answers_follow_the_seed(model: Model):
    x = model.sample(4)
    assert torch.equal(x, model.sample(4))
    assert torch.equal(model.reconstruct(x, seed=2), model.reconstruct(x, seed=2))
    assert not torch.equal(x, model.sample(4, seed=1))
    assert not torch.equal(model.reconstruct(x), model.reconstruct(x, seed=2))


def test_batches_change_no_sample(model: Model):
    torch.testing.assert_close(model.sample(7, batch_size=2), model.sample(7))


def test_bytes_are_taken_as_images(model: Model):
    x = torch.arange(256, dtype=torch.uint8).view(4, 1, 8, 8)
    assert torch.equal(model.encode(x).mu, model.encode(x / 255).mu)


X = torch.zeros(2, 1, 8, 8)
Z = torch.zeros(2, 2)


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda m: m.sample(0), "ask for 1 or more"),
        (lambda m: m.sample(2, batch_size=0), "batches of 0"),
        (lambda m: m.prior(-1), "ask for 1 or more"),
        (lambda m: m.encode(X[0]), r"takes \[B, 1, 8, 8\]"),
        (lambda m: m.encode(X[:0]), r"takes \[B, 1, 8, 8\]"),
        (lambda m: m.encode(X - 1), "must lie in"),
        (lambda m: m.encode(X + torch.nan), "must lie in"),
        (lambda m: m.decode(torch.zeros(2, 3)), r"codes must be \[n, 2 or 4\]"),
        (lambda m: m.decode(torch.zeros(2)), "codes must be"),
        (lambda m: m.decode(Z, network="decodr"), "did you mean 'decoder'"),
        (lambda m: m.interpolate(X, X[:1]), "one shape"),
        (lambda m: m.walk(Z, Z[:1]), "one shape"),
        (lambda m: m.walk(Z[:, :1], Z[:, :1]), "codes must be"),
        (lambda m: m.walk(Z, Z, steps=1), "2 or more"),
        (lambda m: m.walk(Z, Z, mode="curved"), "unknown mode"),
    ],
)
def test_what_cannot_be_answered_is_an_input_error(model: Model, ask, said: str):
    with pytest.raises(InputError, match=said):
        ask(model)


def test_a_method_without_encoder_says_so(runs: Path):
    gan = chimerae.load(runs / "gan")
    for ask in (gan.encode, gan.reconstruct, lambda x: gan.interpolate(x, x)):
        with pytest.raises(NoEncoder, match="gan has no encoder"):
            ask(X)
    assert gan.sample(2).shape == X.shape

"""Networks made ill on purpose get the word for their illness, healthy ones none."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest
import torch

from chimerae.gaussian import Gaussian
from chimerae.networks import MLP
from chimerae.runs.train import train
from chimerae.training.players import NotFinite
from tests.helpers.rows import through
from tests.helpers.runs import log_of, tiny_run
from tests.helpers.standins import Z_DIM, components, critic, standins

HEALTHY = (
    "vae",
    "gan",
    "wgan-gp",
    "avae",
    "bigan",
    "wae-mmd",
    "introvae",
    "soft-introvae",
    "as-introvae",
    "id-gan",
)


@through("method", HEALTHY)
@through("progress", [0.01, 0.3, 0.9])
def test_healthy_networks_are_ok(method, progress):
    assert standins(method).word(progress) == "ok"


def spoiled(method):
    """Networks of `method` in the wrong state, by the name of the illness."""
    made = components(method)
    mean = made.decode(torch.zeros(1, Z_DIM))
    pattern = made.decode(torch.full((1, Z_DIM), 1.5))

    def one_pattern(size):
        return lambda z: pattern + size * (made.decode(z) - mean)

    def read(change):
        def encode(x):
            q = made.encode(x)
            return Gaussian(change(q.mu), q.logvar)

        return encode

    def of_samples(change):
        def encode(x):
            q = made.encode(x)
            return Gaussian(torch.where(of_data(x)[:, None], q.mu, change(q.mu)), q.logvar)

        return encode

    first = torch.zeros(Z_DIM).index_fill(0, torch.tensor(0), 1.0)
    return {
        "constant": lambda z: pattern.expand(len(z), -1, -1, -1) + 0 * made.decode(z),
        "the mean": lambda z: mean + 0 * made.decode(z),
        "one pattern": one_pattern(0.25),
        "faint": lambda z: made.decode(0.25 * z),
        "negative": lambda z: -made.decode(z),
        "enormous": lambda z: made.decode(z) + 1e7,
        "NaN": lambda z: made.decode(z) * float("nan"),
        "silent": lambda x: Gaussian(0 * made.encode(x).mu, torch.zeros(Z_DIM)),
        "blank": read(lambda mu: 0 * mu),
        "one dimension": read(lambda mu: mu * first),
        "another's code": read(lambda mu: mu.roll(1, 0)),
        "samples far away": of_samples(lambda mu: 6 * mu),
        "samples inside": of_samples(lambda mu: 0.3 * mu),
        "samples mixed up": of_samples(lambda mu: mu.roll(1, 0)),
        "a long code": read(lambda mu: mu + 1e7),
        "turned": lambda z: made.decode(z.roll(1, 1)),
    }


def of_data(x):
    """True for images of data: their grey values are sixteenths."""
    return ((16 * x) % 1 == 0).flatten(1).all(1)


def certain(x, *rest):
    """A critic that tells data from all else."""
    return torch.where(of_data(x), 20.0, -20.0) + 0 * x.flatten(1).sum(1)


def strong(x, *rest):
    """A critic whose opinion has no bounds."""
    return 1000 * critic(x)


def blind(x, *rest):
    """A critic that has died."""
    return 0 * x.flatten(1).sum(1)


def steep(x, *rest):
    """A critic of WGAN-GP without its penalty."""
    return 30 * critic(x)


SICK = [
    ("gan", {"generator": "constant"}, "samples alike"),
    ("gan", {"generator": "constant", "critic": certain}, "samples alike"),
    ("gan", {"generator": "constant", "critic": strong}, "samples alike"),
    ("gan", {"generator": "one pattern"}, "few patterns"),
    ("gan", {"generator": "one pattern", "critic": certain}, "few patterns"),
    ("gan", {"generator": "negative"}, "off the data"),
    ("gan", {"critic": certain}, "critic saturated"),
    ("gan", {"critic": strong}, "critic runs away"),
    ("gan", {"critic": blind}, "critic blind"),
    ("gan", {"generator": "NaN"}, "not finite"),
    ("wgan-gp", {"generator": "constant"}, "samples alike"),
    ("wgan-gp", {"critic": steep}, "penalty too large"),
    ("vae", {"decoder": "the mean"}, "samples alike"),
    ("vae", {"decoder": "faint"}, "samples faint"),
    ("vae", {"encoder": "blank"}, "no better than the mean"),
    ("vae", {"encoder": "silent"}, "no better than the mean"),
    ("vae", {"encoder": "another's code"}, "no better than the mean"),
    ("vae", {"encoder": "one dimension"}, "code mostly unused"),
    ("vae", {"decoder": "enormous"}, "a value is huge"),
    ("wae-mmd", {"encoder": "a long code"}, "a value is huge"),
    ("avae", {"generator": "constant"}, "samples alike"),
    ("avae", {"generator": "constant", "critic": certain}, "samples alike"),
    ("avae", {"generator": "turned"}, "no better than the mean"),
    ("bigan", {"generator": "turned"}, "no better than the mean"),
    ("vae", {"encoder": "samples mixed up"}, "code not read back"),
    ("soft-introvae", {"decoder": "the mean"}, "samples alike"),
    ("soft-introvae", {"encoder": "samples inside"}, "fakes pass as data"),
    ("introvae", {"encoder": "samples inside"}, "fakes pass as data"),
    ("introvae", {"encoder": "samples far away"}, "hinge inactive"),
    ("soft-introvae", {"encoder": "samples far away"}, "encoder far ahead"),
]


@through("method, changed, word", SICK)
def test_sick_networks_get_their_word(method, changed, word):
    kinds = spoiled(method)
    networks = {name: kinds[kind] if isinstance(kind, str) else kind for name, kind in changed.items()}
    assert standins(method).but(**networks).word() == word


def test_words_wait_for_their_part_of_the_run():
    kinds = spoiled("vae")
    alike, blank = (
        standins("vae").but(**{name: kinds[kind]})
        for name, kind in (("decoder", "the mean"), ("encoder", "blank"))
    )
    assert [alike.word(progress) for progress in (0.05, 0.15)] == ["ok", "samples alike"]
    assert [blank.word(progress) for progress in (0.15, 0.25)] == ["ok", "no better than the mean"]


def test_a_frozen_vae_is_not_blamed_for_a_generator_that_has_not_begun():
    """ID-GAN's generator learns in the second half: it is judged then, by its own part of the run."""
    sick = standins("id-gan").but(generator=spoiled("id-gan")["constant"])
    assert sick.word(0.45) == "ok"
    assert sick.word(0.9) == "samples alike"
    assert standins("id-gan").but(decoder=spoiled("id-gan")["constant"]).word(0.45) == "samples alike"


def digit_run(*, steps, beta=1.0, **optimizer):
    """A VAE of digits whose log has five lines."""
    run = tiny_run(
        "vae",
        method={"beta": beta},
        steps=steps,
        batch_size=32,
        log_every=steps // 5,
        save_every=steps,
        optimizer=optimizer,
    )
    return replace(run, data="digits", arch=MLP(width=64))


@pytest.mark.usefixtures("no_pictures")
def test_a_rate_of_a_million_ends_huge_or_not_finite(tmp_path):
    with suppress(NotFinite):
        train(digit_run(steps=5, lr=1e6), out=tmp_path / "run")
    assert log_of(tmp_path / "run")[-1]["health"] in ("a value is huge", "not finite")


@pytest.mark.usefixtures("no_pictures")
def test_a_weight_of_the_kl_of_ten_thousand_collapses(tmp_path):
    train(digit_run(steps=100, beta=1e4, lr=1e-2), out=tmp_path / "run")
    assert [line["health"] for line in log_of(tmp_path / "run")][1:] == ["samples alike"] * 4


@pytest.mark.usefixtures("no_pictures")
def test_a_vae_that_learns_ends_ok(tmp_path):
    train(digit_run(steps=250, beta=0.1, lr=5e-3), out=tmp_path / "run")
    line = log_of(tmp_path / "run")[-1]
    assert line["health"] == "ok"
    assert line["drawn"]["variety"] > 0.3
    assert line["drawn"]["rec_error"] < 0.8

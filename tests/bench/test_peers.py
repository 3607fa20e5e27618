"""Updates beside those of peers: a stand-in for a peer, whose passes are known."""

from __future__ import annotations

from contextlib import suppress
from copy import deepcopy

import pytest
import torch
from benchmarks.peers import page
from benchmarks.peers.duel import Case, Duel, Finished
from benchmarks.peers.ours import AsPosterior
from torch import nn

from chimerae.files import read_json
from chimerae.methods import VAE
from chimerae.training.settings import Optimizer
from tests.docs.fences import DOCS, ROOT

RESULTS = ROOT / "benchmarks/peers/results"


class Halves(nn.Module):
    """An encoder `x -> mu, logvar`, as peers have it."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(2, 4)

    def forward(self, x):
        return self.linear(x).chunk(2, 1)


def wasteful(encoder: nn.Module, decoder: nn.Module, batches) -> None:
    """A VAE's training that decodes each code once too often."""
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=1e-3)
    for x in batches:
        mu, logvar = encoder(x)
        z = mu + torch.randn_like(mu) * (0.5 * logvar).exp()
        decoder(z.detach())
        kl = 0.5 * (mu.square() + logvar.exp() - 1 - logvar).sum(1)
        loss = (0.5 * (decoder(z) - x).square().sum(1) + kl).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


@pytest.fixture(scope="module")
def found() -> dict:
    torch.manual_seed(0)
    case = Case("stand-in", "a peer", "VAE", VAE(z_dim=2), (2,), 8, Optimizer(lr=1e-3, beta1=0.9))
    encoder, decoder = Halves(), nn.Linear(2, 2)
    duel = Duel(case, rounds=3, seconds=0.0, seed=0)
    ours = {"encoder": AsPosterior(deepcopy(encoder)), "decoder": deepcopy(decoder)}
    with suppress(Finished):
        wasteful(encoder, decoder, duel.batches({"encoder": encoder, "decoder": decoder}, ours))
    return duel.found


def test_passes_of_both_sides_are_counted(found):
    assert found["passes"] == {
        "theirs": {"encoder": [1, 1, 0], "decoder": [2, 1, 0]},
        "ours": {"encoder": [1, 1, 0], "decoder": [1, 1, 0]},
    }


def test_arithmetic_differs_by_the_pass_that_nobody_needs(found):
    assert found["arithmetic"]["theirs"] - found["arithmetic"]["ours"] == 2 * 8 * 2 * 2


def test_every_round_has_a_block_of_each_side(found):
    assert found["auto"] == "float32"  # far below what is worth trying
    assert set(found["times"]) == {"theirs", "float32"}
    assert all(len(seconds) == 3 for side in found["times"].values() for seconds in side.values())


def test_both_sides_learn_alike(found):
    assert found["errors"]["ours"] == pytest.approx(found["errors"]["theirs"], rel=0.05)


def row(name: str, theirs: float, ours: float, work: float, *, same: bool = True) -> dict:
    """A measurement on a page: seconds of both sides, and the ratio of their arithmetic."""
    return {
        "name": name,
        "same": same,
        "auto": "float32",
        "arithmetic": {"theirs": work, "ours": 1.0},
        "times": {"theirs": {"cpu": [theirs] * 3}, "float32": {"cpu": [ours, ours, 9.0]}},
    }


def test_targets_name_the_rows_that_miss_them():
    text = page._targets(
        [row("a", 3.0, 1.0, 1.5), row("b", 1.2, 1.0, 1.2), row("c", 0.9, 1.0, 1.0, same=False)]
    )
    redundant, slower, auto = text.splitlines()[4:7]
    assert redundant.endswith("| 1 of 2 | b (1.20) |")
    assert slower.endswith("| 2 of 3 | c (0.90) |")
    assert auto.endswith("| 1 of 2 | b (1.20) |")


def test_the_page_is_that_of_the_measurements():
    assert (DOCS / "benchmarks.md").read_text(encoding="utf-8") == page.page(RESULTS)


def test_every_measurement_is_complete():
    files = list(RESULTS.glob("*.json"))
    assert files
    for path in files:
        one = read_json(path, "a measurement")
        assert {"float32", one["auto"], "theirs"} == set(one["times"]), path.name
        assert len(one["times"]["theirs"]["cpu"]) >= 5, path.name

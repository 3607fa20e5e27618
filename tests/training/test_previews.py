"""Pictures of fixed codes and fixed test images."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from chimerae.methods import AVAE
from chimerae.networks import DCGAN
from chimerae.training.previews import Previews
from tests.helpers.cases import Case


def drawn(place: Path, *, seed: int = 0, step: int = 1) -> dict[str, bytes]:
    state = Case(AVAE(z_dim=3, use_xi=True), DCGAN(width=2), (1, 8, 8)).state()
    originals = torch.rand(5, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    Previews(state.method, place, originals, seed).draw(state.final_nets(), step)
    return {path.name.partition("-")[0]: path.read_bytes() for path in place.iterdir()}


@pytest.mark.parametrize("step", [2, 1000])
def test_codes_and_noise_are_the_same_at_every_step(tmp_path, step):
    first, later = drawn(tmp_path / "a"), drawn(tmp_path / "b", step=step)
    assert set(first) == {"samples", "reconstructions"}
    assert first == later


def test_codes_follow_the_seed_of_the_run(tmp_path):
    first, other = drawn(tmp_path / "a"), drawn(tmp_path / "b", seed=1)
    assert first["samples"] != other["samples"]

"""DCGAN example of PyTorch: its script, with networks of its own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch
from benchmarks.peers.duel import Case, Duel
from benchmarks.peers.feed import Feed, abroad, script
from benchmarks.peers.start import Start
from torch import nn

from chimerae.methods import GAN
from chimerae.training.settings import Optimizer

NAME = "DCGAN example of PyTorch"
Z, BATCH = 100, 64
REMARK = (
    "The peer takes gradients of the critic's weights in the generator's turn and drops them; ours does not "
    "compute them."
)


def starts(folder: Path) -> Iterator[Start]:
    for width in (16, 64):
        what = f"its own networks, width {width}, 64x64"
        method, adam = GAN(z_dim=Z, update="alternating"), Optimizer(lr=2e-4, beta1=0.5)
        case = Case(f"dcgan-w{width}", NAME, what, method, (3, 64, 64), BATCH, adam, (REMARK,))
        yield Start(case, partial(train, folder, width))


def train(folder: Path, width: int, duel: Duel) -> None:
    words = ["main.py", "--dataset", "fake", "--workers", "0", "--batchSize", str(BATCH), "--niter", "1"]
    words += ["--ngf", str(width), "--ndf", str(width), "--manualSeed", str(duel.seed)]
    with abroad(folder):
        space: dict[str, Any] = {"__name__": "__main__"}
        feed = Feed(lambda: ((x, None) for x in duel.batches(*_networks(space))))
        with (
            patch.object(sys, "argv", words),
            patch.object(torch.utils.data, "DataLoader", lambda *given, **named: feed),
            patch("torchvision.utils.save_image", lambda *given, **named: None),
        ):
            exec(script(folder / "main.py"), space)


def _networks(space: dict[str, Any]) -> tuple[dict[str, nn.Module], dict[str, nn.Module]]:
    theirs = {"generator": space["netG"], "critic": space["netD"]}
    generator, critic = deepcopy(space["netG"].main), deepcopy(space["netD"].main)
    return theirs, {
        "decoder": nn.Sequential(nn.Unflatten(1, (Z, 1, 1)), *generator),
        "critic": nn.Sequential(*critic[:-1], nn.Flatten(0)),  # without the sigmoid: a logit
    }

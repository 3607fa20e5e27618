"""IntroVAE: its script, changed so far that it runs on a current PyTorch."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any, ClassVar
from unittest.mock import patch

import torch
from benchmarks.peers.duel import Case, Duel
from benchmarks.peers.feed import Feed, abroad, script
from benchmarks.peers.ours import AsPosterior, Dense
from benchmarks.peers.start import Start
from torch import nn

from chimerae.methods import IntroVAE
from chimerae.training.settings import Optimizer

NAME = "hhb072/IntroVAE"
Z, BATCH, M = 128, 16, 110.0
REMARKS = (
    "The published script stops in the first update on a current PyTorch: its encoder steps before a "
    "backward pass that needs the old weights. Here the encoder's step waits for the end of the update.",
    "Its calls of `.cuda()`, `.data[0]` and `data_parallel` are replaced by those of one core and of a "
    "current PyTorch.",
    "The peer takes gradients of the weights of both networks in both turns.",
)


def starts(folder: Path) -> Iterator[Start]:
    method = IntroVAE(z_dim=Z, m=M, hinge="batch_mean", alpha=0.5, beta=2.0)
    what = "its own networks (64, 128, 256 channels), 32x32"
    case = Case("introvae", NAME, what, method, (3, 32, 32), BATCH, Optimizer(lr=2e-4, beta1=0.9), REMARKS)
    yield Start(case, partial(train, folder))


class Late(torch.optim.Adam):
    """Adam of the encoder, whose step is taken with that of the generator."""

    made: ClassVar[list[Late]] = []

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        Late.made = [*Late.made[-1:], self]

    def step(self, closure: None = None) -> None:  # type: ignore[override]
        encoder, generator = Late.made
        if self is generator:
            super(Late, encoder).step()
            super(Late, generator).step()


def train(folder: Path, duel: Duel) -> None:
    words = [
        "main.py",
        "--hdim",
        str(Z),
        "--channels",
        "64,128,256",
        "--output_height",
        "32",
        "--dataroot",
        ".",
    ]
    words += [
        "--batchSize",
        str(BATCH),
        "--m_plus",
        str(M),
        "--manualSeed",
        str(duel.seed),
        "--test_iter",
        "1000",
    ]
    new = {".cuda()": "", ".data[0]": ".item()", " is 0": " == 0", "optim.Adam(": "Late("}
    with abroad(folder):
        space: dict[str, Any] = {"__name__": "__main__", "Late": Late}
        feed = Feed(lambda: duel.batches(*_networks(space["model"])))
        Path("0.jpg").touch()
        with (
            patch.object(sys, "argv", words),
            patch.object(torch.utils.data, "DataLoader", lambda *given, **named: feed),
            patch.object(torch.cuda, "FloatTensor", torch.FloatTensor),
            patch("torch.nn.parallel.data_parallel", lambda module, x: module(x)),
            patch("torchvision.utils.save_image", lambda *given, **named: None),
            patch.object(torch, "save", lambda *given, **named: None),
        ):
            exec(script(folder / "main.py", **new), space)


def _networks(model: Any) -> tuple[dict[str, nn.Module], dict[str, nn.Module]]:
    theirs = {"encoder": model.encoder, "decoder": model.decoder}
    encoder = deepcopy(model.encoder)
    encoder.main.add_module("dense", Dense())
    return theirs, {"encoder": AsPosterior(encoder), "decoder": deepcopy(model.decoder)}

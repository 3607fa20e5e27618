"""soft-intro-vae-pytorch: its training functions of images and of points."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any

import torch
from benchmarks.peers.duel import Case, Duel
from benchmarks.peers.feed import Feed, abroad
from benchmarks.peers.ours import AsPosterior, Dense
from benchmarks.peers.start import Start
from torch import nn

from chimerae.methods import SoftIntroVAE
from chimerae.networks import DCGAN
from chimerae.noise import seeded
from chimerae.training.settings import Optimizer

NAME = "soft-intro-vae-pytorch"
Z, RATE = 128, 2e-4
ADAM = Optimizer(lr=RATE, beta1=0.9, beta2=0.999)
IMAGES = SoftIntroVAE(z_dim=Z, beta_neg=256.0, detach_target=False)
POINTS = SoftIntroVAE(z_dim=2, beta_rec=0.2, beta_kl=0.3, beta_neg=0.9, detach_target=False, exponent_kl=0.45)
GAMMA = (
    "The peer's decoder also reconstructs generated samples, with the weight 1e-8: two passes whose part is "
    "lost in the rounding of float32. Ours leaves them out."
)
AGAIN = "The peer decodes the same codes again in the decoder's turn, with a decoder that has not moved."
OBSERVED = "The peer makes one more reconstruction, from the mean code, for its log of every 5,000th step."


def starts(folder: Path) -> Iterator[Start]:
    own = Case(
        "soft-intro", NAME, "images, its own networks (64, 128, 256 channels)", IMAGES, (3, 32, 32), 16, ADAM,
        (AGAIN, GAMMA),
    )  # fmt: skip
    yield Start(own, partial(train_images, own, folder, None))
    for width in (16, 32):
        what = f"images, dcgan of width {width}"
        case = Case(f"soft-intro-w{width}", NAME, what, IMAGES, (3, 32, 32), 64, ADAM, (AGAIN, GAMMA))
        yield Start(case, partial(train_images, case, folder, width))
    points = Case(
        "soft-intro-points", NAME, "points, its own networks (4 layers of 256)", POINTS, (2,), 512, ADAM,
        (AGAIN, GAMMA, OBSERVED),
    )  # fmt: skip
    yield Start(points, partial(train_points, points, folder))


def train_images(case: Case, folder: Path, width: int | None, duel: Duel) -> None:
    with abroad(folder / "soft_intro_vae"):
        module: Any = importlib.import_module("train_soft_intro_vae")
        with seeded(duel.seed, "networks"):
            model = module.SoftIntroVAE(3, Z, [64, 128, 256], 32)
            ours: dict[str, nn.Module] = {
                "encoder": _posterior(model.encoder),
                "decoder": deepcopy(model.decoder),
            }
            if width is not None:
                ours = dict(case.method.networks(case.shape, DCGAN(width=width)))
                model.encoder, model.decoder = _Halves(deepcopy(ours["encoder"])), deepcopy(ours["decoder"])
        theirs = {"encoder": model.encoder, "decoder": model.decoder}
        module.SoftIntroVAE = lambda **given: model
        module.CIFAR10 = lambda **given: None
        module.DataLoader = lambda *given, **named: Feed(
            lambda: ((x, None) for x in duel.batches(theirs, ours))
        )
        module.vutils.save_image = lambda *given, **named: None
        module.train_soft_intro_vae(
            dataset="cifar10", z_dim=Z, lr_e=RATE, lr_d=RATE, batch_size=case.batch_size, num_epochs=1,
            beta_neg=256.0, test_iter=10**9,
        )  # fmt: skip


def train_points(case: Case, folder: Path, duel: Duel) -> None:
    with abroad(folder / "soft_intro_vae_2d"):
        module: Any = importlib.import_module("train_soft_intro_vae_2d")
        with seeded(duel.seed, "networks"):
            model = module.SoftIntroVAESimple(2, 2, 3, 256)
        theirs = {"encoder": model.encoder, "decoder": model.decoder}
        ours = {"encoder": AsPosterior(deepcopy(model.encoder)), "decoder": deepcopy(model.decoder)}
        batches = duel.batches(theirs, ours)

        class Points:
            range = 1

            def __init__(self, distr: str) -> None: ...

            def next_batch(self, **given: Any) -> torch.Tensor:
                return next(batches)

        module.SoftIntroVAESimple = lambda **given: model
        module.ToyDataset = Points
        module.train_soft_intro_vae_toy(
            z_dim=2, lr_e=RATE, lr_d=RATE, batch_size=case.batch_size, n_iter=10**6, save_interval=10**9,
            test_iter=10**9, beta_rec=0.2, beta_kl=0.3, beta_neg=0.9,
        )  # fmt: skip


def _posterior(encoder: nn.Module) -> nn.Module:
    ours: Any = deepcopy(encoder)
    ours.main.add_module("dense", Dense())
    return AsPosterior(ours)


class _Halves(nn.Module):
    """Our encoder as `x -> mu, logvar`."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: torch.Tensor, o_cond: None = None) -> tuple[torch.Tensor, torch.Tensor]:
        q = self.network(x)
        return q.mu, q.logvar

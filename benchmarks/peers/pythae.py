"""pythae: its trainers and models, on the networks of chimerae."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any

import torch
from benchmarks.peers.duel import Case, Duel
from benchmarks.peers.feed import Feed, abroad
from benchmarks.peers.start import Start
from torch import nn

from chimerae.methods import AAE, VAE, VAEGAN, WAEGAN, WAEMMD
from chimerae.networks import DCGAN
from chimerae.noise import seeded
from chimerae.training.settings import Optimizer

NAME = "pythae 0.1.2"
SHAPE, BATCH, Z, RATE = (3, 32, 32), 64, 128, 2e-4
ADAM = Optimizer(lr=RATE, beta1=0.9, beta2=0.999)
LAMBDA, RECON = 10.0, 0.05
ROWS: list[tuple[str, str, Any, list[str], bool]] = [
    ("vae", "VAE", VAE(z_dim=Z), [], True),
    (
        "vae-gan",
        "VAEGAN",
        VAEGAN(z_dim=Z, gamma=1.0, fakes="samples", adv_loss="saturating"),
        [
            "The margins of pythae, which leave out a player's move in some updates, are opened, so that "
            "every update moves all three players.",
            "The sign of the game in pythae's loss of the decoder is the opposite of the paper's at its "
            "default weights; the arithmetic is the same.",
        ],
        True,
    ),
    ("wae-mmd", "WAE_MMD", WAEMMD(z_dim=Z, penalty=LAMBDA, recon_weight=RECON), [], True),
    (
        "wae-gan",
        "Adversarial_AE",
        WAEGAN(z_dim=Z, penalty=LAMBDA, recon_weight=RECON, p_trick="off", update="simultaneous"),
        ["pythae's Adversarial_AE moves autoencoder and critic at once, as WAE-GAN can: its update is ours."],
        True,
    ),
    (
        "aae",
        "Adversarial_AE",
        AAE(z_dim=Z),
        [
            "Ours plays the paper's three phases (reconstruction, critic, encoder against the critic), each "
            "on moved networks, and so encodes twice; pythae's update is that of wae-gan-w16.",
        ],
        False,
    ),
]


def starts(folder: Path) -> Iterator[Start]:
    for name, model, method, remarks, same in ROWS:
        for width in (16, 32):
            what = f"{model} against `{method.name}`, dcgan of width {width}"
            case = Case(f"{name}-w{width}", NAME, what, method, SHAPE, BATCH, ADAM, remarks, same)
            yield Start(case, partial(train, case, folder, model, width))


def train(case: Case, folder: Path, model: str, width: int, duel: Duel) -> None:
    """Let pythae's trainer play until the duel ends."""
    with seeded(duel.seed, "networks"):
        networks = dict(case.method.networks(case.shape, DCGAN(width=width)))
    with abroad(folder):
        built = _model(model, {name: deepcopy(network) for name, network in networks.items()})
        trainer = _trainer(model, built)
        trainer.prepare_training()
        theirs = {name: getattr(built, THEIRS[name]) for name in networks}
        trainer.train_loader = Feed(lambda: _batches(duel, theirs, networks))
        trainer.train_step(1)


THEIRS = {"encoder": "encoder", "decoder": "decoder", "critic": "discriminator"}


def _batches(duel: Duel, theirs: dict[str, nn.Module], ours: dict[str, nn.Module]) -> Iterator[Any]:
    from pythae.data.datasets import DatasetOutput

    for x in duel.batches(theirs, ours):
        yield DatasetOutput(data=x)


def _model(model: str, networks: dict[str, nn.Module]) -> Any:
    from pythae import models

    encoder, decoder = _encoder(networks["encoder"]), _decoder(networks["decoder"])
    common = {"input_dim": SHAPE, "latent_dim": Z}
    if model == "VAE":
        return models.VAE(models.VAEConfig(**common), encoder, decoder)
    if model == "WAE_MMD":
        config = models.WAE_MMD_Config(
            **common,
            kernel_choice="imq",
            scales=[0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0],
            reconstruction_loss_scale=RECON,
            reg_weight=LAMBDA,
        )
        return models.WAE_MMD(config, encoder, decoder)
    critic = _critic(networks["critic"])
    if model == "VAEGAN":
        config = models.VAEGANConfig(**common, reconstruction_layer=1, margin=100.0)
        return models.VAEGAN(config, encoder, decoder, critic)
    config = models.Adversarial_AE_Config(
        **common,
        deterministic_posterior=True,
        adversarial_loss_scale=LAMBDA / (LAMBDA + RECON),
        reconstruction_loss_scale=RECON / (LAMBDA + RECON),
    )
    return models.Adversarial_AE(config, encoder, decoder, critic)


def _trainer(model: str, built: Any) -> Any:
    from pythae import trainers
    from pythae.data.datasets import BaseDataset

    common = {"output_dir": ".", "num_epochs": 1, "per_device_train_batch_size": 2, "no_cuda": True}
    adam = {"betas": (ADAM.beta1, ADAM.beta2)}
    few = BaseDataset(torch.rand(2, *SHAPE), torch.zeros(2))
    if model == "VAEGAN":
        config = trainers.CoupledOptimizerAdversarialTrainerConfig(
            **common, encoder_learning_rate=RATE, decoder_learning_rate=RATE, discriminator_learning_rate=RATE
        )
        return trainers.CoupledOptimizerAdversarialTrainer(built, few, training_config=config)
    if model == "Adversarial_AE":
        config = trainers.AdversarialTrainerConfig(
            **common, autoencoder_learning_rate=RATE, discriminator_learning_rate=RATE
        )
        return trainers.AdversarialTrainer(built, few, training_config=config)
    config = trainers.BaseTrainerConfig(**common, learning_rate=RATE, optimizer_params=adam)
    return trainers.BaseTrainer(built, few, training_config=config)


def _encoder(network: nn.Module) -> Any:
    from pythae.models.base.base_utils import ModelOutput
    from pythae.models.nn import BaseEncoder

    class Encoder(BaseEncoder):
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, x: torch.Tensor) -> Any:
            q = self.network(x)
            logvar = q.logvar if q.logvar.dim() == 2 else q.logvar.expand_as(q.mu)
            return ModelOutput(embedding=q.mu, log_covariance=logvar)

    return Encoder()


def _decoder(network: nn.Module) -> Any:
    from pythae.models.base.base_utils import ModelOutput
    from pythae.models.nn import BaseDecoder

    class Decoder(BaseDecoder):
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, z: torch.Tensor) -> Any:
            return ModelOutput(reconstruction=self.network(z))

    return Decoder()


def _critic(network: nn.Module) -> Any:
    """A discriminator whose only inner layer is that of the features, as its `forward` is asked for it."""
    from pythae.models.base.base_utils import ModelOutput
    from pythae.models.nn import BaseDiscriminator

    class Critic(BaseDiscriminator):
        def __init__(self) -> None:
            super().__init__()
            self.network = network
            self.depth = 2

        def forward(self, x: torch.Tensor, output_layer_levels: Any = None) -> Any:
            if output_layer_levels is not None:
                return ModelOutput(embedding_layer_1=self.network.lower(x))
            made = self.network(x)
            logit = made[0] if isinstance(made, tuple) else made
            return ModelOutput(embedding=logit.sigmoid()[:, None])

    return Critic()

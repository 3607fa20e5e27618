"""Methods, one file each. A method receives an architecture; no optimiser, file or device belongs to it."""

from __future__ import annotations

from collections.abc import Mapping

from chimerae.methods.aae import AAE
from chimerae.methods.alice import ALICE
from chimerae.methods.as_introvae import ASIntroVAE
from chimerae.methods.avae import AVAE
from chimerae.methods.avae_frozen import AVAEFrozen
from chimerae.methods.biadversarial import Biadversarial
from chimerae.methods.bigan import BiGAN
from chimerae.methods.gan import GAN
from chimerae.methods.ian import IAN
from chimerae.methods.id_gan import IDGAN
from chimerae.methods.introvae import IntroVAE
from chimerae.methods.kl_gan import KLGAN
from chimerae.methods.method import Clock, Losses, Method, NoEncoder, NoSamples, Played, Target
from chimerae.methods.soft_introvae import SoftIntroVAE
from chimerae.methods.vae import VAE
from chimerae.methods.vae_gan import VAEGAN
from chimerae.methods.wae_gan import WAEGAN
from chimerae.methods.wae_mmd import WAEMMD
from chimerae.methods.wgan_gp import WGANGP

METHODS: tuple[type[Method], ...] = (
    VAE,
    GAN,
    WGANGP,
    VAEGAN,
    BiGAN,
    AVAE,
    IntroVAE,
    SoftIntroVAE,
    ASIntroVAE,
    Biadversarial,
    WAEMMD,
    WAEGAN,
    AAE,
    ALICE,
    IDGAN,
    IAN,
    KLGAN,
    AVAEFrozen,
)
"""Every method, in the order in which they are listed."""

BY_NAME: Mapping[str, type[Method]] = {method.name: method for method in METHODS}

__all__ = [
    "AAE",
    "ALICE",
    "AVAE",
    "BY_NAME",
    "GAN",
    "IAN",
    "IDGAN",
    "KLGAN",
    "METHODS",
    "VAE",
    "VAEGAN",
    "WAEGAN",
    "WAEMMD",
    "WGANGP",
    "ASIntroVAE",
    "AVAEFrozen",
    "BiGAN",
    "Biadversarial",
    "Clock",
    "IntroVAE",
    "Losses",
    "Method",
    "NoEncoder",
    "NoSamples",
    "Played",
    "SoftIntroVAE",
    "Target",
]

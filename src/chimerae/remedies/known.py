"""The state of a run behind each health word, and the remedies that a method has for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from chimerae.remedies.change import Change, Remedy

MEANINGS: Final[Mapping[str, str]] = {
    "not finite": "a value is NaN or infinite",
    "a value is huge": "a value lies beyond a million, and training is about to break",
    "samples alike": "every code gives nearly the same sample",
    "samples faint": "every sample lies near the mean image",
    "few patterns": "the samples are variants of a few patterns",
    "samples of a class alike": "every code gives nearly the same sample of a class",
    "no better than the mean": "reconstructions follow their originals no better than the mean image does",
    "off the data": "samples have another mean than the data",
    "code unused": "the encoder says nothing about its input",
    "code mostly unused": "the encoder uses less than a tenth of its code",
    "code not read back": "the encoder does not recover the code that a sample was made from",
    "critic runs away": "the critic's logits grow without limit",
    "critic saturated": "the critic tells all samples from data, and the generator hardly learns from it",
    "critic blind": "the critic sees no difference between samples and data",
    "penalty too large": "the critic's slope is far from 1",
    "hinge inactive": "samples are past the margin, and the encoder repels nothing",
    "exponent saturated": "samples are repelled already, and the encoder no longer learns from them",
    "fakes not repelled": "samples cost the encoder nothing",
    "fakes pass as data": "the encoder finds samples likelier than data",
    "encoder far ahead": "samples have many times the KL of data, and the decoder does not follow",
}
"""Health word -> the state of the run, in plain words."""

Remedies = tuple[Remedy, ...]
"""Measures, the most promising one first."""


def _critic(lr: float, past: Literal["least", "most"], player: str = "critic") -> Change:
    return Change(f"training.players.{player}.lr", lr, past)


LONGER: Final = Remedy("train longer", (Change("steps"),))
_FASTER: Final = Remedy("raise the learning rate", (Change("training.optimizer.lr", 1e-3, "least"),))
_MORE: Final = (LONGER, _FASTER)
_CALM: Final = (
    Remedy("lower the learning rate", (Change("training.optimizer.lr", 1e-4, "most"),)),
    Remedy("clip gradients", (Change("training.optimizer.clip", 1),)),
)
_SLOWER_CRITIC: Final = Remedy("lower the critic's learning rate", (_critic(5e-5, "most"),))
_FASTER_CRITIC: Final = Remedy("raise the critic's learning rate", (_critic(5e-4, "least"),))
_WEAKER_CRITIC: Final = (_SLOWER_CRITIC, LONGER)
_PENALTY: Final = (Remedy("hold the critic back", (Change("method.r1", 1, "least"),)), _SLOWER_CRITIC)
_VARIANCE: Final = Remedy("estimate the decoder's variance", (Change("method.likelihood", "estimated"),))
_ESTIMATED: Final = (_VARIANCE, LONGER)
_LESS_KL: Final = (Remedy("lower the weight of the KL", (Change("method.beta", 0.1, "most"),)), LONGER)
_FOLLOW: Final = (
    Remedy(
        "let the generator draw before it is read back",
        (
            Change("method.latent-warmup", 0.5, "least"),
            Change("method.latent-weight", 0.1, "most"),
            Change("method.latent-loss", "normalised"),
            Change("method.likelihood", "estimated"),
            Change("training.players.vae.sigma-lr-scale", 5, "least"),
            Change("training.optimizer.lr", 1e-3, "least"),
        ),
    ),
)
_SEEN: Final = (
    Remedy("weigh the code more", (Change("method.latent-weight", 0.03, "least"),)),
    Remedy("let the encoder see more, such as --method.encoder efficientnet:1+efficientnet:5"),
)
_OR_NEG = "--method.exponent-kl, or --method.beta-neg if that is none"
_LOWER_EXPONENT: Final = Remedy(f"lower {_OR_NEG}")
_RAISE_EXPONENT: Final = Remedy(f"raise {_OR_NEG}")
_AS_VAE: Final = Remedy("begin as a VAE", (Change("method.warmup-share", 0.3, "least"),))
_MARGIN: Final = Remedy("set the margin (--method.m) a little above the KL of data")
_WARM_UP: Final = (_AS_VAE, _LOWER_EXPONENT)
_CYCLE: Final = (Remedy("train `alice`, which adds the reconstruction error that this method lacks"),)

GENERAL: Final[Mapping[str, Remedies]] = {
    "not finite": _CALM,
    "a value is huge": _CALM,
    "samples alike": _MORE,
    "samples faint": _MORE,
    "few patterns": _MORE,
    "samples of a class alike": _MORE,
    "no better than the mean": _MORE,
    "off the data": _MORE,
    "code unused": _MORE,
    "code mostly unused": (LONGER, Remedy("try a smaller code", (Change("method.z-dim"),))),
    "code not read back": _MORE,
    "critic runs away": _WEAKER_CRITIC,
    "critic saturated": _WEAKER_CRITIC,
    "critic blind": (_FASTER_CRITIC,),
    "penalty too large": _CALM,
    "hinge inactive": (Remedy("raise the margin", (Change("method.m"),)),),
    "exponent saturated": (_LOWER_EXPONENT,),
    "fakes not repelled": (_RAISE_EXPONENT,),
    "fakes pass as data": (LONGER, _RAISE_EXPONENT),
    "encoder far ahead": _WARM_UP,
}
"""Word -> remedies, where the method has none of its own."""

_ALIKE: Final = ("samples alike", "few patterns", "samples of a class alike")
_COLLAPSED: Final = (*_ALIKE, "off the data")
_BLURRED: Final = (*_ALIKE, "samples faint")
_SILENT: Final = ("code unused", "code mostly unused", "no better than the mean")

_OWN: Final[tuple[tuple[tuple[str, ...], tuple[str, ...], Remedies], ...]] = (
    (("gan", "vae-gan", "bigan", "alice"), (*_COLLAPSED, "critic saturated"), _PENALTY),
    (("ian",), _COLLAPSED, (*_PENALTY, LONGER)),
    (("id-gan",), _COLLAPSED, _WEAKER_CRITIC),
    (("avae", "avae-frozen"), ("critic saturated",), _PENALTY),
    (("avae-frozen",), ("no better than the mean", "code not read back"), _SEEN),
    (("avae-frozen",), _COLLAPSED, (*_PENALTY, LONGER)),
    (
        ("wgan-gp",),
        _COLLAPSED,
        (Remedy("train the critic more", (Change("method.n-critic", 5, "least"),)), LONGER),
    ),
    (
        ("biadversarial",),
        _COLLAPSED,
        (
            Remedy(
                "lower the weight of the error (--method.recon-weight), which can outweigh the game on codes"
            ),
            Remedy("lower the critics' learning rate", (_critic(5e-5, "most", "critics"),)),
        ),
    ),
    (
        ("biadversarial",),
        ("critic runs away", "critic saturated"),
        (Remedy("lower the critics' learning rate", (_critic(5e-5, "most", "critics"),)),),
    ),
    (
        ("biadversarial",),
        ("critic blind",),
        (Remedy("raise the critics' learning rate", (_critic(5e-4, "least", "critics"),)),),
    ),
    (
        ("biadversarial",),
        _SILENT,
        (Remedy("raise the weight of the error", (Change("method.recon-weight"),)),),
    ),
    (("avae",), (*_COLLAPSED, "no better than the mean", "code not read back"), _FOLLOW),
    (
        ("avae",),
        ("code unused", "code mostly unused"),
        (
            Remedy("let sigma move", (Change("training.players.vae.sigma-lr-scale", 5, "least"),)),
            *_ESTIMATED,
        ),
    ),
    (
        ("avae",),
        ("critic runs away",),
        (Remedy("bound the generator's loss", (Change("method.adv-loss", "softplus"),)),),
    ),
    (
        ("gan",),
        ("critic runs away",),
        (Remedy("bound the generator's loss", (Change("method.adv-loss", "non_saturating"),)),),
    ),
    (("vae", "introvae"), (*_BLURRED, *_SILENT), _ESTIMATED),
    (("vae-gan", "id-gan"), _SILENT, _ESTIMATED),
    (("ian",), _SILENT, _LESS_KL),
    (("bigan",), ("no better than the mean", "code not read back"), _CYCLE),
    (
        ("alice",),
        ("no better than the mean",),
        (Remedy("weigh the reconstruction more", (Change("method.lambda-x", 10, "least"),)),),
    ),
    (
        ("alice",),
        ("code not read back",),
        (Remedy("weigh the code's cycle more", (Change("method.lambda-z", 10, "least"),)),),
    ),
    (
        ("id-gan",),
        ("no better than the mean", "code not read back"),
        (Remedy("weigh the code more", (Change("method.w-info", 0.1, "least"),)),),
    ),
    (("introvae",), ("fakes pass as data", "encoder far ahead"), (_AS_VAE, _MARGIN)),
    (("soft-introvae", "as-introvae"), (*_COLLAPSED, "samples faint"), _WARM_UP),
    (("soft-introvae", "as-introvae"), _SILENT, _ESTIMATED),
    (
        ("wae-mmd", "wae-gan"),
        (*_BLURRED, *_SILENT),
        (Remedy("weigh the reconstruction more", (Change("method.recon-weight", 0.5, "least"),)),),
    ),
    (
        ("wae-mmd", "wae-gan"),
        ("off the data",),
        (Remedy("raise --method.penalty, so that codes follow the prior"),),
    ),
    (
        ("kl-gan",),
        ("critic runs away", "critic saturated"),
        (
            Remedy("begin the game later", (Change("method.critic-start", 0.5, "least"),)),
            _SLOWER_CRITIC,
        ),
    ),
    (
        ("kl-gan",),
        _SILENT,
        (Remedy("lower the weight of the KL", (Change("method.beta", 1e-6, "most"),)), LONGER),
    ),
    (
        ("aae",),
        ("off the data",),
        (Remedy("raise the critic's learning rate", (_critic(1e-3, "least"),)),),
    ),
)
"""Methods, words, and the remedies that these methods have for these words."""

REMEDIES: Final[Mapping[tuple[str, str], Remedies]] = {
    (method, word): remedies for methods, words, remedies in _OWN for method in methods for word in words
}

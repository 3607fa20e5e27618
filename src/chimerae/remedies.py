"""Advice for people whose run ended with a health word: the likely remedy for their method."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from chimerae.extensions import is_reference
from chimerae.files import parsed_json, read_json
from chimerae.run_folder.schema import LOG, RUN, renamed

PAGE: Final = "docs/health.md"

MEANINGS: Final[Mapping[str, str]] = {
    "not finite": "a value is NaN or infinite",
    "a value is huge": "a value lies beyond a million, and training is about to break",
    "samples alike": "every code gives nearly the same sample",
    "samples faint": "every sample lies near the mean image",
    "few patterns": "the samples are variants of a few patterns",
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

_CALM = "lower the rate (--training.optimizer.lr 1e-4) or clip gradients (--training.optimizer.clip 1)"
_WEAKER_CRITIC = "give the critic a lower rate (--training.players.critic.lr 5e-5) and train longer"
_PENALTY = "hold the critic back (--method.r1 1) or lower its rate (--training.players.critic.lr 5e-5)"
_ESTIMATED = "estimate the decoder's variance (--method.likelihood estimated) and train longer"
_LESS_KL = "lower the weight of the KL (--method.beta 0.1) and train longer"
_FOLLOW = (
    "let the generator draw before it is read back (--method.latent-warmup 0.5 --method.latent-weight 0.1 "
    "--method.latent-loss normalised --method.likelihood estimated "
    "--training.players.vae.sigma-lr-scale 5 --training.optimizer.lr 1e-3)"
)
_EXPONENT = "--method.exponent-kl, or --method.beta-neg where that is none"
_WARM_UP = f"begin as a VAE (--method.warmup-share 0.3) and lower {_EXPONENT}"
_CYCLE = "train `alice`, which adds the reconstruction error that this method lacks"
_LONGER = "train longer (--steps), or with a higher rate (--training.optimizer.lr 1e-3)"

GENERAL: Final[Mapping[str, str]] = {
    "not finite": _CALM,
    "a value is huge": _CALM,
    "samples alike": _LONGER,
    "samples faint": _LONGER,
    "few patterns": _LONGER,
    "no better than the mean": _LONGER,
    "off the data": _LONGER,
    "code unused": _LONGER,
    "code mostly unused": "train longer, or with a smaller code (--method.z-dim)",
    "code not read back": _LONGER,
    "critic runs away": _WEAKER_CRITIC,
    "critic saturated": _WEAKER_CRITIC,
    "critic blind": "give the critic a higher rate (--training.players.critic.lr 5e-4)",
    "penalty too large": _CALM,
    "hinge inactive": "raise the margin (--method.m)",
    "exponent saturated": f"lower {_EXPONENT}",
    "fakes not repelled": f"raise {_EXPONENT}",
    "fakes pass as data": f"train longer, and raise {_EXPONENT}",
    "encoder far ahead": _WARM_UP,
}
"""Word -> remedy, where the method has none of its own."""

_COLLAPSED: Final = ("samples alike", "few patterns", "off the data")
_BLURRED: Final = ("samples alike", "samples faint", "few patterns")
_SILENT: Final = ("code unused", "code mostly unused", "no better than the mean")

_OWN: Final[tuple[tuple[tuple[str, ...], tuple[str, ...], str], ...]] = (
    (("gan", "vae-gan", "bigan", "alice"), (*_COLLAPSED, "critic saturated"), _PENALTY),
    (("ian", "id-gan"), _COLLAPSED, _WEAKER_CRITIC),
    (("avae",), ("critic saturated",), _PENALTY),
    (("wgan-gp",), _COLLAPSED, "train the critic more (--method.n-critic 5) and all of it longer"),
    (
        ("biadversarial",),
        _COLLAPSED,
        "lower the weight of the error (--method.recon-weight), which can outweigh the game on codes, or the "
        "critics' rate (--training.players.critics.lr 5e-5)",
    ),
    (
        ("biadversarial",),
        ("critic runs away", "critic saturated"),
        "give the critics a lower rate (--training.players.critics.lr 5e-5)",
    ),
    (
        ("biadversarial",),
        ("critic blind",),
        "give the critics a higher rate (--training.players.critics.lr 5e-4)",
    ),
    (("biadversarial",), _SILENT, "raise the weight of the error (--method.recon-weight)"),
    (("avae",), (*_COLLAPSED, "no better than the mean", "code not read back"), _FOLLOW),
    (
        ("avae",),
        ("code unused", "code mostly unused"),
        f"let sigma move (--training.players.vae.sigma-lr-scale 5) and {_ESTIMATED}",
    ),
    (("avae",), ("critic runs away",), "bound the generator's loss (--method.adv-loss softplus)"),
    (("gan",), ("critic runs away",), "bound the generator's loss (--method.adv-loss non_saturating)"),
    (("vae", "introvae"), (*_BLURRED, *_SILENT), _ESTIMATED),
    (("vae-gan", "id-gan"), _SILENT, _ESTIMATED),
    (("ian",), _SILENT, _LESS_KL),
    (("bigan",), ("no better than the mean", "code not read back"), _CYCLE),
    (("alice",), ("no better than the mean",), "weigh the reconstruction more (--method.lambda-x 10)"),
    (("alice",), ("code not read back",), "weigh the code's cycle more (--method.lambda-z 10)"),
    (
        ("id-gan",),
        ("no better than the mean", "code not read back"),
        "weigh the code more (--method.w-info 0.1)",
    ),
    (
        ("introvae",),
        ("fakes pass as data", "encoder far ahead"),
        "begin as a VAE (--method.warmup-share 0.3) with a margin (--method.m) a little above the KL of data",
    ),
    (("soft-introvae", "as-introvae"), (*_COLLAPSED, "samples faint"), _WARM_UP),
    (("soft-introvae", "as-introvae"), _SILENT, _ESTIMATED),
    (
        ("wae-mmd", "wae-gan"),
        (*_BLURRED, *_SILENT),
        "weigh the reconstruction more (--method.recon-weight 0.5)",
    ),
    (("wae-mmd", "wae-gan"), ("off the data",), "raise --method.penalty, so that codes follow the prior"),
    (("aae",), ("off the data",), "give the critic a higher rate (--training.players.critic.lr 1e-3)"),
)
"""Methods, words, and the remedy that these methods have for these words."""

REMEDIES: Final[Mapping[tuple[str, str], str]] = {
    (method, word): remedy for methods, words, remedy in _OWN for method in methods for word in words
}


def advice(method: str, word: str) -> str:
    """One sentence for people: the state of the run, the likely remedy, the pages; empty for `ok` and unknown
    words.

    >>> print(advice("vae", "code unused"))
    code unused: the encoder says nothing about its input; estimate the decoder's variance \
(--method.likelihood estimated) and train longer; see docs/health.md#code-unused and docs/methods/vae.md
    >>> advice("vae", "ok")
    ''
    """
    if word not in MEANINGS:
        return ""
    remedy = REMEDIES.get((method, word), GENERAL[word])
    anchor = word.replace(" ", "-")
    page = "" if is_reference(method) else f" and docs/methods/{method}.md"
    return f"{word}: {MEANINGS[word]}; {remedy}; see {PAGE}#{anchor}{page}"


def ending(folder: Path) -> str:
    """The advice for a run folder, from the last line of its log; empty where all is well or nothing is
    logged.
    """
    try:
        method = renamed(read_json(folder / RUN, "a run")["run"])["method"]["name"]
        word = renamed(parsed_json((folder / LOG).read_text("utf-8").splitlines()[-1]))["health"]
    except (OSError, ValueError, KeyError, IndexError, TypeError):
        return ""
    return advice(str(method), str(word))

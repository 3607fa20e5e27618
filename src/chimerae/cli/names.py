"""Flags as people type them: the last word of a setting's name, words of other tools, misspelt names."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches
from typing import Final

from chimerae.errors import InputError
from chimerae.run_folder.schema import RENAMED

NONE: Final = ("none", "null")
"""Words for None."""
HELP: Final = ("-h", "--help", "--help-all")
ASIDE: Final = ("--evaluation.", "--training.players.")
"""Prefixes of settings that give way to others with the same last word."""
WORDS: Final[Mapping[str, str]] = {
    "batch": "batch-size",
    "bs": "batch-size",
    "learning-rate": "lr",
    "latent-dim": "z-dim",
    "latent-size": "z-dim",
    "latent": "z-dim",
    "latents": "z-dim",
    "zdim": "z-dim",
    "image-size": "size",
    "img-size": "size",
    "resolution": "size",
    "iterations": "steps",
    "iters": "steps",
    "max-steps": "steps",
    "num-steps": "steps",
    "output": "out",
    "output-dir": "out",
    "outdir": "out",
    "dir": "out",
    "name": "out",
    "dataset": "data",
    "data-dir": "data",
    "input": "data",
    "random-seed": "seed",
    "cuda": "device",
    "gpu": "device",
    "gpus": "device",
    "cpu": "device",
    "channels-base": "width",
    "base-channels": "width",
    "network": "arch",
    "architecture": "arch",
    "fp16": "precision",
    "bf16": "precision",
    "amp": "precision",
    "optimizer": "kind",
    "metric": "metrics",
    "num-samples": "n",
    "num": "n",
    "count": "n",
    "format": "out",
    "minutes": "budget",
    "time": "budget",
    "to": "publish",
    "licence": "license",
    **{
        before.rpartition(".")[2].replace("_", "-"): now.rpartition(".")[2].replace("_", "-")
        for before, now in RENAMED.items()
    },
}
"""Words of other tools and of earlier versions, and the last word of the setting with that meaning here."""
SENTENCES: Final[Mapping[str, str]] = {
    "epochs": "training is counted in steps of one batch: --steps N",
    "epoch": "training is counted in steps of one batch: --steps N",
    "num-epochs": "training is counted in steps of one batch: --steps N",
    "workers": "leave it away: data are prepared once and read without workers",
    "num-workers": "leave it away: data are prepared once and read without workers",
    "resume": "to go on with a run: chimerae resume RUN",
    "checkpoint": "to go on with a run: chimerae resume RUN",
    "method": "the method comes first: chimerae train METHOD --data SOURCE",
    "model": "the method comes first: chimerae train METHOD --data SOURCE",
    "recipe": "the recipe comes first: chimerae train RECIPE --data SOURCE",
    "root": "the folder of data sets is --data-root DIR",
    "by": "the network that draws is --network NAME",
}
"""Words of other tools and of earlier versions without a single matching setting."""


def expanded(args: Sequence[str], flags: Sequence[str]) -> list[str]:
    """`args` with every short name of a setting replaced by its flag.

    Raises:
        InputError: a flag is neither in `flags` nor the last words of exactly one of them.

    >>> expanded(["--lr", "3", "--n=2"], ["--training.optimizer.lr", "--n"])
    ['--training.optimizer.lr', '3', '--n=2']
    """
    return [_expanded(arg, flags) if arg.startswith("--") and arg != "--" else arg for arg in args]


def with_none(args: Sequence[str], nullable: Collection[str]) -> list[str]:
    """`args` with `None` where a flag of `nullable` is given none or null.

    >>> with_none(["--scale", "none", "--size=null", "--out", "none"], ["--scale", "--size"])
    ['--scale', 'None', '--size=None', '--out', 'none']
    """
    found = list(args)
    for i, arg in enumerate(args):
        name, equals, value = arg.partition("=")
        if equals and name in nullable and value.lower() in NONE:
            found[i] = f"{name}=None"
        if arg.lower() in NONE and i and args[i - 1] in nullable:
            found[i] = "None"
    return found


def _expanded(arg: str, flags: Sequence[str]) -> str:
    name, equals, value = arg.partition("=")
    name = name.replace("_", "-")
    if name in flags or name in HELP:
        return f"{name}{equals}{value}"
    meant = meanings(name.removeprefix("--"), flags)
    if len(meant) == 1:
        return f"{meant[0]}{equals}{value}"
    raise strange(name, flags)


def meanings(words: str, flags: Collection[str]) -> list[str]:
    """The settings whose names end in `words`; those of evaluation and of single players only where there
    are no others.

    >>> meanings("lr", ["--training.optimizer.lr", "--training.players.critic.lr", "--steps"])
    ['--training.optimizer.lr']
    """
    found = [flag for flag in flags if flag.endswith(f".{words}") or flag == f"--{words}"]
    return [flag for flag in found if not flag.startswith(ASIDE)] or found


def strange(name: str, flags: Sequence[str]) -> InputError:
    """The error for a flag `name` outside `flags`, with a hint at the right one."""
    words = name.removeprefix("--")
    if words in SENTENCES:
        return InputError(f"unknown flag {name}; {SENTENCES[words]}")
    last = words.rpartition(".")[2]
    meant = meanings(words, flags) or meanings(WORDS.get(last, words), flags)
    if not meant:
        leaves = {flag.removeprefix("--").rpartition(".")[2]: flag for flag in reversed(flags)}
        near = get_close_matches(name, flags, n=1) or get_close_matches(words, leaves, n=1)
        meant = near if near[:1] and near[0].startswith("--") else [leaves[each] for each in near]
    if len(meant) == 1:
        return InputError(f"unknown flag {name}; did you mean {meant[0]}?")
    if meant:
        return InputError(f"{name} could be any of {', '.join(meant)}: give the whole name")
    return InputError(f"unknown flag {name}; --help shows the usual flags, --help-all all of them")

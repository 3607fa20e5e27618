"""Mistakes of people who know other tools: the one line that comes back leads to what they meant."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chimerae.cli.names import SENTENCES, WORDS, expanded, meanings
from chimerae.errors import InputError
from tests.cli.conftest import Call
from tests.helpers.rows import through

DIGITS = ("train", "avae", "--data", "digits")

MISTAKES = [
    (("avae", "--data", "digits"), "chimerae train avae --data digits"),
    (("generate", "runs/x"), "did you mean 'sample'"),
    (("Train", "avae"), "did you mean 'train'"),
    (("train", "avea", "--data", "digits"), "did you mean 'avae'"),
    (("train", "avae", "digits"), "chimerae train avae --data digits"),
    (("train", "--data", "digits", "VAE/GAN"), "chimerae train vae-gan --data digits"),
    (("train", "avae", "--dataset", "digits"), "did you mean --data?"),
    (("train", "avae", "--dta", "digits"), "did you mean --data?"),
    (("train", "avae", "--data", "Digits"), "did you mean 'digits'"),
    ((*DIGITS, "--epochs", "5"), "5 epochs are --steps 255"),
    (("train", "avae", "--data", "8gaussians", "--epochs", "5"), "drawn anew"),
    ((*DIGITS, "--learning-rate", "1e-4"), "did you mean --training.optimizer.lr?"),
    ((*DIGITS, "--latent_dim", "8"), "did you mean --method.z-dim?"),
    ((*DIGITS, "--image-size", "32"), "did you mean --prepare.size?"),
    ((*DIGITS, "--output", "x"), "did you mean --out?"),
    ((*DIGITS, "--iterations", "5"), "did you mean --steps?"),
    ((*DIGITS, "--gpu", "0"), "did you mean --training.device?"),
    ((*DIGITS, "--num-workers", "4"), "leave it away"),
    ((*DIGITS, "--resume"), "chimerae resume RUN"),
    ((*DIGITS, "--btach-size", "32"), "did you mean --training.batch-size?"),
    ((*DIGITS, "--network", "mlp"), "did you mean --arch?"),
    ((*DIGITS, "-lr", "3"), "begin with --"),
    ((*DIGITS, "--steps"), "--steps needs a value: a whole number"),
    ((*DIGITS, "--steps", "10k"), "--steps '10k': wanted a whole number"),
    ((*DIGITS, "--method.latent-rise", "0.5"), "did you mean --method.latent-warmup?"),
    ((*DIGITS, "--sigma-pace", "3"), "sigma-lr-scale"),
    ((*DIGITS, "--root", "x"), "--data-root DIR"),
    (("study", "blur", "--to", "x"), "did you mean --publish?"),
    (("evaluate",), "the run folder is missing"),
    (("sample", "runs/x", "--num", "3"), "did you mean --n?"),
    (("completion", "powershell"), "bash, zsh, fish"),
]


@through("args, hint", MISTAKES)
def test_the_line_that_comes_back_leads_on(call: Call, workplace: Path, args: tuple[str, ...], hint: str):
    code, out, err = call(*args)
    assert code == 2, err
    lines = err.splitlines()
    assert len(lines) == 1
    assert hint in lines[0]
    assert not out
    assert list(workplace.iterdir()) == []


def test_the_last_word_of_a_setting_will_do(call: Call):
    short = (
        "--batch-size",
        32,
        "--lr=0.5",
        "--size",
        16,
        "--z_dim",
        3,
        "--width",
        2,
        "--flip",
        "--device",
        "cpu",
    )
    code, out, err = call("train", "AVAE", "--data", "digits", "--dry-run", *short)
    assert code == 0, err
    told = json.loads(out)
    training = told["training"]
    assert (training["batch_size"], training["optimizer"]["lr"], training["flip"]) == (32, 0.5, True)
    assert (told["prepare"]["size"], told["method"]["z_dim"], told["arch"]["width"]) == (16, 3, 2)
    assert (told["method"]["name"], told["evaluation"]["batch_size"]) == ("avae", 256)


FLAGS = ["--seed", "--a.kind", "--b.kind", "--evaluation.seed", "--evaluation.n", "--training.players.c.lr"]


def test_a_word_that_ends_two_settings_is_refused_with_both():
    with pytest.raises(InputError, match=r"--kind could be any of --a\.kind, --b\.kind"):
        expanded(["--kind", "x"], FLAGS)
    assert expanded(["--seed", "1", "--n=2", "--b.kind", "x"], FLAGS) == [
        *("--seed", "1", "--evaluation.n=2", "--b.kind", "x")
    ]
    assert meanings("lr", FLAGS) == ["--training.players.c.lr"]
    assert expanded(["-5", "value", "--"], FLAGS) == ["-5", "value", "--"]


def test_words_of_other_tools_are_no_settings_of_ours():
    assert not set(WORDS) & set(WORDS.values())
    assert not set(WORDS) & set(SENTENCES)

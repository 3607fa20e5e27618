from __future__ import annotations

import pytest

from chimerae.training.health import RULES, health

GOOD = {"kl": 12.0, "rec": 80.0, "c_real": 1.0, "c_fake": -1.0}

INTRO = {"rec": 80.0, "kl": 80.0, "kl_rec": 110.0, "kl_fake": 115.0, "hinge": 9.0}
SOFT = {"rec": 0.14, "kl": 2.13, "kl_rec": 2.14, "kl_fake": 2.14, "exp_elbo": 0.14}

CASES = [
    ({}, "ok"),
    (GOOD, "ok"),
    (GOOD | {"rec": float("nan")}, "not finite"),
    (GOOD | {"c_fake": float("-inf")}, "not finite"),
    (GOOD | {"c_fake": -60.0}, "critic runs away"),
    (GOOD | {"c_real": 5.0, "c_fake": -5.0}, "critic saturated"),
    (GOOD | {"c_real": -5.0, "c_fake": 5.0}, "ok"),
    (GOOD | {"c_real": 0.1, "c_fake": 0.1}, "critic blind"),
    ({"c_real": 30.0, "c_fake": -30.0, "penalty": 0.1}, "ok"),
    ({"c_real": 0.1, "c_fake": 0.1, "penalty": 0.1}, "ok"),
    ({"c_real": 1.0, "c_fake": 0.0, "penalty": 11.0}, "penalty too large"),
    ({"kl": 0.01, "rec": 3.0}, "code unused"),
    ({"kl": 0.06, "rec": 3.0}, "ok"),
    (INTRO, "ok"),
    (INTRO | {"hinge": 0.0}, "hinge inactive"),
    (INTRO | {"kl_fake": 60.0}, "fakes pass as data"),
    (INTRO | {"kl_fake": 78.0}, "ok"),
    (SOFT, "ok"),
    (SOFT | {"exp_elbo": 1e-6}, "exponent saturated"),
    (SOFT | {"exp_elbo": 0.999}, "fakes not repelled"),
    (SOFT | {"kl_fake": 1.0}, "fakes pass as data"),
    (SOFT | {"kl_fake": 1.0, "c": 0.95}, "fakes pass as data"),
    (SOFT | {"kl_fake": 1.0, "c": 0.5}, "ok"),
]


@pytest.mark.parametrize(("values", "word"), CASES)
def test_word(values, word):
    assert health(values) == word


def test_every_word_is_said_in_some_case():
    assert {word for _, word in CASES} == {word for word, _ in RULES} | {"ok"}


def test_the_worst_is_said_first():
    assert health(GOOD | {"kl": 0.0, "c_real": float("inf")}) == "not finite"


def test_huge_logits_do_not_overflow():
    assert health({"c_real": 1e6, "c_fake": -1e6}) == "critic runs away"

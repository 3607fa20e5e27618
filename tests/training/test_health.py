from __future__ import annotations

import json
from pathlib import Path

from chimerae.run_folder.schema import renamed
from chimerae.training.health import RULES, health
from tests.helpers.rows import through

CELLS = Path(__file__).parents[2] / "docs/results/studies/family-map/cells"

GOOD = {"kl": 12.0, "rec": 80.0, "c_real": 1.0, "c_fake": -1.0}

INTRO = {"rec": 80.0, "kl": 80.0, "kl_rec": 110.0, "kl_fake": 115.0, "hinge": 9.0}
SOFT = {"rec": 0.14, "kl": 2.13, "kl_rec": 2.14, "kl_fake": 2.14, "exp_elbo": 0.14}

DRAWN = {
    "variety": 0.6,
    "offset": 0.03,
    "rec_error": 0.4,
    "returned": 0.6,
    "used_codes": 0.5,
    "read_back": 0.7,
    "biggest": 1.0,
}

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
    (SOFT | {"kl_fake": 12.0}, "encoder far ahead"),
    (SOFT | {"kl_fake": 10.0}, "ok"),
    (GOOD | {"rec": 1.1e6}, "a value is huge"),
    (GOOD | {"biggest": 0.9e6}, "ok"),
    (DRAWN, "ok"),
    (DRAWN | {"variety": 0.019}, "samples alike"),
    (DRAWN | {"variety": 0.13}, "ok"),
    (DRAWN | {"variety": 0.11}, "samples faint"),
    (DRAWN | {"variety": 0.11, "offset": 0.3}, "ok"),
    (DRAWN | {"variety": 0.09, "offset": 0.3}, "few patterns"),
    (DRAWN | {"class_variety": 0.04}, "samples of a class alike"),
    (DRAWN | {"class_variety": 0.06}, "ok"),
    (DRAWN | {"offset": 0.6}, "off the data"),
    (DRAWN | {"rec_error": 0.97, "returned": 0.1}, "no better than the mean"),
    (DRAWN | {"rec_error": 1.5, "returned": 0.5}, "ok"),
    (DRAWN | {"rec_error": 2.1, "returned": 0.5}, "no better than the mean"),
    (DRAWN | {"rec_error": 0.9, "returned": 0.1}, "ok"),
    (DRAWN | {"used_codes": 0.09}, "code mostly unused"),
    (DRAWN | {"used_codes": 0.11}, "ok"),
    (DRAWN | {"read_back": 0.05}, "code not read back"),
    (DRAWN | {"read_back": 0.19, "offset": 0.11}, "few patterns"),
    (DRAWN | {"read_back": 0.21, "offset": 0.4}, "ok"),
    (DRAWN | {"read_back": 0.19, "offset": 0.09}, "ok"),
    ({"offset": 0.4, "variety": 0.6}, "ok"),
    ({"read_back": 0.19, "variety": 0.6}, "ok"),
]


@through("values, word", CASES)
def test_word(values, word):
    assert health(values) == word


def test_every_word_is_said_in_some_case():
    assert {word for _, word in CASES} == {rule.word for rule in RULES} | {"ok"}


def test_the_worst_is_said_first():
    assert health(GOOD | {"kl": 0.0, "c_real": float("inf")}) == "not finite"


def test_huge_logits_do_not_overflow():
    assert health({"c_real": 1e6, "c_fake": -1e6}) == "critic runs away"


@through("values", [{"variety": 0.001}, {"rec_error": 1.0, "returned": 0.0}, {"offset": 0.9}])
def test_a_critic_does_not_mask_a_collapse(values):
    certain, enormous = {"c_real": 9.0, "c_fake": -9.0}, {"c_real": 99.0, "c_fake": -99.0}
    assert health(DRAWN | values | certain) == health(DRAWN | values | enormous) == health(DRAWN | values)


@through(
    "values, word, after",
    [
        ({"variety": 0.01}, "samples alike", 0.1),
        ({"variety": 0.09, "offset": 0.4}, "few patterns", 0.5),
        ({"variety": 0.09}, "samples faint", 0.5),
        ({"read_back": 0.15, "offset": 0.2}, "few patterns", 0.5),
        ({"rec_error": 1.0, "returned": 0.0}, "no better than the mean", 0.2),
        ({"offset": 0.9}, "off the data", 0.2),
        ({"used_codes": 0.01}, "code mostly unused", 0.2),
        ({"read_back": 0.0}, "code not read back", 0.5),
        ({"kl": 1.0, "kl_fake": 9.0}, "encoder far ahead", 0.5),
        ({"biggest": 1e7}, "a value is huge", 0.0),
        ({"kl": 0.01}, "code unused", 0.0),
    ],
)
def test_words_wait_until_a_run_can_be_better(values, word, after):
    assert health(DRAWN | values, after) == word
    if after:
        assert health(DRAWN | values, after - 0.01) == "ok"


def test_one_face_in_many_tones_is_few_patterns():
    """The last measurement of the run on faces that the rule was found on: IAN before its critic had R1."""
    drawn = {"variety": 0.606, "offset": 0.186, "rec_error": 1.008, "returned": 0.368, "used_codes": 1.0}
    assert health(drawn | {"read_back": 0.129, "kl_ratio": 0.953, "biggest": 4.34}) == "few patterns"


SICK = {
    "lfw-biadversarial-s0": "few patterns",
    "digits-biadversarial-s1": "few patterns",
    "mnist-bigan-s0": "code not read back",
}


def test_committed_runs_get_the_words_that_their_pictures_deserve():
    """`docs/health.md` has the judgement: noisy faces that are much alike, digits whose samples cover a
    thirtieth, and codes of MNIST that give another digit; everything else is healthy.
    """
    last = {
        log.parent.name: renamed(json.loads(log.read_text("utf-8").splitlines()[-1]))
        for log in CELLS.glob("*/log.jsonl")
    }
    assert len(last) == 80
    said = {name: health(line["losses"] | line["logged"] | line["drawn"]) for name, line in last.items()}
    assert {name: word for name, word in said.items() if word != "ok"} == SICK

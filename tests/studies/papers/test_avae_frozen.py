"""The study of frozen encoders, judged without training anything."""

from __future__ import annotations

import pytest

from chimerae.studies import StudyResults, study
from chimerae.studies.papers.avae_frozen import APART, GENERATOR, NEAR, OURS, SHARED
from chimerae.tables import Values


def three(value: float) -> Values:
    return Values((value, value + 0.01, value + 0.02))


@pytest.mark.parametrize(
    ("ours", "theirs", "word"), [(1, 2, "agrees"), (2, 1, "disagrees"), (1, 1.01, "unclear")]
)
def test_the_verdict_reads_features_that_no_encoder_has_seen(ours: float, theirs: float, word: str):
    """The distances that favour one of the encoders are told, and do not decide."""
    found = {(OURS, APART): three(ours), (GENERATOR, APART): three(theirs)}
    found |= {(OURS, metric): three(5 - ours) for metric in (SHARED, NEAR)}
    found |= {(GENERATOR, metric): three(5 - theirs) for metric in (SHARED, NEAR)}
    said = study("avae-frozen").verdict(StudyResults(found))
    assert said.word == word
    assert f"{APART} {ours + 0.01:.3g} on the frozen encoder" in said.why
    assert SHARED in said.why


def test_without_that_distance_nothing_is_judged():
    found = StudyResults({(OURS, SHARED): three(1), (GENERATOR, SHARED): three(2)})
    assert study("avae-frozen").verdict(found).word == "unclear"


def test_arms_differ_in_their_encoders_alone():
    avae, blind, seeing = (arm.run for arm in study("avae-frozen").arms("quick"))
    assert {avae.method.name, blind.method.name, seeing.method.name} == {"avae", "avae-frozen"}
    assert (blind.method.encoder, seeing.method.encoder) == ("random", "efficientnet:5")
    assert avae.arch == blind.arch == seeing.arch
    assert avae.steps == blind.steps == seeing.steps
    assert avae.training.batch_size == blind.training.batch_size == seeing.training.batch_size
    assert avae.prepare == blind.prepare == seeing.prepare

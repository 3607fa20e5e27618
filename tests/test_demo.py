"""What `make demo` has to show, read from a finished one: `make demo-marks`."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

DEMO = os.environ.get("CHIMERAE_DEMO", "")
pytestmark = pytest.mark.skipif(not DEMO, reason="takes four minutes: make demo-marks")


@pytest.fixture(scope="module")
def scores() -> dict[tuple[str, str], float]:
    """Of the AVAE, by metric and network."""
    record = json.loads((Path(DEMO) / "avae" / "scores.json").read_text("utf-8"))
    return {(score["metric"], score["of"]): score["value"] for score in record["scores"]}


def test_the_generators_digits_are_as_different_from_one_another_as_the_datas(scores):
    assert scores["variety_classifier", "generator"] >= 0.9


def test_the_generator_is_four_times_nearer_to_the_data_than_the_decoder(scores):
    assert scores["fd_classifier", "generator"] <= scores["fd_classifier", "decoder"] / 4


def test_its_reconstructions_are_the_digits_that_were_given(scores):
    assert scores["label_agreement", "generator"] >= 0.85


def test_the_page_says_so():
    page = (Path(DEMO) / "report.html").read_text("utf-8")
    (said,) = set(re.findall(r"The generator [^<]*", page))
    assert re.search("samples are varied, look (roughly )?like the data and are no copies of training", said)

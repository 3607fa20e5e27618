"""Advice at the end of a run: true flags, true pages, and the right word."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from functools import cache
from pathlib import Path

import pytest

from chimerae.methods import BY_NAME, METHODS
from chimerae.remedies import GENERAL, MEANINGS, REMEDIES, advice, ending
from chimerae.training.health import RULES
from chimerae.training.settings import Optimizer, Training
from tests.helpers.rows import through

DOCS = Path(__file__).parents[1] / "docs"
METHOD_NAMES = sorted(BY_NAME)

CRITICS = {"critic runs away", "critic saturated", "critic blind"}
LOGISTIC = {"gan", "vae-gan", "bigan", "alice", "avae", "id-gan", "biadversarial"}
INTROSPECTIVE = {"introvae", "soft-introvae", "as-introvae"}
ONLY = {
    **{word: LOGISTIC | {"wgan-gp"} for word in CRITICS},
    "penalty too large": {"wgan-gp"},
    "hinge inactive": {"introvae"},
    "exponent saturated": {"soft-introvae", "as-introvae"},
    "fakes not repelled": {"soft-introvae", "as-introvae"},
    "fakes pass as data": INTROSPECTIVE,
    "encoder far ahead": INTROSPECTIVE,
}
"""Words that other methods cannot be given: they do not watch what the rule asks about."""

PAIRS = [(m, r.word) for m in METHOD_NAMES for r in RULES if m in ONLY.get(r.word, METHOD_NAMES)]


def test_every_word_has_a_meaning_and_a_remedy():
    words = {rule.word for rule in RULES}
    assert set(MEANINGS) == set(GENERAL) == words
    assert {word for _, word in REMEDIES} <= words
    assert {method for method, _ in REMEDIES} <= set(BY_NAME)


@through("method, word", PAIRS)
def test_advice_is_one_line_with_flags_that_the_method_has(method, word):
    said = advice(method, word)
    assert said.startswith(f"{word}: ")
    assert "\n" not in said
    kind = BY_NAME[method]
    for flag in re.findall(r"--([a-z0-9.-]+)", said):
        room, _, name = flag.replace("-", "_").partition(".")
        if room == "method":
            assert name in {f.name for f in fields(kind)}, flag
        elif name.startswith("players."):
            _, player, setting = name.split(".")
            assert player in kind(z_dim=4).players, flag
            assert setting in {f.name for f in fields(Optimizer)}, flag
        elif name.startswith("optimizer."):
            assert name.removeprefix("optimizer.") in {f.name for f in fields(Optimizer)}, flag
        else:
            assert (room, name) == ("steps", "") or name in {f.name for f in fields(Training)}, flag


@cache
def anchors(page: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", (DOCS / page).read_text("utf-8"), re.M)
    return {heading.lower().replace(" ", "-") for heading in headings}


@through("method, word", PAIRS)
def test_advice_leads_to_pages_and_sections_that_exist(method, word):
    page, anchor, method_page = re.search(
        r"see docs/(\S+)#(\S+) and docs/(\S+)$", advice(method, word)
    ).groups()
    assert anchor in anchors(page)
    assert (DOCS / method_page).is_file()


def test_a_method_has_its_own_remedy_before_the_general_one():
    assert "--method.latent-warmup" in advice("avae", "samples alike")
    assert "--training.players.critic.lr" in advice("gan", "samples alike")
    assert advice("vae", "ok") == advice("vae", "no such word") == ""


def test_every_section_of_the_page_gives_the_meaning_of_its_word():
    page = " ".join((DOCS / "health.md").read_text(encoding="utf-8").lower().split())
    for word, meaning in MEANINGS.items():
        section = page.split(f"### {word} ")[1].split(" ### ")[0]
        assert meaning.lower() in section, word


def test_every_method_is_asked():
    assert {method for method, _ in PAIRS} == {kind.name for kind in METHODS}


def run_folder(place: Path, *words: str) -> Path:
    (place / "run.json").write_text(json.dumps({"run": {"method": {"name": "avae"}}}))
    (place / "log.jsonl").write_text("".join(json.dumps({"health": word}) + "\n" for word in words))
    return place


def test_the_last_line_of_the_log_decides(tmp_path):
    assert ending(run_folder(tmp_path, "ok", "samples alike")) == advice("avae", "samples alike")
    assert ending(run_folder(tmp_path, "samples alike", "ok")) == ""


@pytest.mark.parametrize("broken", ["", "{", "[]", "{}"])
def test_nothing_is_said_of_a_folder_that_cannot_be_read(tmp_path, broken):
    assert ending(tmp_path) == ""
    (run_folder(tmp_path, "samples alike") / "run.json").write_text(broken)
    assert ending(tmp_path) == ""
    (run_folder(tmp_path) / "log.jsonl").write_text(broken)
    assert ending(tmp_path) == ""

"""Advice at the end of a run: true flags, true pages, and the right word."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import fields
from functools import cache, reduce
from pathlib import Path
from typing import Any

import pytest

from chimerae.methods import BY_NAME, METHODS
from chimerae.recipes.short import SHORT
from chimerae.remedies import advice, ending
from chimerae.remedies.change import Change, Remedy
from chimerae.remedies.known import GENERAL, MEANINGS, REMEDIES
from chimerae.training.health import RULES
from chimerae.training.settings import Optimizer, Training
from tests.docs.test_method_pages import logged_by
from tests.helpers.rows import through

DOCS = Path(__file__).parents[1] / "docs"
METHOD_NAMES = sorted(BY_NAME)

CRITICS = {"critic runs away", "critic saturated", "critic blind"}
LOGISTIC = {"gan", "vae-gan", "bigan", "alice", "avae", "id-gan", "biadversarial", "kl-gan", "avae-frozen"}
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


@through("method", sorted(LOGISTIC))
def test_logits_of_critics_are_not_taken_for_those_of_a_wasserstein_critic(method):
    """The rules on logits pass over methods that log a `penalty`, as WGAN-GP does."""
    assert "penalty" not in logged_by(BY_NAME[method])


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


def tree(settings: Mapping[str, object]) -> dict[str, Any]:
    """Settings by dotted path, as in `run.json`."""
    made: dict[str, Any] = {}
    for path, value in settings.items():
        *rooms, name = path.split(".")
        reduce(lambda room, key: room.setdefault(key, {}), rooms, made)[name] = value
    return made


R1 = Change("method.r1", 1, "least")
SLOW = Change("training.players.critic.lr", 5e-5, "most")


@through(
    "change, settings, missing",
    [
        (R1, {}, True),
        (R1, {"method.r1": 0.0}, True),
        (R1, {"method.r1": 1.0}, False),
        (R1, {"method.r1": 5.0}, False),
        (SLOW, {"training.players.critic.lr": 2e-4}, True),
        (SLOW, {"training.players.critic.lr": 1e-5}, False),
        (SLOW, {"training.players.critic.lr": None, "training.optimizer.lr": 5e-5}, False),
        (SLOW, {"training.players.critic.lr": 1e-3, "training.optimizer.lr": 5e-5}, True),
        (SLOW, {"training.optimizer.lr": 1e-3}, True),
        (Change("method.likelihood", "estimated"), {"method.likelihood": "unit"}, True),
        (Change("method.likelihood", "estimated"), {"method.likelihood": "estimated"}, False),
        (Change("method.latent-loss", "normalised"), {"method.latent_loss": "normalised"}, False),
        (Change("training.optimizer.clip", 1), {"training.optimizer.clip": 2.0}, True),
        (Change("training.optimizer.clip", 1), {"training.optimizer.clip": 1.0}, False),
        (Change("method.m"), {"method.m": 30.0}, True),
        (Change("steps"), {"steps": 9000}, True),
    ],
)
def test_a_change_is_missing_unless_the_run_has_it(change, settings, missing):
    assert change.missing(tree(settings)) is missing


def test_a_remedy_names_the_changes_that_are_missing():
    both = Remedy("hold it back", (R1, SLOW))
    assert both.told({}) == "hold it back (--method.r1 1 --training.players.critic.lr 5e-05)"
    assert both.told(tree({"method.r1": 2})) == "hold it back (--training.players.critic.lr 5e-05)"
    assert both.told(tree({"method.r1": 2, "training.optimizer.lr": 1e-5})) == ""
    assert Remedy("wait").told({}) == "wait"


COLLAPSES = ("samples alike", "few patterns", "samples of a class alike")


@through("word", COLLAPSES)
def test_a_run_of_few_steps_should_be_longer_first(word):
    settings = tree(SHORT["gan"])
    said = advice("gan", word, settings, 300)
    assert f"{MEANINGS[word]}; train longer (--steps), as 300 steps are few, then lower the critic's" in said
    assert "longer" not in advice("gan", word, settings, 1_000)
    assert advice("wgan-gp", word, tree(SHORT["wgan-gp"]), 999).count("train longer") == 1


@through("word", ["critic runs away", "exponent saturated", "not finite"])
def test_more_steps_are_no_remedy_for_every_fault(word):
    assert "steps" not in advice("soft-introvae", word, {}, 300).replace("train longer (--steps)", "")
    assert advice("soft-introvae", word, {}, 300) == advice("soft-introvae", word, {}, 3_000)


@through("name, word", [(name, word) for name in SHORT if name != "ali" for word in COLLAPSES])
def test_the_short_recipe_is_not_told_what_it_has(name, word):
    settings = tree(SHORT[name])
    said = advice(name, word, settings, 5_000).partition(f"{MEANINGS[word]}; ")[2].partition("; see ")[0]
    assert said
    for path, value in SHORT[name].items():
        assert f"--{path.replace('_', '-')} {value}" not in said
    if name == "avae":
        assert said == "train longer (--steps)"


def run_folder(place: Path, *words: str) -> Path:
    (place / "run.json").write_text(json.dumps({"run": {"method": {"name": "avae"}}}))
    (place / "log.jsonl").write_text(
        "".join(json.dumps({"step": 9_000 + i, "health": word}) + "\n" for i, word in enumerate(words))
    )
    return place


def test_the_end_of_a_run_knows_its_settings_and_its_steps(tmp_path):
    run_folder(tmp_path, "samples alike")
    run = {"method": {"name": "gan", "r1": 1.0}, "training": {"optimizer": {"lr": 1e-3}}}
    (tmp_path / "run.json").write_text(json.dumps({"run": run}))
    (tmp_path / "log.jsonl").write_text(json.dumps({"step": 300, "health": "samples alike"}) + "\n")
    assert ending(tmp_path) == advice("gan", "samples alike", run, 300)
    assert "--method.r1" not in ending(tmp_path)
    (tmp_path / "log.jsonl").write_text(json.dumps({"step": 3_000, "health": "samples alike"}) + "\n")
    assert ending(tmp_path) == advice("gan", "samples alike", run, 3_000)


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

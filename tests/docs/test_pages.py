"""Pages say what is true: links, commands, code and health words are compared with what there is."""

from __future__ import annotations

import re
import shlex
from contextlib import suppress
from pathlib import Path

from chimerae.cli import VERBS, main
from chimerae.recipes import outlook, plan
from chimerae.recipes.timing import Timing
from chimerae.training import health, measures, probe
from tests.docs.fences import DOCS, PAGES, ROOT, blocks, prose
from tests.helpers.rows import through

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
EMBEDDED = {"digits", "patches", "avae-sine", "8gaussians"}
FORBIDDEN = ("/tmp/", "/home/", "methods.md", "peers.md", "style.md")

page = through("page", PAGES, ids=lambda page: page.relative_to(ROOT))


def commands() -> list[str]:
    """Every command line of ours that stands in a fenced block of a page, once."""
    lines = [
        line.removeprefix("$ ")
        for page in PAGES
        for language in ("", "sh", "console")
        for block in blocks(page, language)
        for line in block.splitlines()
    ]
    ours = {line.split("  #")[0] for line in lines if line.startswith("chimerae ")}
    return sorted(line for line in ours if "wae_example" not in line)  # that page has a test of its own


def anchors(page: Path) -> set[str]:
    """What can stand after # in a link to `page`."""
    heads = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@page
def test_links_lead_somewhere(page):
    for link in LINK.findall(prose(page)):
        if "://" in link:
            continue
        target, _, anchor = link.partition("#")
        path = page.parent / target if target else page
        assert path.exists(), f"{page.name} links to {link}"
        assert not anchor or anchor in anchors(path), f"{page.name} links to {link}"


@page
def test_no_word_about_places_that_readers_do_not_have(page):
    text = page.read_text(encoding="utf-8")
    assert not [word for word in FORBIDDEN if re.search(rf"(?<![\w-]){re.escape(word)}", text)]


@page
def test_python_in_pages_compiles(page):
    for i, code in enumerate(blocks(page, "python")):
        compile(code, f"{page.name}, block {i}", "exec")


def without_root(words: list[str]) -> list[str]:
    """`--data-root DIR` may stand anywhere."""
    if "--data-root" not in words:
        return words
    at = words.index("--data-root")
    return words[:at] + words[at + 2 :]


def words(command: str) -> list[str]:
    """The words of a command line after the name of the program, without the root of data."""
    return without_root(shlex.split(command)[1:])


ASKS = {"--help", "--help-all"}
TRAINING, OTHERS = [], []
for each in commands():
    (TRAINING if words(each)[0] == "train" and not ASKS & {*words(each)} else OTHERS).append(each)


def test_verbs_of_commands_are_known():
    assert {words(command)[0] for command in commands()} <= set(VERBS)


@through("command", TRAINING)
def test_training_commands_are_understood(command, monkeypatch):
    """They are resolved, on what is embedded."""
    untimed = Timing((0.01,), {}, 1)  # the papers' networks take minutes a step on some processors
    monkeypatch.setattr(outlook, "time_steps", lambda *run, **limit: untimed)
    monkeypatch.setattr(outlook, "with_precision", lambda run, shape: (run, None))
    for module in (outlook, plan):
        monkeypatch.setattr(module, "operations", lambda run, shape: 1e9)
    args = words(command)
    if "--data" in args and args[args.index("--data") + 1] not in EMBEDDED:
        args[args.index("--data") + 1] = "patches"
    if "--from" in args:  # a model of the reader
        del args[args.index("--from") : args.index("--from") + 2]
    assert main([*args, "--dry-run"]) == 0


def help_for(command: str) -> tuple[str, ...]:
    """The words that ask for the help of a command."""
    verb, *args = words(command)
    what = {"data": ["inspect"]} | dict.fromkeys(("train", "study", "reproduce", "weights"), args[:1])
    return (verb, *what.get(verb, []), *(sorted(ASKS & {*args}) or ["--help"]))


@through("asked", sorted({help_for(command) for command in OTHERS}))
def test_flags_of_other_commands_are_known(asked, capsys):
    capsys.readouterr()
    with suppress(SystemExit):
        assert main([*asked]) == 0
    known = capsys.readouterr().out
    for command in (command for command in OTHERS if help_for(command) == asked):
        for flag in (arg for arg in words(command) if arg.startswith("-") and arg not in ASKS):
            assert re.search(rf"(?<![\w-]){flag}(?![\w-])", known), f"{asked[0]} has no {flag}"


def test_health_words_and_thresholds():
    text = (DOCS / "health.md").read_text(encoding="utf-8")
    words = text.partition("## Words")[2].partition("###")[0]
    table = [line.split("|")[1:4] for line in words.splitlines() if line.startswith("| `")]
    said = {word.strip(" `"): after for word, _, after in table}
    rows = [row[:2] for row in table]
    assert [word.strip(" `") for word, _ in rows] == [rule.word for rule in health.RULES]
    rules = {word.strip(" `"): rule for word, rule in rows}
    thresholds = {
        "samples alike": health.ALIKE_VARIETY,
        "samples faint": health.FAINT_VARIETY,
        "few patterns": health.FEW_VARIETY,
        "samples of a class alike": health.ALIKE_IN_CLASS,
        "no better than the mean": health.MEAN_ERROR,
        "off the data": health.FAR_OFFSET,
        "code mostly unused": health.UNUSED_SHARE,
        "code not read back": health.UNREAD,
        "encoder far ahead": health.FAR_AHEAD,
        "critic runs away": health.RUNAWAY_LOGIT,
        "critic saturated": health.SATURATED_COST,
        "critic blind": health.BLIND_GAP,
        "penalty too large": health.WILD_PENALTY,
        "code unused": health.UNUSED_NATS,
        "hinge inactive": 0,
        "exponent saturated": health.UNDERFLOW,
        "fakes not repelled": health.UNREPELLED,
        "fakes pass as data": health.PASSING_SHARE,
    }
    assert f"{health.HUGE:,.0f}" in rules["a value is huge"]
    for value in (health.FAINT_TOTAL, health.LOST_RETURN, health.UNRELATED_ERROR):
        assert f"{value:g}" in rules["samples faint"] + rules["no better than the mean"]
    for value in (health.HARDLY_READ, health.DISPLACED):
        assert f"{value:g}" in rules["few patterns"].partition(" or ")[2]
    assert f"`{probe.SAMPLES_BETWEEN} / batch_size` steps (or every {probe.PROBES}th" in text
    assert f"{probe.CODES} fixed codes" in text
    assert f"Fewer than {probe.FEWEST} samples" in text
    assert f"more than {measures.USED_VARIANCE:g} over data" in text
    for rule in health.RULES:
        assert f"{rule.after:.0%}" in said[rule.word] if rule.after else said[rule.word].strip() == "0"
    for word, value in thresholds.items():
        assert re.search(rf"(?<![\d.]){re.escape(f'{value:g}')}(?![\d.]\d)", rules[word]), word


def test_the_readme_is_short_and_its_python_runs(monkeypatch, tmp_path):
    readme = ROOT / "README.md"
    assert len(readme.read_text(encoding="utf-8").splitlines()) < 120
    monkeypatch.chdir(tmp_path)
    (code,) = blocks(readme, "python")
    there: dict[str, object] = {}
    exec(re.sub(r"steps=3000", "steps=2", code), there)
    assert [tuple(there[name].shape) for name in ("x", "y", "way")] == [
        (16, 1, 8, 8),
        (16, 1, 8, 8),
        (2, 9, 1, 8, 8),
    ]


def test_the_licence_is_whole():
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text
    assert "END OF TERMS AND CONDITIONS" in text
    assert len(text.splitlines()) == 202

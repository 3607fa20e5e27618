from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

import chimerae
from chimerae.cli import VERBS, main
from chimerae.cli.examples import EXAMPLES

BUDGET_SECONDS = 0.5


def test_help_is_quick_and_needs_no_heavy_library():
    code = (
        "import sys, chimerae.cli; chimerae.cli.main(['--help']); "
        "sys.exit(len({'torch', 'numpy', 'tyro'} & set(sys.modules)))"
    )
    env = os.environ | {"PYTHONPATH": str(Path(chimerae.__file__).parents[1])}
    times = []
    for _ in range(3):
        start = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=env
        )
        times.append(time.perf_counter() - start)
        assert done.returncode == 0, done.stderr
    assert min(times) < BUDGET_SECONDS
    assert all(verb in done.stdout for verb in VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb: str, call):
    try:
        code, out, _ = call(verb, "--help")
    except SystemExit as end:  # the parser's own way of ending --help
        code, out = end.code, ""
    assert not code
    assert out or verb not in ("train", "list")


def test_version(call):
    code, out, _ = call("--version")
    assert code == 0
    assert out.startswith("chimerae 0.")


def test_the_settings_of_a_recipe_are_listed_with_their_words(capfd):
    with pytest.raises(SystemExit) as end:
        main(["train", "avae", "--help-all"])
    assert not end.value.code
    said = capfd.readouterr().out
    assert "--method.latent-loss" in said
    assert "equation 16" in " ".join(said.split())


@pytest.mark.parametrize("what", ["methods", "recipes", "data", "metrics"])
def test_lists(call, what: str):
    code, out, _ = call("list", what)
    assert code == 0
    assert len(out.splitlines()) >= 5


@pytest.mark.parametrize("name", ["avae", "AVAE", "gan", "avae-toy"])
def test_help_of_a_method_has_the_settings_that_people_use_on_one_screen(call, name: str):
    code, out, _ = call("train", name, "--help")
    assert code == 0
    lines = out.splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 80
    shown = {line.split()[0] for line in lines if line.startswith("  --")}
    assert 10 <= len(shown) <= 15
    assert {"--data", "--steps", "--out", "--batch-size", "--lr", "--z-dim"} <= shown
    assert ("--beta" in shown) == (name.lower().startswith("avae"))
    assert "--size" in shown
    assert "--help-all" in out


def test_every_flag_of_the_short_help_works(call):
    """As it stands there, with its default as its value."""
    _, out, _ = call("train", "avae", "--help")
    rows = [line.split() for line in out.splitlines() if line.startswith("  --")]
    given = {"--data": ["digits"], "--out": ["x"], "--size": ["16"], "--preset": ["short"], "--dry-run": []}
    values = {"--steps": "5", "--seed": "1", "--arch": "dcgan", "--device": "cpu", "--budget": "1m"}
    flags = [
        word
        for row in rows
        if row[0] != "--budget"
        for word in (row[0], *given.get(row[0], [values.get(row[0], "8")]))
    ]
    code, out, err = call("train", "avae", *flags)
    assert code == 0, err
    told = json.loads(out)
    assert (told["steps"], told["arch"]["width"], told["method"]["beta"]) == (5, 8, 8.0)
    assert (told["training"]["optimizer"]["lr"], told["prepare"]["size"]) == (8.0, 16)


def test_the_short_help_is_quick_the_second_time(workplace: Path):
    code = (
        "import sys, chimerae.cli; chimerae.cli.main(['train', 'avae', '--help']); "
        "sys.exit(len({'torch', 'numpy', 'tyro'} & set(sys.modules)))"
    )
    env = os.environ | {"PYTHONPATH": str(Path(chimerae.__file__).parents[1])}
    run = [sys.executable, "-c", code]
    first, second = (subprocess.run(run, capture_output=True, text=True, check=False, env=env) for _ in "ab")
    assert first.returncode != 0, "the first time the names are found out"
    assert second.returncode == 0, second.stderr
    assert first.stdout == second.stdout


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb not in ("train", "list")])
def test_help_fits_into_eighty_columns(verb: str, call, capfd, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "80")
    args = {"study": ["study", "avae-toy"], "data": ["data", "inspect"]}.get(verb, [verb])
    try:
        _, out, _ = call(*args, "--help")
    except SystemExit:
        out = capfd.readouterr().out
    assert out
    too_long = [line for line in out.splitlines() if len(line) > 80]
    assert not too_long or verb in ("reproduce", "interpolate")
    if verb in EXAMPLES and verb != "reproduce":
        assert EXAMPLES[verb][0] in out

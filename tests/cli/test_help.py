from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

import chimerae
from chimerae.cli import VERBS, main

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
        main(["train", "avae", "--help"])
    assert not end.value.code
    said = capfd.readouterr().out
    assert "--method.latent-loss" in said
    assert "equation 16" in " ".join(said.split())


@pytest.mark.parametrize("what", ["methods", "recipes", "data", "metrics"])
def test_lists(call, what: str):
    code, out, _ = call("list", what)
    assert code == 0
    assert len(out.splitlines()) >= 5

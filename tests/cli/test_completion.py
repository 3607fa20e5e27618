"""What the Tab key offers, asked of bash itself."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import fields
from importlib import import_module
from pathlib import Path

import pytest

import chimerae
from chimerae.cli import VERBS
from chimerae.cli.completion import OF_RUNS, SCRIPTS, words
from chimerae.cli.known import PARSED, known, remembered
from tests.cli.conftest import Call

NAMES = {
    "recipes": {
        "avae": {"flags": ["--data", "--training.batch-size", "--evaluation.n"]},
        "vae": {"flags": []},
    },
    "verbs": {"evaluate": ["--metrics", "--n"]},
    "data": ["digits", "cifar10"],
    "studies": ["avae-toy"],
    "metrics": ["fid", "kid"],
    "networks": ["mlp", "dcgan"],
}


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("tra", ["train"]),
        ("train a", ["avae"]),
        ("train avae --data d", ["digits"]),
        ("train avae --arch m", ["mlp"]),
        ("train avae --preset ", ["short", "paper"]),
        ("train avae --ba", ["--batch-size"]),
        ("train avae --steps ", []),
        ("train nothing --d", ["--data-root"]),
        ("bench a", ["avae"]),
        ("tune a", ["avae"]),
        ("tune avae --tr", ["--trials", "--training.batch-size"]),
        ("tune avae --objective fid k", ["kid"]),
        ("bench avae --sh", ["--shape"]),
        ("bench avae --ba", ["--batch-size"]),
        ("evaluate --m", ["--metrics"]),
        ("evaluate x --metrics fid k", ["kid"]),
        ("study av", ["avae-toy"]),
        ("list me", ["methods", "metrics"]),
        ("data inspect ci", ["cifar10"]),
        ("completion ", ["bash", "zsh", "fish"]),
        ("weights g", ["get"]),
        ("export x --to d", ["diffusers"]),
        ("encode x --to ", []),
    ],
)
def test_words(typed: str, offered: list[str]):
    assert words(typed.split(" "), NAMES) == offered


def test_every_verb_that_takes_runs_offers_them_and_its_flags():
    """A verb's dataclass has the field `run` or `runs` where it takes run folders."""
    of_runs = set()
    for verb in VERBS:
        asked = getattr(import_module(f"chimerae.cli.{verb}"), verb.capitalize(), None)
        if asked is not None and {"run", "runs"} & {field.name for field in fields(asked)}:
            of_runs.add(verb)
    assert {"encode", "explore", "resume", "sample"} <= of_runs
    assert of_runs - {"train", "tune", "bench"} == set(OF_RUNS)
    assert set(OF_RUNS) <= set(PARSED)


def test_run_folders_are_offered_the_newest_first(workplace: Path):
    for i, name in enumerate(("runs/old", "runs/new", "here")):
        (workplace / name).mkdir(parents=True)
        (workplace / name / "run.json").write_text("{}")
        os.utime(workplace / name, (i, i))
    (workplace / "runs" / "none").mkdir()
    assert words(["evaluate", ""], {}) == ["here", "runs/new", "runs/old"]
    assert words(["evaluate", "runs/n"], {}) == ["runs/new"]
    assert words(["report", "here", "runs/o"], {}) == ["runs/old"]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache in which names are remembered: to find them takes seconds."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHIMERAE_CACHE", str(folder))
        assert remembered() == {}
        assert known() == remembered()
    return folder


@pytest.fixture
def names_known(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHIMERAE_CACHE", str(cache))


@pytest.mark.usefixtures("names_known")
def test_names_are_found_and_remembered():
    names = remembered()
    assert {"avae", "avae-toy", "wae-mmd"} <= set(names["recipes"])
    assert {"--data", "--arch", "--training.batch-size"} <= set(names["recipes"]["avae"]["flags"])
    assert {"--metrics", "--n", "--device"} <= set(names["verbs"]["evaluate"])
    assert "--run" not in names["verbs"]["evaluate"]
    assert "--improve.steps" in names["verbs"]["sample"]
    assert "--prepare.size" in names["verbs"]["data"]


@pytest.mark.usefixtures("names_known")
@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_bash_completes(call: Call, workplace: Path):
    code, script, _ = call("completion", "bash")
    assert code == 0
    (workplace / "runs" / "vae-digits").mkdir(parents=True)
    (workplace / "runs" / "vae-digits" / "run.json").write_text("{}")
    (workplace / "photos").mkdir()

    def offered(line: str) -> list[str]:
        typed = line.split(" ")
        listed = " ".join(map(shlex.quote, typed))
        ask = f"COMP_WORDS=({listed}); COMP_CWORD={len(typed) - 1}; _chimerae"
        ask += "; printf '%s\\n' \"${COMPREPLY[@]}\""
        program = f'chimerae() {{ {shlex.quote(sys.executable)} -m chimerae "$@"; }}\n{script}\n{ask}'
        env = os.environ | {"PYTHONPATH": str(Path(chimerae.__file__).parents[1])}
        done = subprocess.run(["bash", "-c", program], capture_output=True, text=True, check=True, env=env)
        return done.stdout.split()

    assert set(offered("chimerae ")) == set(VERBS)
    assert offered("chimerae train vae-") == ["vae-gan"]
    assert offered("chimerae evaluate r") == ["runs/vae-digits"]
    assert offered("chimerae train avae --data dig") == ["digits"]
    assert offered("chimerae train avae --data ph") == ["photos"]
    assert "--batch-size" in offered("chimerae train avae --ba")


@pytest.mark.usefixtures("names_known")
@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_read_their_script(call: Call, shell: str):
    code, script, _ = call("completion", shell)
    assert (code, script.strip()) == (0, SCRIPTS[shell])
    if shutil.which(shell) is not None:
        subprocess.run([shell, "-n", "-c", script], check=True)

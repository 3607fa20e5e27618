"""The page that adds a method from nothing: its code is taken from the page and run."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from types import ModuleType
from zipfile import ZipFile

import pytest
import torch

from chimerae import methods
from chimerae.config import from_dict, to_dict
from chimerae.gaussian import Gaussian
from chimerae.methods import METHODS, Clock
from chimerae.model import load as load_model
from chimerae.networks import MLP
from chimerae.recipes.presets import RECIPES
from chimerae.runs.train import start
from chimerae.training.players import play_batch
from chimerae.training.settings import Optimizer, Training
from chimerae.training.state import State, build_state
from tests.docs.fences import DOCS, ROOT, blocks

PAGE = DOCS / "adding-a-method.md"
MODULE = "wae_example"
BATCH = 32


def load(name: str, source: str) -> ModuleType:
    """A module of its own, made of `source`."""
    module = ModuleType(name)
    sys.modules[name] = module
    exec(compile(source, f"{PAGE.name}: {name}", "exec"), module.__dict__)
    return module


@pytest.fixture(scope="module")
def page() -> Iterator[tuple[ModuleType, ModuleType, ModuleType]]:
    """The method, its recipe and its tests, as the page has them; forgotten again afterwards."""
    try:
        method, recipe, tests = blocks(PAGE, "python")
        yield load(MODULE, method), load("page_recipe", recipe), load("page_tests", tests)
    finally:
        for name in (MODULE, "page_recipe", "page_tests"):
            sys.modules.pop(name, None)


def ring(step: int) -> torch.Tensor:
    """Points on a circle, `[32, 2]`."""
    angle = 2 * torch.pi * torch.rand(BATCH, generator=torch.Generator().manual_seed(step))
    return torch.stack([angle.cos(), angle.sin()], 1)


def learn(method: methods.Method, steps: int) -> tuple[State, list[float]]:
    """Play some batches of points; the loss of each."""
    torch.manual_seed(0)
    training = Training(device="cpu", optimizer=Optimizer(lr=3e-3))
    state = build_state(method, MLP(width=32), (2,), training, seed=0)
    losses = [
        play_batch(method, state.nets, state.players, [ring(step)], Clock(step, steps))
        for step in range(steps)
    ]
    return state, [loss["autoencoder"].item() for loss in losses]


def test_its_own_tests_pass(page):
    tests = [test for name, test in vars(page[2]).items() if name.startswith("test_")]
    assert len(tests) >= 2
    for test in tests:
        test()


@pytest.mark.parametrize("scales", ["single", "seven"])
def test_it_learns_by_the_engines_turns(page, scales):
    method = page[0].WAEExample(z_dim=2, penalty=10.0, recon_weight=1.0, mmd_scales=scales)
    _, losses = learn(method, 120)
    assert sum(losses[-10:]) < 0.5 * sum(losses[:10])


def test_its_codes_come_to_look_like_the_prior(page):
    """With the distance alone as loss, the codes spread out as a standard normal does."""
    method = page[0].WAEExample(z_dim=1, recon_weight=0.0)
    state, _ = learn(method, 300)
    x = torch.cat([ring(1000 + i) for i in range(20)])
    with state.nets.evaluating():
        codes = method.encode(state.nets, x).mu
        made = method.generate(state.nets, codes)
    assert abs(codes.mean()) < 0.25
    assert 0.75 < codes.std() < 1.25
    assert made.shape == x.shape


def test_its_code_has_no_spread(page):
    q = Gaussian.point(torch.zeros(2, 3))
    assert page[0].WAEExample(z_dim=3).reconstruction_code(q, torch.ones(2, 3)).abs().max() < 1e-5


def test_its_recipe_trains_and_is_loaded(page, tmp_path):
    run = page[1].RECIPE.run("8gaussians", MLP(width=8))
    assert from_dict(type(run), to_dict(run)) == run
    assert run.training.optimizer.lr_at(1.0) == pytest.approx(1e-5)
    folder = start(replace(run, steps=3), out=tmp_path / "run")
    assert load_model(folder).sample(5).shape == (5, 2)


def test_it_keeps_the_contract(page):
    (checked,) = (block for block in blocks(PAGE, "") if "check_method(" in block)
    exec(compile(checked, PAGE.name, "exec"), {})


IN_ONE_PROCESS = """
import json, sys
import chimerae
from chimerae.cli import main
assert [main(words) for words in json.loads(sys.argv[1])] == [0, 0]
print(chimerae.__file__)
"""
"""Code that runs several commands, whose libraries take seconds to load, and prints where they are from."""


def asked(command: str) -> list[str]:
    """The words of a command line after the name of the program."""
    return shlex.split(command)[1:]


@pytest.mark.timeout(900)
def test_its_commands_run_from_an_installed_wheel_in_an_empty_folder(tmp_path):
    """No checkout is in sight: the package is a wheel that was unpacked elsewhere, the method a file."""
    wheels, site, here = (tmp_path / name for name in ("wheels", "site", "here"))
    options = ["--no-deps", "--no-build-isolation", "--quiet", "--wheel-dir", str(wheels)]
    subprocess.run([sys.executable, "-m", "pip", "wheel", *options, str(ROOT)], check=True)
    (wheel,) = wheels.glob("*.whl")
    ZipFile(wheel).extractall(site)
    here.mkdir()
    (here / "wae_example.py").write_text(blocks(PAGE, "python")[0], encoding="utf-8")
    commands = blocks(PAGE, "")[0].splitlines()
    assert [command.split()[1] for command in commands] == ["train", "evaluate", "report"]
    env = os.environ | {"PYTHONPATH": str(site)}
    few = {"train": ["--steps", "3", "--arch.width", "4"], "evaluate": ["--metrics", "mse_signed"]}
    train, *others = ([verb, *words, *few.get(verb, [])] for verb, *words in map(asked, commands))
    for words in (["-m", "chimerae", *train], ["-c", IN_ONE_PROCESS, json.dumps(others)]):
        done = subprocess.run(
            [sys.executable, "-P", *words], cwd=here, env=env, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
    written = json.loads((here / "runs" / "mine" / "run.json").read_text())
    assert written["run"]["method"]["name"] == f"{here.resolve() / 'wae_example.py'}:WAEExample"
    where = done.stdout.splitlines()[-1]
    assert where.startswith(str(site)), "the checkout was imported, and not the wheel"


def test_nothing_is_registered_by_it(page):
    assert page[0].WAEExample not in METHODS
    assert "wae-example" not in {*methods.BY_NAME, *(recipe.name for recipe in RECIPES)}


def test_the_tuple_that_the_page_shows_begins_as_ours_and_ends_with_it(page):
    (shown,) = (block for block in blocks(PAGE, "") if "METHODS" in block)
    first = ", ".join(method.__name__ for method in METHODS[:2])
    assert f"({first}, ..., {page[0].WAEExample.__name__})" in shown

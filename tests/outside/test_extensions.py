"""Classes from outside the package: found by file, by module and by entry point, in every verb."""

from __future__ import annotations

import json
import shutil
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import torch

import chimerae
from chimerae import cli, extensions
from chimerae.config import from_dict, to_dict
from chimerae.errors import InputError
from chimerae.nets import Architecture
from chimerae.networks import DCGAN, MLP
from chimerae.recipes.build import build
from chimerae.runs.run import Run
from tests.helpers.runs import saved
from tests.outside.path_length_gan import PathLengthGAN
from tests.outside.vq_gan import VQGAN

HERE = Path(__file__).parent
ARCHITECTURE = """
from dataclasses import dataclass
from typing import ClassVar
from chimerae.nets import Architecture
from chimerae.networks import MLP

@dataclass(frozen=True, kw_only=True)
class Wide(Architecture):
    name: ClassVar[str] = "wide"
    units: int = 12
""" + "\n".join(
    f"    def {part}(self, *given, **named): return MLP(width=self.units).{part}(*given, **named)"
    for part in sorted(Architecture.__abstractmethods__)
)
SMALL = ("--data", "digits", "--steps", "3", "--arch.width", "4", "--training.device", "cpu")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with the two methods, which is where people are."""
    for name in ("vq_gan.py", "path_length_gan.py"):
        shutil.copy(HERE / name, tmp_path / name)
    (tmp_path / "wide.py").write_text(ARCHITECTURE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    return tmp_path


def test_a_method_in_a_file_goes_through_every_verb(folder: Path, capsys: pytest.CaptureFixture[str]):
    assert cli.main(["train", "./vq_gan.py:VQGAN", *SMALL, "--method.entries", "5", "--out", "run"]) == 0
    tree = json.loads((folder / "run" / "run.json").read_text())["run"]["method"]
    assert tree == {"name": f"{folder / 'vq_gan.py'}:VQGAN", "z_dim": 8, "entries": 5}
    assert cli.main(["resume", "run", "--steps", "4"]) == 0
    assert cli.main(["evaluate", "run"]) == 0
    assert cli.main(["reconstruct", "run", "--out", "pictures"]) == 0
    assert cli.main(["report", "run"]) == 0
    assert "VQGAN" in (folder / "run" / "report.html").read_text()
    assert "docs/methods/" not in capsys.readouterr().out
    assert "vq_gan.py:VQGAN" in (folder / "run" / "model" / "README.md").read_text()


def test_help_shows_its_settings(folder: Path, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        cli.main(["train", "./vq_gan.py:VQGAN", "--help-all"])
    assert "Vectors in the codebook. (default: 16)" in capsys.readouterr().out
    assert cli.main(["train", "./vq_gan.py:VQGAN", "--help"]) == 0
    assert "A quantised autoencoder whose errors are perceptual" in " ".join(capsys.readouterr().out.split())


def test_buffers_and_lazy_turns_resume_to_the_bit(folder: Path):
    reference = "./path_length_gan.py:PathLengthGAN"
    settings = {"arch.width": 4, "method.every": 2, "training.schedule_steps": 6, "training.device": "cpu"}
    given = {"data": "digits", "quiet": True, "settings": settings}
    chimerae.train(reference, steps=6, out="straight", **given)
    chimerae.train(reference, steps=3, out="halves", **given)
    chimerae.resume("halves", steps=6, quiet=True)
    straight, halves = (saved(folder / name) for name in ("straight", "halves"))
    assert straight["buffers/path"] > 0
    assert straight.keys() == halves.keys()
    assert all(torch.equal(straight[name], halves[name]) for name in straight)


def test_objects_will_do_in_python(folder: Path):
    method, arch = PathLengthGAN(z_dim=3), MLP(width=4)
    run = chimerae.train(method, data="8gaussians", arch=arch, steps=2, out="points", quiet=True)
    model = chimerae.load(run, device="cpu")
    assert model.method == method
    assert model.sample(5).shape == (5, 2)
    assert json.loads((run / "run.json").read_text())["run"]["method"]["name"] == (
        "tests.outside.path_length_gan:PathLengthGAN"
    )


def test_settings_of_an_object_win_over_those_of_short_runs():
    given = build(chimerae.methods.VAE(z_dim=7), data="digits", preset="short")
    named = build("vae", data="digits", preset="short")
    assert (given.method.z_dim, named.method.z_dim) == (7, 64)
    assert given.method.likelihood == "unit"
    assert given.training == named.training
    assert given.arch == named.arch


def test_a_method_from_outside_gets_rate_and_networks_of_short_runs_on_images():
    short, paper = (build(VQGAN(), data="digits", preset=preset) for preset in ("short", "paper"))
    assert (short.training.optimizer.lr, paper.training.optimizer.lr) == (1e-3, 2e-4)
    assert short.arch == DCGAN(width=16, critic_start="kaiming")
    assert paper.arch == DCGAN()


def test_an_architecture_in_a_file(folder: Path):
    run = build("vae", data="8gaussians", arch="./wide.py:Wide", settings={"arch.units": 6})
    tree = json.loads(json.dumps(to_dict(run)))
    assert tree["arch"] == {"name": f"{folder / 'wide.py'}:Wide", "units": 6}
    assert from_dict(Run, tree) == run


def test_a_package_lists_its_methods_in_an_entry_point(monkeypatch: pytest.MonkeyPatch):
    point = EntryPoint("vq", "tests.outside.vq_gan:VQGAN", "chimerae.methods")
    monkeypatch.setattr(extensions, "entry_points", lambda group: [point] if group == point.group else [])
    run = build("vq", data="digits")
    assert run.method == VQGAN()
    assert to_dict(run)["method"]["name"] == "vq"
    assert from_dict(Run, to_dict(run)) == run
    with pytest.raises(InputError, match="did you mean 'vq'"):
        build("vqq", data="digits")


def test_a_file_that_has_moved_is_found_in_the_current_folder(folder: Path, tmp_path_factory, monkeypatch):
    tree = to_dict(build("./vq_gan.py:VQGAN", data="digits"))
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    shutil.move(folder / "vq_gan.py", elsewhere / "vq_gan.py")
    for name in [name for name in sys.modules if name.startswith(extensions.LOADED)]:
        del sys.modules[name]
    with pytest.raises(InputError, match=r"the method VQGAN of the file .*vq_gan.py is needed, which is not"):
        from_dict(Run, tree)
    monkeypatch.chdir(elsewhere)
    assert from_dict(Run, tree).method.name == "vq-gan"


BAD = {
    "no_such.py:X": "of the file no_such.py is needed, which is not there",
    "no.such.module:X": "of the module no.such.module is needed, which is not installed here",
    "vq_gan.py:Nothing": "has none of that name",
    "vq_gan.py:Codebook": "it must be a subclass of chimerae.methods.method.Method",
    "syntax.py:X": r"syntax.py, line 2: SyntaxError",
    "fails.py:X": r"fails.py, line 3: ZeroDivisionError",
    "plain.py:Plain": r"must be a dataclass.*put @dataclass\(frozen=True, kw_only=True\) above",
    "lacking.py:Lacking": "is not complete; it lacks networks, play, players",
    "greedy.py:Greedy": "needs defaults for all its settings",
}
FILES = {
    "syntax": "x = 1\ndef f(:\n",
    "fails": "def f():\n    pass\nx = 1 / 0\n",
    "plain": "from chimerae.methods import Method\nclass Base(Method):\n    name='p'\n"
    "    players={}\n    kept=()\n    z_dim=1\n    def networks(self, s, a): return {}\n"
    "    def play(self, n, x, c): return {}\nPlain = Base\n",
    "lacking": "from chimerae.methods import Method\nclass Lacking(Method):\n    name='l'\n",
    "greedy": "from dataclasses import dataclass\nfrom tests.outside.vq_gan import VQGAN\n"
    "@dataclass(frozen=True, kw_only=True)\nclass Greedy(VQGAN):\n    more: int\n",
}


@pytest.mark.parametrize("reference", BAD)
def test_what_cannot_be_used_is_one_line(folder: Path, reference, capsys: pytest.CaptureFixture[str]):
    for name, text in FILES.items():
        (folder / f"{name}.py").write_text(text)
    with pytest.raises(InputError, match=BAD[reference]):
        build(reference, data="digits")
    assert cli.main(["train", reference, "--data", "digits"]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()[-1:]
    assert line.startswith("chimerae: ")


def test_nothing_is_drawn_from_a_method_without_a_prior(folder: Path, capsys: pytest.CaptureFixture[str]):
    run = chimerae.train(
        "./vq_gan.py:VQGAN", data="digits", steps=2, out="run", quiet=True, arch=DCGAN(width=4)
    )
    log = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    assert {"rec_error", "used_codes"} <= log[-1]["drawn"].keys()
    assert not {"variety", "offset", "read_back", "kl_ratio"} & log[-1]["drawn"].keys()
    assert cli.main(["evaluate", str(run), "--metrics", "mse_signed", "sharpness", "copied"]) == 0
    scores = json.loads((run / "scores.json").read_text())
    assert {score["metric"] for score in scores["scores"]} == {"mse_signed"}
    assert scores["absent"] == dict.fromkeys(("sharpness", "copied"), "the method draws no samples")
    assert not list((run / "samples").glob("samples-*.png"))
    assert list((run / "samples").glob("reconstructions-*.png"))
    capsys.readouterr()
    assert cli.main(["sample", str(run), "-n", "2"]) == 2
    assert "vq-gan draws no samples" in capsys.readouterr().err
    assert "model.reconstruct(x)" in (run / "model" / "README.md").read_text()
    assert cli.main(["report", str(run)]) == 0


def test_a_metric_in_a_file_is_scored_and_reported(folder: Path, capsys: pytest.CaptureFixture[str]):
    shutil.copy(HERE / "brightness.py", folder / "brightness.py")
    reference = "./brightness.py:METRIC"
    run = chimerae.train("vae", data="digits", steps=2, out="run", quiet=True, arch=DCGAN(width=4))
    assert cli.main(["evaluate", str(run), "--metrics", "mse_signed", reference]) == 0
    scores = {score["metric"]: score for score in json.loads((run / "scores.json").read_text())["scores"]}
    assert list(scores) == ["mse_signed", "brightness_gap"]
    assert 0 < scores["brightness_gap"]["value"] < 1
    assert cli.main(["report", str(run)]) == 0
    assert "Brightness gap" in (run / "report.html").read_text()
    given = {"evaluation.metrics": [reference]}
    chimerae.train("vae", data="8gaussians", steps=1, out="again", settings=given, quiet=True)
    assert json.loads((folder / "again/run.json").read_text())["run"]["evaluation"]["metrics"] == [reference]
    for name, why in (
        ("METRIC2", "has none of that name"),
        ("gap", "is no metric"),
        ("TAKEN", "is the name of"),
    ):
        capsys.readouterr()
        assert cli.main(["evaluate", str(run), "--metrics", f"./brightness.py:{name}"]) == 2
        assert why in capsys.readouterr().err

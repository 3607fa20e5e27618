"""The base install is enough to train, evaluate and report; anything else names its extra."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from importlib.metadata import packages_distributions
from importlib.util import find_spec
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import chimerae
from chimerae.errors import InputError
from chimerae.extras import EXTRAS, require

PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))["project"]
OPTIONAL = (
    "pyarrow",
    "datasets",
    "huggingface_hub",
    "pandas",
    "torch_fidelity",
    "onnx",
    "onnxscript",
    "onnxruntime",
    "ray",
    "submitit",
    "tensorboard",
    "wandb",
    "mlflow",
    "trackio",
    "optuna",
    "lpips",
    "sklearn",
    "skimage",
    "prdc",
    "torchmetrics",
)

BLOCKED = f"""
import sys
class Blocked:
    def __init__(self, finder):
        self.finder = finder
    def find_spec(self, name, path=None, target=None):
        return None if name.partition(".")[0] in {OPTIONAL!r} else self.finder.find_spec(name, path, target)
    def __getattr__(self, name):
        return getattr(self.finder, name)
sys.meta_path[:] = map(Blocked, sys.meta_path)
"""
PARQUET = "parquet files need the package pyarrow (No module named 'pyarrow'): install chimerae[parquet]"
SHARING = (
    "there is no run folder owner/name, and models of the Hugging Face hub need the package huggingface_hub "
    "(No module named 'huggingface_hub'): install chimerae[hub]"
)
HUB = (
    "data sets of the Hugging Face hub need the package datasets (No module named 'datasets'): "
    "install chimerae[hub]"
)
FIDELITY = (
    "metrics on Inception or VGG16 need the package torch_fidelity (No module named 'torch_fidelity'): "
    "install chimerae[fidelity]"
)
ONNX = "exports to ONNX need the package onnx (No module named 'onnx'): install chimerae[onnx]"
APART = ("timm", "ray", "slurm", "wandb", "mlflow", "trackio")
"""Extras that `all` leaves out: they are of use with a cluster or a server only, or bring torchvision."""


PARTS = {
    "use": """
from chimerae.cli import main
assert main(["train", "avae", "--data", "digits", "--steps", "4", "--out", "run", "--arch.width", "4"]) == 0
assert main(["evaluate", "run", "--n", "200"]) == 0
assert main(["report", "run"]) == 0
import chimerae, numpy
rows = numpy.random.default_rng(0).integers(0, 255, (40, 8, 8), dtype=numpy.uint8)
chimerae.train("vae", data=rows, steps=2, out="memory", quiet=True)
""",
    "onnx": """
from chimerae.cli import main
assert main(["export", "run"]) == 2
""",
    "data": """
from chimerae.cli import main
assert [main(["data", "inspect", data]) for data in DATA] == [2, 2, 2, 2]
""",
    "models": """
from chimerae.cli import main
assert main(["sample", "owner/name"]) == 2
chimerae = __import__("chimerae")
chimerae.load("run").save("kept", license="MIT")
""",
    "metrics": """
from chimerae.data import prepare
from chimerae.errors import InputError
from chimerae.features import EXTRACTORS, FeatureRequest
from helpers.weights import in_place_of, scrambled
from pathlib import Path
import torch
from torchvision.models import alexnet, vgg16
wanted = FeatureRequest(data=prepare("digits"))
empty = {"a": torch.zeros(1)}
with in_place_of("vgg16", scrambled(vgg16), Path("w")), in_place_of("inception", empty, Path("w")):
    for name in ("vgg16", "inception"):
        try:
            EXTRACTORS[name](wanted)
        except InputError as error:
            print(error)
with in_place_of("alexnet", scrambled(alexnet), Path("w")):
    print(EXTRACTORS["lpips"](wanted).features(torch.rand(1, 1, 40, 40))["layers"].shape[0])
""",
}
"""Code that is run without any package of an extra."""
DATA = {
    "set.parquet": PARQUET,
    "folder": PARQUET,
    "owner/name": f"'owner/name' is no file or folder here, and {HUB}",
    "mnist": "'mnist': there is no folder ROOT/mnist (--data-root DIR or CHIMERAE_DATA names the root), "
    f"and {HUB}",
}
"""Data that need an extra, and what is said of them."""
EACH = f"""
import io, json, sys, traceback
from contextlib import redirect_stderr, redirect_stdout
sys.path.insert(0, {str(Path(__file__).parent)!r})
told = {{}}
for name, code in {PARTS!r}.items():
    out, err, failed = io.StringIO(), io.StringIO(), ""
    with redirect_stdout(out), redirect_stderr(err):
        try:
            exec(code, {{"DATA": {list(DATA)!r}}})
        except BaseException:
            failed = traceback.format_exc()
    told[name] = [out.getvalue(), err.getvalue(), failed]
print(json.dumps(told))
"""


@dataclass(frozen=True)
class Told:
    """Output of one of `PARTS`, and its error."""

    out: str
    err: str
    failed: str


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two sets of data that need an extra."""
    folder = tmp_path_factory.mktemp("alone")
    (folder / "folder").mkdir()
    (folder / "w").mkdir()
    for path in (folder / "set.parquet", folder / "folder" / "set.parquet"):
        pq.write_table(pa.table({"image": [b""]}), path)
    return folder


@pytest.fixture(scope="module")
def alone(place: Path) -> dict[str, Told]:
    """Answers of all `PARTS` in `place`; from one process, which takes seconds to load its libraries."""
    env = os.environ | {"CHIMERAE_CACHE": str(place / "cache"), "HF_HUB_OFFLINE": "1"}
    command = [sys.executable, "-W", "error::UserWarning", "-c", BLOCKED + EACH]
    done = subprocess.run(
        command, cwd=place, env=env, capture_output=True, text=True, timeout=280, check=False
    )
    assert done.returncode == 0, done.stderr
    return {name: Told(*told) for name, told in json.loads(done.stdout).items()}


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[^\w.-]", each)[0].lower().replace("_", "-") for each in requirements}


def test_training_evaluating_and_reporting_need_no_extra(alone: dict[str, Told], place: Path):
    use = alone["use"]
    assert not use.failed
    assert "chimerae[" not in use.out + use.err
    assert "probe_accuracy" in (place / "run" / "scores.json").read_text("utf-8")


def test_data_that_need_an_extra_name_it_in_one_line(alone: dict[str, Told]):
    assert not alone["data"].failed
    assert alone["data"].err.splitlines() == [f"chimerae: {line}" for line in DATA.values()]


def test_an_export_to_onnx_names_its_extra(alone: dict[str, Told], place: Path):
    assert not alone["onnx"].failed
    assert alone["onnx"].err.splitlines() == [f"chimerae: {ONNX}"]
    assert not (place / "run" / "export").exists()


def test_models_of_the_hub_name_their_extra_and_folders_need_none(alone: dict[str, Told], place: Path):
    assert not alone["models"].failed
    assert alone["models"].err == f"chimerae: {SHARING}\n"
    assert (place / "kept" / "README.md").is_file()


def test_metrics_that_need_an_extra_name_it(alone: dict[str, Told]):
    """Published weights are there; the package that runs or feeds their networks is not."""
    assert not alone["metrics"].failed
    assert alone["metrics"].out.splitlines() == [FIDELITY, FIDELITY, "1"]


def imported() -> set[str]:
    """First words of all modules that the package imports, without its own and Python's."""
    found = set()
    for path in Path(chimerae.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add(str(node.module).partition(".")[0])
    return found - {"chimerae", *sys.stdlib_module_names}


def test_each_import_is_declared():
    """By the base, or by an extra that `require` knows."""
    alone = {module: [module] for module in ("ray", "submitit", "wandb", "trackio")}  # they may be missing
    alone["mlflow"] = ["mlflow-skinny"]
    distributions = alone | dict(packages_distributions())
    base, extras = names(PROJECT["dependencies"]), PROJECT["optional-dependencies"]
    modules = {name: {extra.module, *extra.others} for name, extra in EXTRAS.items()}
    of_extras = set.union(*modules.values())
    for module in imported() | of_extras:
        wanted = {each.lower().replace("_", "-") for each in distributions[module]}
        assert (wanted <= base) != (module in of_extras), module
    needed: dict[str, set[str]] = {}
    for use, extra in EXTRAS.items():
        found = {each for module in modules[use] for each in distributions[module]}
        packages = {each.lower().replace("_", "-") for each in found}
        needed.setdefault(extra.extra or use, set()).update(packages)
    assert needed == {name: names(extras[name]) for name in needed}
    assert extras["all"] == [f"chimerae[{','.join(name for name in needed if name not in APART)}]"]
    assert "chimerae[all]" in extras["dev"]


def test_a_start_imports_no_extra(tmp_path: Path):
    code = (
        "import sys, chimerae, chimerae.cli.train, chimerae.data.open, chimerae.features, chimerae.runs.train"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nprint([name for name in {OPTIONAL!r} if name in sys.modules])"],
        capture_output=True, text=True, check=True, cwd=tmp_path,
    )  # fmt: skip
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("name", EXTRAS)
def test_extras_that_are_installed_are_no_error(name: str):
    if name in APART and find_spec(EXTRAS[name].module) is None:
        pytest.skip(f"{EXTRAS[name].module} is not installed")
    require(name)


def test_a_package_that_is_broken_says_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(
        InputError, match=r"need the package datasets \(import of datasets halted.*chimerae\[hub\]"
    ):
        require("hub")

"""`chimerae evaluate MODEL --data SOURCE`: as a newcomer types it, and every way to get it wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from tests.cli.conftest import Call
from tests.cli.test_bad_input import one_line
from tests.foreign.makers import kl, pixels
from tests.helpers.hub import standin
from tests.helpers.rows import through

FEW = ("--metrics", "psnr", "ssim")


@pytest.fixture
def faces(workplace: Path) -> Path:
    """A folder of 20 images of 16x16, of which two are held out."""
    folder = workplace / "faces"
    folder.mkdir()
    for i, image in enumerate(pixels(20)):
        Image.fromarray(image).save(folder / f"{i}.png")
    return folder


MODELS = """
import torch

def dim(x):
    return x / 2

def wrong_shape(x):
    return x[:, :, 1:]

def wrong_range(x):
    return 255 * x

def wrong_kind(x):
    return x.numpy()

def fails(x):
    raise ValueError("no such layer")

number = 3
"""


@pytest.fixture
def functions(workplace: Path) -> Path:
    path = workplace / "mine.py"
    path.write_text(MODELS)
    return path


def test_a_model_of_diffusers_is_judged_and_reported(call: Call, faces: Path):
    code, out, err = call("evaluate", kl(Path("vae-of-me")), "--data", "faces", *FEW, "kl_per_sample")
    assert code == 0, err
    assert "psnr" in out
    assert "codes 3x8x8: scaling" in out
    assert "(its config: 0.5)" in out
    assert "next: chimerae report judged/vae-of-me-faces" in out
    folder = Path("judged/vae-of-me-faces")
    record = json.loads((folder / "judged.json").read_text())
    assert record["command"] == "chimerae evaluate vae-of-me --data faces --metrics psnr ssim kl_per_sample"
    assert record["run"]["arch"]["scaling_factor"] == 0.5
    assert record["run"]["evaluation"]["batch_size"] == 16
    assert call("report", folder)[0] == 0
    code, out, _ = call("evaluate", "vae-of-me", "--data", "faces", "--json", "--metrics", "mse_unit")
    told = json.loads(out)
    assert {score["metric"] for score in told["scores"]} == {"psnr", "ssim", "mse_unit", "kl_per_sample"}
    assert not Path("judged/vae-of-me-faces-2").exists()


def test_a_function_of_a_file_and_a_folder_of_images_are_judged(call: Call, faces: Path, functions: Path):
    code, _, err = call("evaluate", "./mine.py:dim", "--data", "faces", *FEW, "--out", "of-dim")
    assert code == 0, err
    assert Path("of-dim/pictures/reconstructions.png").is_file()
    code, _, err = call("evaluate", "faces", "--data", "faces", "--metrics", "sharpness", "nearest_train")
    assert code == 0, err
    assert Path("judged/faces-faces/pictures/samples.png").is_file()
    assert Path("judged/faces-faces/pictures/neighbours.png").is_file()


def test_a_run_is_judged_on_other_data_and_its_own_scores_stay(call: Call, trained: Path, faces: Path):
    code, _, err = call("evaluate", trained, "--data", "faces", *FEW)
    assert code == 0, err
    assert not (trained / "scores.json").exists()
    assert Path("judged/run-faces/scores.json").is_file()
    told = one_line(*map(call("evaluate", trained, "--out", "x").__getitem__, (0, 2)))
    assert "name their source with --data" in told


def test_a_model_of_the_hub_is_judged(call: Call, faces: Path, workplace: Path):
    kl(workplace / "kl")
    files = {path.name: path.read_bytes() for path in (workplace / "kl").iterdir()}
    with standin(workplace / "hub-cache") as hub:
        hub.holding("anna/vae", files)
        hub.holding("anna/pipeline", {f"vae/{name}": content for name, content in files.items()})
        hub.holding("anna/bert", {"config.json": b'{"model_type": "bert"}'})
        for name in ("anna/vae", "anna/pipeline"):
            code, out, err = call("evaluate", name, "--data", "faces", *FEW)
            assert code == 0, err
            assert f"judged/{name.replace('/', '-')}-faces" in out
        code, _, err = call("evaluate", "anna/bert", "--data", "faces")
        assert "no autoencoder of diffusers or chimerae" in one_line(code, err)
        code, _, err = call("evaluate", "anna/none", "--data", "faces")
        assert "the hub has no model anna/none" in one_line(code, err)
    scores = [
        json.loads(Path(f"judged/{name}-faces/scores.json").read_text())
        for name in ("anna-vae", "anna-pipeline")
    ]
    assert scores[0]["scores"] == scores[1]["scores"]


def test_without_a_network_a_hub_id_is_one_line(call: Call, faces: Path, monkeypatch: pytest.MonkeyPatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    code, _, err = call("evaluate", "anna/vae", "--data", "faces")
    assert "HF_HUB_OFFLINE is set, and anna/vae is not in the cache" in one_line(code, err)


def test_without_the_extra_its_name_is_told(call: Call, faces: Path, monkeypatch: pytest.MonkeyPatch):
    import sys

    kl(Path("kl"))
    monkeypatch.setitem(sys.modules, "diffusers", None)
    code, _, err = call("evaluate", "kl", "--data", "faces")
    assert "install chimerae[diffusers]" in one_line(code, err)


@through(
    "args, hint",
    [
        (("kl",), "kl is no run folder; to judge it, name a source: --data"),
        (("nothing", "--data", "faces"), "there is no folder, file or function nothing"),
        (("faces/nothing", "--data", "faces"), "its parent folder is here"),
        (("kl", "--data", "nothing"), "nothing"),
        (("kl", "--data", "8gaussians"), "takes images, and the data are points"),
        (("kl", "--data", "faces", "--prepare.channels", "1"), "--prepare.channels 3"),
        (("kl", "--data", "faces", "--prepare.size", "15"), "--prepare.size 14 14"),
        (("kl", "--data", "faces", "--out", "faces"), "faces has other files; choose another --out"),
        (("kl", "--data", "faces", "--out", "mine.py"), "mine.py is a file"),
        (("kl", "--data", "faces", "--code", "median"), "median"),
        (("other", "--data", "faces"), "class UNet2DModel; AutoencoderKL and AutoencoderTiny can be judged"),
        (("no-weights", "--data", "faces"), "only weights as safetensors are opened"),
        (("damaged", "--data", "faces"), "damaged cannot be opened"),
        (("misfit", "--data", "faces"), "do not fit its config.json (missing keys"),
        (("wide", "--data", "faces"), "wide cannot be opened"),
        (("mine.py", "--data", "faces"), "mine.py is a file; give the folder of a model"),
        (("mine.py:none", "--data", "faces"), "has none of that name"),
        (("mine.py:number", "--data", "faces"), "is no function from images"),
        (("mine.py:fails", "--data", "faces"), "ValueError: no such layer"),
        (("mine.py:wrong_shape", "--data", "faces"), "not one of float32 and shape"),
        (("mine.py:wrong_kind", "--data", "faces"), "not an object of type ndarray"),
        (("mine.py:wrong_range", "--data", "faces"), "its values go from"),
        (("mixed", "--data", "faces"), "differ in size"),
        (("large", "--data", "faces", "--prepare.size", "16"), "are 20x20x3, and the data are 16x16x3"),
        (("faces", "--data", "faces", "--samples", "50"), "has 20 images, fewer than --samples 50"),
        (("empty", "--data", "faces"), "holds no images"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(
    args: tuple[str, ...], hint: str, call: Call, faces: Path, functions: Path
):
    prepared()
    before = written()
    code, _, err = call("evaluate", *args)
    assert hint in one_line(code, err)
    assert written() == before


def written() -> list[Path]:
    """Everything here but the bytecode that importing a file of functions leaves."""
    return sorted(path for path in Path().rglob("*") if "__pycache__" not in path.parts)


def prepared() -> None:
    """Folders of every kind that cannot be judged."""
    if Path("kl").exists():
        return
    config = json.loads((kl(Path("kl")) / "config.json").read_text())
    weights = "diffusion_pytorch_model.safetensors"
    content = Path("kl", weights).read_bytes()
    for name, changes in (
        ("other", {"_class_name": "UNet2DModel"}),
        ("no-weights", {}),
        ("damaged", {}),
        ("misfit", {}),
        ("wide", {"latent_channels": 5}),
    ):
        Path(name).mkdir()
        Path(name, "config.json").write_text(json.dumps(config | changes))
        if name != "no-weights":
            Path(name, weights).write_bytes(content[: 100 if name == "damaged" else None])
    tensors = load_file(Path("kl", weights))
    tensors.pop("decoder.conv_out.bias")
    save_file(tensors, Path("misfit", weights))
    for name, sides in (("mixed", (8, 12)), ("large", (20, 20)), ("empty", ())):
        Path(name).mkdir()
        for i, side in enumerate(sides):
            Image.fromarray(pixels(1, side, seed=i)[0]).save(Path(name, f"{i}.png"))


def test_a_model_that_gives_no_numbers_is_judged_with_the_reason(call: Call, faces: Path):
    kl(Path("kl"))
    path = Path("kl", "diffusion_pytorch_model.safetensors")
    tensors = load_file(path)
    save_file(tensors | {"decoder.conv_out.bias": torch.full((3,), torch.nan)}, path)
    code, out, err = call("evaluate", "kl", "--data", "faces", *FEW)
    assert code == 0, err
    assert "reconstructions are not finite" in out

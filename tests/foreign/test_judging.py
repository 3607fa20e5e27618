"""Models of others, judged: the numbers of loops written by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

import chimerae
from chimerae.errors import InputError
from chimerae.evaluation import Evaluation, Results
from chimerae.metrics.ssim import ssim
from tests.foreign.makers import kl, pixels, tiny


@pytest.fixture(autouse=True)
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CHIMERAE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def data(**options: int) -> dict[str, np.ndarray]:
    return {"train": pixels(12, seed=1, **options), "test": pixels(40, **options)}


def unit(images: np.ndarray) -> Tensor:
    return torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255


def of(results: Results, network: str = "decoder") -> dict[str, float]:
    return {score.metric: score.value for score in results.scores if score.of == network}


def by_hand(x: Tensor, y: Tensor) -> dict[str, float]:
    """Mean over images of error, PSNR and SSIM, one image at a time, in float64."""
    rows = []
    for a, b in zip(x.double(), y.double(), strict=True):
        error = float(((a - b) ** 2).mean())
        rows.append((error, 10 * np.log10(1 / error), float(ssim(a[None], b[None]))))
    return dict(zip(("mse_unit", "psnr", "ssim"), np.mean(rows, 0).tolist(), strict=True))


PAIRS = Evaluation(metrics=("mse_unit", "psnr", "ssim"), batch_size=7)


def test_a_folder_of_diffusers_has_the_numbers_of_a_loop(tmp_path: Path):
    library = pytest.importorskip("diffusers")
    found = chimerae.evaluate(kl(tmp_path / "kl"), PAIRS, data=data(), device="cpu")
    theirs = library.AutoencoderKL.from_pretrained(tmp_path / "kl", low_cpu_mem_usage=False)
    x = unit(data()["test"])
    with torch.no_grad():
        made = torch.cat([theirs(one[None] * 2 - 1).sample for one in x]) / 2 + 0.5
    assert of(found) == pytest.approx(by_hand(x, made.clamp(0, 1)), rel=1e-6)
    protocol = found.scores[0].protocol
    assert (protocol["code"], protocol["split"], protocol["n"]) == ("mean", "test", 40)


def test_draws_of_codes_differ_from_means_and_say_so(tmp_path: Path):
    folder = kl(tmp_path / "kl")
    mean, draw = (
        chimerae.evaluate(folder, PAIRS, data=data(), code=code, device="cpu") for code in ("mean", "sample")
    )
    assert of(mean) != of(draw)
    assert draw.scores[0].protocol["code"] == "sample"


def test_a_tiny_autoencoder_has_the_numbers_of_a_loop(tmp_path: Path):
    library = pytest.importorskip("diffusers")
    wanted = Evaluation(metrics=("mse_unit", "psnr", "ssim", "kl_per_sample", "active_units"), batch_size=7)
    found = chimerae.evaluate(tiny(tmp_path / "tiny"), wanted, data=data(), device="cpu")
    theirs = library.AutoencoderTiny.from_pretrained(tmp_path / "tiny", low_cpu_mem_usage=False)
    x = unit(data()["test"])
    with torch.no_grad():
        made = theirs.decode(theirs.encode(x * 2 - 1).latents).sample / 2 + 0.5
    assert of(found) == pytest.approx(by_hand(x, made.clamp(0, 1)), rel=1e-6)
    assert "no density" in found.absent["kl_per_sample"]
    assert "active_units" in of(found, "encoder")


def test_codes_have_the_statistics_of_a_loop(tmp_path: Path):
    library = pytest.importorskip("diffusers")
    out = tmp_path / "out"
    settings = Evaluation(metrics=("kl_per_sample",), batch_size=16)
    found = chimerae.evaluate(kl(tmp_path / "kl"), settings, data=data(), out=out, device="cpu")
    theirs = library.AutoencoderKL.from_pretrained(tmp_path / "kl", low_cpu_mem_usage=False)
    with torch.no_grad():
        z = theirs.encode(unit(data()["test"]) * 2 - 1).latent_dist.mean.double()
    channels = z.transpose(0, 1).flatten(1)
    told = json.loads((out / "scores.json").read_text())["latents"]
    assert told == json.loads(json.dumps(dict(found.latents)))
    assert told["shape"] == [3, 8, 8]
    assert told["mean"] == pytest.approx(channels.mean(1).tolist(), rel=1e-6)
    assert told["deviation"] == pytest.approx(channels.std(1, correction=0).tolist(), rel=1e-6)
    assert told["scaling"] == pytest.approx(1 / float(z.std(correction=0)), rel=1e-6)


def test_the_library_s_module_is_judged_as_its_folder(tmp_path: Path):
    library = pytest.importorskip("diffusers")
    folder = kl(tmp_path / "kl")
    module = library.AutoencoderKL.from_pretrained(folder, low_cpu_mem_usage=False)
    found, again = (chimerae.evaluate(each, PAIRS, data=data(), device="cpu") for each in (folder, module))
    assert found.scores == again.scores


def test_the_autoencoder_of_a_pipeline_is_in_its_folder_vae(tmp_path: Path):
    kl(tmp_path / "whole" / "vae")
    (tmp_path / "whole" / "model_index.json").write_text("{}")
    out = tmp_path / "out"
    chimerae.evaluate("whole", PAIRS, data=data(), out=out, device="cpu")
    assert json.loads((out / "judged.json").read_text())["subject"]["name"] == "whole"


def half(x: Tensor) -> Tensor:
    return x / 2


def test_a_function_is_judged_on_images_in_unit_range():
    x = unit(data()["test"])
    found = chimerae.evaluate(half, PAIRS, data=data(), device="cpu")
    assert of(found, "function") == pytest.approx(by_hand(x, x / 2), rel=1e-6)


def test_a_function_has_no_codes_and_no_samples(tmp_path: Path):
    wanted = Evaluation(metrics=("psnr", "kl_per_sample", "swd", "interpolation_rmse"))
    found = chimerae.evaluate(half, wanted, data=data(), out=tmp_path / "out", device="cpu")
    assert found.absent["kl_per_sample"] == "its codes are not known"
    assert found.absent["swd"] == found.absent["interpolation_rmse"] == "the method draws no samples"
    assert {path.name for path in (tmp_path / "out" / "pictures").iterdir()} == {"reconstructions.png"}


class Shrunk(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.drop = nn.Dropout(0.5)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.drop(x)
        return y


def test_a_module_is_judged_in_evaluation_mode():
    found = chimerae.evaluate(Shrunk(), PAIRS, data=data(), device="cpu")
    assert of(found, "function")["mse_unit"] == 0


def saved(folder: Path, images: np.ndarray) -> Path:
    folder.mkdir(parents=True)
    for i, image in enumerate(images):
        Image.fromarray(image).save(folder / f"{i:03}.png")
    return folder


SETS = Evaluation(metrics=("sharpness", "nearest_train", "copied", "kd_efficientnet"))


def test_images_alone_are_judged_as_samples(tmp_path: Path):
    wanted = Evaluation(metrics=("sharpness", "nearest_train", "interpolation_rmse", "psnr"))
    given = data()
    x, train = unit(pixels(60, seed=2)), unit(given["train"])
    found = chimerae.evaluate(
        saved(tmp_path / "drawn", pixels(60, seed=2)), replace_n(wanted, 60), data=given, device="cpu"
    )
    gaps = (x[:, None] - train).double().flatten(2).square().mean(2).sqrt().min(1).values * 255
    # nearest images are searched for as many as there are test images, in the order of the seed
    seen = of(found, "samples")["nearest_train"]
    assert gaps.min() <= seen <= gaps.max()
    grey = x.double().permute(0, 2, 3, 1).numpy() @ np.array(GREY)
    laplacian = [
        np.var(g[:-2, 1:-1] + g[2:, 1:-1] + g[1:-1, :-2] + g[1:-1, 2:] - 4 * g[1:-1, 1:-1]) for g in grey
    ]
    assert of(found, "samples")["sharpness"] == pytest.approx(float(np.mean(laplacian)), rel=1e-3)
    assert {score.n for score in found.scores if (score.metric, score.of) == ("sharpness", "samples")} == {60}
    assert found.absent["psnr"] == "images has no encoder: it cannot reconstruct"
    assert found.absent["interpolation_rmse"] == "its codes are not known"


GREY = (0.299, 0.587, 0.114)


def replace_n(settings: Evaluation, samples: int) -> Evaluation:
    return Evaluation(metrics=settings.metrics, samples=samples)


def test_the_data_s_own_training_images_are_copies(tmp_path: Path):
    given = {"train": pixels(60, seed=1), "test": pixels(40)}
    wanted = Evaluation(metrics=("nearest_train", "copied"))
    found = of(
        chimerae.evaluate(saved(tmp_path / "drawn", given["train"]), wanted, data=given, device="cpu"),
        "samples",
    )
    assert found == {"nearest_train": 0, "copied": 1}


def test_fewer_images_than_test_images_are_all_used(tmp_path: Path):
    wanted = Evaluation(metrics=("sharpness", "nearest_train"))
    found = chimerae.evaluate(saved(tmp_path / "drawn", pixels(9, seed=2)), wanted, data=data(), device="cpu")
    assert {score.n for score in found.scores if score.of == "samples"} == {9}
    assert not any("code" in score.protocol for score in found.scores)
    assert len(found.shown.samples["samples"]) == 9


def test_results_are_merged_with_those_of_the_same_model_only(tmp_path: Path):
    folder, out = kl(tmp_path / "kl"), tmp_path / "out"
    first, second = Evaluation(metrics=("psnr",)), Evaluation(metrics=("ssim",))
    chimerae.evaluate(folder, first, data=data(), out=out, device="cpu")
    chimerae.evaluate(folder, second, data=data(), out=out, device="cpu")
    before = (out / "scores.json").read_text()
    assert {score["metric"] for score in json.loads(before)["scores"]} == {"psnr", "ssim"}
    for other, images in ((kl(tmp_path / "other", layers_per_block=2), data()), (folder, data(side=12))):
        with pytest.raises(InputError, match="results of another model or other data; choose another --out"):
            chimerae.evaluate(other, first, data=images, out=out, device="cpu")
    assert (out / "scores.json").read_text() == before


def test_the_report_of_a_judged_model_stands_beside_a_run_and_tells_of_no_training(tmp_path: Path):
    out = tmp_path / "out"
    settings = Evaluation(metrics=("psnr", "kl_per_sample"))
    chimerae.evaluate(kl(tmp_path / "kl"), settings, data=data(), out=out, device="cpu")
    alone = chimerae.report(out).read_text()
    assert "AutoencoderKL" in alone
    assert "trained elsewhere" in alone
    assert "(its config: 0.5)" in alone
    assert "How it learned" not in alone
    assert "not finished" not in alone.lower()
    run = chimerae.train(
        "vae", data=data(), steps=2, out=tmp_path / "run", settings={"arch.width": 2}, quiet=True
    )
    both = chimerae.report([out, run], tmp_path / "both.html").read_text()
    assert "How it learned" in both

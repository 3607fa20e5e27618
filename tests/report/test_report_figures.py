"""Pictures of a study's page."""

from __future__ import annotations

import os
from pathlib import Path

import torch
from PIL import Image

from chimerae import pictures
from chimerae.report.compare import Named
from chimerae.report.figures import figure
from chimerae.report.read import read_run
from tests.report.report_runs import write_run


def _shown(runs: list[Named]) -> Image.Image:
    picture = figure(runs, "reconstructions", 4)
    assert picture is not None
    return pictures.opened(picture.content)


def _arm(folder: Path, title: str, shade: float, method: str = "vae") -> Named:
    write_run(folder, method=method)
    images = torch.full((4, 1, 8, 8), shade)
    rows = {"originals": images} | dict.fromkeys(["decoder", "generator"][: 1 + (method == "avae")], images)
    pictures.save(pictures.rows(rows), folder / "pictures" / "reconstructions.png")
    return Named(read_run(folder), title, title, "")


def test_rows_of_all_arms_stand_under_their_originals(tmp_path: Path) -> None:
    runs = [_arm(tmp_path / "a", "VAE", 0.5), _arm(tmp_path / "b", "AVAE", 0.5, "avae")]
    shown = _shown(runs)
    assert list(pictures.strips(shown)) == ["originals", "VAE: decoder", "AVAE: decoder", "AVAE: generator"]


def test_sets_have_a_sheet_each(tmp_path: Path) -> None:
    one = [_arm(tmp_path / "a", "MNIST, VAE", 0.5), _arm(tmp_path / "b", "MNIST, AVAE, a", 0.5, "avae")]
    other = [_arm(tmp_path / "c", "CIFAR10, VAE", 0.2), _arm(tmp_path / "d", "CIFAR10, AVAE, a", 0.2, "avae")]
    alone, both = _shown(one), _shown([*one, *other])
    assert list(pictures.strips(alone)) == [
        "originals",
        "VAE: decoder",
        "AVAE, a: decoder",
        "AVAE, a: generator",
    ]
    assert both.height > 2 * alone.height
    assert both.width == alone.width


def test_large_pictures_are_kept_whole_with_their_notes(tmp_path: Path) -> None:
    noise = Image.frombytes("RGB", (400, 300), os.urandom(360_000))
    sheet = pictures.labelled({"originals": noise, "decoder": noise})
    content, form = pictures.compact(sheet, 400_000)
    assert (form, len(content) <= 400_000) == ("webp", True)
    back = pictures.opened(content)
    assert back.size == sheet.size
    assert pictures.strips(back)["decoder"].size == noise.size
    folder = write_run(tmp_path / "run")
    (folder / "pictures" / "reconstructions.png").unlink()
    (folder / "pictures" / "reconstructions.webp").write_bytes(content)
    assert read_run(folder).pictures["reconstructions"].suffix == ".webp"


def test_small_pictures_stay_exact() -> None:
    sheet = pictures.labelled({"originals": Image.new("RGB", (40, 30), (10, 20, 30))})
    content, form = pictures.compact(sheet, 400_000)
    assert form == "png"
    assert pictures.opened(content).tobytes() == sheet.tobytes()

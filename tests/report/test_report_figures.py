"""Pictures of a study's page."""

from __future__ import annotations

import os
from functools import partial
from io import BytesIO
from pathlib import Path

import pytest
import torch
from PIL import Image

from chimerae import pictures
from chimerae.errors import InputError
from chimerae.pictures import tiled
from chimerae.report.compare import LabelledRun
from chimerae.report.figures import figure
from chimerae.report.films import kept
from chimerae.report.images import small
from chimerae.report.read import read_run
from tests.report.report_runs import write_run


def _shown(runs: list[LabelledRun]) -> Image.Image:
    picture = figure(runs, "reconstructions", 4)
    assert picture is not None
    return pictures.opened(picture.content)


def _arm(folder: Path, title: str, shade: float, method: str = "vae") -> LabelledRun:
    write_run(folder, method=method)
    images = torch.full((4, 1, 8, 8), shade)
    rows = {"originals": images} | dict.fromkeys(["decoder", "generator"][: 1 + (method == "avae")], images)
    pictures.save(pictures.rows(rows), folder / "pictures" / "reconstructions.png")
    return LabelledRun(read_run(folder), title, title, "")


def test_rows_of_all_arms_stand_under_their_originals(tmp_path: Path) -> None:
    runs = [_arm(tmp_path / "a", "VAE", 0.5), _arm(tmp_path / "b", "AVAE", 0.5, "avae")]
    shown = _shown(runs)
    assert list(pictures.strips(shown)) == ["originals", "VAE: decoder", "AVAE: decoder", "AVAE: generator"]


def test_sets_have_a_sheet_each(tmp_path: Path) -> None:
    one = [_arm(tmp_path / "a", "MNIST, VAE", 0.5), _arm(tmp_path / "b", "MNIST, AVAE, a", 0.5, "avae")]
    other = [_arm(tmp_path / "c", "CIFAR10, VAE", 0.2), _arm(tmp_path / "d", "CIFAR10, AVAE, a", 0.2, "avae")]
    alone, both = _shown(one), _shown([*one, *other])
    assert both.height == 2 * alone.height + 8
    assert both.width == alone.width


def test_no_arm_is_lost_where_names_begin_alike(tmp_path: Path) -> None:
    arms = [("faces, A", 0.2), ("faces, B", 0.2), ("faces, C", 0.7), ("faces, D", 0.7)]
    runs = [_arm(tmp_path / str(i), title, shade) for i, (title, shade) in enumerate(arms)]
    assert _shown(runs).height == 2 * _shown(runs[:2]).height + 8


def test_an_arm_alone_keeps_its_name(tmp_path: Path) -> None:
    run = _arm(tmp_path / "a", "VAE", 0.5)
    rows = pictures.opened(run.run.pictures["reconstructions"].read_bytes())
    assert _shown([run]).height > rows.height


def test_originals_are_told_apart_after_they_were_made_small(tmp_path: Path) -> None:
    """A WebP has other pixels, but the note of those that were drawn."""
    faces, shown = torch.rand(16, 3, 32, 32), {}
    for name in ("VAE", "WAE"):
        drawn = pictures.rows({"originals": faces, "decoder": torch.rand(16, 3, 32, 32)})
        content, form = pictures.compact(partial(pictures.reduced, drawn), 40_000)
        assert form == "webp"
        shown[name] = pictures.opened(content)
    assert len({pictures.top(image) for image in shown.values()}) == 1


def test_large_pictures_are_kept_whole_with_their_notes(tmp_path: Path) -> None:
    noise = Image.frombytes("RGB", (400, 300), os.urandom(360_000))
    sheet = pictures.labelled({"originals": noise, "decoder": noise})
    content, form = pictures.compact(partial(pictures.reduced, sheet), 400_000)
    assert (form, len(content) <= 400_000) == ("webp", True)
    back = pictures.opened(content)
    assert back.size == sheet.size
    assert pictures.strips(back)["decoder"].size == noise.size
    folder = write_run(tmp_path / "run")
    (folder / "pictures" / "reconstructions.png").unlink()
    (folder / "pictures" / "reconstructions.webp").write_bytes(content)
    assert read_run(folder).pictures["reconstructions"].suffix == ".webp"


def test_words_over_small_samples_stay_as_large(tmp_path: Path) -> None:
    """Samples that have to be made smaller than they are do not take their captions with them."""
    arms = []
    for name in ("VAE", "GAN"):
        folder = write_run(tmp_path / name)
        noise = Image.frombytes("RGB", (600, 600), os.urandom(3 * 600 * 600))
        pictures.save(noise, folder / "pictures" / "samples.png")
        arms.append(LabelledRun(read_run(folder), name, name, "#000"))
    picture = figure(arms, "samples", 2)
    assert picture is not None
    small = 600 // round(600 / ((picture.width - 8) // 2))
    assert small <= 300
    captions = picture.height - small
    whole = tiled(
        {"VAE": Image.new("RGB", (small, small)), "GAN": Image.new("RGB", (small, small))}, columns=2
    )
    assert captions == whole.height - small


def test_small_pictures_stay_exact() -> None:
    sheet = pictures.labelled({"originals": Image.new("RGB", (40, 30), (10, 20, 30))})
    content, form = pictures.compact(partial(pictures.reduced, sheet), 400_000)
    assert form == "png"
    assert pictures.opened(content).tobytes() == sheet.tobytes()


def test_nothing_is_too_large() -> None:
    noise = Image.frombytes("RGB", (400, 300), os.urandom(360_000))
    content, form = pictures.compact(partial(pictures.reduced, noise), 10_000)
    assert (form, len(content) <= 10_000) == ("webp", True)
    long = pictures.opened(
        pictures.compact(partial(pictures.reduced, Image.new("RGB", (17_000, 10))), 10_000)[0]
    )
    assert long.size == (3_400, 2)


def test_a_new_png_counts_more_than_an_old_webp(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run")
    image = Image.new("RGB", (40, 30))
    (folder / "pictures" / "samples.webp").write_bytes(
        pictures.compact(partial(pictures.reduced, image), 0)[0]
    )
    assert read_run(folder).pictures["samples"].suffix == ".png"
    (folder / "pictures" / "samples.png").unlink()
    content = small((folder / "pictures" / "samples.webp").read_bytes())[0]
    assert Image.open(BytesIO(content)).format == "PNG"


def test_a_damaged_film_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.webp").write_bytes(b"RIFF")
    with pytest.raises(InputError, match=r"a\.webp is no readable picture"):
        kept(tmp_path / "a.webp")

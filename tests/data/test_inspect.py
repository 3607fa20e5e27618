from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from chimerae.cli.data import main
from chimerae.data import Prepare
from chimerae.data.inspect import in_words, inspect
from chimerae.errors import InputError
from tests.data.data_files import Make, speckles
from tests.helpers.rows import through


def test_everything_is_counted(photos: Make) -> None:
    photos(2, under="set/test", seed=0)
    root = photos(20, under="set/train", height=30, width=20).parent
    for i in range(3):
        Image.fromarray(speckles(0, 8, 8, 3)).save(root / "train" / f"copy{i}.png")
    Image.new("L", (8, 8), 7).save(root / "train" / "flat.png")
    (root / "train" / "broken.jpg").write_text("text")
    found, grid = inspect(str(root), Prepare(size=8))
    assert found.facts.counts == {"train": 24, "test": 2}
    assert found.info.sizes == {(30, 20): 20, (8, 8): 6}
    assert found.info.modes == {"RGB": 25, "L": 1}
    assert found.duplicates == 3
    assert found.leaked == 1
    assert found.facts.constant == 1
    assert grid is not None
    text = in_words(found)
    for part in (
        "24 train, 2 test",
        "30x20 (20), 8x8 (6)",
        "broken.jpg: not a picture",
        "3, 1 of them in train and test",
    ):
        assert part in text


def test_means_are_those_of_the_training_images(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (50, 4, 4, 3), dtype=np.uint8)
    np.savez(tmp_path / "a.npz", x_train=images, x_test=images[:2])
    found, _ = inspect(str(tmp_path / "a.npz"))
    scaled = images / 255
    assert [c.mean for c in found.channels] == pytest.approx(scaled.mean((0, 1, 2)).tolist())
    assert [c.deviation for c in found.channels] == pytest.approx(scaled.std((0, 1, 2)).tolist())
    assert [c.high for c in found.channels] == pytest.approx(scaled.max((0, 1, 2)).tolist())


def test_mixed_sizes_are_shown_at_a_chosen_one(photos: Make) -> None:
    photos(2, height=100, width=70, under="photos/more")
    found, grid = inspect(str(photos(2, height=50, width=80)))
    assert found.chosen
    assert found.facts.shape == (3, 32, 32)
    assert grid is not None
    assert "sizes differ, choose one with --prepare.size 32" in in_words(found)


def test_points(tmp_path: Path) -> None:
    np.save(tmp_path / "flat.npy", np.random.default_rng(0).normal(size=(50, 2)))
    np.save(tmp_path / "deep.npy", np.random.default_rng(0).normal(size=(50, 5)))
    found, plot = inspect(str(tmp_path / "flat.npy"))
    assert plot is not None
    assert "2-d points" in in_words(found)
    assert inspect(str(tmp_path / "deep.npy"))[1] is None
    assert inspect("rings")[1] is not None


def test_many_unreadable_files_are_cut_short(photos: Make) -> None:
    root = photos(3)
    for i in range(30):
        (root / f"bad{i}.png").write_text("text")
    text = in_words(inspect(str(root))[0])
    assert text.count("not a picture") == 20
    assert "and 10 more" in text


def test_the_verb(
    photos: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = photos(4, height=12, width=12)
    monkeypatch.chdir(tmp_path)
    assert main(["inspect", str(root), "--prepare.size", "8", "--prepare.fit", "pad"]) == 0
    said = capsys.readouterr().out
    assert "3 train, 1 test (no test split: 10% held out)" in said
    assert "8x8x3 (fit: pad)" in said
    with Image.open(tmp_path / "inspect-photos.png") as grid:
        assert grid.format == "PNG"
    assert main(["inspect", "8gaussians", "--out", "deep/plot.png"]) == 0
    assert (tmp_path / "deep" / "plot.png").exists()


@through(
    "args, message",
    [
        (["inspekt", "digits"], "did you mean 'inspect'"),
        (["inspect", "digist"], "did you mean 'digits'"),
        (["inspect", "digits", "--prepare.sise", "3"], "prepare.size"),
        (["inspect", "digits", "--prepare.size", "0"], "greater than 0"),
        (["inspect"], "the source is missing"),
    ],
)
def test_bad_arguments(args: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        main(args)


def test_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert main([]) == 2
    assert "chimerae data inspect SOURCE" in capsys.readouterr().out

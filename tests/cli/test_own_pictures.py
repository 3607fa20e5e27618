"""One's own pictures on the command line: files, folders, names, films."""

from __future__ import annotations

import shutil
import stat
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import chimerae
from chimerae.pictures.films import WALK_MS


def originals(photos: Path) -> list[Path]:
    return sorted(photos.rglob("*.jpg"))


def test_one_picture(call, trained: Path, photos: Path):
    me = originals(photos)[3]
    code, out, err = call("reconstruct", trained, "--input", me, "--out", "me.npz")
    assert (code, out.strip()) == (0, "1 reconstruction: me.npz"), err
    made = np.load("me.npz")
    assert made["samples"].shape == (1, 16, 16, 3)
    assert made["names"].tolist() == [me.name]
    wanted = chimerae.load(trained).reconstruct(me)
    assert np.array_equal(made["samples"], (wanted * 255).round().byte().permute(0, 2, 3, 1).numpy())
    assert call("reconstruct", trained, "--input", me)[0] == 0
    with Image.open("reconstructions.png") as sheet:
        assert sheet.height > 3 * 150  # a single picture is shown large


def test_all_of_a_folder_with_names(call, trained: Path, photos: Path):
    wanted = {path.relative_to(photos).with_suffix(".png").as_posix() for path in originals(photos)}
    (photos / "broken.jpg").write_bytes(b"nothing")
    code, out, err = call("reconstruct", trained, "--input", photos, "--out", "made")
    assert code == 0, err
    assert "12 reconstructions" in out
    assert "broken.jpg (not a picture)" in err
    made = {path.relative_to("made").as_posix() for path in Path("made").rglob("*.png")}
    assert made == wanted
    (photos / "broken.jpg").unlink()
    assert call("reconstruct", trained, "--input", photos, "--n", 5, "--out", "made.zip")[0] == 0
    with zipfile.ZipFile("made.zip") as archive:
        assert archive.namelist() == sorted(made)[:5]


def test_equal_names_are_told_apart(call, trained: Path, photos: Path):
    Path("other").mkdir()
    first, second = originals(photos)[:2]
    shutil.copy(second, Path("other") / first.name)
    assert call("reconstruct", trained, "--input", first, Path("other") / first.name, "--out", "made")[0] == 0
    names = sorted(path.name for path in Path("made").iterdir())
    assert names == [f"{first.stem}-2.png", f"{first.stem}.png"]


def test_many_pictures_take_several_lines(call, trained: Path, photos: Path):
    assert call("reconstruct", trained, "--input", photos, photos, "--out", "many.png")[0] == 0
    with Image.open("many.png") as sheet:
        assert sheet.width < 17 * 70 + 100
        assert sheet.height > 6 * 64


def test_two_pictures_make_a_film(call, trained: Path, photos: Path):
    a, b = originals(photos)[:2]
    code, out, err = call("interpolate", trained, "--input", a, b, "--out", "walk.gif", "--steps", 6)
    assert code == 0, err
    assert out.strip() == "1 interpolation of 6 steps: walk.gif"
    with Image.open("walk.gif") as film:
        assert film.format == "GIF"
        assert film.size == (256, 256)
        assert film.info["loop"] == 0
        times = []
        for i in range(film.n_frames):  # equal frames are one, which stands longer
            film.seek(i)
            times.append(film.info["duration"])
        assert sum(times) == 10 * WALK_MS  # there and back, the ends once
        film.seek(0)
        first = np.asarray(film.convert("RGB"), dtype=float)
    way = chimerae.load(trained).interpolate(a, b, steps=6)[0]
    wanted = (way[0] * 255).permute(1, 2, 0).numpy().repeat(16, 0).repeat(16, 1)
    assert abs(first - wanted).mean() < 3


def test_a_film_needs_ffmpeg(call, trained: Path, photos: Path, monkeypatch: pytest.MonkeyPatch):
    a, b = originals(photos)[:2]
    args = ("interpolate", trained, "--input", a, b, "--out", "walk.mp4")
    monkeypatch.setenv("PATH", "")
    code, _, err = call(*args)
    assert code == 2
    assert err.strip() == (
        "chimerae: an .mp4 needs ffmpeg, which is not installed: choose --out walk.gif, or install it"
    )
    assert not Path("walk.mp4").exists()


def test_ffmpeg_gets_the_frames(call, trained: Path, photos: Path, monkeypatch: pytest.MonkeyPatch):
    """A stand-in for ffmpeg writes down its arguments, and how many bytes came."""
    tool = Path("bin/ffmpeg").resolve()
    tool.parent.mkdir()
    tool.write_text('#!/bin/sh\nfor last; do :; done\necho "$*" > "$last"\n/usr/bin/wc -c >> "$last"\n')
    tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tool.parent}:/bin:/usr/bin")
    a, b = originals(photos)[:2]
    code, _, err = call("interpolate", trained, "--input", a, b, "--steps", 4, "--out", "walk.mp4")
    assert code == 0, err
    command, count = Path("walk.mp4").read_text().splitlines()
    assert "-s 256x256" in command
    assert int(count) == 6 * 256 * 256 * 3
    tool.write_text("#!/bin/sh\necho no such encoder >&2\nexit 1\n")
    code, _, err = call("interpolate", trained, "--input", a, b, "--steps", 4, "--out", "other.mp4")
    assert code == 2
    assert "no such encoder" in err
    assert not Path("other.mp4").exists()


def test_what_cannot_be_used_is_one_line(call, trained: Path, photos: Path):
    me = originals(photos)[0]
    Path("broken.jpg").write_bytes(b"nothing")
    for args, said in (
        (("reconstruct", trained, "--input", "nowhere.jpg"), "nowhere.jpg"),
        (("reconstruct", trained, "--input", "broken.jpg"), "not a picture"),
        (("reconstruct", trained, "--input", "8gaussians"), "does not fit"),
        (("reconstruct", trained, "--input", me, "--n", 0), "1 sample or more"),
        (("interpolate", trained, "--input", me), "as in a.jpg b.jpg"),
        (("interpolate", trained, "--input", photos, "--out", "walk.avi"), "or a film: .gif, .mp4"),
    ):
        code, _, err = call(*args)
        assert code == 2, args
        assert said in err
        assert err.count("\n") == 1

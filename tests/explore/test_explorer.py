"""Answers to the page: they are those of the library's own functions."""

from __future__ import annotations

import base64
import json
import shutil
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from chimerae.errors import InputError
from chimerae.explore import uploads
from chimerae.explore.explorer import Explorer, as_json
from chimerae.explore.shown import film, preview, sheet
from chimerae.explore.site import explorer_of
from chimerae.explore.spec import spec_of
from chimerae.runs.train import train
from tests.explore.conftest import drawn
from tests.helpers.rows import through
from tests.helpers.runs import tiny_run


def pixels(source: str | bytes) -> np.ndarray:
    """Grey levels of a PNG, or of a `data:` address of one."""
    content = base64.b64decode(source.partition(",")[2]) if isinstance(source, str) else source
    with Image.open(BytesIO(content)) as picture:
        return np.asarray(picture.convert("L"))


def levels(image: torch.Tensor) -> np.ndarray:
    return (image * 255).round().byte().numpy()


def sent(explorer: Explorer, picture: Image.Image, name: str = "me.png") -> str:
    buffer = BytesIO()
    picture.save(buffer, "PNG")
    return explorer.take(name, buffer.getvalue())["code"]


def test_a_draw_is_the_first_sample_of_its_seed(explorer: Explorer):
    answer = explorer.code({"code": "draw-12"})
    for run, subject in zip(answer["runs"], explorer.subjects, strict=True):
        assert list(run["pictures"]) == list(subject.networks)
        for network, shown in run["pictures"].items():
            wanted = subject.model.sample(1, seed=12, network=network)[0, 0]
            assert np.abs(pixels(shown["src"]).astype(int) - levels(wanted)).max() <= 1
    assert json.loads(as_json(answer)[1]) == answer


def test_a_dropped_picture_is_reconstructed_as_by_the_command(explorer: Explorer):
    code, model = sent(explorer, drawn()), explorer.subjects[0].model
    first, second = explorer.code({"code": code})["runs"]
    for network, shown in first["pictures"].items():
        wanted = model.reconstruct(drawn(), network=network)[0, 0]
        assert np.abs(pixels(shown["src"]).astype(int) - levels(wanted)).max() <= 1
    assert pixels(first["image"]["src"]).shape == (8, 8)
    assert second["error"] == "gan has no encoder: it makes pictures, and takes none"


def test_a_held_out_image_is_that_of_the_run(explorer: Explorer):
    data = explorer.subjects[0].data
    assert data is not None
    shown = explorer.code({"code": "held-3", "runs": "0"})["runs"][0]["image"]
    assert np.array_equal(pixels(shown["src"]), levels(data.test.take([3])[0, 0]))
    missing = explorer.code({"code": f"held-{len(data.test)}"})["runs"][0]["error"]
    assert "held-out images, numbered from 0" in missing


def test_a_slider_moves_the_code_and_another_picture_is_shown(explorer: Explorer):
    query = {"runs": "0"}
    still, moved = (
        explorer.code(query | {"code": code})["runs"][0] for code in ("draw-1", "draw-1*1_2.5*2_-2")
    )
    assert moved["places"] == pytest.approx([2.5, -2.0], abs=1e-3)
    assert still["places"] != moved["places"]
    assert still["pictures"]["generator"]["src"] != moved["pictures"]["generator"]["src"]
    assert still == explorer.code(query | {"code": "draw-1"})["runs"][0], (
        "the same link gives the same picture"
    )


def test_a_walk_is_that_of_the_model_with_the_noise_of_its_start(explorer: Explorer):
    subject = explorer.subjects[0]
    ends = [subject.code(spec_of(f"draw-{i}")) for i in (1, 2)]
    wanted = subject.model.walk(ends[0], ends[1], steps=17, mode="linear", network="generator")[0]
    query = {"from": "draw-1", "to": "draw-2", "way": "linear", "runs": "0"}
    frames = explorer.walk(query)["runs"][0]["networks"]["generator"]
    assert len(frames) == 17
    assert np.abs(pixels(frames[8]["src"]).astype(int) - levels(wanted[8, 0])).max() <= 1
    with Image.open(BytesIO(explorer.walk_file(query | {"network": "decoder"}))) as film:
        assert film.format == "GIF"
        assert 50 < film.n_frames <= 64  # equal frames become one, which lasts longer


def test_the_map_shows_the_places_of_the_first_two_directions(explorer: Explorer):
    found = explorer.map({"code": "draw-1", "runs": "0"})["runs"][0]
    assert (found["columns"], found["rows"]) == (9, 9)
    content = pixels(explorer.map_file({"code": "draw-1*1_0.7", "run": "0"}))
    side = content.shape[0] // 9
    corner = explorer.subjects[0].code(spec_of("draw-1*1_2.5*2_2.5"))  # upper right
    wanted = levels(explorer.subjects[0].pictures(corner)["generator"][0, 0])
    tile = content[:side, -side:]
    assert np.abs(tile[:: side // 8, :: side // 8].astype(int) - wanted).max() <= 1


def test_neighbours_are_those_of_a_search_by_hand(explorer: Explorer):
    subject = explorer.subjects[0]
    assert subject.data is not None
    made = subject.pictures(subject.code(spec_of("draw-5")))["generator"]
    train = subject.data.train.take(range(len(subject.data.train)))
    gaps = 255 * (train - made).square().flatten(1).mean(1).sqrt()
    shown = explorer.nearest({"code": "draw-5", "runs": "0"})["runs"][0]["networks"]["generator"]
    assert len(shown) == 4
    assert [image["distance"] for image in shown] == pytest.approx(gaps.sort().values[:4].tolist(), abs=0.11)
    assert np.array_equal(pixels(shown[0]["src"]), levels(train[gaps.argmin(), 0]))


def test_a_file_at_full_size(explorer: Explorer):
    content = pixels(explorer.picture_file({"code": "draw-1", "run": "1"}))
    assert content.shape == (8, 8)
    with pytest.raises(InputError, match="did you mean 'decoder'"):
        explorer.picture_file({"code": "draw-1", "run": "0", "network": "decodr"})


@through("query", [{"code": "x"}, {}, {"code": "draw-1", "runs": "7"}, {"code": "draw-1", "runs": ""}])
def test_a_wrong_question_is_refused_in_one_line(query, explorer: Explorer):
    with pytest.raises(InputError):
        explorer.code(query)


def test_a_file_that_is_no_picture_is_refused_by_name(explorer: Explorer):
    buffer = BytesIO()
    drawn().save(buffer, "PNG")
    cut = buffer.getvalue()[:400]
    rows = [("notes.txt", b"hello"), ("empty.png", b""), ("page.svg", b"<svg xmlns='x'/>"), ("cut.png", cut)]
    for name, content in rows:
        with pytest.raises(InputError) as told:
            explorer.take(name, content)
        assert str(told.value).startswith(f"'{name}'")
        assert "\n" not in str(told.value)


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded(explorer: Explorer):
    buffer = BytesIO()
    Image.new("1", (12_000, 12_000)).save(buffer, "PNG")
    with pytest.raises(InputError, match=r"'huge.png' is too large: more than 67 million pixels"):
        explorer.take("huge.png", buffer.getvalue())


def test_a_model_without_an_encoder_takes_no_pictures(both: Explorer):
    with pytest.raises(InputError, match=r"'me.png' cannot be taken: gan has no encoder"):
        sent(Explorer(both.subjects[1:]), drawn())


def test_pictures_are_kept_in_memory_and_the_oldest_are_forgotten(
    explorer: Explorer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(uploads, "KEPT", 2)
    codes = [sent(explorer, drawn(i)) for i in range(3)]
    assert codes[0] not in codes[1:]
    answer = explorer.walk({"from": codes[1], "to": codes[2], "runs": "0"})
    assert answer["names"] == ["me.png", "me.png"]
    assert None not in answer["runs"][0]["ends"]
    lost = explorer.walk({"from": codes[0], "to": codes[2], "runs": "0"})["runs"][0]
    assert lost["error"] == "this picture is no longer here: drop it again"


def test_a_run_whose_data_are_gone_says_so(runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("chimerae.runs.own_data.is_here", lambda data: False)
    lone = explorer_of([runs / "avae"], "cpu")
    assert "pictures of the generator change most" in lone.about()["runs"][0]["about"]
    told = lone.nearest({"code": "draw-1"})["runs"][0]["error"]
    assert told == "its data, 'digits', are not on this machine"
    assert told in lone.code({"code": "held-0"})["runs"][0]["error"]
    shutil.copytree(runs / "avae" / "model", tmp_path / "alone")
    config = json.loads((tmp_path / "alone" / "config.json").read_text())
    (tmp_path / "alone" / "config.json").write_text(json.dumps({**config, "data": str(tmp_path)}))
    model = explorer_of([tmp_path / "alone"], "cpu").about()["runs"][0]
    assert model["lack"] == "this is a model alone, without its training images"


def test_of_many_or_large_training_images_an_even_part_is_searched(
    explorer: Explorer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("chimerae.explore.subject.SEARCHED", 64 * 10)
    subject = explorer.subjects[0]
    assert subject.data is not None
    count = len(subject.data.train)
    assert explorer.about()["runs"][0]["searched"] == f"Nearest of {count:,} training images, 10 searched"
    train = subject.data.train.take([i * count // 10 for i in range(10)])
    gaps = 255 * (train - train[3]).square().flatten(1).mean(1).sqrt()
    distances, images = subject.nearest(train[3:4])
    assert distances[0].tolist() == pytest.approx(gaps.sort().values[:4].tolist(), abs=0.11)
    assert torch.equal(images[0, 0], train[3])


def test_images_of_one_pixel_are_shown():
    image = torch.full((1, 1, 1), 0.5)
    assert (preview(image)["width"], preview(image)["height"]) == (1, 1)
    assert sheet(image[None].expand(81, -1, -1, -1), 9).size == (9 * 64, 9 * 64)
    with Image.open(BytesIO(film([image, 1 - image / 2]))) as moving:
        assert moving.size == (256, 256)


def test_answers_about_large_images_stay_small():
    """What the browser gets of an image of 1,024 pixels, and of a map of them."""
    image = torch.rand(3, 1024, 1024)
    shown = preview(image)
    assert (shown["width"], shown["height"]) == (1024, 1024)
    with Image.open(BytesIO(base64.b64decode(shown["src"].partition(",")[2]))) as picture:
        assert picture.size == (512, 512)
    assert len(shown["src"]) < 600_000
    assert sheet(image[None].expand(25, -1, -1, -1), 5).size == (320, 320)


def test_bad_runs_are_refused(runs: Path, tmp_path: Path):
    train(tiny_run("vae", steps=1), out=tmp_path / "toy")
    for given, told in (
        ([tmp_path / "toy"], "toy makes 2-d points, and explore shows pictures"),
        ([runs / "avae"] * 2, "a run is given twice"),
        ([runs / f"{i}" for i in range(5)], "5 runs: give 1 to 4"),
        ([runs / "nothing"], "nothing"),
    ):
        with pytest.raises(InputError, match=told):
            explorer_of(given, "cpu")

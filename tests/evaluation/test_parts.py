"""Settings, noise, interpolation, files and pictures."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image
from pydantic import ValidationError

from chimerae.config import from_dict, to_dict
from chimerae.data import prepare
from chimerae.errors import InputError
from chimerae.evaluation import (
    Evaluation,
    draw,
    evaluate,
    read_scores,
    scores_json,
    write_scores,
)
from chimerae.evaluation.seeded_codec import noise_rows, pieces, spread
from chimerae.interpolation import spherical
from tests.evaluation.evaluation_stubs import IMAGE, Sampler, Twin, built, images
from tests.helpers.rows import through


def test_settings_go_through_json_and_refuse_nonsense():
    settings = Evaluation(n=100, metrics=("psnr", "ssim"), bn="batch")
    assert from_dict(Evaluation, json.loads(json.dumps(to_dict(settings)))) == settings
    with pytest.raises(InputError, match="unknown metric 'pnsr'; did you mean 'psnr'"):
        from_dict(Evaluation, {"metrics": ["pnsr"]})
    for wrong in ({"n": 0}, {"batch_size": 0}, {"bn": "both"}, {"seed": -1}, {"metric": ()}):
        with pytest.raises(ValidationError):
            Evaluation(**wrong)


def test_settings_are_read_without_torch():
    code = (
        "import sys; from chimerae.evaluation import Evaluation; Evaluation(); print('torch' in sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "False"


def test_noise_belongs_to_the_sample():
    whole = noise_rows(0, 1000, 5, 7, "eps")
    assert whole.shape == (1000, 5)
    assert whole.mean().abs() < 0.05
    assert whole.std() == pytest.approx(1.0, abs=0.05)
    for start, stop in ((0, 1), (255, 257), (300, 900), (512, 512)):
        assert torch.equal(noise_rows(start, stop, 5, 7, "eps"), whole[start:stop])
    assert not torch.equal(noise_rows(0, 10, 5, 8, "eps"), whole[:10])
    assert not torch.equal(noise_rows(0, 10, 5, 7, "xi"), whole[:10])


@through("n, size", [(1, 1), (9, 4), (257, 256), (10_000, 256), (0, 5)])
def test_pieces_cover_everything_once_and_evenly(n, size):
    cuts = list(pieces(n, size))
    assert [i for a, b in cuts for i in range(a, b)] == list(range(n))
    widths = {b - a for a, b in cuts}
    assert not widths or max(widths) <= size
    assert not widths or max(widths) - min(widths) <= 1


def test_spread_is_even():
    assert spread(100, 4).tolist() == [0, 25, 50, 75]
    assert spread(3, 10).tolist() == [0, 1, 2]
    assert spread(0, 10).tolist() == []


def test_interpolation_starts_ends_and_keeps_lengths():
    a, b = torch.randn(2, 5, 16, generator=torch.Generator().manual_seed(0))
    way = spherical(a, b, 7)
    torch.testing.assert_close(way[:, 0], a)
    torch.testing.assert_close(way[:, -1], b)
    lengths = way.norm(dim=2)
    torch.testing.assert_close(lengths[:, 3], (a.norm(dim=1) + b.norm(dim=1)) / 2)
    steps = torch.nn.functional.cosine_similarity(way[:, 1:], way[:, :-1], dim=2)
    torch.testing.assert_close(steps, steps[:, :1].expand_as(steps))


@through(
    "a, b",
    [
        ([1.0], [3.0]),
        ([1.0], [-3.0]),
        ([0.0, 0.0], [1.0, 2.0]),
        ([1.0, 2.0], [-1.0, -2.0]),
        ([1.0, 0.0], [1.0, 0.0]),
    ],
)
def test_interpolation_is_straight_where_there_is_no_arc(a, b):
    way = spherical(torch.tensor([a]), torch.tensor([b]), 3)
    torch.testing.assert_close(way[0, 1], (torch.tensor(a) + torch.tensor(b)) / 2)


@through("degrees", [0.1, 1.0, 20.0, 170.0])
def test_small_and_wide_angles_are_arcs_too(degrees: float):
    angle = torch.tensor(degrees, dtype=torch.float64).deg2rad()
    a = torch.tensor([[1.0, 0.0]], dtype=torch.float64)
    way = spherical(a, torch.stack([angle.cos(), angle.sin()])[None], 5)[0]
    places = torch.linspace(0, 1, 5, dtype=torch.float64) * angle
    torch.testing.assert_close(way, torch.stack([places.cos(), places.sin()], 1), rtol=0, atol=1e-8)


def test_scores_go_through_their_file(tmp_path: Path):
    method = Twin(z_dim=1)
    results = evaluate(method, built(method, (2,)), prepare("8gaussians"), Evaluation(n=50))
    write_scores(results, 1000, tmp_path / "scores.json")
    again, step = read_scores(tmp_path / "scores.json")
    assert step == 1000
    assert again.scores == results.scores
    assert again.absent == results.absent
    given = json.loads((tmp_path / "scores.json").read_text())
    assert given == json.loads(json.dumps(scores_json(results, 1000)))
    assert given["schema"] == 1
    assert set(given["scores"][0]) == {"metric", "of", "value", "std", "n", "better", "protocol"}
    assert [p.name for p in tmp_path.iterdir()] == ["scores.json"]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{}",
        "[]",
        '{"schema": 1}',
        '{"schema": 2, "step": 1, "scores": []}',
        '{"schema": 1, "step": 1, "scores": [{"metric": "psnr"}]}',
    ],
)
def test_a_damaged_or_foreign_file_is_one_line(tmp_path: Path, content):
    path = tmp_path / "scores.json"
    path.write_text(content)
    with pytest.raises(InputError) as caught:
        read_scores(path)
    assert "scores.json" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_pictures_are_written(tmp_path: Path):
    method, data = Twin(xi=2), images()
    results = evaluate(method, built(method, IMAGE), data)
    shown = results.shown
    assert shown.originals is not None
    assert shown.interpolation is not None
    assert shown.interpolation.shape == (6, 11, *IMAGE)
    torch.testing.assert_close(shown.interpolation[:, 0], shown.originals[:6])
    torch.testing.assert_close(shown.interpolation[:, -1], shown.originals[6:12])
    torch.testing.assert_close(shown.interpolation[:, 1], shown.reconstructions["generator"][:6])
    without_noise = Twin()
    quick = Evaluation(metrics=("psnr",))
    plain = evaluate(without_noise, built(without_noise, IMAGE), data, quick).shown
    assert plain.interpolation is not None
    torch.testing.assert_close(plain.interpolation[:, -2], plain.reconstructions["generator"][6:12])
    assert all(float(x.min()) >= 0 and float(x.max()) <= 1 for x in shown.samples.values())
    paths = draw(shown, tmp_path / "pictures")
    names = [
        "reconstructions.png",
        "samples.png",
        "interpolation.png",
        "neighbours.png",
        "manifold.png",
        "codes.png",
        "units.png",
    ]
    assert [path.name for path in paths] == names
    for path in paths:
        with Image.open(path) as picture:
            assert picture.width > 100
    more = evaluate(method, built(method, IMAGE), data, Evaluation(metrics=("psnr",), rebuild_train=True))
    paths = draw(more.shown, tmp_path / "more")
    assert [path.name for path in paths] == [names[0], "train-reconstructions.png", *names[1:]]


def test_toys_get_a_scatter_plot(tmp_path: Path):
    method = Sampler(z_dim=2)
    results = evaluate(method, built(method, (2,)), prepare("rings"), Evaluation(metrics=("jsd_nats",)))
    assert [path.name for path in draw(results.shown, tmp_path)] == ["scatter.png"]


def test_shown_do_not_depend_on_the_batch_size():
    method, data = Twin(xi=2), images()
    nets = built(method, IMAGE)
    small, large = (
        evaluate(method, nets, data, Evaluation(batch_size=b, metrics=("psnr",))).shown for b in (7, 64)
    )
    torch.testing.assert_close(small.reconstructions["generator"], large.reconstructions["generator"])
    torch.testing.assert_close(small.samples["decoder"], large.samples["decoder"])

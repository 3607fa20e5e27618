"""`chimerae score`: images unlike those of the training are found."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from chimerae.cli.inputs import held_out_labelled
from chimerae.data.given import take
from chimerae.gaussian import Gaussian
from chimerae.model import load
from chimerae.model.unusual import bound, ranks, strangeness
from chimerae.runs.critic import critic_of
from tests.cli.conftest import Call
from tests.helpers.hub import standin


def table(path: Path) -> dict[str, dict[str, str]]:
    with path.open(newline="") as file:
        return {row.pop("name"): row for row in csv.DictReader(file)}


def test_errors_and_kl_are_those_of_the_definition(trained_once: Path):
    model = load(trained_once)
    x = torch.rand(5, 3, 16, 16)
    found = strangeness(model, x, network="generator", seed=3)
    made = model.reconstruct(x, network="generator", seed=3)
    q = model.encode(x, seed=3)
    for i in range(5):
        assert float(found.error[i]) == pytest.approx(float(((made[i] - x[i]) ** 2).mean()), rel=1e-4)
        variance = q.variance.double()
        kl = 0.5 * (q.mu[i].double() ** 2 + variance - variance.log() - 1).sum()
        assert float(found.kl[i]) == pytest.approx(float(kl), rel=1e-4)
    assert torch.equal(strangeness(model, x).reconstructions, model.reconstruct(x, network="decoder"))


def test_posteriors_without_a_density_have_no_kl(trained_once: Path, monkeypatch: pytest.MonkeyPatch):
    model, x = load(trained_once), torch.rand(3, 3, 16, 16)
    kinds = {
        "a point": lambda self, x, labels=None, seed=0: Gaussian.point(torch.zeros(len(x), 3)),
        "drawn": lambda self, x, labels=None, seed=0: Gaussian(
            torch.full((len(x), 3), float(seed)), torch.zeros(3)
        ),
    }
    for encode in kinds.values():
        monkeypatch.setattr(type(model), "encode", encode)
        assert strangeness(model, x).kl.isnan().all()


def test_ranks_and_bound_by_counting():
    rng = np.random.default_rng(1)
    usual, values = (torch.from_numpy(rng.integers(0, 9, n).astype(np.float32)) for n in (40, 15))
    expected = [float((usual < v).float().mean()) for v in values]
    assert ranks(values, usual).tolist() == pytest.approx(expected)
    assert ranks(torch.tensor([float("nan")]), usual).isnan().all()
    for share in (0.5, 0.9, 0.99, 1.0):
        limit = bound(usual, share)
        assert float((usual > limit).float().mean()) <= 1 - share + 1e-6
        below = usual[usual < limit]
        assert not len(below) or float((usual > below.max()).float().mean()) > 1 - share


def test_the_strangest_come_first_and_the_table_has_all(
    call: Call, workplace: Path, photos: Path, trained_once: Path
):
    """The run's own data are those of `photos`."""
    own = sorted(photos.rglob("*.jpg"))
    (workplace / "mine").mkdir()
    for path in own[:3]:
        (workplace / "mine" / path.name).write_bytes(path.read_bytes())
    Image.new("RGB", (20, 20), "white").save(workplace / "mine" / "white.png")
    code, out, _ = call("score", trained_once, "--data", "mine", "--share", 0.5)
    assert code == 0
    rows = table(workplace / "scores.csv")
    assert set(rows) == {"white.png", *(path.name for path in own[:3])}
    worst = max(rows, key=lambda name: float(rows[name]["error"]))
    assert f"most unusual: {worst}" in out
    limit = float(out.split("errors above ")[1].split(",")[0])
    flagged = {name for name, row in rows.items() if row["flagged"] == "1"}
    assert flagged == {name for name, row in rows.items() if float(row["error"]) > limit}
    assert out.startswith(f"{len(flagged)} of 4 flagged")
    assert all(0 <= float(row[column]) <= 1 for row in rows.values() for column in ("error_rank", "kl_rank"))
    with Image.open(workplace / "scores.png") as sheet:
        assert sheet.width > sheet.height


def test_the_critic_has_columns_of_its_own(call: Call, workplace: Path, photos: Path, trained_once: Path):
    code, out, _ = call("score", trained_once, "--data", photos, "--n", 5)
    assert code == 0
    rows = table(workplace / "scores.csv")
    values = {name: float(row["critic"]) for name, row in rows.items()}
    critic, _ = critic_of(load(trained_once), print)
    mine = take(str(photos), (3, 16, 16), load(trained_once).prepare, 5)
    assert [values[name] for name in mine.names] == pytest.approx(critic(mine.x).tolist(), rel=1e-4)
    usual = critic(held_out_labelled(load(trained_once), 100, "--usual")[0])
    for name, row in rows.items():
        share = float((usual < values[name]).float().mean())
        assert float(row["critic_rank"]) == pytest.approx(share, abs=1e-6)
    least = min(values, key=lambda name: values[name])
    assert f"least like data by the critic of step 4: {least}" in out


def test_usual_images_may_be_others(call: Call, workplace: Path, photos: Path, trained_once: Path):
    code, out, _ = call("score", trained_once, "--data", photos, "--usual", photos, "--share", 0.75)
    assert code == 0
    assert out.startswith("3 of 12 flagged"), "these are their own usual images"
    assert "as 3 of 12 samples of photos have" in out.replace(str(photos), "photos")
    code, out, err = call("score", trained_once, "--data", photos, "--usual", "nowhere")
    assert code == 2
    assert err.count("\n") == 1


def test_a_run_without_a_critic_says_so(call: Call, workplace: Path):
    assert call("train", "vae", "--data", "avae-sine", "--steps", 2, "--out", "toy")[0] == 0
    code, out, _ = call("score", "toy", "--n", 4)
    assert code == 0
    assert "no critic: vae has no critic of samples alone" in out
    assert not any("critic" in row for row in table(workplace / "scores.csv").values())


@pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")
def test_a_model_of_the_hub_is_compared_with_usual_images(
    call: Call, workplace: Path, photos: Path, trained_once: Path
):
    with standin(workplace / "hub-cache"):
        load(trained_once).push_to_hub("anna/faces", license="MIT")
        code, out, _ = call("score", "anna/faces", "--data", photos, "--usual", photos)
        assert code == 0
        assert "no critic: the critic is kept in the states of a run" in out
        assert len(table(workplace / "scores.csv")) == 12
        for args in (("--data", photos), ("--usual", photos)):
            code, _, err = call("score", "anna/faces", *args)
            assert code == 2
            assert err.splitlines()[-1].startswith("chimerae: no test data: this is a model alone")
        assert "--usual" in call("score", "anna/faces", "--data", photos)[2]
        assert call("score", "anna/none", "--data", photos)[0] == 2


def test_points_have_no_sheet(call: Call, workplace: Path):
    assert call("train", "vae", "--data", "avae-sine", "--steps", 2, "--out", "toy")[0] == 0
    code, out, _ = call("score", "toy", "--n", 7, "--out", "a.csv")
    assert code == 0
    assert out.splitlines()[-1] == "score: a.csv"
    assert len(table(workplace / "a.csv")) == 7
    assert not (workplace / "a.png").exists()


def test_bad_input_is_one_line(call: Call, photos: Path, trained_once: Path):
    for args, told in (
        (("--out", "a.txt"), "use a name that ends in .csv"),
        (("--share", 1.5), "give a share above 0 and up to 1"),
        (("--network", "nobody"), "unknown decoder 'nobody'"),
    ):
        code, _, err = call("score", trained_once, *args)
        assert code == 2
        assert told in err
    assert call("train", "gan", "--data", "8gaussians", "--steps", 1, "--out", "toy")[0] == 0
    assert "no encoder" in call("score", "toy")[2]

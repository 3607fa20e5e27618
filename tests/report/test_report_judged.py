"""Measurements on pictures, states of runs, and the four numbers, from run folders."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import Tensor

from chimerae import pictures
from chimerae.report import write_report, write_results
from chimerae.report.compare import name_runs
from chimerae.report.judged import judged
from chimerae.report.numbers import Numbers, glossary, numbers
from chimerae.report.read import read_run
from chimerae.report.seen import see
from tests.report.report_runs import write_run

NOISE = torch.rand(64, 1, 8, 8, generator=torch.Generator().manual_seed(7))
ORIGINALS = NOISE[:16]


def drawn(folder: Path, reconstructions: Tensor, samples: Tensor) -> Path:
    rows = {"originals": ORIGINALS, "decoder": reconstructions}
    pictures.save(pictures.rows(rows), folder / "pictures" / "reconstructions.png")
    pictures.save(pictures.grid(samples), folder / "pictures" / "samples.png")
    return folder


def table(*folders: Path) -> Numbers:
    found = numbers(name_runs([read_run(folder) for folder in folders]))
    assert found is not None
    return found


def test_the_mean_image_has_an_error_of_one_and_exact_ones_of_none(tmp_path: Path) -> None:
    run = write_run(tmp_path / "a", method="vae")
    mean = NOISE.mean(0).expand_as(ORIGINALS)
    assert see(read_run(drawn(run, mean, NOISE))).error["decoder"] == pytest.approx(1.0, abs=0.1)
    exact = see(read_run(drawn(run, ORIGINALS, NOISE)))
    assert exact.error["decoder"] == 0.0
    assert exact.detail["decoder"] == 1.0
    assert exact.spread == pytest.approx(1.0, abs=0.1)
    grey = see(read_run(drawn(run, ORIGINALS * 0.5, NOISE[:1].expand(64, -1, -1, -1))))
    assert grey.detail["decoder"] == pytest.approx(0.25, abs=0.01)
    assert grey.spread == 0.0


@pytest.mark.parametrize("count", [63, 57, 17])
def test_white_places_at_the_end_of_a_sheet_are_no_samples(tmp_path: Path, count: int) -> None:
    """They would pass for variety."""
    run = write_run(tmp_path / "a", method="vae")
    alike = torch.full((count, 1, 8, 8), 0.25)
    assert see(read_run(drawn(run, ORIGINALS, alike))).spread == 0.0


def test_samples_without_originals_are_held_against_their_own_contrast(tmp_path: Path) -> None:
    run = drawn(write_run(tmp_path / "a", method="gan"), ORIGINALS, NOISE)
    (run / "pictures" / "reconstructions.png").unlink()
    for sheet in (run / "samples").glob("reconstructions-*.png"):
        sheet.unlink()
    varied = see(read_run(run))
    assert varied.error == {}
    assert varied.spread is not None
    assert varied.spread > 0.9
    pictures.save(pictures.grid(NOISE[:1].expand(64, -1, -1, -1)), run / "pictures" / "samples.png")
    assert see(read_run(run)).spread == 0.0


def test_pictures_made_smaller_are_not_measured(tmp_path: Path) -> None:
    run = drawn(write_run(tmp_path / "a", method="vae"), ORIGINALS, NOISE)
    small = pictures.reduced(pictures.rows({"originals": ORIGINALS, "decoder": ORIGINALS}), 2)
    pictures.save(small, run / "pictures" / "reconstructions.png")
    assert see(read_run(run)).error == {}


def test_a_collapsed_generator_is_named_on_every_page(tmp_path: Path) -> None:
    run = drawn(write_run(tmp_path / "a", method="vae"), ORIGINALS, NOISE[:1].expand(64, -1, -1, -1))
    write_report([run], tmp_path / "page.html")
    write_results([run], tmp_path / "out")
    for page in (tmp_path / "page.html", tmp_path / "out" / "README.md"):
        assert "Draws the same picture for every code" in page.read_text()


def test_the_newest_measurement_of_the_log_stands_in_for_pictures(tmp_path: Path) -> None:
    run = write_run(tmp_path / "a", method="vae")
    (run / "data.json").write_text("{}")
    with (run / "log.jsonl").open("a") as log:
        measured = {"variety": 0.001, "rec_error": 1.1}
        log.write(json.dumps({"step": 110, "losses": {}, "drawn": measured, "health": "ok"}) + "\n")
        log.write(json.dumps({"step": 120, "losses": {}, "health": "ok"}) + "\n")
    (told,) = judged(name_runs([read_run(run)]))
    assert (
        told.text == "Draws the same picture for every code and reconstructs no better than the mean image."
    )


@pytest.mark.parametrize(
    ("parts", "states"),
    [
        ({}, []),
        ({"reached": 30}, ["Not finished: step 30 of 100.", "Health at step 30: code unused."]),
        ({"evaluated": False}, ["Not evaluated:"]),
        ({"reached": 0, "evaluated": False}, ["Not finished: nothing of 100 steps", "Not evaluated:"]),
        (
            {"reached": 40, "evaluated": False},
            ["Not finished:", "Not evaluated:", "Health at step 40: code unused."],
        ),
    ],
)
def test_states_qualify_a_verdict(tmp_path: Path, parts: dict[str, int], states: list[str]) -> None:
    (told,) = judged(name_runs([read_run(write_run(tmp_path / "a", method="vae", **parts))]))
    assert len(told.states) == len(states)
    assert all(said.startswith(state) for said, state in zip(told.states, states, strict=True))
    assert told.text.startswith("Seen on the pictures drawn while it learns: ") == ("evaluated" in parts)


def test_an_old_evaluation_says_so(tmp_path: Path) -> None:
    run = write_run(tmp_path / "a", method="vae")
    record = json.loads((run / "scores.json").read_text())
    (run / "scores.json").write_text(json.dumps(record | {"step": 50}))
    (told,) = judged(name_runs([read_run(run)]))
    assert told.states[0].startswith("Evaluated at step 50, trained to step 100:")


def test_seeds_with_one_verdict_stand_together(tmp_path: Path) -> None:
    alike = [write_run(tmp_path / str(seed), method="vae", seed=seed) for seed in range(2)]
    for run in alike:
        drawn(run, ORIGINALS, NOISE)
    assert [told.label for told in judged(name_runs([read_run(r) for r in alike]))] == ["vae, 2 seeds alike"]
    drawn(alike[1], ORIGINALS, NOISE[:1].expand(64, -1, -1, -1))
    assert len(judged(name_runs([read_run(run) for run in alike]))) == 2


def _scored(run: Path, *scores: tuple[str, str, float]) -> Path:
    listed = [
        {"metric": m, "of": of, "value": v, "n": 9, "better": "lower", "protocol": {}} for m, of, v in scores
    ]
    (run / "scores.json").write_text(json.dumps({"schema": 1, "step": 100, "scores": listed}))
    return run


def test_four_numbers_stand_beside_the_data_and_the_mean_image(tmp_path: Path) -> None:
    run = drawn(write_run(tmp_path / "a", method="vae"), ORIGINALS * 0.5, NOISE)
    _scored(
        run,
        *(("fd_classifier", "decoder", 40.0), ("fd_classifier", "data", 1.5)),
        *(("variety_classifier", "decoder", 0.5), ("variety_classifier", "data", 1.0)),
        *(("copied", "decoder", 0.025), ("copied", "data", 0.01), ("prior_mmd", "encoder", 0.1)),
    )
    found = table(run)
    assert [quantity for quantity, _ in found.columns] == ["Reconstruction", "Realism", "Variety", "Copies"]
    assert [row.network for row in found.rows] == ["decoder", "the data", "the mean image"]
    model, data, mean = ([cell.text for cell in row.cells] for row in found.rows)
    assert model[1:] == ["40", "0.500", "2.5 %"]
    assert data == ["0 %", "1.50", "1", "1.0 %"]
    assert mean == ["100 %", "–", "0", "–"]


def test_a_column_takes_the_way_that_most_networks_have(tmp_path: Path) -> None:
    a = _scored(
        write_run(tmp_path / "a", method="vae"), ("fd_classifier", "decoder", 4.0), ("swd", "decoder", 9.0)
    )
    b = _scored(write_run(tmp_path / "b", method="gan"), ("swd", "decoder", 8.0))
    assert ("Realism", "SWD ↓") in table(a, b).columns
    assert ("Realism", "FD (classifier) ↓") in table(a).columns


def test_seeds_are_averaged_and_a_method_without_encoder_says_so(tmp_path: Path) -> None:
    runs = [
        _scored(write_run(tmp_path / str(s), method="gan", seed=s), ("swd", "decoder", 8.0 + s))
        for s in (0, 2)
    ]
    for run in runs:
        for sheet in [*(run / "samples").glob("rec*"), run / "pictures" / "reconstructions.png"]:
            sheet.unlink()
    vae = drawn(write_run(tmp_path / "vae", method="vae"), ORIGINALS, NOISE)
    record = json.loads((runs[0] / "scores.json").read_text())
    (runs[0] / "scores.json").write_text(json.dumps(record | {"absent": {"psnr": "gan has no encoder"}}))
    found = {row.run: row.cells for row in table(vae, *runs).rows}
    assert (found["gan"][0].text, found["gan"][0].note) == ("–", "no encoder")
    assert found["gan"][1].text == "9"
    assert found["gan"][1].note.startswith("± 1")


def test_only_columns_that_are_there_are_explained(tmp_path: Path) -> None:
    run = _scored(write_run(tmp_path / "a", method="vae"), ("near_data", "decoder", 0.9))
    (run / "data.json").write_text("{}")
    assert glossary(table(run)) == "Realism: how near samples are to the data."
    assert glossary(None) == ""

from __future__ import annotations

import json
import shutil
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image, ImageSequence

from chimerae.config import override
from chimerae.errors import InputError
from chimerae.files import write_json
from chimerae.pictures import grid, rows, save
from chimerae.report.facts import ailments
from chimerae.report.read import read_run
from chimerae.run_folder.log import last_step
from chimerae.studies import (
    Cell,
    Interrupted,
    Local,
    MetricColumn,
    conduct,
    found_in,
    pool,
    results,
    slim,
    write_page,
)
from chimerae.studies.values import table_of
from chimerae.training.loop import Loop, Stopwatch
from tests.helpers.here import work_forked, work_here
from tests.studies.toy_study import STEPS, TOY, cells


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a toy study that was run to its end; one cell was killed early before."""
    folder = tmp_path_factory.mktemp("study")
    told: list[tuple[int, int, str]] = []
    made = cells(folder)
    made[0].folder.mkdir(parents=True)
    (made[0].folder / "env.json").write_text("{}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pool, "TOLD_SECONDS", 0.0)
        assert conduct(made[:1], jobs=2) == {}  # in a process of its own
        work_here(patch)
        assert conduct(made, jobs=2, progress=lambda *count, left: told.append(count)) == {}
    write_json(folder / "told.json", told)
    return folder


def test_cells_are_run_folders_with_scores(finished: Path):
    made = cells(finished)
    assert [cell.label for cell in made] == [
        "tiny, VAE, seed 0",
        "tiny, AVAE, seed 0",
        "tiny, VAE, seed 1",
        "tiny, AVAE, seed 1",
    ]
    assert all(cell.finished and cell.reached == STEPS for cell in made)
    assert {p.name for p in (finished / "cells").iterdir()} == {
        "tiny-vae-s0",
        "tiny-vae-s1",
        "tiny-avae-s0",
        "tiny-avae-s1",
    }
    assert (made[0].folder / "pictures" / "scatter.png").exists()


def test_finished_cells_are_never_run_again(finished: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Local, "start", lambda *args: pytest.fail("a finished cell was started"))
    assert conduct(cells(finished), jobs=2) == {}


def test_a_study_can_be_made_longer(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    work_here(monkeypatch)
    short = cells(tmp_path, seeds=1, only=["tiny, vae"], steps=4)
    conduct(short[:1], jobs=2)
    assert last_step(short[0].folder / "log.jsonl") == 4
    whole = cells(tmp_path, seeds=1)
    assert not whole[0].finished
    conduct(whole[:1], jobs=2)
    assert whole[0].finished
    straight = cells(finished)  # with as many threads
    weights = Path("model") / "model.safetensors"
    assert (whole[0].folder / weights).read_bytes() == (straight[0].folder / weights).read_bytes()


def test_other_settings_are_refused(finished: Path, tmp_path: Path):
    cell = cells(tmp_path)[0]
    record = json.loads((finished / "cells" / cell.folder.name / "run.json").read_text())
    record["run"]["method"]["beta"] = 7.0
    write_json(cell.folder / "run.json", record)
    with pytest.raises(InputError, match=r"method\.beta is 7\.0, the study asks for 1\.0"):
        cells(tmp_path)


@pytest.mark.parametrize(
    ("only", "arms"),
    [
        ((), ["tiny, VAE", "tiny, AVAE"]),
        (("vae",), ["tiny, VAE", "tiny, AVAE"]),  # a word
        (("tiny, vae",), ["tiny, VAE"]),  # a title, though another contains it
        (("avae", "none"), ["tiny, AVAE"]),
    ],
)
def test_arms_are_chosen_by_title_or_word(tmp_path: Path, only: tuple[str, ...], arms: list[str]):
    assert [cell.arm.title for cell in cells(tmp_path, seeds=1, only=only)] == arms


def test_arms_that_nobody_has_are_told(tmp_path: Path):
    with pytest.raises(InputError, match="there are: tiny, VAE; tiny, AVAE"):
        cells(tmp_path, only=["bigan"])


def test_a_start_that_was_killed_early_begins_anew(finished: Path):
    cell = cells(finished)[0]
    assert cell.finished
    assert len(json.loads((cell.folder / "env.json").read_text())) > 0


def test_one_that_fails_leaves_the_others_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    work_here(monkeypatch)
    first, second = cells(tmp_path, seeds=1, steps=1)
    first.folder.parent.mkdir(parents=True)
    first.folder.write_text("a file where a folder should be")
    failed = conduct([first, second])
    assert list(failed) == [first.label]
    assert "is a file" in failed[first.label]
    assert second.finished


def unhurried(loop: Loop, watch: Stopwatch, step: Callable[..., None] = Loop._step) -> None:
    """A step after which there is time for a signal; one in the last step would come too late."""
    step(loop, watch)
    time.sleep(0.3)


def test_a_signal_stops_all_and_they_go_on_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    made = cells(tmp_path, seeds=1)

    def ask() -> None:
        while not any((cell.folder / "log.jsonl").exists() for cell in made):
            time.sleep(0.01)
        signal.raise_signal(signal.SIGTERM)

    asking = threading.Thread(target=ask)
    asking.start()
    with monkeypatch.context() as patch:
        patch.setattr(Loop, "_step", unhurried)
        work_forked(patch)
        with pytest.raises(Interrupted, match="SIGTERM"):
            conduct(made, jobs=1)
    asking.join()
    assert not any(cell.finished for cell in made)
    work_here(monkeypatch)
    assert conduct(made, jobs=1) == {}
    assert all(cell.finished for cell in made)


def test_progress_counts_steps_and_runs(finished: Path):
    told = json.loads((finished / "told.json").read_text())
    assert told[-1] == [4 * STEPS, 4 * STEPS, "steps, 4 of 4 runs finished"]
    assert [done for done, _, _ in told] == sorted(done for done, _, _ in told)


def page(study_folder: Path, out: Path, **more: object) -> str:
    made = cells(study_folder, **more)  # type: ignore[arg-type]
    write_page(TOY, made, out, scale="quick", command="chimerae study toy --out /somewhere/else/toy")
    return (out / "README.md").read_text()


def test_the_page_is_made_of_folders_alone(finished: Path, tmp_path: Path):
    text = page(finished, tmp_path / "a")
    page(finished, tmp_path / "b")
    names = {p.name for p in (tmp_path / "a").iterdir()}
    assert names == {"README.md", "index.html", "table.csv", "table.tex", "scatter.png"}
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert text.rstrip().endswith("Unclear: 2 seeds are too few for a test; so far: 2 seeds were run.")
    assert "chimerae study toy --out toy" in text  # no paths of a machine
    for row in ("| tiny | VAE | 2 |", "|  | AVAE: decoder | 2 |", "|  | AVAE: generator | 2 |"):
        assert row in text
    assert "|  | the data themselves | 1 |" in text
    assert "All values:" in text
    assert "<code>code</code>" in (tmp_path / "a" / "index.html").read_text()


def test_each_data_set_has_its_own_picture(finished: Path, tmp_path: Path):
    made = cells(finished)
    moved = [
        replace(cell, run=override(cell.run, {"data": "rings"}), arm=replace(cell.arm, group="My rings"))
        if cell.arm.name == "AVAE"
        else cell
        for cell in made
    ]
    shown = write_page(TOY, moved, tmp_path, scale="quick", command="").figures
    assert [which.slug for which in shown] == ["scatter-tiny", "scatter-my-rings"]
    assert {p.name for p in tmp_path.glob("*.png")} == {"scatter-tiny.png", "scatter-my-rings.png"}
    text = (tmp_path / "README.md").read_text()
    for which in shown:
        assert f"## {which.caption}\n\n![{which.caption}]({which.slug}.png)" in text
    together = write_page(TOY, made, tmp_path / "one", scale="quick", command="").figures
    alone, _ = shown.values()
    (both,) = together.values()
    assert alone.width < both.width or alone.height < both.height


def test_enough_seeds_have_the_verdict_of_the_study(finished: Path, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(results, "FEWEST", 2)
    assert page(finished, tmp_path).rstrip().endswith("Agrees with the source: 2 seeds were run.")


def test_values_in_the_table_are_those_of_the_scores(finished: Path, tmp_path: Path):
    page(finished, tmp_path)
    scores = []
    for seed in (0, 1):
        record = json.loads((finished / "cells" / f"tiny-vae-s{seed}" / "scores.json").read_text())
        scores += [s["value"] for s in record["scores"] if (s["metric"], s["of"]) == ("kl_nats", "decoder")]
    row = next(
        line for line in (tmp_path / "table.csv").read_text().splitlines() if line.startswith("tiny,VAE")
    )
    assert float(row.split(",")[2]) == pytest.approx(sum(scores) / 2, rel=1e-12)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"seeds": 3}, "2 of 6 runs are not finished"),
        ({"seeds": 1}, "a single seed has no spread"),
        ({"only": ["avae"]}, "only 1 arm of 2 were asked for"),
    ],
)
def test_half_an_answer_is_unclear(finished: Path, tmp_path: Path, more: dict[str, object], why: str):
    assert page(finished, tmp_path, **more).rstrip().endswith(f"Unclear: {why}.")


def test_values_that_do_not_compare_are_marked_and_judge_nothing(finished: Path, tmp_path: Path):
    """Another evaluation of one seed, say by a later version: the page does not call it a spread."""
    shutil.copytree(finished / "cells", tmp_path / "cells")
    path = tmp_path / "cells" / "tiny-vae-s1" / "scores.json"
    record = json.loads(path.read_text())
    for score in record["scores"]:
        if score["metric"] == "kl_nats":
            score["protocol"]["bins"] = 7
    record["absent"] = {"fd_classifier": "there are no labels in '/home/me/photos'"}
    write_json(path, record)
    faces = replace(TOY, shows=(*TOY.shows, MetricColumn("fd_classifier[cifar10]", "FD")))
    write_page(faces, cells(tmp_path), tmp_path / "page", scale="quick", command="chimerae study toy")
    text = (tmp_path / "page" / "README.md").read_text()
    assert "FD: empty, there are no labels in 'photos'." in text
    assert "| FD" not in text
    assert "KL † ↓" in text
    assert "† measured differently from run to run: these values do not compare" in text
    assert "in a column without †" in text
    assert text.rstrip().endswith("Unclear: measured differently from run to run: kl_nats.")


def test_groups_that_are_whole_are_judged_without_the_rest(finished: Path, tmp_path: Path):
    first, *_ = made = cells(finished)
    other = replace(first, arm=replace(first.arm, group="more"), folder=tmp_path / "none")
    both = [*made, other, replace(other, run=override(other.run, {"seed": 1}))]

    def verdict(*, by_group: bool) -> str:
        arms = tuple({cell.arm.title: cell.arm for cell in both}.values())
        chosen = replace(TOY, by_group=by_group, arms=lambda scale: arms)
        return write_page(chosen, both, tmp_path, scale="quick", command="chimerae study toy").verdict

    assert verdict(by_group=True) == (
        "Unclear: 2 seeds are too few for a test; so far: 2 seeds were run (more: 2 runs not finished)."
    )
    assert verdict(by_group=False) == "Unclear: 2 of 6 runs are not finished."


def test_rows_of_older_settings_judge_nothing(finished: Path, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(results, "FEWEST", 2)
    first, *others = cells(finished)

    def verdict(first: Cell) -> str:
        return write_page(TOY, [first, *others], tmp_path, scale="quick", command="").verdict

    assert verdict(first) == "Agrees with the source: 2 seeds were run."
    newer = replace(first, run=override(first.run, {"method.beta": 0.25}))
    assert verdict(newer) == "Unclear: tiny, VAE: runs of older settings; so far: 2 seeds were run."


def test_nothing_finished_is_a_page_too(tmp_path: Path):
    assert "No run is finished yet." in page(tmp_path, tmp_path / "page")


def test_records_are_enough_to_go_on(finished: Path, tmp_path: Path):
    for cell in cells(finished):
        slim(cell, tmp_path / "cells" / cell.folder.name, pictures=TOY.pictures if cell.run.seed == 0 else ())
    assert all(cell.finished for cell in cells(tmp_path))
    assert not list(tmp_path.rglob("*.safetensors"))
    assert page(tmp_path, tmp_path / "page") == page(finished, tmp_path / "other")
    assert (tmp_path / "page" / "scatter.png").exists()
    with pytest.raises(InputError, match="records without weights"):
        cells_longer(tmp_path)


def test_records_of_older_settings_count_and_are_named(finished: Path, tmp_path: Path):
    first = cells(finished)[0]
    slim(first, tmp_path / "record")
    beta = {"method.beta": first.run.method.beta}
    arm = replace(first.arm, recorded=beta)
    newer = replace(first, arm=arm, run=override(first.run, {"method.beta": 0.25}))
    record = replace(newer, folder=tmp_path / "record")
    record.check()
    write_page(TOY, [record], tmp_path, scale="quick", command="")
    line = "Older settings: tiny, VAE, seed 0: method.beta 1.0 instead of 0.25."
    assert line in (tmp_path / "README.md").read_text()
    assert line in (tmp_path / "index.html").read_text()
    refused = (
        newer,  # it has weights
        replace(record, arm=first.arm),
        replace(record, arm=replace(arm, recorded={"method.beta": 2.0})),
        replace(record, arm=replace(arm, recorded={"method.z_dim": 2})),
        replace(record, run=override(record.run, {"training.ema": 0.5})),
    )
    for cell in refused:
        with pytest.raises(InputError, match="holds another run"):
            cell.check()
    (tmp_path / "record" / "scores.json").unlink()
    with pytest.raises(InputError, match=r"method\.beta is 1\.0, the study asks for 0\.25"):
        record.check()


def test_short_logs_tell_the_same_of_health(finished: Path, tmp_path: Path):
    shutil.copytree(finished, tmp_path / "whole")
    cell = cells(tmp_path / "whole")[0]
    log = cell.folder / "log.jsonl"
    line = json.loads(log.read_text().splitlines()[-1])
    word = dict.fromkeys((3, 4, 5, 97, 150, 151), "critic blind") | {60: "code unused"}
    lines = [line | {"step": 10 * (i + 1), "health": word.get(i, "ok")} for i in range(200)]
    log.write_text("\n".join(json.dumps(each) for each in lines) + "\n")
    slim(cell, tmp_path / "short")
    told = ailments(read_run(cell.folder))
    assert ailments(read_run(tmp_path / "short")) == told
    assert len(told) == 2
    assert "critic blind: 3% of the steps (steps 31 to 1,520)" in told
    assert len((tmp_path / "short" / "log.jsonl").read_text().splitlines()) < 40


def cells_longer(folder: Path) -> None:
    for scores in folder.rglob("scores.json"):
        write_json(scores, json.loads(scores.read_text()) | {"step": 2})
    cells(folder)


def test_films_of_learning_stay_when_the_sheets_are_gone(finished: Path, tmp_path: Path):
    shutil.copytree(finished, tmp_path / "study")
    made, out = cells(tmp_path / "study"), tmp_path / "page"
    for sheet in (tmp_path / "study").rglob("samples-*.png"):
        sheet.unlink()
    for step in (1, 500, 1_000):
        for cell in made[:3]:  # of the first seed both arms, of the second one
            sheet = torch.full((64, 1, 8, 8), step / 1_000)
            save(grid(sheet), cell.folder / "samples" / f"samples-{step:08}.png")
    study = replace(TOY, learning=True)
    write_page(study, made, out, scale="quick", command="chimerae study toy")
    text = (out / "README.md").read_text()
    assert "| tiny, VAE | tiny, AVAE |" in text
    assert "| ![tiny, VAE](learning/tiny-vae.webp) | ![tiny, AVAE](learning/tiny-avae.webp) |" in text
    assert (out / "index.html").read_text().count("data:image/webp") == 2
    shown = [
        frame.convert("L") for frame in ImageSequence.Iterator(Image.open(out / "learning/tiny-vae.webp"))
    ]
    assert [round(frame.getpixel((100, 100)) / 255, 1) for frame in shown] == [0.0, 0.5, 1.0]
    assert shown[0].width == (8 * 64 + 7 + 1) // 2 - 1  # four of the eight columns
    for sheet in (tmp_path / "study").rglob("samples-*.png"):
        sheet.unlink()
    write_page(study, made, out, scale="quick", command="chimerae study toy")
    assert (out / "README.md").read_text() == text
    shutil.rmtree(out / "learning")
    write_page(study, made, out, scale="quick", command="chimerae study toy")
    assert "webp" not in (out / "README.md").read_text()


def test_pages_are_in_the_order_of_the_arms_while_runs_are_missing(finished: Path, tmp_path: Path):
    shutil.copytree(finished, tmp_path / "study")
    made = cells(tmp_path / "study")
    for cell in made[:2]:
        for step in (1, 2, 3):
            save(grid(torch.rand(4, 1, 8, 8)), cell.folder / "samples" / f"samples-{step:08}.png")
    (made[3].folder / "scores.json").unlink()
    shown = write_page(replace(TOY, learning=True), made, tmp_path, scale="quick", command="").films
    assert list(shown) == ["tiny, VAE", "tiny, AVAE"]


def test_records_of_records_are_the_same(finished: Path, tmp_path: Path):
    cell = cells(finished)[0]
    sheet = rows({"originals": torch.rand(16, 3, 32, 32), "decoder": torch.rand(16, 3, 32, 32)})
    shutil.copytree(cell.folder, tmp_path / "0")
    save(sheet, tmp_path / "0" / "pictures" / "reconstructions.png")
    for i in range(2):
        slim(replace(cell, folder=tmp_path / str(i)), tmp_path / str(i + 1), pictures=("reconstructions",))
    first, second = (tmp_path / name / "pictures" / "reconstructions.webp" for name in "12")
    assert first.read_bytes() == second.read_bytes()
    assert len(first.read_bytes()) <= 40_000


def test_groups_with_data_of_their_own_have_a_row_of_data_each(finished: Path):
    made = cells(finished)
    arms = [replace(cell.arm, group="other") for cell in made[1::2]]
    others = [
        replace(cell, arm=arm, run=override(cell.run, {"data": "rings"}))
        for cell, arm in zip(made[1::2], arms, strict=True)
    ]
    assert {row for row, _ in found_in(made).values if "data" in row} == {"data"}
    found = found_in([*made[::2], *others])
    assert {row for row, _ in found.values if "data" in row} == {"tiny, data", "other, data"}
    table = table_of(TOY, [made[0].arm, *arms], found)
    assert [(line.group, line.name) for line in table.lines] == [
        ("tiny", "VAE"),
        ("tiny", "the data themselves"),
        ("other", "AVAE: decoder"),
        ("other", "AVAE: generator"),
        ("other", "the data themselves"),
    ]

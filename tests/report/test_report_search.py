"""The page of a search, from its record and the pictures of its best trial."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
from PIL import Image

from chimerae.report.search import PAGE, setting_rows, write_page
from chimerae.report.search_words import counted, objective, verdict
from chimerae.run_folder.search import Choice, Range, Search, Trial

SPACE = {"method.beta": Range(low=0.1, high=10, log=True), "arch.width": Choice(values=(8, 16))}


def trial(number: int, cost: float | None, beta: float = 1.0, state: str = "done", **more) -> Trial:
    values = {} if cost is None else {"fvu@decoder": cost}
    settings = {"method.beta": beta, "arch.width": 8}
    return Trial(
        number=number, settings=settings, state=state, cost=cost, values=values, steps=900, seconds=61, **more
    )


SEARCH = Search(
    recipe="vae",
    data="/home/me/photos",
    objective=("fvu@decoder",),
    space=SPACE,
    run={},
    share=60.0,
    command="chimerae tune vae --data <photos>",
    again="chimerae train vae --data photos --method.beta 0.5 --steps 900",
    importance={"method.beta": 0.25, "arch.width": 0.75},
    trials=(
        trial(1, 0.4),
        trial(2, 0.3, 0.5),
        trial(3, None, 2.0, "pruned", why="health: samples alike"),
        trial(4, None, 9.0, "failed", why="loss is <NaN>"),
        trial(5, 0.5, 5.0),
    ),
)


def written(folder: Path, search: Search) -> str:
    write_page(folder, search)
    return (folder / PAGE).read_text("utf-8")


def test_the_page_has_the_outcome_the_course_and_every_trial(tmp_path: Path):
    pictures = tmp_path / "trials" / "002" / "pictures"
    pictures.mkdir(parents=True)
    Image.new("L", (20, 10), 77).save(pictures / "samples.png")
    page = written(tmp_path, SEARCH)
    text = unescape(re.sub(r"<[^>]+>", " ", re.sub(r"<(style|svg).*?</\1>", "", page, flags=re.DOTALL)))
    for said in (
        "Search: vae on photos",
        "25% better than that of the recipe's own settings",
        SEARCH.again,
        SEARCH.command,
        "ended early: health: samples alike",
        "failed: loss is <NaN>",
        "Pictures of trial 2",
        "0.1 to 10, log",
        "75 %",
    ):
        assert said in text, said
    assert "very short" not in text
    assert page.count("<svg") == 3
    assert page.count("data:image/png") == 1
    assert [*re.findall(r'href="trials/(\d+)"', page)] == ["001", "002", "003", "004", "005"]
    assert re.findall(r'<tr class="best">.*?trials/(\d+)', page) == ["002"]
    assert written(tmp_path, SEARCH) == page


@pytest.mark.parametrize(
    ("trials", "said"),
    [
        ((), "No trial is finished yet."),
        ((trial(1, None, state="running"),), "No trial is finished yet."),
        (
            (trial(1, 0.4), trial(2, 0.5)),
            "None of 2 finished trials is better than the recipe's own settings.",
        ),
        (
            (trial(1, 0.4), trial(2, 0.396)),
            "The best of 2 finished trials, trial 2, has a gain below 2%: that is none.",
        ),
        (
            (trial(1, None, state="failed"), trial(2, 0.5)),
            "The best of 1 finished trial is trial 2; the recipe's own settings failed.",
        ),
        (
            (trial(1, -20.0), trial(2, -22.0)),
            "The best of 2 finished trials is trial 2: its objective is 10% better than that of the "
            "recipe's own settings.",
        ),
    ],
)
def test_verdicts(tmp_path: Path, trials: tuple[Trial, ...], said: str):
    search = replace(SEARCH, trials=trials, importance={})
    assert verdict(search) == said
    assert said in unescape(written(tmp_path, search))


def test_the_objective_and_the_numbers_in_words():
    assert objective(SEARCH) == "Objective: Variance unexplained, decoder."
    two = replace(SEARCH, objective=("fvu@decoder", "fd_efficientnet@decoder"))
    assert objective(two).endswith("unexplained, decoder and FD (EfficientNet), decoder; lower is better.")
    assert counted(SEARCH) == "5 trials of 1m00s each (3 finished, 1 ended early, 1 failed) in 5m05s."
    assert counted(replace(SEARCH, share=None, steps=900)).startswith("5 trials of 900 steps each")


def test_settings_come_by_importance_with_both_values():
    rows = setting_rows(SEARCH)
    assert [(row.name, row.own, row.best, row.share) for row in rows] == [
        ("arch.width", "8", "8", 75.0),
        ("method.beta", "1", "0.5", 25.0),
    ]


def test_short_trials_are_told(tmp_path: Path):
    short = replace(SEARCH, trials=tuple(replace(each, steps=60) for each in SEARCH.trials))
    assert "Trials of 60 steps are very short" in written(tmp_path, short)

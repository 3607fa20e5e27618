"""The tables on images, judged without training anything."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chimerae.config import override
from chimerae.errors import InputError
from chimerae.recipes.short import short_settings
from chimerae.studies import SCALES, STUDIES, MetricColumn, Study, StudyResults, cells_of, study
from chimerae.studies.papers.lfw_faces import FIDELITY, REALISM
from chimerae.studies.values import table_of
from chimerae.tables import Values, markdown
from tests.helpers.rows import through

RESULTS = Path(__file__).parents[3] / "docs" / "results" / "studies"


def of_the_source(chosen: Study, group: str) -> StudyResults:
    """The source's own numbers of one data set, as if three seeds had come to them."""
    found = {}
    for (row, metric), text in chosen.published.items():
        if row.startswith(f"{group}, "):
            value = float(re.split(" ± ", text)[0])
            values = Values((value * 0.999, value, value * 1.001))
            found[row, metric] = values
            found.setdefault((row.partition(":")[0], metric), values)  # the row of an arm itself
    return StudyResults(found)


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("avae-table1", "CIFAR10"),
        ("avae-table1", "BEDROOM"),
        ("as-introvae-table2", "MNIST"),
        ("as-introvae-table3", "Oxford"),
        ("wae-introvae-rmse", "CELEBA"),
        ("wae-introvae-diversity", "CELEBA"),
    ],
)
def test_the_source_agrees_with_itself(name: str, group: str):
    chosen = study(name)
    found = of_the_source(chosen, group)
    assert chosen.verdict(found).word == "agrees"
    swapped = StudyResults(
        {key: Values(tuple(-v for v in values.each)) for key, values in found.values.items()}
    )
    assert chosen.verdict(swapped).word == "disagrees"


@through("name", [each.name for each in STUDIES if each.by_group])
def test_without_any_value_nothing_is_judged(name: str):
    said = study(name).verdict(StudyResults({}))
    assert said.word == "unclear"
    assert said.why.strip()[-1:] not in ("", ";")


def faces(generator: float, bigan: float, vae: float) -> StudyResults:
    def three(value: float) -> Values:
        return Values((value, value + 0.01, value + 0.02))

    found = {}
    for metric in (*REALISM, *FIDELITY):
        sign = -1 if MetricColumn(metric, "").better == "higher" else 1
        rows = {"AVAE: generator": generator, "BiGAN": bigan, "VAE": vae}
        found |= {(row, metric): three(sign * value) for row, value in rows.items()}
    return StudyResults(found)


@pytest.mark.parametrize(
    ("generator", "bigan", "vae", "word"),
    [(1, 2, 3, "agrees"), (3, 2, 1, "disagrees"), (1, 2, 1, "unclear"), (2, 3, 1, "disagrees")],
)
def test_an_avae_of_faces_has_to_win_on_both_sides(generator: float, bigan: float, vae: float, word: str):
    assert study("lfw-faces").verdict(faces(generator, bigan, vae)).word == word


def test_every_measure_of_faces_that_is_judged_is_shown():
    assert {*REALISM, *FIDELITY} <= {shown.metric for shown in study("lfw-faces").shows}
    assert study("lfw-faces").verdict(StudyResults({})).word == "unclear"


@pytest.mark.parametrize("metric", ["fid", "precision_classifier[cifar10]", "lpips"])
def test_one_measure_is_enough_to_lose_and_what_was_not_computed_is_not_judged(metric: str):
    found = dict(faces(1, 2, 3).values)
    rival = "BiGAN" if metric == "lpips" else "VAE"
    swapped = {
        ("AVAE: generator", metric): found[rival, metric],
        (rival, metric): found["AVAE: generator", metric],
    }
    verdict = study("lfw-faces").verdict(StudyResults(found | swapped))
    assert verdict.word == "disagrees"
    assert metric in verdict.why
    broken = {key: value for key, value in found.items() if key != ("AVAE: generator", metric)}
    assert study("lfw-faces").verdict(StudyResults(broken)).word == "disagrees"
    alone = {key: value for key, value in found.items() if key != (rival, metric)}
    assert study("lfw-faces").verdict(StudyResults(alone)).word == "unclear"
    without = {key: value for key, value in found.items() if key[1] != metric}
    assert study("lfw-faces").verdict(StudyResults(without)).word == "agrees"


def test_missing_data_are_all_named_before_anything_is_trained(tmp_path, monkeypatch):
    monkeypatch.setenv("CHIMERAE_DATA", str(tmp_path))
    monkeypatch.setattr(
        "chimerae.data.hub._load", lambda *_, **__: (_ for _ in ()).throw(InputError("no hub"))
    )
    with pytest.raises(InputError) as caught:
        cells_of(study("wae-introvae-rmse"), tmp_path / "out", scale="quick", seeds=1)
    assert "'lfw'" in str(caught.value)
    assert "no hub" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_published_code_of_as_introvae_differs_from_the_paper_as_its_page_says():
    """`docs/methods/as-introvae.md`: the options of the code, and 50,000 samples against training images."""
    quick, paper = (
        {arm.title: arm for arm in study("as-introvae-table2").arms(scale)} for scale in ("quick", "paper")
    )
    for arms in (quick, paper):
        ours, code = (arms[f"CIFAR10, AS-IntroVAE{which}"].run.method for which in ("", " as published code"))
        assert (code.schedule, code.reduce_e, code.squash) == ("tanh", "sum", "distance_and_kl_d")
        assert (code.detach_target, code.gamma_r) == (False, 1e-8)
        assert (ours.detach_target, ours.gamma_r) == (True, 0.0)
    for arm in paper.values():
        scored = arm.run.evaluation
        assert (scored.samples, scored.n, scored.real, scored.bn) == (50_000, 50_000, "train", "batch")


def test_quick_tables_of_as_introvae_have_the_settings_of_short_runs_for_their_size():
    """Each row has those of `chimerae train METHOD --data SOURCE`; 32 px where the images are small."""
    for arm in study("as-introvae-table2").arms("quick"):
        side = {"MNIST": 32, "CIFAR10": None}.get(arm.group, 64)
        assert arm.run.prepare.size == side
        short = short_settings(arm.run.method.name, (3, side or 32, side or 32))
        own = {key: value for key, value in short.items() if key != "training.picture_every"}
        assert override(arm.run, own) == arm.run, arm.title


def test_the_comparison_with_introvae_has_all_numbers_of_its_source():
    """Errors of both splits, and the similarity that IntroVAE's paper prints, in a row without runs."""
    rmse, diversity = study("wae-introvae-rmse"), study("wae-introvae-diversity")
    train = [text for (_, metric), text in rmse.published.items() if metric == "rmse_255[train]"]
    assert train == ["23.39", "11.70", "13.64"]
    assert all(arm.run.evaluation.rebuild_train for scale in SCALES for arm in rmse.arms(scale))
    assert "train-reconstructions" in rmse.pictures
    arms = [arm for arm in diversity.arms("quick") if arm.group == "CELEBA"]
    ours = {("CELEBA, IntroVAE", "ms_ssim"): Values((0.2, 0.3, 0.4))}
    table = table_of(diversity, arms, StudyResults(ours))
    (line,) = [line for line in table.lines if line.name == "IntroVAE paper"]
    assert (line.values, line.source, line.competes) == ({}, {"MS-SSIM of pairs": "0.2989"}, False)
    assert "| IntroVAE paper |" in markdown(table)
    assert "IntroVAE paper" not in markdown(
        table_of(diversity, diversity.arms("quick")[3:], StudyResults(ours))
    )


@pytest.mark.parametrize("name", ["as-introvae-table2", "as-introvae-table3"])
def test_committed_records_are_cells_of_their_study(name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("chimerae.studies.cells._check_data", lambda arms: None)
    monkeypatch.setattr("chimerae.studies.cells.sized", lambda run: (run, ""))
    made = cells_of(study(name), RESULTS / name, scale="quick", seeds=1, only=["MNIST", "CIFAR10"])
    assert all(cell.finished for cell in made)

"""A shared folder: its card, which the hub's library reads back, and nothing of this machine."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
import torch
from huggingface_hub import EvalResult, ModelCard
from huggingface_hub.repocard_data import eval_results_to_model_index, model_index_to_eval_results
from PIL import Image, PngImagePlugin

import chimerae
from chimerae.errors import InputError
from chimerae.evaluation import read_scores
from chimerae.sharing.header import entry_lines
from chimerae.sharing.licences import IDENTIFIERS, licence_entries
from tests.helpers.rows import through
from tests.sharing.conftest import evaluated, rewritten


def card(folder: Path) -> ModelCard:
    return ModelCard((folder / "README.md").read_text("utf-8"))


def shared(run: Path, **how: object) -> Path:
    return chimerae.load(run).save(run.parent / "kept", **how)


def everything(folder: Path) -> str:
    """All texts of a folder, and the bytes of its pictures."""
    return "\n".join(p.read_bytes().decode("latin-1") for p in sorted(folder.rglob("*")) if p.is_file())


def test_a_saved_folder_loads_and_samples_alike(run: Path):
    folder = shared(run, license="MIT")
    assert torch.equal(chimerae.load(folder).sample(3), chimerae.load(run).sample(3))
    weights = "model.safetensors"
    assert (folder / weights).read_bytes() == (run / "model" / weights).read_bytes()
    assert sorted(p.name for p in (folder / "pictures").iterdir()) == ["reconstructions.png", "samples.png"]


def test_scores_are_shared_with_public_names(run: Path, tmp_path: Path):
    folder = shared(evaluated(run))
    results, step = read_scores(folder / "scores.json")
    found = {(score.metric, score.of): score for score in results.scores}
    assert step == 1
    assert found.keys() == {
        ("psnr", "decoder"), ("fd_classifier[local data]", "decoder"), ("swd", "data"),
    }, "one score has no value"  # fmt: skip
    assert found["psnr", "decoder"].value == 13.5
    assert found["psnr", "decoder"].protocol["weights"] == "averaged"
    again = chimerae.load(folder).save(tmp_path / "again")
    assert (again / "scores.json").read_text() == (folder / "scores.json").read_text()
    rewritten(folder / "scores.json", step=2)
    assert read_scores(chimerae.load(folder).save(tmp_path / "other") / "scores.json")[0].scores == ()


def test_a_model_without_scores_replaces_those_of_another(run: Path):
    shared(evaluated(run))
    evaluated(run, step=9)
    assert read_scores(shared(run) / "scores.json")[0].scores == (), "these are of another step"


def test_the_hubs_library_reads_the_header(run: Path):
    head = card(shared(run, license="CC-BY-4.0")).data
    assert (head.library_name, head.license) == ("chimerae", "cc-by-4.0")
    assert head.pipeline_tag == "unconditional-image-generation"
    assert {"vae", "dcgan"} <= set(head.tags)
    assert head.datasets is None
    assert head.eval_results is None


def test_scores_are_the_librarys_results(run: Path):
    head = card(shared(evaluated(run))).data
    found = {(each.metric_type, each.dataset_split): each for each in head.eval_results}
    assert len(found) == 2, "one score has no value, one is of the data"
    psnr = found["psnr", "test"]
    assert isinstance(psnr, EvalResult)
    assert (psnr.metric_value, psnr.metric_args["n"], psnr.metric_args["network"]) == (13.5, 180, "decoder")
    assert (psnr.dataset_name, psnr.dataset_type, psnr.task_type) == ("digits", "digits", head.pipeline_tag)
    assert found["fd_classifier-local-data", "test"].metric_value == 1e-5
    index = eval_results_to_model_index("kept", head.eval_results)
    assert model_index_to_eval_results(index) == ("kept", head.eval_results)


def test_scores_stand_in_the_card_with_their_protocol(run: Path):
    text = card(shared(evaluated(run))).text
    assert re.search(r"\| decoder \| 13\.50* \|", text)
    assert "n 180" in text
    assert "split test" in text
    assert "Not evaluated" not in text


def test_a_run_without_scores_says_so(run: Path):
    text = card(shared(run)).text
    assert "## Scores\n\nNot evaluated.\n" in text
    assert "- Nothing has been measured on it." in text
    assert "- No licence was named for it." in text


def test_scores_and_pictures_of_other_weights_stay_behind(run: Path):
    before = (shared(run) / "pictures" / "samples.png").read_bytes()
    folder = shared(evaluated(run, step=7))
    found = card(folder)
    assert found.data.eval_results is None
    assert "belong to step 7, and this is step 1" in found.text
    assert (folder / "pictures" / "samples.png").read_bytes() == before, "that of training, not of step 7"


def test_pictures_of_training_images_stay_behind(run: Path):
    names = {p.name for p in (shared(evaluated(run)) / "pictures").iterdir()}
    assert names == {"samples.png"}


def test_a_collapsed_run_says_so_first(run: Path):
    line = json.loads((run / "log.jsonl").read_text().splitlines()[-1])
    (run / "log.jsonl").write_text(json.dumps(line | {"health": "samples alike"}) + "\n")
    text = card(shared(run)).text
    assert "**Not healthy at its last logged step: samples alike (every code" in text.partition("## ")[0]
    (run / "log.jsonl").write_text(json.dumps(line | {"health": "ok"}) + "\n")
    text = card(shared(run)).text
    assert "Not healthy" not in text
    assert "ok at every logged step" in text


def test_an_unfinished_run_says_so(run: Path):
    rewritten(run / "run.json", run__steps=50)
    assert "**Not finished: step 1 of 50.**" in card(shared(run)).text


def test_nothing_of_this_machine_leaves_it(run: Path):
    """A path and names are planted wherever a run has them, and in the notes of a picture."""
    secret = "/home/anna/secret-photos"
    evaluated(run)
    rewritten(run / "run.json", run__data=secret, command=f"chimerae train --data {secret}")
    rewritten(run / "run.json", run__evaluation__labels=secret)
    rewritten(run / "data.json", source=secret)
    rewritten(run / "model" / "config.json", data=secret, note=secret)
    rewritten(run / "env.json", platform="secret-machine", commit="secret")
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Author", "anna")
    with Image.open(run / "pictures" / "samples.png") as picture:
        picture.load()
        picture.save(run / "pictures" / "samples.png", pnginfo=notes)
    folder = shared(run, license="MIT")
    told = everything(folder)
    for word in ("secret", "anna", "/home", str(run.parent), os.uname().nodename):
        assert word not in told, word
    assert json.loads((folder / "config.json").read_text())["data"] == "local data"
    assert "on `local data` for 1 step" in card(folder).text


def test_data_of_the_hub_are_named(run: Path):
    rewritten(run / "run.json", run__data="owner/pictures")
    rewritten(run / "data.json", hub="owner/pictures", revision="ab" * 20)
    evaluated(run)
    found = card(shared(run))
    assert found.data.datasets == ["owner/pictures"]
    assert {each.dataset_revision for each in found.data.eval_results} == {"ab" * 20}
    rewritten(run / "data.json", hub=None)
    assert card(shared(run)).data.datasets is None, "a folder owner/pictures of this machine"


def test_a_class_in_a_file_keeps_the_name_of_the_file(run: Path):
    from chimerae.sharing.public import data_name, shareable

    config = json.loads((run / "model" / "config.json").read_text())
    config["method"]["name"] = "/home/anna/mine.py:Mine"
    assert shareable(config, data_name("digits", {}))["method"]["name"] == "mine.py:Mine"
    config["method"]["weights"] = "/home/anna/w.pt"
    with pytest.raises(InputError, match=r"method\.weights is a path of this machine"):
        shareable(config, data_name("digits", {}))


def test_links_out_of_the_run_are_refused(run: Path, tmp_path: Path):
    model, outside = chimerae.load(run), tmp_path / "outside.png"
    (run / "pictures").mkdir()
    outside.write_bytes((run / "samples" / "samples-00000001.png").read_bytes())
    (run / "pictures" / "samples.png").symlink_to(outside)
    with pytest.raises(InputError, match=r"samples\.png is a link that leads out of"):
        model.save(tmp_path / "kept")
    assert not (tmp_path / "kept").exists()


def test_an_edited_card_is_kept(run: Path):
    folder = shared(run)
    text = (folder / "README.md").read_text() + "\nPainted by hand.\n"
    (folder / "README.md").write_text(text)
    chimerae.load(folder).save(folder.parent / "again", license="MIT", name="anna/faces")
    found = card(folder.parent / "again")
    assert found.data.license == "mit"
    assert "Painted by hand." in found.text
    assert 'chimerae.load("anna/faces")' in found.text
    assert (folder.parent / "again" / "pictures" / "samples.png").is_file()


def test_headers_are_yaml():
    import yaml

    tree = {
        "a": ["no", "1.0", "x: y", "- z", "é\u2028", ""],
        "b": {"c": [1e-7, -0.5, 3, True, None]},
        "d": [[1]],
    }
    tree |= {"e": [{"f": {"g": "h"}, "i": [{"j": 1}]}]}
    assert yaml.safe_load("\n".join(entry_lines(tree))) == tree


@through("given, entries", [(name, {"license": identifier}) for name, identifier in IDENTIFIERS.items()])
def test_licences(given, entries):
    assert licence_entries(given) == entries
    assert licence_entries(given.lower()) == entries


def test_unknown_licences_are_refused(run: Path):
    with pytest.raises(InputError, match=r"did you mean 'Apache-2\.0'"):
        shared(run, license="Apache-2")
    with pytest.raises(InputError, match="LicenseRef-NAME"):
        shared(run, license="mine")

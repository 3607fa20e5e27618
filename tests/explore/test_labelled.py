"""The class of a code, for runs that learned with labels."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from chimerae.errors import InputError
from chimerae.explore.explorer import Explorer
from chimerae.explore.site import explorer_of
from chimerae.explore.spec import spec_of
from chimerae.runs.train import train
from tests.explore.conftest import drawn
from tests.explore.test_explorer import sent
from tests.helpers.runs import tiny_run


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Explorer:
    run = tiny_run("vae", "dcgan", steps=60, optimizer={"lr": 0.01})  # until codes have an effect
    run = replace(run, data="digits", method=replace(run.method, classes=10))
    return explorer_of([train(run, out=tmp_path_factory.mktemp("classes") / "vae", quiet=True)], "cpu")


def code_of(explorer: Explorer, text: str) -> torch.Tensor:
    return explorer.subjects[0].code(spec_of(text))


def test_a_draw_of_a_class_is_the_sample_with_its_label(labelled: Explorer):
    (subject,) = labelled.subjects
    made = subject.pictures(code_of(labelled, "draw-3@7"))["decoder"]
    wanted = subject.model.sample(1, labels=7, seed=3)
    torch.testing.assert_close(made, wanted, rtol=0, atol=1e-5)
    assert not torch.allclose(wanted, subject.model.sample(1, labels=6, seed=3), atol=1e-5)


def test_an_image_is_encoded_with_its_own_class_and_decoded_with_the_chosen_one(labelled: Explorer):
    (subject,) = labelled.subjects
    own, other = code_of(labelled, "held-2"), code_of(labelled, "held-2@4")
    wide = subject.model.method.z_dim
    assert torch.equal(own[:, :wide], other[:, :wide])
    assert other[0, -10:].argmax() == 4
    assert own[0, -10:].argmax() == subject.data.test.labels[2] != 4


def test_a_picture_of_ones_own_needs_a_class(labelled: Explorer):
    code = sent(labelled, drawn())
    assert "choose one" in labelled.code({"code": code})["runs"][0]["error"]
    assert labelled.code({"code": f"{code}@4"})["runs"][0]["pictures"]


def test_a_class_that_the_run_has_not_is_refused(labelled: Explorer):
    with pytest.raises(InputError, match="from 0 to 9"):
        code_of(labelled, "draw-0@10")


def test_runs_without_labels_leave_a_class_out(explorer: Explorer):
    plain = code_of(explorer, "draw-12")
    assert torch.equal(plain, code_of(explorer, "draw-12@3"))

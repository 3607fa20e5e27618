"""Runs that learn with labels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import chimerae
from chimerae.data import Batches, prepare
from chimerae.errors import InputError
from chimerae.runs.evaluate import evaluate_run
from chimerae.runs.train import resume, train
from tests.helpers.rows import through
from tests.helpers.runs import tiny_run


def labelled(method="vae", classes=10, **settings):
    run = tiny_run(method, **settings)
    return replace(run, data="digits", method=replace(run.method, classes=classes))


def weights_in(folder):
    return load_file(folder / "model" / "model.safetensors")


def test_labels_of_a_batch_are_those_of_its_samples():
    split = prepare("digits").train
    batches = Batches(split, batch_size=7, seed=3, rows=torch.tensor([5, 0]))
    x, labels = batches(4), batches.labels(4)
    for image, label in zip(x, labels, strict=True):
        same = (split.take(range(len(split))) == image).flatten(1).all(1)
        assert label in split.labels[same]
    assert torch.equal(labels, split.labels[batches.indices(4)[[5, 0]]])


def test_a_run_with_labels_resumes_bit_for_bit(tmp_path):
    whole = train(labelled(steps=4), out=tmp_path / "whole", quiet=True)
    half = train(labelled(steps=2), out=tmp_path / "half", quiet=True)
    resume(half, steps=4, quiet=True)
    a, b = weights_in(whole), weights_in(half)
    assert a.keys() == b.keys()
    assert all(torch.equal(a[name], b[name]) for name in a)


def test_labels_of_the_data_decide_what_is_learnt(tmp_path):
    x = np.random.default_rng(0).integers(0, 255, (40, 8, 8), dtype=np.uint8)
    y = np.arange(40) % 10
    run = labelled(steps=3)
    first, other = (
        train(run, data=(x, labels), out=tmp_path / name, quiet=True)
        for name, labels in (("first", y), ("other", np.roll(y, 1)))
    )
    a, b = weights_in(first), weights_in(other)
    assert not all(torch.equal(a[name], b[name]) for name in a)


@through("classes, data, told", [(9, "digits", "--method.classes 10"), (11, "digits", "--method.classes 10")])
def test_a_wrong_number_of_classes_is_refused_before_training(tmp_path, classes, data, told):
    with pytest.raises(InputError, match=told):
        train(labelled(classes=classes), out=tmp_path / "run", quiet=True)
    assert not (tmp_path / "run").exists()


def test_data_without_labels_are_refused(tmp_path):
    x = np.random.default_rng(0).integers(0, 255, (40, 8, 8), dtype=np.uint8)
    with pytest.raises(InputError, match="has none"):
        train(labelled(), data=x, out=tmp_path / "run", quiet=True)


def test_a_model_with_labels_is_used_with_them(tmp_path):
    folder = train(labelled("avae", steps=2), out=tmp_path / "run", quiet=True)
    evaluate_run(folder)
    model, test = chimerae.load(folder), prepare("digits").test
    x, y = test.take(range(4)), test.labels[:4]
    assert torch.equal(model.sample(3, labels=2), model.sample(3, labels=[2, 2, 2]))
    assert not torch.equal(model.sample(3, labels=2), model.sample(3, labels=3))
    z = model.encode(x, labels=y)
    assert not torch.equal(z.mu, model.encode(x, labels=(y + 1) % 10).mu)
    ways = model.interpolate(x[:2], x[2:], labels=(y[:2], y[2:]), steps=3)
    assert ways.shape == (2, 3, *model.shape)
    for call in (model.encode, model.reconstruct):
        with pytest.raises(InputError, match="give labels="):
            call(x)
    for wrong in (10, -1, [1, 2], torch.rand(4, 3)):
        with pytest.raises(InputError):
            model.reconstruct(x, labels=wrong)

"""One battery over every method x architecture: what a trained model is asked for."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError

import pytest
import torch

from chimerae import noise
from chimerae.config import from_dict, to_dict
from chimerae.methods import NoEncoder
from chimerae.nets import Nets
from chimerae.runs.run import Run
from chimerae.shapes import is_image
from tests.helpers.cases import BATCH, ON_POINTS, PLAIN, POINTS, Z_DIM, Case, by_method
from tests.helpers.rows import grouped, through
from tests.helpers.turns import buffers

UNBOUNDED = {"introvae", "soft-introvae", "as-introvae", "biadversarial", "kl-gan"}
"""Methods whose decoders end in nothing, as their papers have it; pictures of them are clipped."""

WITH_NORM = [case for case in PLAIN if case.arch.name != "mlp"]
ONE_EACH = [case for case in ON_POINTS if case.shape == POINTS]
"""Every method, and once more for each of its switches."""
ARCHS = [*dict.fromkeys(case.arch for case in PLAIN)]


def kept(case: Case) -> Nets:
    """Only the networks that a saved model has."""
    modules = case.state().nets.modules
    return Nets({name: modules[name] for name in case.method.exported})


def codes(case: Case, n: int = BATCH) -> torch.Tensor:
    with noise.seeded("codes"):
        return noise.normal(n, case.method.z_dim + case.method.noise_dim)


@grouped("case", by_method(ON_POINTS))
def test_generates_by_its_last_decoder_what_has_the_shape_and_range_of_data(case):
    nets, whole = kept(case), codes(case)
    assert set(case.method.decoders) <= set(case.method.exported)
    with nets.evaluating(), noise.seeded("xi"):
        made = case.method.generate(nets, whole)
        short = case.method.generate(nets, whole[:, :Z_DIM])
    for x in (made, short):
        assert x.shape == (BATCH, *case.shape)
        assert x.dtype == torch.float32
        assert x.isfinite().all()
        if is_image(case.shape) and case.method.name not in UNBOUNDED:
            assert x.min() >= case.method.value_range.low
            assert x.max() <= case.method.value_range.high
    assert torch.equal(made, short) == (case.method.noise_dim == 0)
    with nets.evaluating():
        each = case.method.decode(nets, whole)
    assert list(each) == list(case.method.decoders)
    assert torch.equal(each[case.method.decoders[-1]], made)
    assert all(x.shape == (BATCH, *case.shape) for x in each.values())


@grouped("case", by_method(ON_POINTS))
def test_encodes_or_says_that_it_cannot(case):
    nets, x = kept(case), case.batch()
    if not case.method.encodes:
        with pytest.raises(NoEncoder, match=case.method.name):
            case.method.encode(nets, x)
        return
    with nets.evaluating():
        q = case.method.encode(nets, x)
    assert q.mu.shape == (BATCH, Z_DIM)
    assert q.logvar.shape in ((BATCH, Z_DIM), (Z_DIM,))
    assert q.kl().shape == (BATCH,)
    assert case.method.reconstruction_code(q, torch.zeros(BATCH, Z_DIM)).shape == (BATCH, Z_DIM)


@grouped("case", by_method(WITH_NORM))
@through("batch_statistics", [False, True])
def test_use_changes_no_buffer_and_leaves_training_mode_on(case, batch_statistics):
    state = case.state()
    before = buffers(state)
    with state.nets.evaluating(batch_statistics=batch_statistics) as nets:
        trained = [module for name, module in nets.items() if name not in nets.frozen]
        assert all(module.training == batch_statistics for module in trained)
        made = case.method.generate(nets, codes(case))
        if case.method.encodes:
            case.method.encode(nets, made)
    assert not made.requires_grad
    after = buffers(state)
    assert all(torch.equal(before[key], after[key]) for key in before)
    assert all(m.training for module in trained for m in module.modules())


def test_training_mode_comes_back_after_an_error():
    nets = WITH_NORM[0].state().nets
    with pytest.raises(RuntimeError, match="ours"), nets.evaluating(batch_statistics=True):
        raise RuntimeError("ours")
    for module in nets.modules.values():
        for m in module.modules():
            assert m.training
            assert getattr(m, "track_running_stats", True)


@pytest.mark.usefixtures("double")
@grouped("case", by_method(PLAIN))
def test_a_sample_does_not_depend_on_its_neighbours_in_use(case):
    nets, z = kept(case), codes(case)
    with nets.evaluating():
        together = case.method.generate(nets, z)
        alone = torch.cat([case.method.generate(nets, one) for one in z.split(1)])
    torch.testing.assert_close(together, alone, rtol=1e-9, atol=1e-10)


@through("case", ONE_EACH)
def test_settings_are_frozen_and_comparable_and_survive_json(case):
    run = Run(method=case.method, arch=case.arch, data="digits", steps=7, seed=3)
    again = from_dict(Run, json.loads(json.dumps(to_dict(run))))
    assert again == run
    assert type(again.method) is type(case.method)
    assert hash(again.method) == hash(case.method)
    with pytest.raises(FrozenInstanceError):
        case.method.z_dim = 5


@through("arch", ARCHS)
def test_architectures_survive_json(arch):
    run = Run(method=PLAIN[0].method, arch=arch, data="digits")
    again = from_dict(Run, json.loads(json.dumps(to_dict(run))))
    assert again.arch == arch
    assert type(again.arch) is type(arch)

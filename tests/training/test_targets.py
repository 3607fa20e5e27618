from __future__ import annotations

import pytest
import torch

from chimerae.methods import SoftIntroVAE, Target
from chimerae.networks import DCGAN, MLP
from chimerae.runs.train import resume, train
from chimerae.training.targets import update_targets, with_targets
from tests.helpers.cases import Case
from tests.helpers.runs import Crash, after, crash, saved, tiny_run
from tests.helpers.turns import observe

BOOTSTRAP = SoftIntroVAE(z_dim=3, variant="bootstrap", gamma_r=1.0, beta_neg=4.0, target_every=4)
IMAGES = Case(BOOTSTRAP, DCGAN(width=2), (1, 8, 8))


def same(modules, a: str, b: str) -> bool:
    ours, theirs = modules[a].state_dict(), modules[b].state_dict()
    return ours.keys() == theirs.keys() and all(torch.equal(ours[key], theirs[key]) for key in ours)


def test_a_target_is_a_copy_that_cannot_be_trained():
    modules = IMAGES.state().nets.modules
    assert list(modules) == ["encoder", "decoder", "target"]
    assert same(modules, "target", "decoder")
    assert not any(p.requires_grad for p in modules["target"].parameters())
    assert all(p.requires_grad for p in modules["decoder"].parameters())


def test_it_stands_still_until_its_time_and_then_holds_weights_and_statistics():
    state = IMAGES.state()
    modules = state.nets.modules
    for done in range(1, 9):
        observe(state, IMAGES.batch(done), done - 1)
        update_targets(state.method, modules, done)
        assert same(modules, "target", "decoder") == (done % 4 == 0)
    assert not any(p.requires_grad for p in modules["target"].parameters())


def test_methods_that_follow_nothing_get_nothing_more():
    plain = SoftIntroVAE(z_dim=3)
    modules = dict(plain.networks((2,), MLP(width=8)))
    assert plain.targets == {}
    assert with_targets(plain, modules) == modules


def test_how_often_is_a_setting():
    assert BOOTSTRAP.targets == {"target": Target("decoder", 4)}


@pytest.mark.usefixtures("no_pictures")
def test_the_loop_copies_and_a_resumed_run_copies_at_the_same_steps(tmp_path):
    """Saved after 3 of 6 steps and copied after 4: the target of a resumed run is the one that was saved."""
    run = tiny_run("soft-introvae", method={"variant": "bootstrap", "target_every": 4})
    with pytest.raises(Crash):
        train(run, out=tmp_path / "run", callbacks=after(4, crash))

    def differ() -> bool:
        tensors = saved(tmp_path / "run")
        targets = [key for key in tensors if key.startswith("nets/target/")]
        assert targets
        return any(
            not torch.equal(tensors[key], tensors[key.replace("target", "decoder")]) for key in targets
        )

    assert saved(tmp_path / "run")["step"] == 3
    assert differ()
    resume(tmp_path / "run", steps=8)
    assert not differ(), "copied after step 8"
    assert not any(key.startswith(("ema/target", "optimizer/target")) for key in saved(tmp_path / "run"))

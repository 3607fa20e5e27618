"""Settings that change in the middle of a run: asked for with `--set`, or by going back after a NaN."""

from __future__ import annotations

import json
import math
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from chimerae import cli
from chimerae.cli.resume import _settings
from chimerae.data import prepare
from chimerae.errors import InputError
from chimerae.methods import AVAE, VAE
from chimerae.runs.changes import rollbacks, slower
from chimerae.runs.folder import create
from chimerae.runs.learn import learn
from chimerae.runs.train import Callbacks, resume, train
from chimerae.training import loop
from chimerae.training.players import NotFinite
from chimerae.training.state import build_state
from tests.helpers.runs import Crash, after, assert_same_run, crash, log_of, saved, tiny_run

pytestmark = pytest.mark.usefixtures("no_pictures")


def record(folder: Path) -> dict:
    return json.loads((folder / "run.json").read_text())


def stopped_at_3(folder: Path, **training: object) -> Path:
    """A run of six steps whose newest state is that of step 3."""
    with pytest.raises(Crash):
        train(tiny_run("vae", **training), out=folder, callbacks=after(4, crash))
    return folder


def test_a_changed_rate_holds_from_the_newest_state_and_is_recorded(tmp_path: Path):
    run = resume(stopped_at_3(tmp_path / "run"), settings={"training.optimizer.lr": 0.05, "method.beta": 2.0})
    assert [line["lr"]["vae"] for line in log_of(run)] == [2e-4] * 3 + [0.05] * 3
    assert record(run)["changes"] == [
        {"step": 3, "settings": {"training.optimizer.lr": 0.05, "method.beta": 2.0}}
    ]
    settings = record(run)["run"]
    assert (settings["training"]["optimizer"]["lr"], settings["method"]["beta"]) == (0.05, 2.0)


def test_a_stop_after_the_change_costs_no_bit(tmp_path: Path):
    whole = resume(stopped_at_3(tmp_path / "whole"), settings={"training.optimizer.lr": 0.05})
    parts = stopped_at_3(tmp_path / "parts")
    with pytest.raises(Crash):
        resume(parts, settings={"training.optimizer.lr": 0.05}, callbacks=after(5, crash))
    assert_same_run(resume(parts), whole)


def test_names_may_be_short_and_values_are_typed(tmp_path: Path, capsys):
    folder = stopped_at_3(tmp_path / "run")
    given = ("--set", "lr=1e-3", "training.optimizer.schedule=cosine", "flip=true")
    assert cli.main(["resume", str(folder), *given]) == 0, capsys.readouterr().err
    assert record(folder)["changes"][0]["settings"] == {
        "training.optimizer.lr": 1e-3,
        "training.optimizer.schedule": "cosine",
        "training.flip": True,
    }


def test_the_rate_of_one_player_changes_though_it_had_no_entry(tmp_path: Path):
    assert _settings(["players.vae.lr=1e-5"], tiny_run("vae")) == {"training.players.vae.lr": 1e-5}
    run = resume(stopped_at_3(tmp_path / "run"), settings={"training.players.vae.lr": 1e-5})
    assert [line["lr"]["vae"] for line in log_of(run)] == [2e-4] * 3 + [1e-5] * 3


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("lr", "--set lr: give a setting and its value"),
        ("=3", "--set =3: give a setting"),
        ("lr=-1", "greater than 0"),
        ("learning-rate=3", "unknown setting learning-rate; did you mean --training.optimizer.lr"),
        ("optimizer.kind=rmsprop", "the kind of an optimiser cannot change"),
        ("steps=9", "use --steps"),
        ("seed=2", "'seed' cannot change in the middle of a run"),
        ("width=3", "'arch.width' cannot change"),
        ("z-dim=3", "does not fit"),
        ("ema=0", "the average of the weights cannot begin or end"),
    ],
)
def test_what_cannot_change_is_refused_and_nothing_is_written(tmp_path: Path, capsys, given: str, said: str):
    folder = stopped_at_3(tmp_path / "run")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert cli.main(["resume", str(folder), "--set", given]) == 2
    error = capsys.readouterr().err.strip()
    assert said in error.splitlines()[-1]
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def spoil(monkeypatch: pytest.MonkeyPatch, spoilt) -> None:
    """Make VAE's loss NaN at the steps (from 0) for which `spoilt(step)` holds."""
    play = VAE.play

    def played(self, nets, x, clock):
        losses = play(self, nets, x, clock)
        return {n: x * float("nan") if spoilt(clock.step) else x for n, x in losses.items()}

    monkeypatch.setattr(VAE, "play", played)


def test_skip_leaves_out_the_batch_and_nothing_else(tmp_path: Path, monkeypatch):
    """Adam's moments would move the weights even with a gradient of zero: a skipped step moves nothing."""
    plain = train(tiny_run("vae", steps=3), out=tmp_path / "plain")
    spoil(monkeypatch, lambda step: step >= 3)
    run = train(tiny_run("vae", on_nonfinite="skip"), out=tmp_path / "run")
    before, now = saved(plain), saved(run)
    weights = [name for name in now if name.startswith(("nets/", "optimizer/"))]
    assert weights
    assert all(torch.equal(before[name], now[name]) for name in weights)
    assert [line["logged"].get("skipped_steps", 0) for line in log_of(run)] == [0, 0, 0, 1, 2, 3]


def test_skip_sees_a_gradient_that_is_not_finite_though_the_loss_is(tmp_path: Path, monkeypatch):
    play = VAE.play

    def played(self, nets, x, clock):
        (name, loss), *_ = play(self, nets, x, clock).items()
        return {name: loss + (loss * 0).sqrt() if clock.step == 4 else loss}  # the slope of a root at 0

    monkeypatch.setattr(VAE, "play", played)
    run = train(tiny_run("vae", on_nonfinite="skip"), out=tmp_path / "run")
    assert all(t.isfinite().all() for t in saved(run).values())
    assert log_of(run)[-1]["logged"]["skipped_steps"] == 1


def test_skip_ends_a_run_that_only_skips(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("chimerae.training.loop.SKIPS", 2)
    spoil(monkeypatch, lambda step: step in (1, 3, 4))
    with pytest.raises(NotFinite, match=r"'vae'.* in 2 steps in a row up to step 5"):
        train(tiny_run("vae", on_nonfinite="skip"), out=tmp_path / "run")


def test_rollback_goes_back_with_half_the_rates_and_says_so(tmp_path: Path, monkeypatch):
    told: list[str] = []
    spoiling = iter([False] * 4 + [True] + [False] * 9)
    spoil(monkeypatch, lambda step: next(spoiling))
    callbacks = after(99, crash)
    run = tiny_run("vae", on_nonfinite="rollback", players={"vae": {"lr": 0.01}})
    folder = train(run, out=tmp_path / "run", callbacks=type(callbacks)(on_warning=told.append))
    assert told == ["the loss of 'vae' became nan at step 5; back to step 3, with half the learning rates"]
    halved = {"training.optimizer.lr": 1e-4, "training.players.vae.lr": 0.005}
    assert slower(run) == halved
    assert record(folder)["changes"] == [{"step": 3, "settings": halved, "rollback": True}]
    assert [line["lr"]["vae"] for line in log_of(folder)] == [0.01] * 3 + [0.005] * 3


def test_rollback_is_a_resumption_with_half_the_rates(tmp_path: Path, monkeypatch):
    """The networks that became NaN are filled again in their place, and their optimisers begin anew."""
    run = tiny_run("avae", on_nonfinite="rollback")
    with pytest.raises(Crash):
        train(run, out=tmp_path / "resumed", callbacks=after(4, crash))
    resume(tmp_path / "resumed", settings=slower(run), quiet=True)
    honest, spoiling = AVAE.play, iter([False] * 4 + [True] + [False] * 9)

    def played(self, nets, x, clock):
        losses = honest(self, nets, x, clock)
        bad = next(spoiling)
        return {name: loss * math.nan if bad else loss for name, loss in losses.items()}

    monkeypatch.setattr(AVAE, "play", played)
    with pytest.warns(UserWarning, match="back to step 3"):
        train(run, out=tmp_path / "back", quiet=True)
    assert_same_run(tmp_path / "resumed", tmp_path / "back")


def test_skipped_steps_are_counted_over_all_parts_of_a_run(tmp_path: Path, monkeypatch):
    spoil(monkeypatch, lambda step: step in (2, 4))
    with pytest.raises(Crash):
        train(tiny_run("vae", on_nonfinite="skip"), out=tmp_path / "skip", callbacks=after(4, crash))
    resume(tmp_path / "skip", quiet=True)
    assert [line["logged"].get("skipped_steps", 0) for line in log_of(tmp_path / "skip")] == [
        0,
        0,
        1,
        1,
        2,
        2,
    ]


def test_rollbacks_are_counted_over_all_parts_of_a_run(tmp_path: Path, monkeypatch):
    spoil(monkeypatch, lambda step: step == 4)
    back = tmp_path / "back"
    with pytest.warns(UserWarning, match="back to step 3"), pytest.raises(NotFinite):
        train(tiny_run("vae", on_nonfinite="rollback"), out=back, quiet=True)
    with pytest.raises(NotFinite):
        resume(back, quiet=True)
    assert rollbacks(back) == 3
    assert len(record(back)["changes"]) == 3
    with pytest.warns(UserWarning, match="back to step 3"), pytest.raises(NotFinite):
        resume(back, settings={"training.optimizer.lr": 1e-4}, quiet=True)
    assert len(record(back)["changes"]) == 7


def test_rollback_without_a_state_begins_again_and_gives_up_after_three(tmp_path: Path, monkeypatch):
    spoil(monkeypatch, lambda step: step == 1)
    with pytest.warns(UserWarning, match="back to step 0"), pytest.raises(NotFinite):
        train(tiny_run("vae", on_nonfinite="rollback"), out=tmp_path / "run", quiet=True)
    assert [change["step"] for change in record(tmp_path / "run")["changes"]] == [0, 0, 0]


def test_nothing_changes_by_default(tmp_path: Path):
    assert "changes" not in record(train(tiny_run("vae", steps=1), out=tmp_path / "run"))
    with pytest.raises(InputError, match="on_nonfinite"):
        tiny_run("vae", on_nonfinite="ignore")


def test_a_run_of_given_seconds_does_not_get_them_again_by_going_back(tmp_path: Path, monkeypatch):
    """Where it goes back to a state, the loop finds in the log what is left of the seconds."""
    pacers, asked = [], []
    spoiling = iter([False] * 4 + [True] + [False] * 9)
    spoil(monkeypatch, lambda step: next(spoiling))
    honest = loop.Loop.run

    def run(self) -> None:
        pacers.append(self.pacer)
        honest(self)

    monkeypatch.setattr(loop.Loop, "run", run)
    given = tiny_run("vae", on_nonfinite="rollback", seconds=60.0, steps=6)
    state = build_state(given.method, given.arch, (2,), given.training, given.seed)
    prepared = prepare(given.data)
    folder = tmp_path / "run"
    create(folder, given, prepared.manifest, state.device, "")
    first = SimpleNamespace(total=lambda step, share, planned: planned)
    monkeypatch.setattr(loop.Pacer, "resumed", lambda *given: (asked.append(given), first)[1])
    with pytest.warns(UserWarning, match="back to step 3"):
        learn(given, state, prepared, folder, Callbacks(), lambda: first)
    assert pacers == [first, None]
    [(whole, spent, step, _)] = asked
    assert (whole, step) == (60.0, 3)
    assert 0 < spent < 60

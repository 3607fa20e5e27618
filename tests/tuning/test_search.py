"""A search from its first trial to its page: resumed, extended, stopped, and never near the test data."""

from __future__ import annotations

import os
import shlex
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import chimerae
from chimerae.cli.request import requested
from chimerae.config import override
from chimerae.errors import InputError
from chimerae.recipes.build import build
from chimerae.run_folder.search import Search, Trial, read_search
from chimerae.runs import evaluate as evaluating
from chimerae.runs.folder import read_run
from chimerae.training.signals import Stopped
from chimerae.tuning import search as searching
from chimerae.tuning import start as starting
from chimerae.tuning.again import again
from chimerae.tuning.limits import Limits, usual_trials
from chimerae.tuning.objective import Objective
from chimerae.tuning.search import FAILURES, Listener, Searching
from chimerae.tuning.trial import Hopeless, Playing
from tests.data.test_validation import opened

TINY = {"arch.width": 8, "training.log_every": 3, "training.save_every": 3, "method.z_dim": 2}
SPACE = {"training.optimizer.lr": "1e-4:1e-2:log", "training.batch_size": [8, 16]}


@pytest.fixture
def pageless(monkeypatch: pytest.MonkeyPatch) -> None:
    """No page and no pictures: they take most of the time."""
    monkeypatch.setattr(starting, "write_page", lambda folder, search: None)
    monkeypatch.setattr(evaluating, "draw", lambda shown, folder: None)


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CHIMERAE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def points(root: Path) -> str:
    rng = np.random.default_rng(0)
    np.savez(root / "p.npz", train=rng.normal(size=(60, 2)), test=rng.normal(size=(20, 2)) + 50)
    return str(root / "p.npz")


def tuned(data: str, out: str, trials: int, **more) -> chimerae.tuning.Found:
    asked = {"settings": TINY, "space": SPACE, "only_given": True, "steps": 9, "quiet": True} | more
    return chimerae.tune("vae", data=data, out=out, trials=trials, **asked)


def plain(folder: str) -> Search:
    """The record without what a clock says."""
    found = read_search(Path(folder))
    return replace(found, command="", trials=tuple(replace(t, seconds=0.0) for t in found.trials))


def test_a_search_finds_records_and_shows_its_best_trial(place: Path):
    with opened() as files:
        found = tuned(points(place), "a", 2)
    record = read_search(Path("a"))
    costs = [trial.cost for trial in record.trials]
    assert len(costs) == 2
    assert found.values == {"mse_points@decoder": min(costs)}
    assert found.run == Path("a/trials") / f"{costs.index(min(costs)) + 1:03}"
    assert found.settings == record.trials[costs.index(min(costs))].settings
    for trial in record.trials:
        run = read_run(Path("a") / trial.folder)
        assert override(run, trial.settings) == run
        assert run.steps == trial.steps == 9
        assert (Path("a") / trial.folder / "scores.json").is_file()
    assert (
        record.trials[0].settings["training.optimizer.lr"] == build("vae", data="p.npz").training.optimizer.lr
    )
    assert found.again in Path("a/index.html").read_text("utf-8").replace("&#39;", "'")
    entry = next((place / "cache").glob("data-*"))
    assert {str(entry / "train")} == {name for name in files if name.startswith(f"{entry}/t")}


def test_scores_are_those_of_held_out_training_samples(place: Path, pageless):
    """Test samples lie at 50: a model of the others would miss them by about 2500."""
    assert max(trial.cost for trial in [*read_search(tuned(points(place), "a", 1).folder).trials]) < 100
    run = read_run(Path("a/trials/001"))
    assert run.prepare.validation == 0.2
    again = chimerae.train(
        replace(run, prepare=replace(run.prepare, validation=None)), out="whole", quiet=True
    )
    assert {score.value > 1000 for score in chimerae.evaluate(again).scores if score.of == "decoder"} == {
        True
    }


def test_the_same_call_goes_on_and_more_trials_extend_it(place: Path, pageless):
    source = points(place)
    whole = tuned(source, "whole", 3)
    tuned(source, "parts", 1)
    before = Path("parts/trials/001/run.json").stat().st_mtime_ns
    parts = tuned(source, "parts", 3)
    assert plain("parts") == plain("whole")
    assert Path("parts/trials/001/run.json").stat().st_mtime_ns == before
    assert parts.settings == whole.settings


def test_a_killed_search_resumes_the_trial_at_work(place: Path, pageless):
    source = points(place)
    tuned(source, "whole", 2)
    if not (child := os.fork()):

        def die(self, state, total):
            if self.trial.number == 2 and state.step == 6:
                os.kill(os.getpid(), signal.SIGKILL)

        Playing._state = die
        tuned(source, "parts", 2)
        os._exit(0)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    assert [trial.state for trial in read_search(Path("parts")).trials] == ["done", "running"]
    tuned(source, "parts", 2)
    ours, theirs = plain("parts"), plain("whole")
    assert ours.trials[1].cost == theirs.trials[1].cost
    assert ours.trials[1].settings == theirs.trials[1].settings


def test_ctrl_c_saves_the_trial_and_says_so(place: Path, pageless, monkeypatch: pytest.MonkeyPatch):
    source = points(place)
    shown = Playing._line

    def interrupt(self, line, total):
        shown(self, line, total)
        if line.step == 3:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(Playing, "_line", interrupt)
    with pytest.raises(Stopped):
        tuned(source, "a", 1)
    monkeypatch.setattr(Playing, "_line", shown)
    tuned(source, "a", 1)
    assert read_search(Path("a")).trials[0].state == "done"


def test_another_search_in_the_folder_is_refused(place: Path, pageless):
    source = points(place)
    tuned(source, "a", 1)
    for more, told in (
        ({"space": {"method.beta": "1:2"}}, "space differs"),
        ({"steps": 12}, "steps differs"),
        ({"seed": 5}, "the settings of its runs differs"),
        ({"objective": "mse_points@decoder", "prune": False}, "prune differs"),
    ):
        with pytest.raises(InputError, match=told):
            tuned(source, "a", 1, **more)
    Path("a/search.json").write_text("{")
    with pytest.raises(InputError, match=r"search\.json"):
        tuned(source, "a", 1)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"trials": None}, "--budget 2h"),
        ({"steps": None}, "--budget 2h"),
        ({"trials": 0}, "1 or more"),
        ({"budget": "soon"}, "no duration"),
        ({"space": {}}, "nothing to search"),
        ({"objective": "fid"}, "fid"),
    ],
)
def test_bad_input_is_one_line_and_leaves_no_search(place: Path, asked, told):
    with pytest.raises(InputError, match=told) as error:
        tuned(points(place), "a", **({"trials": 1} | asked))
    assert "\n" not in str(error.value)
    assert not [trial for trial in Path("a").glob("trials/*") if (trial / "scores.json").exists()]


def test_data_in_memory(place: Path, pageless):
    found = chimerae.tune(
        "vae", data=np.random.default_rng(0).normal(size=(40, 2)), steps=6, trials=1, settings=TINY,
        objective="mse_points", out="a", quiet=True,
    )  # fmt: skip
    assert found.again.startswith("chimerae.train('vae', data=..., steps=6, settings={")


def test_the_command_for_the_best_settings_gives_these_settings():
    from chimerae.cli.names import expanded
    from chimerae.cli.parse import parse
    from chimerae.cli.settings_flags import flags_of
    from chimerae.cli.train import Train

    for name, arch, settings in (
        ("avae", None, {"method.beta": 0.3, "training.flip": True, "prepare.size": (8, 8), "seed": 4}),
        ("wae-gan", "mlp", {"training.players.critic.lr": 0.01, "method.z_dim": 5, "training.ema": 0.0}),
        ("id-gan", None, {"method.critic_norm": False, "method.adv_loss": "non_saturating"}),
    ):
        default = build(name, data="digits", arch=arch, preset="short")
        settings = {path: value for path, value in settings.items() if path != "method.adv_loss"}
        run = override(default, settings | {"prepare.validation": 0.2, "training.threads": 2})
        words = shlex.split(again(name, run, 77, "short"))
        assert words[:3] == ["chimerae", "train", name]
        of = requested(words[2:])
        made = build(of.name, data=of.data, arch=of.arch, preset=of.preset)
        given = parse(Train, expanded(of.flags, flags_of(Train, Train(made))), prog="", default=Train(made))
        assert given.run == override(default, settings | {"steps": 77})


class Played:
    """Plays no run: trials take 10 seconds of a clock of their own."""

    now = 0.0
    ends: tuple[Trial, ...] = ()

    def __init__(self, **given):
        self.trial = given["trial"]

    def play(self) -> Trial:
        Played.now += 10.0
        end = self.ends[min(self.trial.number, len(self.ends)) - 1]
        return replace(end, number=self.trial.number, settings=self.trial.settings, seconds=10.0)


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> type[Played]:
    Played.now, Played.ends = 0.0, (Trial(number=1, state="done", cost=1.0),)
    monkeypatch.setattr(searching, "Playing", Played)
    monkeypatch.setattr(searching.time, "monotonic", lambda: Played.now)
    monkeypatch.setattr(Searching, "_settle", lambda self: None)
    monkeypatch.setattr(searching, "proposed", lambda search, seed: {})
    monkeypatch.setattr(Searching, "_own", lambda self: {})
    return Played


def sought(limits: Limits, share: float | None = 10.0, said: list[str] | None = None) -> Search:
    record = Search(
        recipe="vae", data="digits", objective=("fvu@decoder",), space={}, run={"training": {}}, share=share
    )
    told = [] if said is None else said
    listener = Listener(lambda text, now: told.append(text), told.append)
    objective = Objective((("fvu", "decoder"),))
    return Searching(Path("s"), record, objective, limits, 0, lambda search, trial: "", listener).run()


def test_a_search_ends_when_no_whole_trial_is_left(played):
    assert len(sought(Limits(59.0, None)).trials) == 6
    assert len(sought(Limits(80.0, None)).trials) == 8, "with more time it goes on"
    assert len(sought(Limits(80.0, None)).trials) == 8


def test_the_first_trial_begins_whatever_the_time(played):
    assert len(sought(Limits(5.0, None)).trials) == 1


def test_the_live_line_has_trials_best_and_time_from_the_start(played):
    said: list[str] = []
    sought(Limits(30.0, None), said=said)
    assert said[0] == "trial 1 of about 3  30s left  starting"
    assert said[1] == "trial 1: 1, 10s, "
    assert said[2] == "trial 2 of about 3  best 1 (trial 1)  20s left  starting"
    said.clear()
    sought(Limits(None, 5), share=None, said=said)
    assert said[0] == "trial 4 of 5  best 1 (trial 1)  20s left  starting"


def test_trials_that_keep_failing_end_the_search(played):
    failed = Trial(number=2, state="failed", why="a loss is NaN")
    played.ends = (Trial(number=1, state="done", cost=1.0), failed)
    with pytest.raises(InputError, match=f"{FAILURES} trials in a row failed, the last one: a loss is NaN"):
        sought(Limits(None, 50), share=None)
    assert len(read_search(Path("s")).trials) == 1 + FAILURES


def test_usual_trials_grow_with_the_root_of_the_time():
    assert [usual_trials(60 * m) for m in (1, 25, 100, 400, 10_000)] == [6, 10, 20, 40, 64]


def test_hopeless_says_why():
    assert str(Hopeless("health: samples alike")) == "health: samples alike"

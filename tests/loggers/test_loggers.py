"""Loggers receive what the run folder does, continue with the run, and never end it."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from unittest.mock import MagicMock, call

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from chimerae import cli
from chimerae.errors import InputError
from chimerae.evaluation import Evaluation
from chimerae.extras import EXTRAS
from chimerae.loggers import LOGGERS, together
from chimerae.loggers.logger import Logger, Part
from chimerae.loggers.mlflow import MLflow
from chimerae.loggers.trackio import Trackio
from chimerae.loggers.wandb import WandB
from chimerae.runs.callbacks import Callbacks
from chimerae.runs.evaluate import evaluate_run
from chimerae.runs.log_to import recorded
from chimerae.runs.train import resume, train
from tests.helpers.runs import Crash, after, crash, log_of, tiny_run

RUN = tiny_run("vae", steps=8, log_every=1, save_every=4)
PART = Part(Path("runs/one"), {"seed": 0, "method.beta": 1.0, "data": None}, 0)


def events(folder: Path) -> EventAccumulator:
    found = EventAccumulator(str(folder / "tensorboard"))
    found.Reload()
    return found


def steps(found: EventAccumulator, name: str) -> list[int]:
    return [event.step for event in found.Scalars(name)]


def test_tensorboard_shows_the_log_the_previews_and_the_scores(tmp_path: Path):
    """Also those of later parts, and steps that a resumed run repeats only once."""
    run = tmp_path / "run"
    with pytest.raises(Crash):
        train(RUN, out=run, callbacks=replace(after(7, crash), log_to=("tensorboard",)))
    resume(run, quiet=True)
    evaluate_run(run, Evaluation(n=20, metrics=("in_modes",)))
    found, lines = events(run), log_of(run)
    logged = [line["step"] for line in lines]
    assert steps(found, "losses/vae") == steps(found, "lr/vae") == logged == list(range(1, 9))
    assert [event.value for event in found.Scalars("logged/kl")] == pytest.approx(
        [line["logged"]["kl"] for line in lines]
    )
    previews = [int(path.stem[-8:]) for path in sorted((run / "samples").glob("samples-*.png"))]
    assert [event.step for event in found.Images("samples")] == previews
    assert "scores/in_modes/decoder" not in found.Tags()["scalars"]  # the sine has no modes
    assert json.loads((run / "loggers.json").read_text()) == {"tensorboard": "tensorboard"}
    settings = found.Tensors("settings/text_summary")
    assert len(settings) == 1
    assert b"method.z_dim: 2" in settings[0].tensor_proto.string_val[0]


def test_scores_of_an_evaluation_follow(tmp_path: Path):
    run = train(RUN, out=tmp_path / "run", quiet=True, log_to="tensorboard")
    results = evaluate_run(run, Evaluation(n=20, metrics=("mse_signed", "cycle_cost")))
    found = events(run)
    assert results.scores
    for score in results.scores:
        (event,) = found.Scalars(f"scores/{score.metric}/{score.of}")
        assert (event.step, event.value) == (8, pytest.approx(score.value))


@pytest.mark.parametrize("broken", ["__init__", "scalars", "picture", "close"])
def test_a_logger_that_fails_is_told_once_and_the_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
):
    def fail(*args: object) -> None:
        raise OSError("no route to host\nand more")

    class Broken:
        key = "one"

        def __init__(self, part: Part) -> None: ...
        def scalars(self, values: object, step: int) -> None: ...
        def picture(self, name: str, path: Path, step: int) -> None: ...
        def close(self) -> None: ...

    monkeypatch.setattr(Broken, broken, fail)
    monkeypatch.setattr(together, "LOGGERS", {"broken": Broken})
    monkeypatch.setattr(together, "require", lambda name: None)
    told: list[str] = []
    train(RUN, out=tmp_path / "run", callbacks=Callbacks(on_warning=told.append, log_to=("broken",)))
    assert told == ["broken shows nothing more of this run: no route to host"]
    assert len(log_of(tmp_path / "run")) == 8


def test_a_wrong_name_and_a_missing_package_are_told_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "wandb", None)
    line = ["train", "vae", "--data", "avae-sine", "--steps", "2", "--out", "run", "--log-to"]
    for name, message in (
        ("tensorbord", "unknown logger 'tensorbord'; did you mean 'tensorboard'?"),
        ("wandb", "logging to Weights & Biases needs the package wandb"),
    ):
        assert cli.main([*line, name]) == 2
        assert message in capsys.readouterr().err
        with pytest.raises(InputError, match=message[:20]):
            train("vae", data="avae-sine", steps=2, out="run", quiet=True, log_to=name)
    assert not list(tmp_path.iterdir())


def test_a_damaged_record_starts_anew(tmp_path: Path):
    for content in ("{", "[]", '{"tensorboard": 3, "nobody": "x"}'):
        (tmp_path / "loggers.json").write_text(content)
        assert recorded(tmp_path) == {}


def standin(monkeypatch: pytest.MonkeyPatch, name: str) -> MagicMock:
    """A package called `name` that takes note of all calls."""
    package = MagicMock()
    for module in (name, f"{name}.entities", f"{name}.tracking"):
        monkeypatch.setitem(sys.modules, module, package)
    return package


def use(logger: Logger) -> None:
    """Call every function of a logger."""
    logger.scalars({"losses/critic, real": 1.5}, 4)
    logger.picture("samples", Path("samples-00000004.png"), 4)
    logger.close()


@pytest.mark.parametrize("key", [None, "abc"])
def test_wandb_has_steps_as_an_axis_of_their_own(monkeypatch: pytest.MonkeyPatch, key: str | None):
    """Its own counter takes no step twice, and a resumed run repeats some."""
    wandb = standin(monkeypatch, "wandb")
    wandb.init.return_value.id = "abc"
    logger = WandB(replace(PART, key=key))
    use(logger)
    made = wandb.init.call_args.kwargs
    assert (made["project"], made["name"], made["id"], made["resume"]) == ("chimerae", "one", key, "allow")
    assert made["config"] == PART.settings
    assert logger.key == "abc"
    run = wandb.init.return_value
    assert call("*", step_metric="step") in run.define_metric.mock_calls
    picture = {"samples": wandb.Image.return_value, "step": 4}
    assert run.log.mock_calls == [call({"losses/critic, real": 1.5, "step": 4}), call(picture)]
    assert wandb.Image.mock_calls == [call("samples-00000004.png")]
    run.finish.assert_called_once_with()


def test_mlflow_makes_a_run_once_and_continues_it(monkeypatch: pytest.MonkeyPatch):
    client = standin(monkeypatch, "mlflow").MlflowClient.return_value
    client.get_experiment_by_name.return_value.experiment_id = "7"
    client.create_run.return_value.info.run_id = "abc"
    first = MLflow(PART)
    client.create_run.assert_called_once_with("7", run_name="one")
    assert len(client.log_batch.call_args.kwargs["params"]) == len(PART.settings)
    again = MLflow(replace(PART, key=first.key))
    assert client.create_run.call_count == 1
    client.update_run.assert_called_once_with("abc", status="RUNNING")
    use(again)
    assert client.log_batch.call_args.args == ("abc",)
    assert len(client.log_batch.call_args.kwargs["metrics"]) == 1
    metric = again._metric.call_args.args
    assert (metric[0], metric[1], metric[3]) == ("losses/critic- real", 1.5, 4)
    client.log_artifact.assert_called_once_with("abc", "samples-00000004.png", "samples")
    client.set_terminated.assert_called_once_with("abc")


def test_trackio_continues_under_the_same_name(monkeypatch: pytest.MonkeyPatch):
    trackio = standin(monkeypatch, "trackio")
    first, other = Trackio(PART), Trackio(PART)
    assert first.key.startswith("one-")
    assert first.key != other.key
    again = Trackio(replace(PART, key=first.key))
    made = trackio.init.call_args.kwargs
    assert (made["name"], made["resume"], made["project"]) == (first.key, "allow", "chimerae")
    use(again)
    run, picture = trackio.init.return_value, {"samples": trackio.Image.return_value}
    assert run.log.mock_calls == [call({"losses/critic, real": 1.5}, step=4), call(picture, step=4)]
    run.finish.assert_called_once_with()


def test_every_logger_has_an_extra():
    assert set(LOGGERS) <= set(EXTRAS)

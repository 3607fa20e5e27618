"""Ray and Slurm: what they are asked for, and how the ends of their jobs are read; stand-ins where they are
not installed.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from chimerae.errors import InputError
from chimerae.studies import Resources, conduct
from chimerae.studies.executors import End, on_ray, on_slurm
from chimerae.studies.executors.on_ray import Ray
from chimerae.studies.executors.on_slurm import Slurm, Work
from chimerae.training.signals import Stopped, stop_requests
from tests.helpers.rows import through
from tests.studies.toy_study import cells

TASK = {"label": "VAE, seed 0", "folder": "study/cells/vae-s0", "threads": 2}


class RayError(Exception):
    pass


class RayTaskError(RayError):
    pass


class TaskUnschedulableError(RayError):
    pass


class FakeRay(ModuleType):
    """A cluster on which every task ends as `outcome` says, when it is waited for."""

    def __init__(self) -> None:
        super().__init__("ray")
        self.outcome: object = ""
        self.ready = True
        self.asked: dict[str, Any] = {}
        self.said: list[object] = []
        names = (RayError, RayTaskError, TaskUnschedulableError)
        self.exceptions = SimpleNamespace(**{one.__name__: one for one in names})

    def is_initialized(self) -> bool:
        return False

    def init(self, **options: object) -> None:
        self.said.append("init")

    def cluster_resources(self) -> dict[str, float]:
        return {"CPU": 8.0, "GPU": 2.0}

    def remote(self, **options: object) -> Callable[[object], object]:
        self.asked = dict(options)
        submit = SimpleNamespace(remote=lambda task: (self.said.append(task), object())[1])
        return lambda function: SimpleNamespace(options=lambda name: submit)

    def wait(
        self, references: list[object], timeout: float, num_returns: int = 1
    ) -> tuple[list[object], ...]:
        return (references, []) if self.ready else ([], references)

    def get(self, reference: object) -> object:
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome

    def cancel(self, reference: object) -> None:
        self.said.append("cancel")

    def shutdown(self) -> None:
        self.said.append("shutdown")


@pytest.fixture
def ray(monkeypatch: pytest.MonkeyPatch) -> FakeRay:
    fake = FakeRay()
    monkeypatch.setitem(sys.modules, "ray", fake)
    monkeypatch.delenv("RAY_USAGE_STATS_ENABLED", raising=False)
    return fake


def test_a_task_that_a_signal_stopped_is_a_lost_worker(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(on_ray, "attempt", trained(signal.SIGTERM))
    with pytest.raises(SystemExit) as end:
        on_ray.run(TASK)
    assert end.value.code == 128 + signal.SIGTERM


@through(
    "outcome, end",
    [
        ("", End()),
        ("the disk is full", End("the disk is full")),
        (RayTaskError("trace\n  of many lines\nKeyError: 'x'\n"), End("KeyError: 'x'")),
        (TaskUnschedulableError("no machine has 9 GPUs"), End("no machine has 9 GPUs")),
        (RayError("the worker died\nfor reasons"), End("the worker died", lost=True)),
    ],
)
def test_ends_of_tasks(ray: FakeRay, outcome: object, end: End):
    on = Ray()
    job = on.start(TASK, Resources())
    ray.outcome, ray.ready = outcome, False
    assert job.end() is None
    ray.ready = True
    assert job.end() == end


def test_ray_is_asked_for_threads_and_gpus(ray: FakeRay):
    on = Ray(jobs=2)
    assert on.gpus == 2
    job = on.start(TASK, Resources(3, 0.25))
    assert ray.asked == {"num_cpus": 3, "num_gpus": 0.25, "max_calls": 1, "max_retries": 0}
    assert ray.said == ["init", TASK]
    assert on.fits(Resources())
    on.start(TASK, Resources())
    assert not on.fits(Resources())
    job.end()
    assert on.fits(Resources())


def test_tasks_are_interrupted_and_the_cluster_is_left(ray: FakeRay):
    on = Ray()
    ended, _ = on.start(TASK, Resources()), on.start(TASK, Resources())
    ended.end()
    ray.ready = False
    on.stop()
    assert ray.said[-2:] == ["cancel", "shutdown"]
    assert ray.said.count("cancel") == 1


@pytest.mark.parametrize("kind", [ConnectionError, Exception])
def test_a_cluster_that_does_not_answer_is_one_line(ray: FakeRay, monkeypatch: pytest.MonkeyPatch, kind):
    def refuse(**options: object) -> None:
        raise kind("could not connect\nto anything")

    monkeypatch.setattr(ray, "init", refuse)
    with pytest.raises(InputError, match=r"^--on ray: no cluster answers: could not connect$"):
        Ray()


class FailedJobError(Exception):
    """submitit's, known by its name."""


REPORT = """Job (task=0) failed during processing with trace:
----------------------
Traceback (most recent call last):
  File "x.py", line 1
KeyError: 'x'

----------------------
You can check full logs with 'job.stderr(0)'"""


class FakeExecutor:
    """submitit's executor: it keeps what it is told."""

    told: dict[str, Any]
    result: object = ""
    state = "FINISHED"

    def __init__(self, **options: object) -> None:
        FakeExecutor.told = dict(options)

    def update_parameters(self, **parameters: object) -> None:
        if "slurm_partion" in parameters:
            raise NameError("Unknown argument 'partion' for executor 'slurm'\nValid arguments: partition")
        FakeExecutor.told |= parameters

    def submit(self, function: object, task: object) -> object:
        error = self.result if isinstance(self.result, Exception) else None
        return SimpleNamespace(
            done=lambda: True,
            exception=lambda: error,
            result=lambda: self.result,
            state=self.state,
            job_id="7",
            paths=SimpleNamespace(folder="study/jobs/7"),
        )


@pytest.fixture
def submitit(monkeypatch: pytest.MonkeyPatch) -> type[FakeExecutor]:
    """A stand-in for submitit, whose signal is SIGUSR2."""
    package = ModuleType("submitit")
    package.AutoExecutor = FakeExecutor  # type: ignore[attr-defined]
    environment = SimpleNamespace(JobEnvironment=SimpleNamespace(_usr_sig=lambda: signal.SIGUSR2))
    helpers = SimpleNamespace(DelayedSubmission=lambda *parts: parts)
    monkeypatch.setitem(sys.modules, "submitit", package)
    monkeypatch.setitem(sys.modules, "submitit.core", ModuleType("submitit.core"))
    monkeypatch.setitem(sys.modules, "submitit.core.job_environment", environment)
    monkeypatch.setitem(sys.modules, "submitit.helpers", helpers)
    return FakeExecutor


@through(
    "options, wanted, asked",
    [
        ((), Resources(2), {"cpus_per_task": 2, "timeout_min": 240}),
        ((), Resources(1, 0.25), {"gpus_per_node": 1}),
        (("time=90",), Resources(), {"timeout_min": 90}),
        (("--time=1h30m", "partition=gpu"), Resources(), {"timeout_min": 90, "slurm_partition": "gpu"}),
        (("gres=shard:1",), Resources(1, 0.25), {"slurm_gres": "shard:1", "gpus_per_node": None}),
        (("mem-per-cpu=4G", "nodes=1"), Resources(), {"slurm_mem_per_cpu": "4G", "slurm_nodes": 1}),
    ],
)
def test_slurm_is_asked_for_resources(submitit: type[FakeExecutor], options, wanted, asked):
    Slurm(Path("study/jobs"), options=options).start(TASK, wanted)
    told = submitit.told
    assert {name: told.get(name) for name in asked} == asked
    assert (told["name"], told["cluster"], told["folder"]) == ("vae-s0", "slurm", Path("study/jobs/%j"))


@through("option", ["partition", "partition=", "=gpu"])
def test_options_of_slurm_have_a_value(submitit: type[FakeExecutor], option: str):
    with pytest.raises(InputError, match=r"--sbatch takes NAME=VALUE"):
        Slurm(Path("jobs"), options=(option,))


def test_an_option_that_slurm_has_not_is_one_line(submitit: type[FakeExecutor]):
    with pytest.raises(InputError, match=r"^--on slurm: Unknown argument 'partion' for executor 'slurm'$"):
        Slurm(Path("jobs"), options=("partion=gpu",)).start(TASK, Resources())


@through(
    "result, state, end",
    [
        ("", "COMPLETED", End()),
        ("the disk is full", "COMPLETED", End("the disk is full")),
        (FailedJobError(REPORT), "FAILED", End("KeyError: 'x'")),
        (Exception("none"), "NODE_FAIL", End("job 7 ended without a result (NODE_FAIL); its output is in "
                                             "study/jobs/7", lost=True)),
        (Exception("none"), "CANCELLED by 0", End("job 7 ended without a result (CANCELLED by 0); its output "
                                                  "is in study/jobs/7")),
    ],
)  # fmt: skip
def test_ends_of_jobs(submitit: type[FakeExecutor], monkeypatch, result, state, end):
    monkeypatch.setattr(submitit, "result", result)
    monkeypatch.setattr(submitit, "state", state)
    assert Slurm(Path("jobs")).start(TASK, Resources()).end() == end


@pytest.fixture
def queued(submitit: type[FakeExecutor]) -> Any:
    """Signals at which submitit's handler would have queued the job again."""
    seen: list[int] = []

    def requeue(signum: int, frame: object) -> None:
        seen.append(signum)
        sys.exit(255)

    before = {number: signal.getsignal(number) for number in (signal.SIGUSR2, signal.SIGTERM)}
    signal.signal(signal.SIGUSR2, requeue)
    signal.signal(signal.SIGTERM, lambda *args: seen.append(0))  # submitit ignores it
    yield seen
    for number, handler in before.items():
        signal.signal(number, handler)


def trained(number: signal.Signals) -> Callable[[object], str]:
    """A run to which a signal comes while it trains; it saves and ends."""

    def attempt(task: object) -> str:
        with stop_requests() as request:
            signal.raise_signal(number)
            assert request.signum is not None
        raise Stopped(request.signum, 3, Path("run"))

    return attempt


def test_at_the_end_of_its_time_a_run_saves_before_its_job_is_queued_again(queued, monkeypatch):
    monkeypatch.setattr(on_slurm, "attempt", trained(signal.SIGUSR2))
    with pytest.raises(SystemExit) as end:
        Work()(TASK)
    assert (queued, end.value.code) == ([signal.SIGUSR2], 255)


def test_a_cancelled_job_saves_and_is_not_queued_again(queued, monkeypatch):
    monkeypatch.setattr(on_slurm, "attempt", trained(signal.SIGTERM))
    with pytest.raises(SystemExit) as end:
        Work()(TASK)
    assert (queued, end.value.code) == ([], 128 + signal.SIGTERM)


def test_a_job_that_does_not_train_is_queued_again_at_once(queued, monkeypatch):
    monkeypatch.setattr(on_slurm, "attempt", lambda task: signal.raise_signal(signal.SIGUSR2))
    with pytest.raises(SystemExit):
        Work()(TASK)
    assert queued == [signal.SIGUSR2]
    assert Work().checkpoint(TASK)[1] == TASK


@pytest.mark.parametrize(
    ("module", "made", "said"),
    [
        ("ray", lambda: Ray(), r"--on ray: studies on a Ray cluster need the package ray .*chimerae\[ray\]"),
        (
            "submitit",
            lambda: Slurm(Path("jobs")),
            r"--on slurm: studies on Slurm need the package submitit .*install chimerae\[slurm\]",
        ),
    ],
)
def test_a_missing_package_is_one_line(monkeypatch, module: str, made: Callable[[], object], said: str):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(InputError, match=said):
        made()


@pytest.mark.skipif(find_spec("submitit") is None, reason="submitit is not installed")
def test_a_cell_as_a_job_of_submitit(tmp_path: Path):
    made = cells(tmp_path / "study", seeds=1, only=["tiny, vae"])
    on = Slurm(tmp_path / "jobs", cluster="local", every=0.2)
    assert conduct(made, executor=on) == {}
    assert made[0].finished


@pytest.mark.skipif(find_spec("ray") is None, reason="ray is not installed")
def test_a_cell_as_a_task_of_ray(tmp_path: Path):
    made = cells(tmp_path / "study", seeds=1, only=["tiny, vae"])
    assert conduct(made, executor=Ray()) == {}
    assert made[0].finished

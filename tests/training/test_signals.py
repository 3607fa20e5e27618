"""Processes that are stopped: SIGINT, SIGTERM, and kill -9."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from chimerae import cli
from chimerae.cli.console import Display
from chimerae.runs.train import train
from chimerae.training.signals import STOPPING, Stopped, stop_requests
from tests.helpers.runs import after, assert_same_run, log_of, saved, signalled, tiny_run

ARGS = (
    "avae --data digits --arch dcgan --arch.width 2 --method.z-dim 2 --steps 12 --seed 1 --out stopped "
    "--training.batch-size 8 --training.log-every 1 --training.save-every 3 --training.device cpu"
)


def test_stopped_three_times_in_a_life(tmp_path, monkeypatch, capsys):
    """SIGINT ends with 130, SIGTERM with 143, both saved at once; kill -9 costs what the last state lacks."""
    monkeypatch.chdir(tmp_path)
    straight = ARGS.replace("stopped", "straight").split()
    assert cli.main(["train", *straight]) == 0

    ended = signalled(signal.SIGINT, 2, ["train", *ARGS.split()], tmp_path)
    assert ended.returncode == 130, ended.stderr
    assert "SIGINT at step 2" in ended.stderr
    assert saved(tmp_path / "stopped")["step"] == 2

    with monkeypatch.context() as patch:  # here and not in a process of its own: it saves some seconds
        stop = after(5, lambda: os.kill(os.getpid(), signal.SIGTERM))
        patch.setattr(Display, "line", lambda self, line, total: stop.on_log(line, total))
        assert cli.main(["resume", "stopped"]) == 143
    assert "SIGTERM at step 5" in capsys.readouterr().err
    assert saved(tmp_path / "stopped")["step"] == 5

    ended = signalled(signal.SIGKILL, 8, ["resume", "stopped"], tmp_path)
    assert ended.returncode == -signal.SIGKILL
    assert saved(tmp_path / "stopped")["step"] == 6

    assert cli.main(["resume", "stopped"]) == 0
    assert [line["step"] for line in log_of(tmp_path / "stopped")] == [*range(1, 13)]
    assert_same_run(tmp_path / "straight", tmp_path / "stopped")


@pytest.mark.usefixtures("no_pictures")
@pytest.mark.parametrize("signum", STOPPING, ids=lambda signum: signum.name)
def test_in_python_a_signal_is_an_exception_after_the_step(signum, tmp_path, monkeypatch):
    monkeypatch.setattr(signal, "SIG_IGN", object())  # this test itself may run below nohup
    before = signal.getsignal(signum)
    with pytest.raises(Stopped, match="state is saved") as stopped:
        train(tiny_run("gan"), out=tmp_path / "run", callbacks=after(2, lambda: os.kill(os.getpid(), signum)))
    assert stopped.value.signum == signum
    assert stopped.value.step == 2
    assert saved(tmp_path / "run")["step"] == 2
    assert signal.getsignal(signum) == before


@pytest.mark.usefixtures("no_pictures")
def test_below_nohup_a_closed_terminal_stops_nothing(tmp_path):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        closed = after(2, lambda: os.kill(os.getpid(), signal.SIGHUP))
        folder = train(tiny_run("gan"), out=tmp_path / "run", callbacks=closed)
    finally:
        signal.signal(signal.SIGHUP, before)
    assert saved(folder)["step"] == 6


@pytest.mark.usefixtures("no_pictures")
def test_a_signal_in_the_last_step_comes_too_late(tmp_path):
    last = after(6, lambda: os.kill(os.getpid(), signal.SIGTERM))
    folder = train(tiny_run("gan"), out=tmp_path / "run", callbacks=last)
    assert saved(folder)["step"] == 6


@pytest.fixture
def interruptible():
    """Python's own answer to SIGINT, which a job in the background does not inherit."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_a_second_signal_acts_at_once():
    with stop_requests() as request:
        os.kill(os.getpid(), signal.SIGINT)
        assert request.signum == signal.SIGINT
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_other_threads_leave_signals_alone():
    before, seen = signal.getsignal(signal.SIGINT), []

    def elsewhere() -> None:
        with stop_requests() as request:
            seen.extend([request.signum, signal.getsignal(signal.SIGINT)])

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert seen == [None, before]

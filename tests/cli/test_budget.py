"""`train --budget`, its plan, and what is said before PyTorch is there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from chimerae.recipes import outlook
from chimerae.recipes.timing import Timing

TINY = ("--method.z-dim", "3", "--training.batch-size", "8", "--training.device", "cpu")


@pytest.fixture
def timed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which a step of any network takes half a second, and evaluating a minute."""
    monkeypatch.setattr(outlook, "time_steps", lambda *a, **k: Timing((0.5,) * 4, {"encoder": 7}, 1))
    monkeypatch.setattr(outlook, "evaluation_seconds", lambda *a: 60.0)


def dry(call, *args: object) -> tuple[dict, str]:
    code, out, err = call("train", "vae", "--data", "digits", *TINY, *args, "--dry-run")
    assert code == 0, err
    return json.loads(out), err


def test_the_plan_of_a_budget_and_the_settings_it_leads_to(call, timed, workplace: Path):
    run, err = dry(call, "--budget", "3h")
    assert run["steps"] == pytest.approx((10_800 * 0.99 - 60) / 0.5, rel=0.03)
    assert run["arch"]["width"] == 64, "width is free on this machine"
    assert "plan: vae on digits" in err
    assert "chosen for 3h00m" in err
    assert "step 1/" not in err
    assert list(workplace.iterdir()) == []


def test_what_is_given_is_kept(call, timed):
    run, err = dry(call, "--budget", "1h", "--arch.width=8")
    assert run["arch"]["width"] == 8
    assert run["steps"] > 5000
    run, err = dry(call, "--budget", "1h", "--steps", "70")
    assert run["steps"] == 70
    assert "chosen for" not in err
    assert "70 steps of 8" in err
    assert "35s" in err, "the plan estimates all the same"


def test_without_a_budget_the_default_fits_a_cpu(call, timed):
    run, err = dry(call)
    assert run["steps"] == pytest.approx((900 * 0.99 - 60) / 0.5, rel=0.1)
    assert "chosen for 15m00s" in err
    run, err = dry(call, "--preset", "paper")
    assert run["steps"] == 10_000
    assert "chosen for" not in err


@pytest.mark.parametrize("budget", ["soon", "-3m", "0"])
def test_a_budget_that_is_none_is_one_line(call, budget, workplace: Path):
    code, _, err = call("train", "vae", "--data", "digits", f"--budget={budget}")
    assert code == 2
    assert err.startswith("chimerae: ")
    assert err.count("\n") == 1
    assert f"'{budget}' is no duration" in err
    assert list(workplace.iterdir()) == []


def test_the_first_words_come_before_pytorch():
    """In a process that cannot import it, so that nothing said afterwards can pass for the first words."""
    code = "import sys; sys.modules['numpy'] = None; from chimerae.cli import main; main(sys.argv[1:])"
    done = subprocess.run(
        [sys.executable, "-c", code, "train", "vae", "--data", "digits"],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.stderr.startswith("train: loading PyTorch")

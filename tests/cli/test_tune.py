"""`chimerae tune` on the command line."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from chimerae.cli import main
from chimerae.run_folder.search import read_search
from tests.cli.conftest import Call
from tests.helpers.rows import through

TOY = ("vae", "--data", "8gaussians", "--arch", "mlp", "--arch.width", 8, "--z-dim", 2, "--log-every", 5)


def test_a_dry_run_shows_what_would_be_searched(call: Call):
    code, out, _ = call(
        "tune", "avae", "--data", "digits", "--budget", "2h", "--beta", 2, "--set", "z-dim=16,32", "--dry-run"
    )
    assert code == 0
    lines = out.splitlines()
    assert lines[0] == "search: avae on digits"
    assert lines[1].split(maxsplit=1) == ["trials", "22, 327 seconds each"]
    assert lines[2].split(maxsplit=1) == ["objective", "fd_efficientnet@generator, fvu@generator"]
    searched = {line.split()[0]: line.split()[1] for line in lines[3:]}
    assert searched["method.z_dim"] == "16,32"
    assert "method.beta" not in searched, "a setting that is given is not searched"
    assert searched.keys() >= {"training.optimizer.lr", "training.batch_size", "arch.width", "method.r1"}


def test_from_a_search_to_its_page_and_the_next_command(call: Call):
    asked = ("tune", *TOY, "--steps", 10, "--trials", 2, "--set", "lr=1e-4:1e-2:log", "--only-set")
    code, out, err = call(*asked)
    assert code == 0, err
    assert "looking at the data" in err
    assert "trial 1 of 2  starting" in err
    best, settings, page, following = out.splitlines()
    assert best.startswith("best: jsd_nats@decoder 0.")
    assert settings.startswith("with: training.optimizer.lr ")
    assert Path(page.removeprefix("page: ")) == Path("runs/tune-vae-8gaussians/index.html")
    assert Path("runs/tune-vae-8gaussians/index.html").is_file()
    record = read_search(Path("runs/tune-vae-8gaussians"))
    assert [*record.space] == ["training.optimizer.lr"]
    assert record.command.startswith("chimerae tune vae --data 8gaussians")
    words = following.removeprefix("next: chimerae ").split()
    code, out, err = call(*words, "--dry-run")
    assert code == 0, err
    assert '"validation": null' in out
    code, out, err = call(*asked)
    assert code == 0
    assert out.splitlines()[0] == best
    assert "starting" not in err


@through(
    "args, told",
    [
        (("vae", "--data", "digits"), "--budget 2h"),
        (("vae", "--data", "digits", "--budget", "1h", "--set", "beta"), "--set beta: write NAME=LOW:HIGH"),
        (
            ("vae", "--data", "digits", "--budget", "1h", "--set", "betta=1:2"),
            "--set betta: unknown setting betta; did you mean --method.beta?",
        ),
        (("vae", "--data", "digits", "--budget", "1h", "--set", "beta=2:1"), "lower end first"),
        (("vae", "--data", "digits", "--budget", "1h", "--objective", "fvuu"), "unknown metric 'fvuu'"),
        (("vae", "--data", "digits", "--budget", "1h", "--only-set"), "nothing to search"),
        (("vae", "--budget", "1h"), "needs data"),
        (("vaee", "--data", "digits", "--budget", "1h"), "vae"),
    ],
)
def test_bad_input_is_one_line(call: Call, args: tuple[str, ...], told: str):
    code, _, err = call("tune", *args)
    assert code == 2
    (line,) = [line for line in err.splitlines() if line.startswith("chimerae: ")]
    assert told in line
    assert not Path("runs").exists()


def test_without_optuna_the_extra_is_named(call: Call, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    code, _, err = call("tune", "vae", "--data", "digits", "--budget", "1h")
    assert code == 2
    assert "install chimerae[tune]" in err


def test_help(call: Call):
    code, out, _ = call("tune", "--help")
    assert code == 0
    assert "--set NAME=LOW:HIGH[:log]" in out
    code, out, _ = call("tune", "vae", "--help")
    assert code == 0
    lines = out.splitlines()
    shown = [line.split()[0] for line in lines if line.startswith("  --")]
    assert len(shown) == 10
    assert {"--budget", "--trials", "--set", "--objective"} <= set(shown)
    assert max(map(len, lines)) <= 80
    assert "--help-all" in out


def test_all_settings_are_in_the_long_help(capfd):
    with pytest.raises(SystemExit) as end:
        main(["tune", "vae", "--help-all"])
    assert not end.value.code
    said = capfd.readouterr().out
    assert all(flag in said for flag in ("--method.beta", "--only-set", "--training.batch-size"))

"""What `chimerae bench` says about a step is what the step does."""

from __future__ import annotations

import json
import math
import sys

import pytest
import torch

from chimerae.bench import Bench, measure
from chimerae.bench.kinds import OTHER, PYTHON, kind_of, seconds_by_kind
from chimerae.bench.measure import matrix_rate
from chimerae.bench.result import NetworkCost
from chimerae.cli import main
from chimerae.config import override
from chimerae.recipes.build import build
from chimerae.recipes.work import count
from chimerae.runs.run import Run
from chimerae.training.state import build_state

CPU = torch.device("cpu")
SHAPE = (1, 8, 8)
TINY = ("--arch.width", "2", "--batch-size", "4", "--timed", "3")


def tiny(method: str) -> Run:
    run = build(method, data="digits", preset="short")
    return override(run, {"arch.width": 2, "training.batch_size": 4, "training.precision": "float32"})


def made(**changes: object) -> Bench:
    """A measurement whose derived numbers are known."""
    facts: dict[str, object] = {
        "method": "gan",
        "arch": "mlp",
        "shape": (2,),
        "batch_size": 10,
        "device": "a processor",
        "precision": "float32",
        "threads": 1,
        "seconds": (0.1, 0.2, 0.2, 0.3, 0.7),
        "operations": 6e8,
        "rate": 8e9,
        "networks": {"critic": NetworkCost(1500, 2.0, 1.0, 0.25)},
        "kinds": {"matrix products": 0.15, PYTHON: 0.05, "copies": 0.0001},
        "memory": 3 * 2**20,
    }
    return Bench(**{**facts, **changes})  # type: ignore[arg-type]


def test_numbers_that_follow_from_the_measured_ones():
    bench = made()
    assert bench.step == 0.2
    assert bench.spread == pytest.approx((0.15, 0.5), rel=1e-12)
    assert made(seconds=(0.4,)).spread == (0.4, 0.4)
    assert bench.share == pytest.approx(6e8 / 0.3 / 8e9, rel=1e-12)  # the mean step, not the median
    assert bench.facts["images_per_second"] == pytest.approx(50, rel=1e-12)
    assert json.loads(json.dumps(bench.facts))["networks"]["critic"]["to_input"] == 0.25


def test_text_says_what_was_measured_and_leaves_out_what_is_below_half_a_percent():
    text = made().text()
    for part in (
        "bench: gan, mlp, 2-d points, batches of 10",
        "200 ms (median of 5",
        "50 points a second",
        "0.6 GFLOP a step; 25% of the 8 GFLOP/s",
        "3 MiB",
    ):
        assert part in text
    assert "1   0.25   0.0015 M parameters" in text
    assert "75%" in text
    assert "copies" not in text


def test_a_measurement_of_avae_counts_its_passes_operations_and_parameters():
    run = tiny("avae")
    state = torch.get_rng_state()
    bench = measure(run, SHAPE, steps=3)
    assert torch.equal(state, torch.get_rng_state())
    assert (bench.method, bench.arch, bench.shape, bench.batch_size) == ("avae", "dcgan of width 2", SHAPE, 4)
    assert len(bench.seconds) == 3
    assert min(bench.seconds) > 0
    assert bench.operations == count(run, SHAPE)[0]
    nets = build_state(run.method, run.arch, SHAPE, run.training, run.seed).nets
    sizes = {name: sum(p.numel() for p in net.parameters()) for name, net in nets.items()}
    assert {name: net.parameters for name, net in bench.networks.items()} == sizes
    # R1 has a turn on every fourth step, and differentiates with respect to the images
    assert bench.networks["decoder"] == NetworkCost(bench.networks["decoder"].parameters, 1, 1, 0)
    assert bench.networks["critic"].to_input == 1.25
    assert bench.kinds["convolutions"] > 0
    assert bench.memory > 2**20
    assert math.isfinite(bench.share)


def test_times_by_kind_add_up_to_the_wall_time_and_name_the_right_kind():
    a = torch.ones(256, 256)
    by_kind = seconds_by_kind(lambda: [torch.mm(a, a) for _ in range(20)], 2, CPU)
    assert max(by_kind, key=lambda kind: by_kind[kind] if kind != PYTHON else 0) == "matrix products"
    assert list(by_kind.values()) == sorted(by_kind.values(), reverse=True)
    kinds = {
        "aten::convolution_backward": "convolutions",
        "aten::mkldnn_convolution": "convolutions",
        "aten::addmm": "matrix products",
        "aten::native_batch_norm": "normalisation",
        "aten::_fused_adam_": "optimisers",
        "aten::_foreach_lerp_": "averages",
        "aten::copy_": "copies",
        "aten::normal_": "random numbers",
        "aten::mul": OTHER,
    }
    assert {name: kind_of(name) for name in kinds} == kinds


def test_the_rate_of_the_machine_is_positive_in_both_precisions(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys.modules[matrix_rate.__module__], "SIDE", 64)
    assert matrix_rate(CPU, bfloat16=False, repeats=2) > 0
    assert matrix_rate(CPU, bfloat16=True, repeats=1) > 0


@pytest.mark.parametrize(
    ("flags", "shape", "arch"),
    [
        (("--shape", "3", "16", "16", *TINY), [3, 16, 16], "dcgan of width 2"),
        (("--data", "digits", *TINY), [1, 8, 8], "dcgan of width 2"),
        (("--shape", "2", *TINY), [2], "mlp of width 2"),
    ],
    ids=["images", "data", "points"],
)
def test_the_verb_prints_json_and_writes_nothing(flags, shape, arch, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["bench", "vae", *flags, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["shape"], found["arch"]) == (shape, arch)
    assert len(found["seconds"]) == 3
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--data", "digits", "--shape", "1", "8", "8"), "--shape or --data"),
        (("--shape", "3", "12", "12"), "12"),
        (("--shape", "0", "8", "8"), "not 0 8 8"),
        (("--shape", "8", "8"), "not 8 8"),
        (("--timed", "1"), "--timed must be 2 or more"),
        (("--widht", "3"), "--widht"),
        (("--data", "no-such-folder"), "no-such-folder"),
    ],
    ids=["both", "odd-size", "zero", "two-numbers", "one-step", "typo", "no-data"],
)
def test_bad_input_gets_one_line(flags, message, capsys):
    assert main(["bench", "gan", *flags]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error


def test_help_shows_how_to_call_it(capsys):
    assert main(["bench", "--help"]) == 0
    assert "usage: chimerae bench METHOD-OR-RECIPE" in capsys.readouterr().out
    assert main(["bench"]) == 2
    assert main(["bench", "nonsense"]) == 2
    assert "nonsense" in capsys.readouterr().err

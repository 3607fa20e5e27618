from __future__ import annotations

import json
from pathlib import Path

from chimerae.report.compare import name_runs
from chimerae.report.read import read_run
from chimerae.report.scores import ScoreTable, score_table
from tests.report.report_runs import write_run


def _table(*paths: Path) -> ScoreTable:
    table = score_table(name_runs([read_run(path) for path in paths]))
    assert table is not None
    return table


def _bold(table: ScoreTable) -> list[str]:
    return [f"{row.run} {row.network}" for row in table.rows if row.cells[0].bold]


def test_metrics_in_columns_runs_and_networks_in_rows(tmp_path: Path) -> None:
    table = _table(
        write_run(tmp_path / "runs/a", method="vae"),
        write_run(tmp_path / "runs/b", method="avae", value=25.125),
    )
    assert table.columns == ("PSNR ↑", "MSE (0 to 1) ↓")
    assert [(r.run, r.network) for r in table.rows] == [
        ("vae", "decoder"),
        ("avae", "decoder"),
        ("avae", "generator"),
    ]
    assert [row.cells[0].text for row in table.rows] == ["20.00", "25.12", "25.12"]
    assert table.common == "n 360; range [0,1]; split test"
    assert "deviation over samples 0.50" in table.rows[0].cells[0].hover


def test_values_of_different_protocols_are_marked(tmp_path: Path) -> None:
    table = _table(
        write_run(tmp_path / "runs/a", method="vae"),
        write_run(tmp_path / "runs/b", protocol={"split": "train"}),
    )
    assert [row.cells[0].mark for row in table.rows] == ["a", "b", "b"]
    assert [row.cells[1].mark for row in table.rows] == ["", "", ""]
    assert table.marks == (("a", "split test"), ("b", "split train"))


def test_data_cut_differently_are_another_protocol(tmp_path: Path) -> None:
    def cut(name: str, size: int, seed: int, value: float) -> Path:
        data = {"source": name, "shape": [3, size, size], "checksum": f"{len(name) * size:08x}"}
        return write_run(
            tmp_path / f"runs/{name}{size}{seed}", method="vae", seed=seed, value=value, data=data
        )

    wide = [cut("celeba-crop70", 64, seed, 30.0 + seed) for seed in range(2)]
    for other in ("celeba-crop60", 64), ("celeba-crop70", 32):
        table = _table(*wide, *(cut(*other, seed, 10.0 + seed) for seed in range(2)))
        marked = {told for _, told in table.marks}
        assert len(marked) == 2
        assert any(told.startswith("data celeba-crop70 3x64x64 ") for told in marked)
        assert any(told.startswith("data {} 3x{s}x{s} ".format(other[0], s=other[1])) for told in marked)
        assert _bold(table) == []


def test_another_number_of_samples_is_another_protocol_but_another_seed_is_not(tmp_path: Path) -> None:
    one = write_run(tmp_path / "runs/a", method="vae")
    assert _table(one, write_run(tmp_path / "runs/b", n=10)).marks == (("a", "n 360"), ("b", "n 10"))
    assert _table(one, write_run(tmp_path / "runs/c", protocol={"seed": 5})).marks == ()


def test_single_runs_have_nothing_bold(tmp_path: Path) -> None:
    table = _table(write_run(tmp_path / "runs/a", method="vae"), write_run(tmp_path / "runs/b", value=30))
    assert _bold(table) == []
    assert "Single runs" in table.boldness


def test_best_is_bold_when_it_differs_from_the_second(tmp_path: Path) -> None:
    vae = [write_run(tmp_path / f"runs/vae{s}", method="vae", seed=s, value=30 + s) for s in range(3)]
    far = [write_run(tmp_path / f"runs/far{s}", seed=s, value=20 + s) for s in range(3)]
    near = [write_run(tmp_path / f"runs/near{s}", seed=s, value=30.5 + s) for s in range(3)]
    table = _table(*vae, *far)
    assert [row.cells[0].text + row.cells[0].spread for row in table.rows] == ["31.00± 1.00"] + 2 * [
        "21.00± 1.00"
    ]
    assert _bold(table) == ["vae decoder"]
    assert _bold(_table(*vae, *near)) == []


def test_different_protocols_have_no_best(tmp_path: Path) -> None:
    vae = [write_run(tmp_path / f"runs/vae{s}", method="vae", seed=s, value=30 + s) for s in range(2)]
    other = [write_run(tmp_path / f"runs/b{s}", seed=s, protocol={"split": "train"}) for s in range(2)]
    assert _bold(_table(*vae, *other)) == []


def test_seeds_measured_differently_say_so(tmp_path: Path) -> None:
    table = _table(
        write_run(tmp_path / "runs/a", method="vae", seed=0),
        write_run(tmp_path / "runs/b", method="vae", seed=1, n=10),
        write_run(tmp_path / "runs/c"),
    )
    assert table.marks[0] == ("a", "n 360 or n 10")


def test_runs_that_were_not_evaluated_have_no_table(tmp_path: Path) -> None:
    assert score_table(name_runs([read_run(write_run(tmp_path / "runs/a", evaluated=False))])) is None


def test_names_tell_runs_apart(tmp_path: Path) -> None:
    def labels(*paths: Path) -> list[str]:
        return [entry.label for entry in name_runs([read_run(path) for path in paths])]

    a, b = write_run(tmp_path / "runs/a"), write_run(tmp_path / "runs/b", seed=1)
    assert labels(a, write_run(tmp_path / "runs/c", method="vae")) == ["avae", "vae"]
    assert labels(a, b) == ["avae, seed 0", "avae, seed 1"]
    assert labels(a, write_run(tmp_path / "runs/d", beta=5.0)) == ["avae beta 1.0", "avae beta 5.0"]
    assert labels(a, write_run(tmp_path / "runs/e")) == ["avae, seed 0 (a)", "avae, seed 0 (e)"]


def test_what_the_data_score_is_a_yardstick_and_earns_no_mark(tmp_path: Path) -> None:
    paths = [write_run(tmp_path / f"runs/{seed}", seed=seed) for seed in (0, 1, 2)]
    model = {"metric": "kl", "std": None, "n": 9, "better": "lower", "protocol": {"code": "prior"}}
    for seed, path in enumerate(paths):
        scores = [
            {**model, "of": "decoder", "value": 3.0 + seed / 10},
            {**model, "of": "generator", "value": 2.0 + seed / 10},
            {**model, "of": "data", "value": 0.1, "protocol": {}},
        ]
        (path / "scores.json").write_text(json.dumps({"schema": 1, "step": 100, "scores": scores}))
    table = _table(*paths)
    assert not table.marks
    assert [row.network for row in table.rows] == ["decoder", "generator", "data"]
    assert [row.cells[0].bold for row in table.rows] == [False, True, False]

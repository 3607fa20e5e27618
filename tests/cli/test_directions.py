"""`chimerae directions`: its table, its files, and what it refuses."""

from __future__ import annotations

from pathlib import Path

from PIL import Image
from safetensors.torch import load_file

from tests.cli.conftest import Call


def test_tables_of_both_kinds_a_sheet_and_a_file(call: Call, photos: Path, trained_once: Path):
    """The run's own data are those of `photos`."""
    code, out, _ = call("directions", trained_once, "--count", 2, "--starts", 1, "--out", "ways.png")
    assert code == 0
    lines = out.splitlines()
    assert "training images vary most" in lines[0]
    assert [line.split()[0] for line in lines[1:4]] == ["direction", "1", "2"]
    tensors = load_file("ways.safetensors")
    assert lines[2].split()[1] == f"{float(tensors['deviations'][0]):.3g}"
    assert lines[2].split()[2] == f"{float(tensors['shares'][0]):.1%}"
    assert lines[5].split() == ["label", "deviation", "share", "gap"]
    assert lines[6].split()[0] == "1", "the second of two folders"
    assert lines[6].split()[3] == f"{float(tensors['label_gaps'][0]):.3g}"
    assert lines[-1] == "directions: ways.png, ways.safetensors"
    with Image.open("ways.png") as sheet:
        assert sheet.height > 6 * 48, "two directions and a label, by two networks"


def test_other_data_and_chosen_labels(call: Call, photos: Path, trained_once: Path):
    code, out, _ = call("directions", trained_once, "--data", photos, "--labels", "0", "1", "--n", 6)
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()[-3:-1]] == ["0", "1"]
    assert "6 training images" in out


def test_bad_input_is_one_line(call: Call, photos: Path, trained_once: Path):
    for args, told in (
        (("--out", "a.jpg"), "use a name that ends in .png"),
        (("--labels", "smiling"), "unknown label 'smiling'"),
        (("--steps", 4), "4 steps"),
        (("--data", "nowhere"), "nowhere"),
    ):
        code, _, err = call("directions", trained_once, *args)
        assert code == 2
        assert told in err
        assert err.count("\n") == 1
    assert call("directions", "nobody")[0] == 2

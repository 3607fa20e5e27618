"""Bad input: one line that says what is wrong, exit code 2, and nothing lost or half-written."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from chimerae.runs.lock import locked
from tests.helpers.rows import through

TRAIN = ("train", "avae", "--steps", "2", "--out", "out")


def one_line(code: int, err: str) -> str:
    assert code == 2, err
    lines = [line for line in err.splitlines() if line.startswith("chimerae:")]
    assert len(lines) == 1, err
    assert "Traceback" not in err
    assert "----" not in err
    return lines[0]


@through(
    "args, hint",
    [
        (("trian",), "did you mean 'train'"),
        (("train", "avea", "--data", "digits"), "did you mean 'avae'"),
        (("train", "--data", "digits"), "comes first"),
        (("train", "avae"), "--data"),
        (("train", "avae", "--data", "digitz"), "did you mean 'digits'"),
        (("train", "avae", "--data", "./nothing/here"), "nothing/here"),
        (("train", "avae", "--data", "digits", "--arch", "dcgam"), "did you mean 'dcgan'"),
        ((*TRAIN, "--data", "digits", "--method.betta", "5"), "--method.beta"),
        ((*TRAIN, "--data", "digits", "--method.beta", "-5"), "method.beta = -5"),
        ((*TRAIN, "--data", "digits", "--method.beta", "nan"), "method.beta"),
        ((*TRAIN, "--data", "digits", "--method.beta", "much"), "much"),
        ((*TRAIN, "--data", "digits", "--method.latent-loss", "paper_c"), "paper_b"),
        (("train", "avae", "--data", "digits", "--steps", "-3"), "steps = -3"),
        (("train", "avae", "--data", "digits", "--steps", "0"), "steps = 0"),
        ((*TRAIN, "--data", "8gaussians", "--arch", "dcgan"), "--arch mlp"),
        ((*TRAIN, "--data", "digits", "--prepare.size", "12"), "16x16"),
        ((*TRAIN, "--data", "digits", "--training.device", "cuda:9"), "cuda:9"),
        ((*TRAIN, "--data", "digits", "--training.device", "meta"), "auto, cpu"),
        ((*TRAIN, "--data", "digits", "--training.device", "mps:7"), "auto, cpu"),
        ((*TRAIN, "--data", "digits", "--steps", "1e3"), "--steps '1e3': wanted a whole number"),
        (
            (*TRAIN, "--data", "digits", "--prepare.size", "big"),
            "--prepare.size 'big': wanted none or a whole number",
        ),
        ((*TRAIN, "--data", "digits", "--prepare.size", "0"), "prepare.size = 0: input should be greater"),
        (
            (*TRAIN, "--data", "digits", "--training.grad-accumulation", "3"),
            "batch_size 32 has no 3 equal parts",
        ),
        ((*TRAIN, "--data", "digits", "--evaluation.metrics", "fidd"), "unknown metric 'fidd'"),
        ((*TRAIN, "--data", "digits", "--dryrun"), "did you mean --dry-run?"),
        ((*TRAIN, "--data", "digits", "--method.z-dim", "100000000000000"), "not enough memory"),
        ((*TRAIN, "--data", "digits", "--arch.width", "9" * 30), "not enough memory"),
        ((*TRAIN, "--data", "digits", "--arch", "mlp", "--arch.depth", "100000000"), "arch.depth"),
        (("data", "inspect", ""), "no data source"),
        (("data", "inspect", "digits", "--out", "x.jpg"), ".png"),
        (("interpolate", "nowhere", "--pairs", "-2"), "--pairs -2"),
        (("list", "methds"), "did you mean 'methods'"),
        (("list",), "methods"),
        (("evaluate", "nowhere"), "nowhere"),
        (("resume", "nowhere"), "nowhere"),
        (("resume",), "run folder"),
        (("report", "nowhere"), "nowhere"),
        (("sample", "nowhere", "-n", "3"), "nowhere"),
        (("sample", "nowhere", "-n", "0"), "1 sample"),
        (("sample", "nowhere", "--out", "x.gif"), ".png"),
        (("data", "inspect", "digitz"), "did you mean 'digits'"),
    ],
)
def test_arguments(call, workplace: Path, args: tuple[str, ...], hint: str):
    code, out, err = call(*args)
    assert hint in one_line(code, err)
    assert not out
    assert list(workplace.iterdir()) == []


def write_png(path: Path, array: np.ndarray) -> None:
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(array.astype(np.uint8)).save(path)


def empty_folder(place: Path) -> Path:
    (place / "data").mkdir()
    return place / "data"


def text_as_jpeg(place: Path) -> Path:
    folder = empty_folder(place)
    for i in range(3):
        (folder / f"{i}.jpg").write_text("this is no picture")
    return folder


def truncated(place: Path) -> Path:
    folder = empty_folder(place)
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)).save(
        folder / "a.jpg"
    )
    (folder / "a.jpg").write_bytes((folder / "a.jpg").read_bytes()[:400])
    return folder


def too_small(place: Path) -> Path:
    rng = np.random.default_rng(0)
    for i in range(4):
        write_png(place / "data" / f"{i}.png", rng.integers(0, 256, (4, 4, 3)))
    return place / "data"


def constant(place: Path) -> Path:
    for i in range(4):
        write_png(place / "data" / f"{i}.png", np.full((32, 32, 3), 7))
    return place / "data"


def single(place: Path) -> Path:
    write_png(place / "data" / "0.png", np.random.default_rng(0).integers(0, 256, (32, 32, 3)))
    return place / "data"


def not_a_number(place: Path) -> Path:
    x = np.random.default_rng(0).random((8, 16, 16), dtype=np.float32)
    x[3, 2, 1] = np.nan
    np.save(place / "data.npy", x)
    return place / "data.npy"


def words(place: Path) -> Path:
    np.save(place / "data.npy", np.array(["a", "b", "c"]))
    return place / "data.npy"


@pytest.mark.parametrize(
    ("make", "hint"),
    [
        (empty_folder, "no image"),
        (text_as_jpeg, "0.jpg"),
        (truncated, "a.jpg"),
        (too_small, "8x8"),
        (constant, "colour"),
        (single, "1 sample"),
        (not_a_number, "NaN"),
        (words, "dtype"),
    ],
)
def test_data(call, workplace: Path, make, hint: str):
    code, _, err = call(*TRAIN, "--data", make(workplace))
    assert hint.lower() in one_line(code, err).lower()
    assert not Path("out").exists()


def test_one_unreadable_file_among_many_is_named_and_the_rest_is_used(call, photos: Path):
    (photos / "broken.jpg").write_text("no picture")
    code, _, err = call(*TRAIN, "--data", photos, "--prepare.size", 16, "--arch.width", 2)
    assert code == 0, err
    assert "broken.jpg" in json.loads(Path("out/data.json").read_text())["unreadable"][0]["name"]
    assert "broken.jpg" in err


def test_a_taken_folder_is_left_alone(call, trained: Path):
    before = sorted(trained.rglob("*"))
    code, _, err = call("train", "avae", "--data", "digits", "--steps", 2, "--out", trained)
    assert "resume" in one_line(code, err)
    assert sorted(trained.rglob("*")) == before


@pytest.mark.parametrize("out", ["", ".", "photos"])
def test_a_folder_with_other_things_in_it_is_left_alone(call, photos: Path, out: str):
    before = sorted(Path().rglob("*"))
    code, _, err = call("train", "vae", "--data", "digits", "--steps", 2, "--out", out)
    assert "not empty" in one_line(code, err)
    assert sorted(Path().rglob("*")) == before


def test_unwritable_places(call, workplace: Path, trained: Path):
    Path("file").write_text("in the way")
    for args in (
        ("train", "vae", "--data", "8gaussians", "--steps", 1, "--out", "file/run"),
        ("train", "vae", "--data", "8gaussians", "--steps", 1, "--out", "file"),
        ("sample", trained, "--out", "file/x.npz"),
        ("report", trained, "--out", "file/x.html"),
    ):
        code, _, err = call(*args)
        assert "file" in one_line(code, err)
    assert Path("file").read_text() == "in the way"


def test_a_run_of_another_version(call, trained: Path):
    path = trained / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema": 99}))
    for verb in ("resume", "evaluate"):
        code, _, err = call(verb, trained)
        assert "99" in one_line(code, err)


def test_a_tampered_state(call, trained: Path):
    state = next((trained / "state").glob("*.safetensors"))
    content = bytearray(state.read_bytes())
    content[-1] ^= 1
    state.write_bytes(bytes(content))
    code, _, err = call("resume", trained, "--steps", 8)
    assert "checksum" in one_line(code, err)
    assert state.read_bytes() == bytes(content)


def test_a_damaged_model(call, trained: Path):
    (trained / "model" / "model.safetensors").write_bytes(b"nonsense")
    code, _, err = call("sample", trained)
    assert "model.safetensors" in one_line(code, err)


@pytest.mark.parametrize(
    "args",
    [("sample", "-n", 10**15), ("interpolate", "--input", "photos", "--steps", 10**17)],
)
def test_more_than_memory_holds(call, trained: Path, args: tuple[object, ...]):
    verb, *rest = args
    code, _, err = call(verb, trained, *rest)
    assert "not enough memory" in one_line(code, err)


def test_inputs_that_name_nothing(call, trained: Path):
    before = (trained / "scores.json").exists()
    for args, hint in (
        (("reconstruct", trained, "--input", ""), "no data source"),
        (("reconstruct", trained, "--network", "nobody"), "unknown decoder 'nobody'"),
        (("evaluate", trained, "--metrics"), "no metric"),
        (("interpolate", trained), "2 or more"),
    ):
        code, _, err = call(*args)
        assert hint in one_line(code, err)
    assert (trained / "scores.json").exists() == before


def test_samples_on_a_full_disk_leave_no_half_of_a_folder(call, trained: Path, monkeypatch):
    import errno
    import os

    whole, written = os.replace, []

    def full(source: object, target: object) -> None:
        written.append(target)
        if len(written) > 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target))
        whole(source, target)

    before = sorted(Path().iterdir())
    monkeypatch.setattr(os, "replace", full)
    code, _, err = call("sample", trained, "-n", 5, "--out", "samples")
    assert "No space left" in one_line(code, err)
    assert sorted(Path().iterdir()) == before


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("method", None),
        ("method", {}),
        ("shape", "abc"),
        ("shape", [3, -1, 2]),
        ("step", "x"),
        ("averaged", 1),
    ],
)
def test_a_tampered_model(call, trained: Path, name: str, value: object):
    path = trained / "model" / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {name: value}))
    code, _, err = call("sample", trained)
    assert "config.json" in one_line(code, err) or "unknown method ''" in err


def test_a_full_disk(call, workplace: Path, monkeypatch: pytest.MonkeyPatch):
    """Every write of a whole file fails as on a full disk: one line, and no file is left half-written."""
    import errno
    import os

    def full(source: object, target: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target))

    monkeypatch.setattr(os, "replace", full)
    code, _, err = call("train", "vae", "--data", "8gaussians", "--steps", 1, "--out", "out")
    assert "No space left" in one_line(code, err)
    assert [p for p in Path("out").rglob("*") if p.is_file()] == []


def test_a_run_that_is_being_trained(call, trained: Path):
    with locked(trained):
        code, _, err = call("resume", trained, "--steps", 8)
    assert "another process" in one_line(code, err)
    assert call("resume", trained, "--steps", 8)[0] == 0

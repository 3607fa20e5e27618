"""Run folders that are damaged, or made to do harm: one line, and nothing outside is touched."""

from __future__ import annotations

import importlib.util
import io
import json
import os
import re
import struct
import sys
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from PIL import Image
from PIL.PngImagePlugin import PngInfo

import chimerae
from chimerae import cli
from chimerae.data import Prepare
from chimerae.errors import InputError
from chimerae.evaluation.scores import read_scores
from chimerae.extensions import point_at
from chimerae.files import DEEPEST, parsed_json, read_bytes, read_json, regular
from chimerae.methods import BY_NAME
from chimerae.networks import MLP
from chimerae.pictures import labelled, opened, png
from chimerae.report import write
from chimerae.report.facts import duration
from chimerae.run_folder.fields import number
from chimerae.run_folder.log import Log, read_log
from chimerae.run_folder.schema import refuse_links
from chimerae.runs.folder import read_run, same_size
from chimerae.runs.run import Run
from chimerae.tables import Values
from chimerae.training.checkpoint import pack, read_state, values_in, write_state
from chimerae.training.fitting import sized_for
from chimerae.training.state import build_state
from tests.report.report_runs import write_run

ROOT = Path(__file__).parents[2]
Harm = Callable[[Path], object]


def sparse(path: Path) -> None:
    """Nine gigabytes that take no place."""
    path.unlink(missing_ok=True)
    path.touch()
    os.truncate(path, 9_000_000_000)


def pipe(path: Path) -> None:
    path.unlink(missing_ok=True)
    os.mkfifo(path)


def folder(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.mkdir()


def device(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to("/dev/zero")


def nested(path: Path) -> None:
    path.write_text('{"schema": 1, "a": ' + "[" * 5000 + "]" * 5000 + "}")


@pytest.fixture
def no_charts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chimerae.report.charts.panels", lambda *args: [])


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from chimerae.runs.train import train
    from tests.helpers.runs import tiny_run

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("chimerae.training.previews.Previews.draw", lambda self, nets, step: None)
        return train(tiny_run("vae", steps=1), out=tmp_path_factory.mktemp("faults") / "run")


def edited(model: Path, to: Path, **changes: Any) -> Path:
    """A copy of a model with other settings in its `config.json`."""
    to.mkdir()
    (to / "model.safetensors").write_bytes((model / "model/model.safetensors").read_bytes())
    config = json.loads((model / "model/config.json").read_text())
    (to / "config.json").write_text(json.dumps(config | changes))
    return to


@pytest.mark.parametrize("harm", [sparse, pipe, folder, device])
def test_only_files_of_a_bounded_size_are_opened(tmp_path: Path, harm: Harm):
    path = tmp_path / "file"
    harm(path)
    with pytest.raises(InputError, match=r"in place of a file; move it away|bytes, and at most 100 are read"):
        read_bytes(path, 100)


def test_a_name_that_no_file_can_have_is_one_line(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(InputError, match="cannot be the name of a file"):
        regular(Path("a\0b"))
    for name in ("a\0b", "x/" * 3000, "y" * 3000):
        assert cli.main(["report", name]) == 2
        assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("harm", [sparse, pipe, device, nested], ids=lambda harm: harm.__name__)
@pytest.mark.parametrize("name", ["run.json", "scores.json", "model/config.json", "log.jsonl"])
def test_a_report_refuses_what_is_no_record(tmp_path: Path, no_charts: None, harm: Harm, name: str):
    run = write_run(tmp_path / "run")
    harm(run / name)
    if (name, harm) == ("log.jsonl", nested):
        write(run)
        return
    with pytest.raises(InputError, match=re.escape(name)):
        write(run)


@pytest.mark.parametrize("harm", [sparse, pipe, folder, device], ids=lambda harm: harm.__name__)
def test_models_and_states_are_not_read_before_their_size_is_known(model: Path, tmp_path: Path, harm: Harm):
    harm(edited(model, tmp_path / "model") / "model.safetensors")
    with pytest.raises(InputError, match=r"model\.safetensors .*; if it lies in a run folder"):
        chimerae.load(tmp_path / "model")
    states = tmp_path / "state"
    for step in (1, 2):
        newest = write_state(states, {"a": torch.zeros(2)}, step, 3)
    harm(newest)
    told: list[str] = []
    assert read_state(states, told.append)[1] == 1
    assert len(told) == 1


def test_a_header_must_tell_the_size_of_its_file(tmp_path: Path):
    path = tmp_path / "a.safetensors"
    content = pack({"a": torch.zeros(3), "b": torch.zeros(2, 2)})
    path.write_bytes(content)
    assert values_in(path) == 7
    long = struct.pack("<Q", 2**63) + content[8:]
    for damaged in (b"", content[:5], content[:-1], content + b"0", long, b"\2" + b"\0" * 7 + b"[]"):
        path.write_bytes(damaged)
        with pytest.raises(InputError, match="its size is not the one that its header tells"):
            values_in(path)


@pytest.mark.parametrize(
    "changes",
    [
        {"arch": {"name": "mlp", "width": 10**9}},
        {"arch": {"name": "mlp", "width": 10**5}},
        {"arch": {"name": "dcgan", "width": 4}, "shape": [1, 100_000, 100_000]},
        {"method": {"name": "vae", "z_dim": 10**15}},
    ],
)
def test_networks_are_not_made_much_larger_than_the_weights(model: Path, tmp_path: Path, changes: Any):
    with pytest.raises(InputError, match="does not fit the settings beside it"):
        chimerae.load(edited(model, tmp_path / "model", **changes))


def test_networks_of_the_size_of_their_file_are_built(tmp_path: Path):
    with sized_for(0, tmp_path):
        torch.nn.Linear(3, 3)


def test_json_is_not_nested_without_end(tmp_path: Path):
    deep = "[" * DEEPEST + "]" * DEEPEST
    assert parsed_json(deep)
    for text in (f"[{deep}]", "[" * 100_000):
        with pytest.raises(ValueError, match="levels deep"):
            parsed_json(text)
    for text in ("NaN", "[1e999]", '{"a": -Infinity}'):
        (tmp_path / "a.json").write_text(text)
        with pytest.raises(InputError, match="is no finite number"):
            read_json(tmp_path / "a.json", "numbers")


def test_numbers_have_squares():
    assert [number(value) for value in (10**400, -1.7e308, 1e59)] == [float("inf"), float("-inf"), 1e59]
    values = Values((number(1e300), number(-1e300)))
    assert (str(values.mean), str(values.spread)) == ("nan", "nan")
    assert duration(number(10**400)) == "–"


HARMFUL = ("$x^{$", "a\0b", "\ud800", "\x1b[31m", "\u202e", "n" * 100_000)


def test_names_and_numbers_of_a_log_are_drawn_whatever_they_are(tmp_path: Path):
    run = write_run(tmp_path / "run")
    names = dict.fromkeys(HARMFUL, 1.0)
    lines = [
        {
            "step": step,
            "seconds": 1e308,
            "losses": {"vae": value, **names},
            "logged": names,
            "health": "\ud800",
        }
        for step, value in ((1, 1.7e308), (2, -1.7e308), (3, 1e-320), (4, 10**400))
    ]
    (run / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    write(run)
    write(run, tmp_path / "page.md")
    assert "\\ud800" in (run / "report.html").read_text()


def test_a_log_has_lines_of_some_length(tmp_path: Path):
    path = tmp_path / "log.jsonl"
    path.write_text('{"step": 1, "seconds": 1}\n{"step": -1}\n' + " " * 3_000_000 + '{"step": 2}\n')
    lines, torn = read_log(path)
    assert ([line.step for line in lines], torn) == ([1, 2], 1)
    sparse(path)
    assert Log(path).newest_measures() == (None, {})


@pytest.mark.parametrize("harm", [pipe, folder], ids=lambda harm: harm.__name__)
def test_no_log_is_appended_to_what_is_no_file(tmp_path: Path, harm: Harm):
    refuse_links(tmp_path)
    harm(tmp_path / "log.jsonl")
    with pytest.raises(InputError, match="in place of a file"):
        refuse_links(tmp_path)


def with_note(key: str, note: str) -> bytes:
    info, buffer = PngInfo(), io.BytesIO()
    info.add_text(key, note)
    Image.new("RGB", (20, 20)).save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()


def of_size(width: int, height: int) -> bytes:
    import zlib

    content = png(Image.new("RGB", (20, 20)))
    header = b"IHDR" + struct.pack(">II", width, height) + content[24:29]
    return content[:12] + header + struct.pack(">I", zlib.crc32(header)) + content[33:]


NOTES = (
    *("{", "[" * 100_000, "3", '{"a": [0, 0, 9]}', '{"a": [0, 0, 21, 9]}', '{"a": [9, 9, 1, 1]}'),
    json.dumps({str(i): [0, 0, 20, 20] for i in range(3)}),
)


@pytest.mark.parametrize(
    "content",
    [
        *(with_note("rows", note) for note in NOTES),
        *(of_size(*sides) for sides in ((18_000, 18_000), (2**31 - 1, 2**31 - 1), (10_000, 6_000))),
        png(Image.new("RGB", (20, 20)))[:-30],
        b"%!PS-Adobe-3.0 EPSF-3.0",
        b"",
    ],
    ids=lambda content: str(len(content)),
)
def test_pictures_that_are_none_are_one_line(tmp_path: Path, no_charts: None, content: bytes):
    run = write_run(tmp_path / "run")
    (run / "pictures/own.png").write_bytes(content)
    for page in ("page.html", "page.md"):
        with pytest.raises(InputError, match=r"own\.png is no readable picture"):
            write(run, tmp_path / page)


def test_names_in_pictures_are_short():
    drawn = labelled({name: Image.new("RGB", (20, 20)) for name in HARMFUL})
    assert drawn.width < 2_000
    assert len(opened(png(drawn)).info["rows"]) > 0


MARKDOWN = (
    *(
        "a|b",
        "x\n# head",
        "<script>alert(1)</script>",
        "n](javascript:alert(1))",
        "`code",
        "# head",
        "- item",
    ),
    *("1. one", "![x](http://a.b/c.png)", "a\\|b", "**", "~~x~~", "&lt;b&gt;", "> quote", "```", "<b", "$x$"),
)


def marked(text: str) -> str:
    """What is left of Markdown without code, escaped signs and what our own page puts there."""
    text = re.sub(r"(`{3,})sh\n.*?\n\1(?=\n)", "", text, flags=re.DOTALL)
    text = re.sub(r"\\[!-/:-@\[-`{-~]", "", text)
    return re.sub(r"`[^`\n]+`", "", text)


SIGNS = re.compile(r"(?m)^#+ |^- |^\d+\. |^> |^```|!?\]\(|<(?=[a-z/!])|\||\*\*|~~|`|\$|&(?=\w+;)")


def marks(run: Path, words: list[str]) -> Counter[str]:
    """The marks of the Markdown page about a run whose words are `words`."""
    every = "".join(words)
    record = json.loads((write_run(run) / "run.json").read_text())
    record["run"] |= {"data": every, "seed": every, **{word: word for word in words}}
    record["run"]["method"] |= {"name": every}
    (run / "run.json").write_text(json.dumps(record | {"command": every}))
    score = {"metric": "psnr", "value": 1.0, "better": "higher", "n": 2}
    scores = [score | {"of": word, "protocol": {"split": word, word: word}} for word in words]
    scores += [score | {"of": "decoder", "metric": word} for word in words]
    absent = dict(zip(words, words, strict=True))
    (run / "scores.json").write_text(json.dumps({"schema": 1, "step": 1, "scores": scores, "absent": absent}))
    lines = [{"step": i + 1, "seconds": 1, "health": word} for i, word in enumerate(words)]
    (run / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    text = marked(write(run, run / "page.md").read_text())
    return Counter(SIGNS.findall(text.replace("&lt;", "").replace("&amp;", "").replace("&#", "")))


def test_words_of_files_are_no_markdown(tmp_path: Path, no_charts: None):
    plain = marks(tmp_path / "plain", [f"word{i}" for i in range(len(MARKDOWN))])
    assert marks(tmp_path / "harmful", list(MARKDOWN)) == plain


class Elements(HTMLParser):
    """Counts elements, and attributes by name."""

    def __init__(self) -> None:
        super().__init__()
        self.found: Counter[str] = Counter()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.update([tag, *(f"{tag} {name}" for name, _ in attrs)])


def test_words_of_files_are_no_html(tmp_path: Path):
    found = []
    for i, word in enumerate(("word", "\"><script>alert(1)</script><b onclick='x'>")):
        run = write_run(tmp_path / str(i))
        for name in ("run.json", "env.json", "scores.json", "log.jsonl"):
            text = (run / name).read_text()
            for old in ("avae", "c_real", "digits", "decoder", "psnr", "python", "code unused", "split"):
                text = text.replace(f'"{old}"', json.dumps(word + old))
            (run / name).write_text(text)
        elements = Elements()
        elements.feed(write(run).read_text())
        found.append(elements.found)
    assert found[0] == found[1]


def test_scores_of_other_types_are_damaged(tmp_path: Path):
    path = write_run(tmp_path / "run") / "scores.json"
    whole = json.loads(path.read_text()) | {"absent": {"fid": "no weights"}}
    path.write_text(json.dumps(whole))
    assert len(read_scores(path)[0].scores) == 4
    harms: list[dict[str, Any]] = [{"step": "x"}, {"step": 1.5}, {"absent": "x"}, {"absent": {"a": 3}}]
    harms += [
        {"scores": [whole["scores"][0] | {key: value}]}
        for key in ("metric", "of", "value", "better", "n")
        for value in ([], 10**400, {"a": 1})
        if (key, value) != ("n", None)
    ]
    for harm in harms:
        path.write_text(json.dumps(whole | harm))
        with pytest.raises(InputError, match="is damaged"):
            read_scores(path)


@pytest.mark.parametrize(
    "entry", [{"file": "notes.txt"}, {"file": "a\0b"}, {"file": ""}, {"step": 7}, {"schema": [2]}]
)
def test_an_index_names_states_only(tmp_path: Path, entry: dict[str, Any]):
    """Whatever it names would be deleted when it is old enough."""
    write_state(tmp_path, {"a": torch.zeros(2)}, 1, 1)
    (tmp_path / "notes.txt").write_text("mine")
    index = json.loads((tmp_path / "index.json").read_text())
    index["states"] = [index["states"][0] | {"step": 1} | entry]
    (tmp_path / "index.json").write_text(json.dumps(index))
    assert read_state(tmp_path, lambda told: None)[1] == 1
    write_state(tmp_path, {"a": torch.zeros(2)}, 9, 1)
    assert (tmp_path / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize(
    "change", [{"optimizer/vae/0/exp_avg": None}, {"optimizer/vae/x/step": 1}, {"loss/vae": 2}]
)
def test_a_state_has_all_that_its_optimisers_keep(model: Path, change: dict[str, int | None]):
    run = read_run(model)
    state = build_state(run.method, run.arch, (2,), run.training, run.seed)
    tensors, step = read_state(model / "state")
    state.load(tensors, step)
    for name, values in change.items():
        tensors |= {name: torch.zeros(values or 0)}
        if values is None:
            del tensors[name]
    with pytest.raises(InputError, match="the saved state does not fit"):
        state.load(tensors, step)


def test_the_disk_is_not_filled_with_images_of_another_size(tmp_path: Path):
    run = Run(method=BY_NAME["vae"](), arch=MLP(), data="digits", prepare=Prepare(size=16_000))
    (tmp_path / "data.json").write_text('{"shape": [1, 8, 8]}')
    with pytest.raises(InputError, match="asks for images of 16000x16000 pixels"):
        same_size(tmp_path, run)
    same_size(tmp_path, Run(method=BY_NAME["vae"](), arch=MLP(), data="digits", prepare=Prepare(size=8)))


@pytest.mark.parametrize("name", [":x", "..:x", "a b:x", "a\0:x"])
def test_a_reference_names_a_module(name: str):
    with pytest.raises(InputError, match="no module is called"):
        point_at("method", name)


def test_a_terminal_without_the_signs_gets_other_ones(monkeypatch: pytest.MonkeyPatch):
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(cli, "run", lambda args: print("1 ± 2 \ud800"))
    cli.main([])
    out.flush()
    assert out.buffer.getvalue() == b"1 \\xb1 2 \\ud800\n"  # type: ignore[attr-defined]


def test_a_complaint_is_one_short_line_that_no_terminal_obeys(capsys: pytest.CaptureFixture[str]):
    assert cli.main(["\x1b[31mverb\n" * 1000]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert len(said) < 2_100
    assert "\x1b" not in said


def fuzz_runs() -> ModuleType:
    spec = importlib.util.spec_from_file_location("fuzz_runs", ROOT / "benchmarks/faults/fuzz_runs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["fuzz_runs"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")
def test_runs_that_are_damaged_at_random(tmp_path: Path):
    """A short form of `benchmarks/faults/fuzz_runs.py`."""
    module = fuzz_runs()
    found = list(module.fuzz(tmp_path, 30, seed=1))
    assert not [(o.verb, o.word, o.what, o.told) for o in found if o.word in module.BAD]

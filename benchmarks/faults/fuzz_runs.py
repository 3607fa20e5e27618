"""Damage the files of run folders at random, and count what every verb makes of it.

    python benchmarks/faults/fuzz_runs.py [--count 300] [--seed 0] [--verbs report sample] [--show 3]

Two tiny runs are trained, one on points and one on digits. Each input is a copy of one of them in which one
file is changed; a verb is called on it in a forked process that has 10 seconds of computing, 5 of waiting for
nothing (a busy machine costs neither), and a bounded address space.
Beside the copy lies a folder of somebody else's, of which nothing may change. Linux only.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import resource
import shutil
import signal
import struct
import sys
import tempfile
import time
import traceback
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from typing import Any, Final

SECONDS: Final = 10
ASLEEP: Final = 5
MEMORY: Final = 1_500_000_000
"""Bytes of address space that a verb may take beyond those of the loaded library."""
LARGE: Final = 100_000_000
OUTCOMES: Final = ("went on", "one line", "traceback", "crash", "hang", "outside", "lost")
BAD: Final = OUTCOMES[2:]

VERBS: Final = {
    "sample": ["sample", "run", "-n", "2", "--out", "out.png"],
    "report": ["report", "run"],
    "markdown": ["report", "run", "--out", "out/page.md"],
    "compare": ["report", "run", "other", "--out", "out.html"],
    "evaluate": ["evaluate", "run", "--metrics", "mse_points", "mse_unit", "--n", "16"],
    "resume": ["resume", "run", "--steps", "3"],
}
READ: Final = {
    "run.json": ("resume", "evaluate", "report", "markdown", "compare"),
    "data.json": ("resume", "evaluate", "report", "markdown", "compare"),
    "env.json": ("report", "markdown", "compare"),
    "scores.json": ("evaluate", "report", "markdown", "compare"),
    "log.jsonl": ("resume", "report", "markdown", "compare"),
    "model/config.json": ("sample", "evaluate", "report"),
    "model/model.safetensors": ("sample", "evaluate"),
    "state/index.json": ("resume",),
    "state/*.safetensors": ("resume",),
    "pictures/*.png": ("report", "markdown", "compare"),
    "samples/*.png": ("report", "markdown"),
}
"""Files of a run folder, and the verbs that read them."""
TEXTS: Final = (
    *("", "$x^{$", "a\0b", "\ud800", "a|b\n# c", "<script>alert(1)</script>", "](javascript:alert(1))"),
    *("`", "../../outside/theirs", "/", "\u202e", "x" * 300, "\x1b[31m", "nan"),
)
NUMBERS: Final = (-1, 0, 1e-320, 1.7e308, -1.7e308, 10**9, 10**20, 10**400, float("inf"), float("nan"), 0.5)
VALUES: Final = (None, True, [], {}, [1], {"a": 1}, [[]], [None, "x"], {"": {"": []}}, "x", 3)
NESTED: Final = (30, 300, 5_000, 200_000)


@dataclass(frozen=True)
class Outcome:
    """What came of one input."""

    word: str
    verb: str
    what: str
    told: str
    peak: int


def main(args: Sequence[str] | None = None) -> list[Outcome]:
    """Read the options, do all inputs, print the first bad ones of each verb, and the table."""
    from argparse import ArgumentParser

    parser = ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--verbs", nargs="*", default=list(VERBS), choices=list(VERBS))
    parser.add_argument("--show", type=int, default=3, help="bad inputs of each verb that are shown")
    asked = parser.parse_args(args)
    found: list[Outcome] = []
    with tempfile.TemporaryDirectory(prefix="fuzz-runs-") as folder:
        for outcome in fuzz(Path(folder), asked.count, asked.seed, asked.verbs):
            found.append(outcome)
            shown = sum(o.word in BAD and o.verb == outcome.verb for o in found)
            if outcome.word in BAD and shown <= asked.show:
                told = outcome.told.strip()[-1500:]
                print(f"\n{outcome.verb}: {outcome.word}: {outcome.what}\n{told}", flush=True)
    print(f"\n{table(found)}")
    return found


def fuzz(folder: Path, count: int, seed: int, verbs: Sequence[str] = tuple(VERBS)) -> Iterator[Outcome]:
    """The outcomes of `count` inputs; `folder` is worked in.

    All of it on one thread: a fork has none of the parent's threads, so a child that waited for those of an
    OpenMP pool would hang, or crash in a convolution.
    """
    from chimerae.recipes.threads import threads

    with threads(1):
        originals = learn(folder)
        for i in range(count):
            chance = random.Random(f"{seed} {i}")
            pattern = chance.choice([p for p, readers in READ.items() if set(readers) & set(verbs)])
            verb = chance.choice([v for v in READ[pattern] if v in verbs])
            yield _one(folder, originals, chance, pattern, verb)


def learn(folder: Path) -> list[Path]:
    """Train and evaluate the two runs that are copied."""
    import matplotlib.figure  # noqa: F401  # loaded once, before forks

    from chimerae.cli import main as chimerae

    runs = []
    every = ["--steps", "2", "--training.save-every", "1", "--training.log-every", "1"]
    for data, arch in (("8gaussians", "mlp"), ("digits", "dcgan")):
        out = folder / f"run-{data}"
        small = ["--arch", arch, "--arch.width", "4", "--method.z-dim", "2", "--training.batch-size", "8"]
        _quietly(chimerae, ["train", "vae", "--data", data, *every, *small, "--out", str(out)])
        _quietly(chimerae, ["evaluate", str(out), *VERBS["evaluate"][2:]])
        runs.append(out)
    return runs


def table(found: Sequence[Outcome]) -> str:
    """Outcomes by verb, as a Markdown table."""
    lines = [
        "| verb | inputs | " + " | ".join(OUTCOMES) + " | peak, MB |",
        "|---" * (len(OUTCOMES) + 3) + "|",
    ]
    for verb in [*dict.fromkeys(outcome.verb for outcome in found), "all"]:
        own = [outcome for outcome in found if verb in (outcome.verb, "all")]
        counts = Counter(outcome.word for outcome in own)
        cells = [verb, len(own), *(counts[word] for word in OUTCOMES)]
        cells.append(max((outcome.peak for outcome in own), default=0) // 1000)
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


def _one(folder: Path, originals: Sequence[Path], chance: random.Random, pattern: str, verb: str) -> Outcome:
    place = folder / "place"
    shutil.rmtree(place, ignore_errors=True)
    (place / "outside").mkdir(parents=True)
    original = chance.choice(originals)
    shutil.copytree(original, place / "run")
    shutil.copytree(original, place / "other")
    path = chance.choice(sorted((place / "run").glob(pattern)))
    (place / "outside" / "theirs").write_bytes(path.read_bytes())
    what = f"{original.name}/{path.relative_to(place / 'run')}: {mutate(path, chance)}"
    before = {name: _content(place / name) for name in ("outside", "other", "run")}
    code, told, peak = called(VERBS[verb], place)
    after = {name: _content(place / name) for name in before}
    word = _word(code, told)
    if any(before[name] != after[name] for name in ("outside", "other")):
        word = "outside"
    elif word == "one line" and not before["run"].items() <= after["run"].items():
        word, told = (
            "lost",
            f"{told}\nchanged: {sorted(set(before['run'].items()) - set(after['run'].items()))}",
        )
    return Outcome(word, verb, what, told, peak)


def _content(folder: Path) -> dict[str, str]:
    """Every file below `folder` with its checksum; what is large or no file is only named."""
    files = {str(path.relative_to(folder)): path for path in sorted(folder.rglob("*"))}
    return {
        name: hashlib.sha256(path.read_bytes()).hexdigest()
        if path.is_file() and path.stat().st_size < LARGE
        else "-"
        for name, path in files.items()
    }


def _word(code: int, told: str) -> str:
    if os.WIFSIGNALED(code):
        return "hang" if os.WTERMSIG(code) in (signal.SIGALRM, signal.SIGPROF) else "crash"
    status = os.WEXITSTATUS(code)
    lines = [line for line in told.splitlines() if line.startswith("chimerae: ")]
    if status == 2 and len(lines) == 1 and told.rstrip().endswith(lines[0].rstrip()):
        return "one line"
    return "went on" if status == 0 else "traceback"


def called(args: Sequence[str], place: Path) -> tuple[int, str, int]:
    """Status, standard error and peak memory in kB of `chimerae ARGS` in `place`, in a process of its own."""
    errors = place / "stderr"
    sys.stdout.flush()
    sys.stderr.flush()
    if not (child := os.fork()):
        code = 99
        try:
            code = _in_child(args, place, errors)
        finally:
            os._exit(code)
    code, used = _waited(child)
    return code, errors.read_text(encoding="utf-8", errors="replace"), used.ru_maxrss


def _waited(child: int) -> tuple[int, resource.struct_rusage]:
    """Status and use of a process, which is ended when it waits for something that does not come."""
    awake = time.monotonic()
    while True:
        ended, code, used = os.wait4(child, os.WNOHANG)
        if ended:
            return code, used
        if Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[0] in "RD":
            awake = time.monotonic()
        elif time.monotonic() - awake > ASLEEP:
            os.kill(child, signal.SIGALRM)
        time.sleep(0.01)


def _in_child(args: Sequence[str], place: Path, errors: Path) -> int:
    from chimerae.cli import main as chimerae

    os.chdir(place)
    sys.stderr = errors.open("w", encoding="utf-8", errors="backslashreplace")
    sys.stdout = TextIOWrapper(BytesIO(), encoding="ascii")
    os.environ["CHIMERAE_CACHE"] = str(place.parent / "cache")
    now = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    resource.setrlimit(resource.RLIMIT_AS, (now + MEMORY, now + MEMORY))
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        return chimerae(args)
    except BaseException:
        traceback.print_exc()
        return 99
    finally:
        sys.stderr.flush()


def _quietly(chimerae: Callable[[Sequence[str]], int], args: Sequence[str]) -> None:
    nowhere = StringIO()
    with redirect_stdout(nowhere), redirect_stderr(nowhere):
        code = chimerae(args)
    assert code == 0, args


def mutate(path: Path, chance: random.Random) -> str:
    """Damage the file at `path`, and say how."""
    kinds: list[Callable[[Path, random.Random], str]] = [_flip, _cut, _replaced]
    if path.suffix == ".json":
        kinds += [_json] * 5
    elif path.suffix == ".jsonl":
        kinds += [_line] * 5
    elif path.suffix == ".safetensors":
        kinds += [_tensors] * 3
    elif path.suffix == ".png":
        kinds += [_notes, _size, _notes]
    return chance.choice(kinds)(path, chance)


def _flip(path: Path, chance: random.Random) -> str:
    content = bytearray(path.read_bytes())
    places = [chance.randrange(len(content)) for _ in range(chance.choice((1, 1, 8, 200)))]
    for place in places:
        content[place] ^= 1 << chance.randrange(8)
    path.write_bytes(content)
    return f"{len(places)} bits flipped"


def _cut(path: Path, chance: random.Random) -> str:
    content = path.read_bytes()
    length = chance.choice((0, 1, chance.randrange(len(content)), len(content) - 1))
    path.write_bytes(content[:length])
    return f"cut to {length} bytes of {len(content)}"


def _replaced(path: Path, chance: random.Random) -> str:
    """Something else in place of the file."""
    what = chance.choice(("fifo", "folder", "link", "link", "device", "loop", "nothing", "sparse"))
    path.unlink()
    if what == "fifo":
        os.mkfifo(path)
    elif what == "folder":
        path.mkdir()
    elif what == "link":
        path.symlink_to(path.parents[path.parts[::-1].index("run")].parent / "outside" / "theirs")
    elif what == "device":
        path.symlink_to("/dev/zero")
    elif what == "loop":
        path.symlink_to(path)
    elif what == "sparse":
        path.touch()
        os.truncate(path, 9_000_000_000)
    return f"{what} in its place"


def _json(path: Path, chance: random.Random) -> str:
    """One value of a JSON file replaced; the checksum of a model's weights stays."""
    tree = json.loads(path.read_text(encoding="utf-8"))
    told = _edit(tree, chance)
    path.write_text(told[1] if told[1] else json.dumps(tree), encoding="utf-8")
    return told[0]


def _line(path: Path, chance: random.Random) -> str:
    lines = path.read_text(encoding="utf-8").splitlines()
    i = chance.randrange(len(lines))
    tree = json.loads(lines[i])
    told, text = _edit(tree, chance)
    lines[i] = text or json.dumps(tree)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return f"line {i + 1}: {told}"


def _edit(tree: Any, chance: random.Random) -> tuple[str, str]:
    """Change `tree`; the second value is a text in its place, where that has no value of its own."""
    kind = chance.choice(("value", "number", "number", "text", "nest", "rename", "rename", "drop"))
    spots = list(_spots(tree))
    if kind == "number":
        spots = [s for s in spots if type(s[0][s[1]]) in (int, float)] or spots
    node, key = chance.choice(spots)
    before = node[key]
    if kind == "drop":
        del node[key]
        return f"{key!r} dropped", ""
    if kind == "rename" and isinstance(node, dict):
        items, name = list(node.items()), chance.choice(TEXTS)
        node.clear()
        node.update({name if k == key else k: v for k, v in items})
        return f"{key!r} renamed {name!r}", ""
    if kind == "nest":
        depth, (left, right) = chance.choice(NESTED), chance.choice((("[", "]"), ('{"a":', "}")))
        node[key] = "HERE"
        return f"{key!r} nested {depth} deep", json.dumps(tree).replace(
            '"HERE"', left * depth + "1" + right * depth
        )
    node[key] = chance.choice({"value": VALUES, "number": NUMBERS}.get(kind, TEXTS))
    return f"{key!r}: {str(before)[:40]} -> {str(node[key])[:40]!r}", ""


def _spots(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in `tree` that has a value: its container and its key or index."""
    for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
        yield tree, key
        if isinstance(value, dict | list):
            yield from _spots(value)


def _tensors(path: Path, chance: random.Random) -> str:
    """A header that is wrong, under a checksum that is right."""
    content = path.read_bytes()
    length = struct.unpack("<Q", content[:8])[0]
    header, data = content[8 : 8 + length], content[8 + length :]
    if chance.random() < 0.3:
        length = chance.choice((0, 1, 2**31, 2**63, 2**64 - 1, len(content)))
        told, content = f"header of {length} bytes", struct.pack("<Q", length) + content[8:]
    else:
        tree = json.loads(header)
        told, text = _edit(tree, chance)
        edited = (text or json.dumps(tree)).encode(errors="replace")
        content = struct.pack("<Q", len(edited)) + edited + data
    path.write_bytes(content)
    _sign(path, hashlib.sha256(content).hexdigest())
    return f"header, {told}, signed anew"


def _sign(path: Path, digest: str) -> None:
    """Put the checksum of a changed file where it is kept."""
    if path.parent.name == "model":
        record = path.with_name("config.json")
        record.write_text(json.dumps(json.loads(record.read_text()) | {"sha256": digest}))
        return
    record, new = path.with_name("index.json"), f"{path.name[:13]}-{digest[:16]}.safetensors"
    text = json.loads(record.read_text())
    for entry in text["states"]:
        if entry["file"] == path.name:
            entry |= {"file": new, "sha256": digest}
    record.write_text(json.dumps(text))
    path.rename(path.with_name(new))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _notes(path: Path, chance: random.Random) -> str:
    """Notes about the rows of a picture that are none."""
    key = chance.choice(("rows", "rows", "panels", "top"))
    boxes: list[Any] = [{"a": [0, 0, 10**9, 10**9]}, {"a": [0, 0, 20_000, 20_000]}, {"a": "x"}, {"a": [0, 0]}]
    boxes += [
        {"a": [5, 5, 1, 1], "b": [0, 0, 0, 0]},
        [],
        3,
        None,
        {"$x^{$": [0, 0, 9, 9], "\ud800": [0, 0, 9, 9]},
    ]
    depth = chance.choice(NESTED)
    text = chance.choice([*map(json.dumps, boxes), "{", "[" * depth + "]" * depth])
    content = path.read_bytes()
    path.write_bytes(content[:33] + _chunk(b"tEXt", key.encode() + b"\0" + text.encode()) + content[33:])
    return f"note {key}: {text[:60]}"


def _size(path: Path, chance: random.Random) -> str:
    """Another size in the header of a picture."""
    sides = chance.choice(((0, 0), (1, 1), (18_000, 18_000), (10**5, 10**5), (2**31 - 1, 1), (30_000, 100)))
    content = path.read_bytes()
    header = struct.pack(">II", *sides) + content[24:29]
    path.write_bytes(content[:8] + _chunk(b"IHDR", header) + content[33:])
    return f"size {sides}"


if __name__ == "__main__":
    main()

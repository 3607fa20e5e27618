"""Damaged data files through `chimerae data inspect`: how many end in neither a result nor a line.

    python benchmarks/faults/fuzz_data.py [--seed 0] [--count 200] [--only npy png] [--keep FOLDER]

Small valid files of every format are mutated: bits flipped, ends cut, pieces spliced, headers edited. Every
input is opened in a process of its own, which may take 4 GiB of addresses above its start and 10 seconds of
processor time.
Linux only.
"""

from __future__ import annotations

import io
import json
import os
import random
import re
import resource
import shutil
import signal
import struct
import sys
import tempfile
import traceback
import warnings
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
import tyro
from PIL import Image

from chimerae.cli import main

SECONDS = 10
ADDRESSES = 4 * 2**30
MEMORY = 1.5 * 2**30
RAISED = 99
OUTCOMES = ("accepted", "refused", "no clear line", "traceback", "crash", "hang", "memory", "strays")
FAULTS = OUTCOMES[2:]
NUMBERS = (0, 1, 2, 127, 128, 255, 2**15 - 1, 2**16 - 1, 2**24, 2**31 - 1, 2**31, 2**32 - 1)
SHAPES = (
    *("()", "(4,)", "(4, 0)", "(0, 8, 8)", "(-4, 8, 8)", "(4, -8, -8)", "(4, 8, 8, 8)", "(4, 8, 8, 1, 1)"),
    *("(4, 8, True)", "(4, 8, 8.0)", "4", "None", "[4, 8, 8]", "((4, 8), 8)", "('4', 8, 8)", "(4, 8"),
    *("(10**9, 8, 8)", "(999999999999, 8, 8)", "(2**62, 8, 8)", "(9223372036854775807, 8, 8)", "(4j, 8, 8)"),
    *(f"({2**63}, 8, 8)", f"({2**32}, {2**32}, 8)", f"(4, {2**40}, 1)", f"({10**40}, 8, 8)", f"(4, {2**31})"),
    *("(" * 200 + ")" * 200, "(" * 90 + "1," + ")" * 90, "-" * 3000 + "1", "{}", "(4, 8, 8)}, {"),
)
TYPES = (
    *("'<f4'", "'>f8'", "'<f2'", "'|b1'", "'|O'", "'<U4'", "'|S0'", "'<c16'", "'<M8[s]'", "'|V0'", "'<f16'"),
    *(
        "'garbage'",
        "''",
        "None",
        "[('a', '<f4')]",
        "[]",
        "('<f4', (2, 2))",
        "'<i8'",
        "'<u8'",
        "3",
        "'|u1,|u1'",
    ),
    *("[('a', '|O')]", "'<f4' * 9", "['<f4']", "{'names': ['a']}", "'(999999,999999)u1'", "'<U999999999'"),
)


@dataclass(frozen=True)
class Options:
    """Options of this benchmark."""

    seed: int = 0
    count: int = 200
    """Mutated inputs of every format."""
    only: tuple[str, ...] = ()
    keep: Path | None = None
    """Folder for the inputs that are faults, with what was printed."""


@dataclass(frozen=True)
class Result:
    """What came of one input."""

    outcome: str
    said: str


def images(n: int = 4, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (n, 8, 8, 3), dtype=np.uint8)


def saved(kind: str, seed: int, **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(images(1, seed)[0]).save(buffer, kind, **options)
    return buffer.getvalue()


def npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def npz(members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return buffer.getvalue()


def parquet(seed: int = 0, **options: object) -> bytes:
    buffer = io.BytesIO()
    cells = [{"bytes": saved("PNG", seed + i), "path": f"{i}.png"} for i in range(4)]
    pq.write_table(pa.table({"image": cells, "label": [0, 1, 0, 1]}), buffer, **options)
    return buffer.getvalue()


def headed(rng: random.Random) -> bytes:
    """An `.npy` file whose header says what it should not."""
    shape = rng.choice(SHAPES) if rng.random() < 0.7 else "(4, 8, 8)"
    kind = rng.choice(TYPES) if rng.random() < 0.5 else "'|u1'"
    order = rng.choice(("False", "True", "False", "7", "None"))
    text = f"{{'descr': {kind}, 'fortran_order': {order}, 'shape': {shape}, }}"
    if rng.random() < 0.1:
        text = rng.choice((text.replace("'shape'", "'form'"), text[:-3], text + "\n" + text, "\x00" + text))
    header = text.encode() + b"\n"
    length = rng.choice((len(header), len(header), len(header), 65_535, 0, len(header) - 2))
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", length) + header + bytes(rng.choice((0, 7, 256, 4096)))


def as_png(rng: random.Random) -> bytes:
    """A PNG with one header or chunk edited, and its checksum right."""
    whole = saved("PNG", rng.randrange(4))
    if rng.random() < 0.6:
        header = bytearray(whole[16:29])
        at = rng.choice((0, 4))
        header[at : at + 4] = struct.pack(">I", rng.choice((*NUMBERS, 9000, 18_000, 40_000)))
        if rng.random() < 0.5:
            header[8:13] = bytes(rng.choice((0, 1, 2, 3, 4, 6, 8, 16, 255)) for _ in range(5))
        return whole[:16] + bytes(header) + struct.pack(">I", zlib.crc32(b"IHDR" + header)) + whole[33:]
    kind = rng.choice(
        (b"zTXt", b"iTXt", b"tEXt", b"eXIf", b"PLTE", b"tRNS", b"acTL", b"iCCP", b"gAMA", b"fdAT")
    )
    content = rng.choice(
        (b"", b"a\0\0" + zlib.compress(bytes(2**21)), rng.randbytes(64), b"\0" * 5, b"MM\0*" * 9)
    )
    return whole[:33] + chunk(kind, content) + whole[33:]


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def blind(whole: bytes, other: bytes, rng: random.Random) -> bytes:
    """`whole` with bits flipped, its end cut, a number put in, or a piece of `other` spliced in."""
    data, kind = bytearray(whole), rng.randrange(6)
    at = rng.choice(
        (rng.randrange(len(data)), rng.randrange(min(64, len(data))), len(data) - rng.randrange(1, 64))
    )
    at = max(0, at)
    if kind <= 1:
        for _ in range(rng.choice((1, 1, 2, 8, 64))):
            data[rng.randrange(len(data)) if kind else min(at + rng.randrange(16), len(data) - 1)] ^= (
                1 << rng.randrange(8)
            )
    elif kind == 2:
        del data[at:]
    elif kind == 3:
        size, order = rng.choice(("bB", "hH", "iI", "qQ"))[1], rng.choice("<>")
        value = rng.choice(NUMBERS) & (256 ** struct.calcsize(size) - 1)
        data[at : at + struct.calcsize(size)] = struct.pack(order + size, value)
    elif kind == 4:
        data = data[:at] + other[rng.randrange(len(other)) :]
    else:
        stop = min(len(data), at + rng.randrange(1, 32))
        data[at:at] = data[at:stop] * rng.choice((1, 2, 100))
    return bytes(data)


Seeds = tuple[bytes, ...]
Edit = Callable[[random.Random], bytes]


def formats() -> dict[str, tuple[Seeds, Edit | None]]:
    """Of every format: valid files, and a maker of files with an edited header."""
    zipped = {"x_train": npy(images()), "y_train": npy(np.arange(4)), "x_test": npy(images(2, 1))}
    found: dict[str, tuple[Seeds, Edit | None]] = {
        "npy": (
            (npy(images()), npy(images().astype(np.float32) / 255), npy(np.ones((4, 2)) * np.arange(2))),
            headed,
        ),
        "npz": (
            (npz(zipped), npz(zipped, zipfile.ZIP_STORED), npz({"x": npy(images())})),
            lambda rng: npz(zipped | {rng.choice(("x_train", "x_test", "y_train", "z")): headed(rng)}),
        ),
        "parquet": (
            (
                parquet(),
                parquet(9, compression="gzip", use_dictionary=False),
                parquet(5, data_page_version="2.0"),
            ),
            None,
        ),
        "png": ((saved("PNG", 0), saved("PNG", 1)), as_png),
        "jpg": ((saved("JPEG", 0), saved("JPEG", 1, progressive=True, exif=bytes_of_exif())), None),
        "webp": ((saved("WEBP", 0), saved("WEBP", 1, lossless=True, exif=bytes_of_exif())), None),
        "gif": ((saved("GIF", 0), saved("GIF", 1)), None),
        "tiff": (
            (
                saved("TIFF", 0),
                saved("TIFF", 1, compression="tiff_lzw"),
                saved("TIFF", 1, compression="jpeg"),
            ),
            None,
        ),
        "bmp": ((saved("BMP", 0), saved("PPM", 1)), None),
    }
    for suffix, kind in (("avif", "AVIF"), ("jp2", "JPEG2000")):
        if kind in Image.SAVE:
            found[suffix] = (saved(kind, 0), saved(kind, 1)), None
    return found


def bytes_of_exif() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "a photograph"
    return exif.tobytes()


def mutated(name: str, rng: random.Random, known: dict[str, tuple[Seeds, Edit | None]]) -> bytes:
    seeds, edit = known[name]
    if edit is not None and rng.random() < 0.5:
        return edit(rng)
    return blind(rng.choice(seeds), rng.choice(seeds), rng)


def placed(name: str, content: bytes, folder: Path) -> Path:
    """The source that holds `content`: a file, or a folder with two whole pictures beside it."""
    if name in ("npy", "npz", "parquet"):
        path = folder / f"a.{name}"
        path.write_bytes(content)
        return path
    source = folder / "a"
    source.mkdir()
    for i in range(2):
        (source / f"{i}.png").write_bytes(saved("PNG", i))
    (source / f"2.{name}").write_bytes(content)
    return source


def prepared(folder: Path) -> tuple[Path, Path]:
    """A source, and the entry of the cache that holds its arrays."""
    source = placed("png", saved("PNG", 3), folder)
    with quiet():
        main(["data", "inspect", str(source), "--out", str(folder / "a.png")])
    return source, next((folder / "cache").glob("data-*"))


def harm(entry: Path, rng: random.Random) -> None:
    """Damage one file of an entry of the cache."""
    path = entry / rng.choice(("manifest.json", "manifest.json", "train"))
    whole = path.read_bytes()
    if path.name == "train" or rng.random() < 0.4:
        path.write_bytes(blind(whole, whole, rng))
        return
    content = json.loads(whole)
    places = list(leaves(content))
    inside, key = rng.choice(places)
    inside[key] = rng.choice(
        (None, -1, 0, 2**40, "x", "../../x", [], {}, [1], 0.5, "<f8", [2, 3, 8, 8], True)
    )
    path.write_text(json.dumps(content))


def leaves(content: object) -> Iterator[tuple[object, object]]:
    """Every value in nested lists and dictionaries, as its container and its key."""
    pairs = (
        content.items()
        if isinstance(content, dict)
        else enumerate(content)
        if isinstance(content, list)
        else ()
    )
    for key, value in list(pairs):
        yield content, key
        yield from leaves(value)


class quiet:
    """A block without output."""

    def __enter__(self) -> None:
        self.kept = sys.stdout, sys.stderr
        sys.stdout = sys.stderr = io.StringIO()

    def __exit__(self, *_: object) -> None:
        sys.stdout, sys.stderr = self.kept


def tried(source: Path, folder: Path, seconds: int = SECONDS) -> Result:
    """`chimerae data inspect SOURCE` in a process of its own, in `folder`."""
    before = {*folder.iterdir()}
    with tempfile.TemporaryFile() as said:
        child = os.fork()
        if not child:
            _inspect(source, folder, said.fileno(), seconds)
        _, status, used = os.wait4(child, 0)
        said.seek(0)
        text = said.read().decode(errors="replace")
    strays = {*folder.iterdir()} - before - {folder / "inspect-a.png", folder / "cache"}
    return Result(_outcome(status, text, used.ru_maxrss * 1024, bool(strays)), text)


def _inspect(source: Path, folder: Path, said: int, seconds: int) -> None:
    code = RAISED
    try:
        os.chdir(folder)
        os.environ["CHIMERAE_CACHE"] = str(folder / "cache")
        os.dup2(said, 1)
        os.dup2(said, 2)
        sys.stdout, sys.stderr = (os.fdopen(os.dup(said), "w", errors="backslashreplace") for _ in range(2))
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + ADDRESSES,) * 2)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        signal.setitimer(signal.ITIMER_PROF, seconds)  # of this process, for machines that are busy
        signal.alarm(12 * seconds)
        warnings.simplefilter("ignore")
        code = main(["data", "inspect", str(source)])
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _outcome(status: int, text: str, memory: int, strays: bool) -> str:
    if os.WIFSIGNALED(status):
        return "hang" if os.WTERMSIG(status) in (signal.SIGALRM, signal.SIGPROF) else "crash"
    code = os.waitstatus_to_exitcode(status)
    if code not in (0, 2) or "Traceback" in text:
        return "traceback"
    if memory > MEMORY:
        return "memory"
    if strays:
        return "strays"
    lines = [line for line in text.splitlines() if line.startswith("chimerae: ")]
    return "accepted" if code == 0 else "refused" if len(lines) == 1 else "no clear line"


def warm() -> None:
    """Import here, once, what every process needs."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["CHIMERAE_CACHE"] = str(Path(folder) / "cache")
        prepared(Path(folder))


def fuzz(name: str, seed: int, count: int, keep: Path | None = None, seconds: int = SECONDS) -> list[Result]:
    """`count` mutated inputs of the format `name`, or of prepared data."""
    rng, known, results = random.Random(f"{seed} {name}"), formats(), []
    with tempfile.TemporaryDirectory() as folder:
        for i in range(count):
            place = Path(folder) / str(i)
            place.mkdir()
            if name == "prepared":
                os.environ["CHIMERAE_CACHE"] = str(place / "cache")
                source, entry = prepared(place)
                harm(entry, rng)
            else:
                source = placed(name, mutated(name, rng, known), place)
            result = tried(source, place, seconds)
            results.append(result)
            if keep is not None and result.outcome in FAULTS:
                shutil.copytree(place, keep / f"{name}-{i}", dirs_exist_ok=True)
                (keep / f"{name}-{i}" / "said.txt").write_text(f"{result.outcome}\n{result.said}")
            shutil.rmtree(place)
    return results


def reasons(results: list[Result]) -> Counter[str]:
    """Last lines of what the faults printed, without their numbers."""
    faults = [result for result in results if result.outcome in FAULTS]
    return Counter(
        f"{each.outcome}: {re.sub(r'[0-9]+', '#', (each.said.strip().splitlines() or [''])[-1][:100])}"
        for each in faults
    )


def run(options: Options) -> None:
    torch.set_num_threads(1)
    warm()
    print(f"| format | inputs | {' | '.join(OUTCOMES)} |\n|---|{'---|' * (len(OUTCOMES) + 1)}")
    told: list[str] = []
    for name in options.only or (*formats(), "prepared"):
        results = fuzz(name, options.seed, options.count, options.keep)
        counts = Counter(result.outcome for result in results)
        print(
            f"| {name} | {len(results)} | {' | '.join(str(counts[each]) for each in OUTCOMES)} |", flush=True
        )
        told += [f"{name}: {count} {why}" for why, count in reasons(results).most_common()]
    print("\n" + "\n".join(told) if told else "")


if __name__ == "__main__":
    run(tyro.cli(Options))

"""Tiny runs in forked processes that may be killed, and comparisons of what they leave. Linux only.

The library is imported once; every verb runs in a fork, and writes into a folder of its own.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import signal
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, Final

import matplotlib.figure  # noqa: F401 (loaded once, before forks)
import numpy as np
import torch
from PIL import Image

from chimerae import pictures as pictures_of_runs
from chimerae.cli import main as chimerae
from chimerae.report import charts

ASIDE: Final = "said.txt"
"""File beside a place with what the last process in it printed."""
HANG: Final = 60
"""Seconds of computing after which a process is given up; a busy machine costs none."""
RAISED: Final = 99
CLOCK: Final = ("seconds", "images_per_second", "health")
"""Parts of a log line that a clock decides; a health word may follow a pace."""
SMALL: Final = ("--training.batch-size", "8", "--method.z-dim", "2", "--training.device", "cpu")
POINTS: Final = ("--data", "8gaussians", "--arch", "mlp", "--arch.width", "4")
DIGITS: Final = ("--data", "digits", "--arch", "dcgan", "--arch.width", "2")
OFTEN: Final = ("--training.log-every", "1", "--training.save-every", "2", "--training.keep", "1")
METHODS: Final[Mapping[str, Sequence[str]]] = {
    "vae": ("vae", *POINTS, *SMALL),
    "avae": ("avae", *DIGITS, *SMALL),
    "wgan-gp": ("wgan-gp", *POINTS, *SMALL),
    "wae-gan": ("wae-gan", *POINTS, *SMALL),
    "soft-introvae": ("soft-introvae", *POINTS, *SMALL),
}
"""Methods and the arguments of `chimerae train` for a run that takes a moment."""

Contents = dict[str, str]
Act = Callable[[], object]


def verb(*args: str) -> int:
    """`chimerae ARGS` in this process; anything but success is raised."""
    code = chimerae(args)
    if code:
        raise SystemExit(code)
    return code


def forked(place: Path, act: Act, before: Act = lambda: None) -> int:
    """Exit status (as `os.waitpid` gives it) of `act` in a fork that works in the folder `place`.

    `before` runs in the fork once all is ready; the fork leads a group of processes.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if not child:
        code = RAISED
        try:
            _ready(place)
            before()
            act()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    return os.waitpid(child, 0)[1]


def _ready(place: Path) -> None:
    os.setsid()
    said = (place.parent / ASIDE).open("w", encoding="utf-8", errors="backslashreplace")
    os.dup2(said.fileno(), 1)
    os.dup2(said.fileno(), 2)
    sys.stdout = sys.stderr = said
    os.chdir(place)
    os.environ["CHIMERAE_CACHE"] = str(place / "cache")
    signal.setitimer(signal.ITIMER_PROF, HANG)
    warnings.simplefilter("ignore")


def said(place: Path) -> str:
    """The last line that the last process in `place` printed."""
    lines = (place.parent / ASIDE).read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else ""


@contextmanager
def workshop(prefix: str) -> Iterator[Path]:
    """A temporary folder, in memory where there is one: thousands of tiny files are synchronised there."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix=prefix, dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)


def fresh(place: Path, template: Path | None) -> None:
    """Make `place` a copy of `template`, or an empty folder."""
    shutil.rmtree(place, ignore_errors=True)
    if template is None:
        place.mkdir(parents=True)
    else:
        shutil.copytree(template, place)


def pictures(folder: Path, n: int = 4) -> None:
    """A folder of `n` small pictures."""
    folder.mkdir(parents=True)
    values = np.random.default_rng(0).integers(0, 256, (n, 8, 8, 3), dtype=np.uint8)
    for i, each in enumerate(values):
        buffer = io.BytesIO()
        Image.fromarray(each).save(buffer, "PNG")
        (folder / f"{i}.png").write_bytes(buffer.getvalue())


def contents(place: Path) -> Contents:
    """Every file below `place` by name, with a checksum of what does not depend on a clock."""
    return {
        str(path.relative_to(place)): _content(path) for path in sorted(place.rglob("*")) if path.is_file()
    }


def _content(path: Path) -> str:
    raw = path.read_bytes()
    if path.name == "log.jsonl":
        raw = json.dumps([_timeless(json.loads(line)) for line in raw.splitlines()]).encode()
    return hashlib.sha256(raw).hexdigest()[:16]


def _timeless(line: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in line.items() if key not in CLOCK}


def warm() -> None:
    """Import here, once, what forks need: call every verb on a run of two steps."""
    torch.set_num_threads(1)
    scored = ("--metrics", "mse_points", "kl_nats", "--n", "16")
    with workshop("warm-") as folder, redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        os.environ["CHIMERAE_CACHE"] = str(folder / "cache")
        pictures(folder / "photos")
        run = str(folder / "run")
        verb("train", *METHODS["vae"], *OFTEN, "--steps", "1", "--out", run)
        verb("resume", run, "--steps", "2")
        verb("evaluate", run, *scored)
        verb("report", run)
        verb("report", run, "--out", str(folder / "page.md"))
        verb("sample", run, "--out", str(folder / "samples.png"))
        verb("data", "inspect", str(folder / "photos"), "--size", "8", "--out", str(folder / "look.png"))


def undrawn() -> None:
    """Draw no plot: matplotlib takes most of the time of a tiny run, and touches no file of it."""
    grey = Image.new("RGB", (64, 64), "grey")
    pictures_of_runs.scatter = pictures_of_runs.bars = lambda *values, **settings: grey
    charts.panels = lambda *values: []

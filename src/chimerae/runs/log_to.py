"""Loggers of a run: training and evaluation send to them what the run folder receives."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from chimerae.config import to_dict
from chimerae.errors import InputError
from chimerae.evaluation import Results
from chimerae.files import read_json, write_json
from chimerae.loggers import LOGGERS, Loggers, checked, parts
from chimerae.run_folder.log import LogLine
from chimerae.run_folder.schema import SHOWN
from chimerae.runs.callbacks import Callbacks
from chimerae.runs.folder import read_run
from chimerae.runs.run import Run


@contextmanager
def shown_by_loggers(callbacks: Callbacks, folder: Path, run: Run, step: int) -> Iterator[Callbacks]:
    """`callbacks` that also send logged lines and previews to loggers: to those of `callbacks.log_to`, and to
    those that earlier parts of the run used.

    Args:
        callbacks: callbacks of the run.
        folder: the run folder.
        run: its settings.
        step: steps that earlier parts have taken.
    """
    with _opened(callbacks.log_to, folder, run, step, callbacks.on_warning) as loggers:
        if loggers is None:
            yield callbacks
            return

        def on_log(line: LogLine, total: int) -> None:
            callbacks.on_log(line, total)
            if line.step % run.training.log_every == 0 or line.step == total:  # others are not in the log
                loggers.scalars(scalars(line), line.step)

        def on_picture(path: Path, step: int) -> None:
            callbacks.on_picture(path, step)
            loggers.picture(path.stem.rpartition("-")[0], path, step)

        yield replace(callbacks, on_log=on_log, on_picture=on_picture)


def send_scores(folder: Path, results: Results, step: int) -> None:
    """Send `results` of the model after `step` steps to the loggers of the run in `folder`."""
    with _opened((), folder, read_run(folder), step, warnings.warn) as loggers:
        if loggers is not None:
            loggers.scalars({f"scores/{s.metric}/{s.of}": s.value for s in results.scores}, step)


def scalars(line: LogLine) -> dict[str, float]:
    """The numbers of a line, by names of the form `losses/vae`."""
    groups = {"losses": line.losses, "logged": line.logged, "lr": line.lr, "drawn": line.drawn}
    values = {f"{group}/{name}": value for group, of in groups.items() for name, value in of.items()}
    return {**values, "images_per_second": line.images_per_second}


@contextmanager
def _opened(
    names: Sequence[str], folder: Path, run: Run, step: int, warn: Callable[[str], None]
) -> Iterator[Loggers | None]:
    """Loggers named now or earlier, which are recorded; None when there are none."""
    earlier = recorded(folder)
    keys = {name: earlier.get(name) for name in (*earlier, *checked(names))}
    if not keys:
        yield None
        return
    loggers = Loggers(parts(folder, to_dict(run), step, keys), warn)
    if loggers.keys != earlier:
        write_json(folder / SHOWN, earlier | loggers.keys)
    try:
        yield loggers
    finally:
        loggers.close()


def recorded(folder: Path) -> dict[str, str]:
    """Loggers that earlier parts of a run used, and its name at each; none when the file is damaged."""
    path = folder / SHOWN
    if not path.exists():
        return {}
    try:
        content = read_json(path, "loggers of a run")
    except InputError:
        return {}
    named = content.items() if isinstance(content, dict) else ()
    return {name: key for name, key in named if name in LOGGERS and isinstance(key, str)}

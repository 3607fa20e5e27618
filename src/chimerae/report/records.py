"""Files beside a committed report: records of each run, without machine paths, and small pictures."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from chimerae.report import charts
from chimerae.report.compare import LabelledRun
from chimerae.report.images import COMPARED, as_learnt, picture, side_by_side, small, spread_out, tells_all
from chimerae.run_folder.log import log_csv

LONGEST: Final = 60
"""Letters in the name of a run's folder beside the page."""
MOST_LINES: Final = 200
"""Most lines of the reduced log."""
_FOLDERS: Final = re.compile(r"(?<![\w.:/~])/(?:[^\s/\"',]+/)+(?=[^\s/\"',])")
_SMALLER: Final = {1: "", 2: "at half its size", 3: "at a third of its size"}


@dataclass(frozen=True)
class PageFile:
    """A file beside the page. Pictures have a run (empty: all runs) and a kind."""

    name: str
    content: bytes
    run: str = ""
    kind: str = ""
    note: str = ""


def keep(named: Sequence[LabelledRun]) -> list[PageFile]:
    """All files beside the page, pictures of all runs together first."""
    kept = []
    compared = side_by_side(named)
    if compared:
        kept.append(_picture("compared.png", compared.content, "", "compared"))
    if shown := charts.panels([entry.run for entry in named], [entry.colour for entry in named]):
        legend = {entry.colour: entry.group for entry in named}
        kept.append(_picture("curves.png", charts.png(shown, legend), "", "curves"))
    for entry in named:
        kept += _of_run(entry, left_out=COMPARED if compared and tells_all(named) else "")
    return kept


def without_paths(text: str) -> str:
    """Text with every absolute path cut down to its last part.

    >>> without_paths("train vae --data /home/me/photos --out runs/a")
    'train vae --data photos --out runs/a'
    """
    return _FOLDERS.sub("", text)


def folder_of(label: str) -> str:
    """A run's label as the name of a folder.

    >>> folder_of("avae beta 0.5, seed 1")
    'avae-beta-0.5-seed-1'
    """
    return re.sub(r"[^\w.]+", "-", label)[:LONGEST].strip("-.") or "run"


def _of_run(entry: LabelledRun, *, left_out: str) -> Iterator[PageFile]:
    run, folder = entry.run, folder_of(entry.label)
    for kind, path in run.pictures.items():
        if kind == left_out:
            continue
        yield _picture(f"{folder}/{kind}.png", picture(path, "").content, entry.label, kind)
    learnt = as_learnt(spread_out(run.snapshots, "reconstructions"))
    if learnt:
        yield _picture(f"{folder}/learning.png", learnt.content, entry.label, "learning")
    for name, record in (("run", run.record), ("env", run.env), ("scores", run.scores_record)):
        if record:
            text = without_paths(json.dumps(record, indent=1, ensure_ascii=False))
            yield PageFile(f"{folder}/{name}.json", f"{text}\n".encode(), entry.label)
    if run.log:
        yield PageFile(f"{folder}/log.csv", log_csv(run.log, MOST_LINES).encode(), entry.label)


def _picture(name: str, content: bytes, run: str, kind: str) -> PageFile:
    content, factor = small(content)
    return PageFile(name, content, run, kind, _SMALLER.get(factor, f"at 1/{factor} of its size"))

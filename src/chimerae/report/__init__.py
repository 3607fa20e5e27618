"""Reports: pages and documents about runs, made from their folders alone.

`chimerae.report(run)` writes one: the module itself can be called, as `write`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from chimerae.report.document import write_results
from chimerae.report.page import write_report
from chimerae.sharing.download import found, is_hub_name

__all__ = ["write", "write_report", "write_results"]

Folder = str | os.PathLike[str]


def write(runs: Folder | Sequence[Folder], out: Folder | None = None) -> Path:
    """Write one self-contained page about the run folders `runs`, and return its path.

    Args:
        runs: one run folder, or several to put side by side. Models alone have a page too: the folder of a
            model, or OWNER/NAME on the Hugging Face hub.
        out: the page; RUN/report.html for one folder, else report.html here, when not given. A name that ends
            in .md makes a Markdown page, with small pictures and records beside it, to be committed.

    Raises:
        InputError: no runs, a folder that is no run or is damaged, or a page that cannot be written.
    """
    given = [Path(run) for run in ([runs] if isinstance(runs, str | os.PathLike) else runs)]
    folders = [found(path) if is_hub_name(path) else path for path in given]
    own = len(folders) == 1 and folders == given
    page = Path(out or (folders[0] / "report.html" if own else "report.html"))
    if page.suffix.lower() == ".md":
        write_results(folders, page.parent, page=page.name)
    else:
        write_report(folders, page)
    return page


class _Callable(ModuleType):
    """The module as a function: `chimerae.report` is both, in any order of imports."""

    def __call__(self, runs: Folder | Sequence[Folder], out: Folder | None = None) -> Path:
        return write(runs, out)


_Callable.__call__.__doc__ = write.__doc__
sys.modules[__name__].__class__ = _Callable

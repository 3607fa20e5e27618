"""Stand-ins for a peer's loader of batches and for its files."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any


class Feed:
    """A loader whose batches come from a duel, begun when the first one is asked for."""

    def __init__(self, begin: Callable[[], Iterator[Any]]) -> None:
        self.begin = begin
        self.dataset = range(1)

    def __iter__(self) -> Iterator[Any]:
        return self.begin()

    def __len__(self) -> int:
        return 10**6


@contextlib.contextmanager
def abroad(folder: Path) -> Iterator[None]:
    """Code of another project can be imported from `folder` inside; its prints and files are dropped."""
    before, path, known = Path.cwd(), list(sys.path), set(sys.modules)
    sys.path.insert(0, str(folder.resolve()))
    with (
        tempfile.TemporaryDirectory() as place,
        open(os.devnull, "w") as nowhere,
        contextlib.redirect_stdout(nowhere),
        contextlib.redirect_stderr(nowhere),
    ):
        os.chdir(place)
        try:
            yield
        finally:
            os.chdir(before)
            sys.path[:] = path
            for name in set(sys.modules) - known:
                if _from(sys.modules[name], folder):
                    del sys.modules[name]


def _from(module: ModuleType, folder: Path) -> bool:
    file = getattr(module, "__file__", None)
    return file is not None and Path(file).is_relative_to(folder.resolve())


def script(path: Path, **replaced: str) -> Any:
    """The compiled source of a script, with some texts replaced."""
    source = path.read_text(encoding="utf-8")
    for old, new in replaced.items():
        source = source.replace(old, new)
    return compile(source, str(path), "exec")

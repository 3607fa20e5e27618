"""Callbacks invoked during a run."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass

from chimerae.progress import Progress, silent
from chimerae.run_folder.log import Listener, ignore


@dataclass(frozen=True)
class Callbacks:
    """Callbacks invoked during a run."""

    on_log: Listener = ignore
    """Called with every line of the log, and with lines between them every 2 seconds."""
    on_progress: Progress = silent
    """Called while data are prepared."""
    on_warning: Callable[[str], None] = warnings.warn
    """Called with warnings about the data."""
    on_plan: Callable[[str], None] | None = None
    """Called with the plan, several lines, before the first step; None: a run whose steps are given is not
    timed.
    """


SILENT = Callbacks(on_warning=lambda sentence: None)
"""Callbacks of all processes but the first one of a run."""

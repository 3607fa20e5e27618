"""Processes that are forked from the tests' own, which has loaded its libraries: a new one takes seconds."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import torch


def forked(act: Callable[[], int], errors: Path) -> int:
    """Exit code of `act` in a fork, negative for the signal that killed it; `errors` gets its standard error.

    The fork computes on one thread, since those of an OpenMP pool stay with the parent. It leads a group of
    processes, whose rest is killed when it or the test ends.
    """
    child = os.fork()
    if not child:
        code = 99
        try:
            os.setsid()
            torch.set_num_threads(1)
            with errors.open("w", encoding="utf-8") as sys.stderr:
                os.dup2(sys.stderr.fileno(), 2)
                try:
                    code = act()
                except BaseException:
                    traceback.print_exc()
        finally:
            os._exit(code)
    try:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    finally:
        with suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)

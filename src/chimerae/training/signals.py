"""Stop requests by signal: the run finishes its step, saves and ends."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Final

STOPPING: Final = tuple(
    signal.Signals[name]
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGXCPU")
    if name in signal.Signals.__members__
)
"""Ctrl-C and `kill`; and where the system has them a closed terminal, a batch system's warning, and the end
of allowed processor time.
"""


class Stopped(Exception):
    """The run was stopped by a signal, and its state is saved."""

    def __init__(self, signum: int, step: int, folder: Path) -> None:
        super().__init__(f"stopped by {signal.Signals(signum).name} at step {step}; the state is saved")
        self.signum = signum
        self.step = step
        self.folder = folder


@dataclass
class Request:
    """Signal that requested the run to stop; None while there is none."""

    signum: int | None = None


@contextmanager
def stop_requests() -> Iterator[Request]:
    """Turn the signals of `STOPPING` into a `Request`; a second one of the same kind goes to its previous
    handler. SIGHUP stays ignored where it already was (under `nohup`).
    """
    request = Request()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return
    handlers = {number: signal.getsignal(number) for number in STOPPING}
    before = {n: old for n, old in handlers.items() if (n.name, old) != ("SIGHUP", signal.SIG_IGN)}

    def ask(signum: int, frame: FrameType | None) -> None:
        request.signum = signum
        signal.signal(signum, before[signal.Signals(signum)])

    for number in before:
        signal.signal(number, ask)
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

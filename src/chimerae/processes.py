"""The place of this process among those of torchrun, from the environment alone; it imports no torch."""

from __future__ import annotations

import os
from dataclasses import dataclass

from chimerae.errors import InputError


@dataclass(frozen=True)
class Place:
    """This process among those of torchrun, by the environment variables that it sets."""

    rank: int = 0
    """Place among all processes, from 0."""
    size: int = 1
    """Number of processes."""
    local: int = 0
    """Place among the processes of this machine, from 0."""
    restarts: int = 0
    """Times that torchrun has restarted the processes."""


def place() -> Place:
    """The place that torchrun has given this process; that of a single process without it.

    Raises:
        InputError: a variable is no number.
    """
    given = os.environ
    if not {"RANK", "WORLD_SIZE", "MASTER_ADDR"} <= given.keys():
        return Place()
    try:
        return Place(
            int(given["RANK"]),
            int(given["WORLD_SIZE"]),
            int(given.get("LOCAL_RANK", given["RANK"])),
            int(given.get("TORCHELASTIC_RESTART_COUNT", "0")),
        )
    except ValueError as error:
        raise InputError(
            f"RANK, WORLD_SIZE and LOCAL_RANK must be whole numbers ({error}); start with torchrun"
        ) from None

"""Networks that are built for a file of tensors: they must not be many times as large."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import get_ident
from typing import Final

from torch import nn
from torch.nn.modules.module import register_module_parameter_registration_hook

from chimerae.errors import TOO_MUCH, InputError

ALWAYS: Final = 250_000_000
"""Parameters that networks may have whatever file they are built for: 1 GB."""
TIMES: Final = 10
"""Multiple of the values in that file that they may have beyond it: not all networks are in it."""


@contextmanager
def sized_for(values: int, path: Path) -> Iterator[None]:
    """A block that builds networks for the file of tensors at `path`, which has so many `values`.

    Raises:
        InputError: they have many times as many parameters, or more than there is memory for. They are not
            filled.
    """
    most, there = max(ALWAYS, TIMES * values), 0
    misfit = f"{path} does not fit the settings beside it: their networks are many times as large"
    thread = get_ident()

    def count(module: nn.Module, name: str, parameter: nn.Parameter | None) -> None:
        nonlocal there
        if get_ident() != thread:  # the hook is that of all threads
            return
        there += 0 if parameter is None else parameter.numel()
        if there > most:
            raise InputError(misfit)

    hook = register_module_parameter_registration_hook(count)
    try:
        yield
    except (MemoryError, OverflowError, RuntimeError, TypeError) as error:
        if isinstance(error, RuntimeError | TypeError) and not TOO_MUCH.search(str(error)):
            raise
        raise InputError(misfit) from None
    finally:
        hook.remove()

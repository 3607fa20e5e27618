"""The one error for input that people can put right."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class InputError(ValueError):
    """What was given cannot be used. The message is one line: what is wrong, and what to do.

    The command line prints it and ends with exit code 2; in Python it is a `ValueError`.
    """


def unknown(kind: str, given: str, known: Iterable[str]) -> InputError:
    """The error for a misspelt name, with the nearest known one, or all of them.

    >>> print(unknown("method", "avea", ["avae", "vae", "gan"]))
    unknown method 'avea'; did you mean 'avae'?
    >>> print(unknown("metric", "xyz", ["mse", "psnr"]))
    unknown metric 'xyz'; there are: mse, psnr
    """
    names = list(known)
    near = get_close_matches(given, names, n=1)
    hint = f"did you mean '{near[0]}'?" if near else f"there are: {', '.join(names)}"
    return InputError(f"unknown {kind} '{given}'; {hint}")

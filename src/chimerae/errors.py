"""The one error for input that people can put right."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final
from unicodedata import category

TOO_MUCH: Final = re.compile(r"allocate memory|out of memory|[Oo]verflow")
"""Messages of torch's plain `RuntimeError` and `TypeError` when it is asked for more memory than there is."""


class InputError(ValueError):
    """Input that cannot be used. The message is one line: the problem and the remedy.

    The command line prints it and ends with exit code 2; in Python it is a `ValueError`.
    """


class Elsewhere(InputError):
    """An error of another process of the run, which prints it."""


def printable(text: str) -> str:
    r"""`text` with every character that a terminal or a page could obey, or cannot show, in its escaped form.

    >>> print(printable("a\nb \x1b[31m \ud800 ±"))
    a\nb \x1b[31m \ud800 ±
    """
    if text.isprintable():
        return text
    return "".join(c if _is_shown(c) else c.encode("unicode_escape").decode() for c in text)


def _is_shown(character: str) -> bool:
    """True for what can be printed, all kinds of spaces, and joiners of letters and emoji."""
    return character.isprintable() or category(character) == "Zs" or character in "\u200c\u200d"


def unknown(kind: str, given: str, known: Iterable[str]) -> InputError:
    """The error for a misspelt name, with the nearest known one, or all of them.

    >>> print(unknown("method", "avea", ["avae", "vae", "gan"]))
    unknown method 'avea'; did you mean 'avae'?
    >>> print(unknown("metric", "xyz", ["mse", "psnr"]))
    unknown metric 'xyz'; there are: mse, psnr
    >>> print(unknown("metric", "MSE", ["mse", "psnr"]))
    unknown metric 'MSE'; did you mean 'mse'?
    """
    names = list(known)
    plain = {name.lower(): name for name in names}
    near = get_close_matches(given.lower(), plain, n=1)
    hint = f"did you mean '{plain[near[0]]}'?" if near else f"there are: {', '.join(names)}"
    return InputError(f"unknown {kind} '{given}'; {hint}")


def first_line(error: BaseException) -> str:
    r"""First line of the message of a library's error, or its kind when the message is empty.

    >>> first_line(ValueError("cut\nat 5")), first_line(EOFError())
    ('cut', 'EOFError')
    """
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def spelt(given: str, known: Iterable[str]) -> str | None:
    """The known name that `given` is up to case and punctuation; None when there is no such name.

    >>> spelt("AVAE", ["avae", "vae-gan"]), spelt("VAE/GAN", ["avae", "vae-gan"]), spelt("va", ["vae"])
    ('avae', 'vae-gan', None)
    """
    plain = {_plain(name): name for name in known}
    return plain.get(_plain(given))


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())

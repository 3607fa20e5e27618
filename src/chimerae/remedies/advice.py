"""Advice for people whose run ended with a health word: the likely remedies for their method."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from chimerae.extensions import is_reference
from chimerae.files import read_json
from chimerae.remedies.known import GENERAL, LONGER, MEANINGS, REMEDIES
from chimerae.run_folder.log import last_line
from chimerae.run_folder.schema import LOG, RUN, renamed

PAGE: Final = "docs/health.md"
FEW_STEPS: Final = 1_000
"""Steps below which a run is short for its remedy."""
YOUNG: Final = frozenset(
    (
        "samples alike",
        "samples faint",
        "few patterns",
        "samples of a class alike",
        "no better than the mean",
        "off the data",
        "code unused",
        "code mostly unused",
        "code not read back",
    )
)
"""Words of faults that a run may have because it is young."""


def advice(
    method: str, word: str, settings: Mapping[str, Any] | None = None, steps: int | None = None
) -> str:
    """One sentence for people: the state of the run, the likely remedies, the pages; empty for `ok` and
    unknown words.

    Args:
        method: name of the method.
        word: health word.
        settings: settings of the run as a tree, as in `run.json`; remedies that it has already are left out.
        steps: steps of the run; after fewer than `FEW_STEPS` more steps are the first remedy.

    >>> print(advice("vae", "code unused"))
    code unused: the encoder says nothing about its input; estimate the decoder's variance \
(--method.likelihood estimated), then train longer (--steps); see docs/health.md#code-unused and \
docs/methods/vae.md
    >>> advice("vae", "ok")
    ''
    """
    if word not in MEANINGS:
        return ""
    remedies = REMEDIES.get((method, word), GENERAL[word])
    few = steps is not None and steps < FEW_STEPS and word in YOUNG
    first = [f"train longer (--steps), as {steps:,} steps are few"] if few else []
    others = [remedy for remedy in remedies if not (few and remedy is LONGER)]
    told = [said for remedy in others if (said := remedy.told(settings or {}))]
    what = ", then ".join([*first, *told]) or LONGER.told({})
    anchor = word.replace(" ", "-")
    page = "" if is_reference(method) else f" and docs/methods/{method}.md"
    return f"{word}: {MEANINGS[word]}; {what}; see {PAGE}#{anchor}{page}"


def ending(folder: Path) -> str:
    """The advice for a run folder, from the last line of its log; empty where all is well or nothing is
    logged.
    """
    line = last_line(folder / LOG)
    if line is None:
        return ""
    try:
        run = renamed(read_json(folder / RUN, "a run")["run"])
        return advice(str(run["method"]["name"]), line.health, run, line.step)
    except (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError):
        return ""

"""Sources -> prepared memory-mapped arrays -> batches.

`look` tells cheaply what a source holds, `prepare` turns it into arrays once, `Batches` draws from them.
Names are imported when they are first used, so that the settings can be read without torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chimerae.data.batches import Batches
    from chimerae.data.entry import Named
    from chimerae.data.find import is_here, source_abouts
    from chimerae.data.named import NAMED, preset
    from chimerae.data.overview import Look, look
    from chimerae.data.prepared import Prepared, prepare
    from chimerae.data.settings import Prepare
    from chimerae.data.splits import Split
    from chimerae.data.toys import TOYS, Toy

__all__ = [
    "NAMED",
    "TOYS",
    "Batches",
    "Look",
    "Named",
    "Prepare",
    "Prepared",
    "Split",
    "Toy",
    "is_here",
    "look",
    "prepare",
    "preset",
    "source_abouts",
]

_HOMES = {
    "Batches": "batches",
    "Look": "overview",
    "NAMED": "named",
    "Named": "entry",
    "Prepare": "settings",
    "Prepared": "prepared",
    "Split": "splits",
    "TOYS": "toys",
    "Toy": "toys",
    "is_here": "find",
    "look": "overview",
    "prepare": "prepared",
    "preset": "named",
    "source_abouts": "find",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)

"""Sources -> prepared memory-mapped arrays -> batches.

`source_info` reads the metadata of a source cheaply, `prepare` turns it into arrays once, `Batches` draws
from them. Names are imported when they are first used, so that the settings can be read without torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chimerae.lazy import attribute

if TYPE_CHECKING:
    from chimerae.data.batches import Batches
    from chimerae.data.info import SourceInfo, source_info
    from chimerae.data.named_datasets import NAMED_DATASETS, NamedDataset, preset
    from chimerae.data.open import is_here, source_abouts
    from chimerae.data.prepared import Prepared, prepare
    from chimerae.data.settings import Prepare
    from chimerae.data.splits import Split
    from chimerae.data.toys import TOYS, Toy

__all__ = [
    "NAMED_DATASETS",
    "TOYS",
    "Batches",
    "NamedDataset",
    "Prepare",
    "Prepared",
    "SourceInfo",
    "Split",
    "Toy",
    "is_here",
    "prepare",
    "preset",
    "source_abouts",
    "source_info",
]

_HOMES = {
    "batches": ("Batches",),
    "info": ("SourceInfo", "source_info"),
    "named_datasets": ("NAMED_DATASETS", "NamedDataset", "preset"),
    "open": ("is_here", "source_abouts"),
    "prepared": ("Prepared", "prepare"),
    "settings": ("Prepare",),
    "splits": ("Split",),
    "toys": ("TOYS", "Toy"),
}


def __getattr__(name: str) -> object:
    return attribute(__name__, _HOMES, name)

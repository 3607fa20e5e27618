"""What is known about a data set that has a name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from chimerae.data.choose import Wanted
from chimerae.data.settings import Prepare

USUAL: Final[Wanted] = {"train": ("train",), "test": ("test",)}


@dataclass(frozen=True, kw_only=True)
class Named:
    """A data set of the papers."""

    name: str
    about: str
    folders: tuple[str, ...]
    """Folders that are looked for under the root, in this order."""
    preset: str
    """Where split and transform come from."""
    hub: str | None = None
    """Its id on the Hugging Face hub; None: it is only taken from a folder."""
    config: str | None = None
    """Subset of the hub's data set; None: the only one."""
    documented: str = ""
    """The page that says how hub id, subset and splits are called."""
    splits: Wanted = field(default_factory=lambda: USUAL)
    """Our split -> those of the hub that make it, joined in this order."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """Images in the splits of the hub, where they are documented exactly."""
    in_order: bool = False
    """The files of the original are numbered split by split, in the order of `counts`."""
    prepare: Prepare = field(default_factory=Prepare)
    """How it is turned into arrays when nothing else is said."""

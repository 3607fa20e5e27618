"""Chooses the splits of a source that serve as train and test."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from chimerae.errors import InputError

TEST_NAMES: Final = ("test", "validation", "val", "valid", "dev")
"""Names of a test split; the first one present is used."""

WantedSplits = Mapping[str, tuple[str, ...]]
"""Maps our splits (`train`, `test`) to the splits of the source that make them, joined in this order."""


def names_in(wanted: WantedSplits) -> set[str]:
    """All splits of the source that `wanted` names."""
    return {name for names in wanted.values() for name in names}


def split_of(path: str, wanted: WantedSplits | None = None) -> str:
    """The split a file belongs to by the first word of its name or of its folder; empty if neither is known.

    >>> split_of("train-00000-of-00002.parquet"), split_of("plain_text/test-0.parquet")
    ('train', 'test')
    >>> split_of("val/0.parquet"), split_of("flowers.parquet")
    ('val', '')
    >>> split_of("extra-0.parquet"), split_of("extra-0.parquet", {"train": ("extra",)})
    ('', 'extra')
    """
    known = {"train", *TEST_NAMES} | names_in(wanted or {})
    words = [re.split(r"[^a-z]+", part.lower())[0] for part in reversed(path.split("/"))]
    return next((word for word in words if word in known), "")


def choose_splits(
    names: Sequence[str], wanted: WantedSplits | None = None, where: str = ""
) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    """Splits of a source that serve as train and test, and those that serve as neither.

    Without `wanted`: `train` or else the first, and the first test split present. If the only split is one
    that `wanted` does not name, it is all train.

    Raises:
        InputError: a wanted split is not among `names`; `where` names the source.

    >>> choose_splits(["train", "validation"])
    ({'train': ('train',), 'test': ('validation',)}, [])
    >>> choose_splits(["train", "test", "extra"], {"train": ("train", "extra"), "test": ("test",)})
    ({'train': ('train', 'extra'), 'test': ('test',)}, [])
    """
    chosen: dict[str, tuple[str, ...]]
    if wanted is None:
        others = [name for name in names if name not in TEST_NAMES]
        train = "train" if "train" in names else (others or names)[0]
        test = next((name for name in TEST_NAMES if name in names and name != train), None)
        chosen = {"train": (train,)} if test is None else {"train": (train,), "test": (test,)}
    elif len(names) == 1 and names[0] not in names_in(wanted):
        chosen = {"train": (names[0],)}
    else:
        chosen = dict(wanted)
        for name in sorted(names_in(wanted) - {*names}):
            there = ", ".join(each or "files without a split" for each in names)
            raise InputError(f"'{where}' has no split '{name}'; it has {there}")
    return chosen, [name for name in names if name not in names_in(chosen)]

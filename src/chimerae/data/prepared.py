"""Prepare a source once, and find it in the cache from then on."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from chimerae.data import intact
from chimerae.data.build import make_images, make_points
from chimerae.data.intact import spoilt, watch
from chimerae.data.large import READS_ROWS, LargeArray
from chimerae.data.manifest import FORMAT, Kind, Manifest, label_file
from chimerae.data.named_datasets import preset
from chimerae.data.open import open_source
from chimerae.data.opened import drop
from chimerae.data.settings import SPLITS, Prepare
from chimerae.data.sources import ImageSource, PointSource, digest
from chimerae.data.splits import Split, Stored, held_out, validated
from chimerae.data.store import cache_folder, damaged, manifest_json, new_entry, read_array, read_manifest
from chimerae.data.toys import N_FIXED, Toy
from chimerae.errors import InputError
from chimerae.progress import Progress, silent
from chimerae.shapes import Shape

UNCUT: Final = ("crop", None)
OF_TRAIN: Final = ("train", label_file("train"))
"""Arrays of an entry from which a share for validation is taken."""
_LOG: Final = logging.getLogger("chimerae")
"""Without a handler, warnings go to standard error as plain lines."""


@dataclass(frozen=True, eq=False)
class Prepared:
    """A source that is ready to train on."""

    facts: Manifest
    train: Split
    test: Split
    toy: Toy | None = None
    folder: Path | None = field(default=None, repr=False)
    """Folder of the arrays; None for toys, which have none."""

    @property
    def manifest(self) -> dict[str, object]:
        """Facts about the data, ready for JSON."""
        return manifest_json(self.facts)

    @property
    def shape(self) -> Shape:
        """Shape of one sample, `(C, H, W)` or `(d,)`."""
        return self.facts.shape

    @property
    def kind(self) -> Kind:
        """Images or points."""
        return self.facts.kind

    def verify(self) -> list[str]:
        """Names of the array files whose contents have changed since they were written; reads them all."""
        return [] if self.folder is None else damaged(self.folder, self.facts)


def prepare(
    source: str,
    settings: Prepare | None = None,
    *,
    cache: Path | None = None,
    progress: Progress = silent,
    verify: bool = False,
    processes: int | None = None,
) -> Prepared:
    """The arrays of `source`, made now or found in the cache. Settings are those of its name when not given.

    The cache is `cache`, else `$CHIMERAE_CACHE`, else `~/.cache/chimerae`. An entry is made anew when the
    files of the source, the settings or our format change, or when it is damaged, which is told: contents
    of small arrays are checked now, those of arrays above `intact.AT_ONCE` while they are used, or now with
    `verify`. A preparation that was interrupted resumes.

    Images are decoded in `processes` processes; None: as many as PyTorch has threads, where there are many
    images. The arrays are the same for any number.

    Raises:
        InputError: the source does not exist or cannot be used, or the cache cannot be written to.
    """
    settings = settings or preset(source)
    found = open_source(source)
    drop(source)
    if isinstance(found, Toy):
        return _toy(found, "test" if settings.validation is None else "validation")
    entry = entry_of(found, settings, cache)
    if not _is_usable(entry, verify, with_test=settings.validation is None):
        with new_entry(entry) as work:
            if isinstance(found, PointSource):
                make_points(source, found, settings, work)
            else:
                make_images(source, found, settings, work, progress, processes)
    facts = read_manifest(entry)
    if facts is None:
        raise InputError(f"prepared data vanished from '{entry}' while it was opened; try again")
    origin = (None, None) if isinstance(found, PointSource) else (found.hub, found.revision)
    facts = replace(facts, source=source, hub=origin[0], revision=origin[1])
    if settings.validation is not None:
        return _validating(entry, facts, settings.validation)
    return _open(entry, facts)


def entry_of(found: ImageSource | PointSource, settings: Prepare, cache: Path | None) -> Path:
    """Folder of the arrays of an open source, whether they are there or not."""
    return cache_folder(cache) / f"data-{digest([FORMAT, found.identity, _key(settings)])}"


def _key(settings: Prepare) -> list[tuple[str, object]]:
    """The settings as part of an entry's name.

    Settings that were added later count only where they are used, so that older entries keep their names. A
    share for validation is a part of the same arrays.
    """
    given = asdict(settings).items()
    return sorted((name, value) for name, value in given if name != "validation" and (name, value) != UNCUT)


def _is_usable(entry: Path, verify: bool, *, with_test: bool) -> bool:
    """True for a whole entry; a damaged one is told. `with_test`: look into the array of test samples too."""
    facts = read_manifest(entry)
    if facts is not None and not with_test:
        facts = replace(facts, files={name: facts.files[name] for name in facts.files if name in OF_TRAIN})
    if facts is None:
        bad = ["manifest.json"] if entry.exists() else []
    else:
        bad = damaged(entry, facts) if verify else spoilt(entry, facts)
    if bad:
        _LOG.warning("prepared data in '%s' are damaged (%s): preparing them again", entry, ", ".join(bad))
    return facts is not None and not bad


def _open(entry: Path, facts: Manifest) -> Prepared:
    if facts.hold_out is None:
        found = {name: _load(entry, facts, name) for name in SPLITS}
        splits = {
            name: Split(name, stored, labels=labels, watch=watch(entry / name, facts.files[name]))
            for name, (stored, labels) in found.items()
        }
    else:
        n = facts.files["train"].shape[0]
        splits = _parts_of_train(entry, facts, held_out(n, facts.hold_out))
    return Prepared(facts, splits["train"], splits["test"], folder=entry)


def _validating(entry: Path, facts: Manifest, share: float) -> Prepared:
    """The training samples alone, of which a `share` stands in the place of the test split.

    The checksum is that of this view, as are the numbers of samples.
    """
    n = facts.files["train"].shape[0]
    rows = np.arange(n) if facts.hold_out is None else held_out(n, facts.hold_out)[0]
    kept = [rows[part] for part in held_out(validated(len(rows), facts.source), share)]
    view = replace(
        facts,
        counts={name: len(part) for name, part in zip(SPLITS, kept, strict=True)},
        checksum=digest([facts.checksum, "validation", share]),
    )
    splits = _parts_of_train(entry, facts, kept)
    return Prepared(view, splits["train"], splits["test"], folder=entry)


def _parts_of_train(entry: Path, facts: Manifest, rows: Sequence[NDArray[np.int64]]) -> dict[str, Split]:
    """Splits out of the array of training samples, by the `rows` of each."""
    stored, labels = _load(entry, facts, "train")
    return {
        name: Split(
            name,
            stored,
            kept,
            None if labels is None else labels[torch.from_numpy(kept)],
            watch=watch(entry / "train", facts.files["train"]),
        )
        for name, kept in zip(SPLITS, rows, strict=True)
    }


def _load(entry: Path, facts: Manifest, name: str) -> tuple[Stored, Tensor | None]:
    file = facts.files[name]
    is_large = READS_ROWS and file.n_bytes > intact.AT_ONCE
    stored = LargeArray(entry / name, file) if is_large else read_array(entry, name, file)
    labels = facts.files.get(label_file(name))
    if labels is None:
        return stored, None
    return stored, torch.from_numpy(np.array(read_array(entry, label_file(name), labels)))


def _toy(toy: Toy, held: str) -> Prepared:
    """The toy, with the fixed points called `held` as its test split."""
    points = {name: toy.fixed(fixed).numpy() for name, fixed in zip(SPLITS, ("train", held), strict=True)}
    splits = {name: Split(name, points[name], toy=toy) for name in SPLITS}
    facts = Manifest(
        source=toy.name,
        kind="points",
        shape=(2,),
        counts=dict.fromkeys(SPLITS, N_FIXED),
        hold_out=None,
        transform=None,
        checksum=digest(each.tobytes() for each in points.values()),
        files={},
        unreadable=[],
    )
    return Prepared(facts, splits["train"], splits["test"], toy)

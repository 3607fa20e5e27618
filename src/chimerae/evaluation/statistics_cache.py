"""Cache of feature statistics of the data: they are the same for every model."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from safetensors import SafetensorError
from safetensors.torch import load_file, save

from chimerae.data import Prepared, Split
from chimerae.data.sources import digest
from chimerae.data.store import cache_folder
from chimerae.errors import InputError
from chimerae.evaluation.features import Views
from chimerae.files import write_bytes
from chimerae.metrics import Features, Statistic, Storable

VERSION: Final = 1
"""Version of the stored statistics; those of another version are gathered anew."""


@dataclass(frozen=True)
class Memory:
    """The cache of statistics of `n` images of a split."""

    views: Views
    data: Prepared
    split: Split
    n: int
    seed: int
    """Seed of the order of images: some statistics keep the first ones only."""

    def recall(self, statistic: Statistic, features: Features | None) -> bool:
        """Restore `statistic` from the cache; False when its entry is missing or damaged."""
        path = self._place(statistic, features)
        if path is None or not isinstance(statistic, Storable):
            return False
        try:
            statistic.restore(load_file(path))
        except (OSError, SafetensorError, KeyError, ValueError, TypeError):
            return False
        return True

    def keep(self, statistic: Statistic, features: Features | None) -> None:
        """Write `statistic` into the cache where it can be stored."""
        path = self._place(statistic, features)
        if path is not None and isinstance(statistic, Storable):
            with suppress(InputError):  # it is gathered again next time
                write_bytes(path, save(dict(statistic.tensors())))

    def _place(self, statistic: Statistic, features: Features | None) -> Path | None:
        """Path of the cache entry; None without features, a storable statistic or a checksum of the data."""
        checksum = self.data.facts.checksum
        if features is None or not checksum or not isinstance(statistic, Storable):
            return None
        rows = b"" if self.split.rows is None else self.split.rows.tobytes()
        of_images = (checksum, self.split.name, len(self.split), rows, self.n, self.seed)
        of_network = (features, sorted(self.views.facts(features).items()))
        key = digest([VERSION, statistic.stored_as, *of_network, *of_images])
        return cache_folder(None) / "statistics" / f"{key}.safetensors"

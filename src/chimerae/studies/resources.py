"""Threads and GPUs of the cells of a study."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from chimerae.recipes.outlook import WORTH_TIMING
from chimerae.studies.cells import Cell
from chimerae.studies.executors import Resources
from chimerae.studies.forecast import Forecast

SMALL: Final = 1e9
"""Operations of a step below which a cell is small: a few hundredths of a second of one core, which a second
thread does not shorten, and a fraction of a GPU. Points and 8x8 digits are below, 32x32 images above.
"""
SIDE_BY_SIDE: Final = 4
"""Small cells on one GPU."""


@dataclass(frozen=True)
class Shares:
    """Rule by which cells get threads and a share of a GPU. It depends on the command and the machine, never
    on the cells that are finished. A run may use fewer threads, if that is faster.
    """

    forecast: Forecast
    cores: int = 1
    """Cores to share out; 1 on clusters, whose machines are not known."""
    jobs: int | None = None
    """Cells at a time; None: as many as cores or GPUs suffice for."""
    gpus: int = 0
    """GPUs to share out; 0: the cells run on CPUs."""
    threads: int | None = None
    """Threads of every cell, as asked for."""
    gpu: float | None = None
    """Share of a GPU of every cell, as asked for."""

    def __call__(self, cell: Cell) -> Resources:
        """Resources of one cell."""
        gpu = self._gpu(cell) if self.gpus else 0.0
        return Resources(self.threads or self._threads(cell, gpu), gpu)

    def _gpu(self, cell: Cell) -> float:
        if self.gpu is not None:
            return self.gpu
        alone = cell.run.training.seconds is not None  # its steps would depend on its neighbours
        return 1.0 if alone or not self._small(cell) else 1 / SIDE_BY_SIDE

    def _threads(self, cell: Cell, gpu: float) -> int:
        places = self.jobs or (self.gpus * max(round(1 / gpu), 1) if gpu else min(self.cores, self._cells))
        most = max(1, self.cores // places)
        if most == 1 or (not gpu and cell.run.training.seconds is not None):
            return 1
        return 1 if self._small(cell) else most

    @property
    def _cells(self) -> int:
        return len(self.forecast.cells)

    def _small(self, cell: Cell) -> bool:
        if cell.run.steps < WORTH_TIMING:
            return True
        operations = self.forecast.operations(cell)
        return operations is not None and operations < SMALL

"""The flags of `chimerae study` that say where its runs go, and with what resources."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from chimerae.errors import InputError
from chimerae.studies import Executor, Forecast, Local, Place, Shares, cores


@dataclass(frozen=True)
class Wanted:
    """Place and resources as asked for."""

    on: Place
    jobs: int | None
    threads: int | None
    gpu_share: float | None
    sbatch: tuple[str, ...]
    device: str | None

    def __post_init__(self) -> None:
        if self.sbatch and self.on != "slurm":
            raise InputError("--sbatch has options of Slurm; add --on slurm")
        if self.gpu_share is not None and not 0 < self.gpu_share <= 1:
            raise InputError(f"--gpu-share must be above 0 and at most 1, not {self.gpu_share:g}")

    @property
    def gpus(self) -> tuple[str, ...]:
        """GPUs of this machine that the runs may use, as `CUDA_VISIBLE_DEVICES` names them."""
        import torch

        if self.device not in (None, "auto", "cuda"):
            return () if self.device == "cpu" else (str(self.device),)
        if not torch.cuda.is_available():
            return ()
        named = os.environ.get("CUDA_VISIBLE_DEVICES", "")
        every = tuple(name for name in named.split(",") if name)
        return every or tuple(map(str, range(torch.cuda.device_count())))

    def shares(self, forecast: Forecast, executor: Executor | None = None) -> Shares:
        """Rule for the resources of each cell; `executor` is None in a dry run."""
        gpus = len(self.gpus) if self.on == "local" else self._remote_gpus(executor)
        return Shares(
            forecast,
            cores=cores() if self.on == "local" else 1,
            jobs=self.jobs,
            gpus=gpus,
            threads=self.threads,
            gpu=self.gpu_share,
        )

    def _remote_gpus(self, executor: Executor | None) -> int:
        if self.device == "cpu":
            return 0
        asked = self.gpu_share is not None or (self.device or "").startswith("cuda")
        return max(int(getattr(executor, "gpus", 0)), int(asked))

    def executor(self, folder: Path) -> Executor:
        """The executor of a study in `folder`.

        Raises:
            InputError: its package is missing, or its cluster does not answer.
        """
        if self.on == "ray":
            from chimerae.studies.executors.on_ray import Ray

            return Ray(self.jobs)
        if self.on == "slurm":
            from chimerae.studies.executors.on_slurm import Slurm

            return Slurm(folder / "jobs", self.jobs, self.sbatch)
        return Local(self.jobs, self.gpus)

    def places(self, shares: Shares, count: int) -> int | None:
        """Runs side by side, of `count`; None where the cluster decides."""
        if self.jobs is not None:
            return min(self.jobs, count)
        if self.on != "local":
            return None
        each = [shares(cell) for cell in shares.forecast.cells]
        on_cpu = cores() // max(one.threads for one in each)
        on_gpus = shares.gpus / max(one.gpus for one in each) if shares.gpus else on_cpu
        return max(1, min(on_cpu, int(on_gpus), count))

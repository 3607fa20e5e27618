"""Weights & Biases, offline too (`WANDB_MODE=offline`); the project is `$WANDB_PROJECT` or chimerae."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chimerae.loggers.logger import Part


class WandB:
    """Sends to wandb. Steps are an axis of their own, because a resumed run repeats some."""

    def __init__(self, part: Part) -> None:
        import wandb

        self._image = wandb.Image
        self._run: Any = wandb.init(
            project=os.environ.get("WANDB_PROJECT", "chimerae"),
            name=part.folder.resolve().name,
            id=part.key,
            resume="allow",
            dir=part.folder,
            config=dict(part.settings),
            settings=wandb.Settings(silent=True, console="off"),
        )
        self._run.define_metric("step", hidden=True)
        self._run.define_metric("*", step_metric="step")

    @property
    def key(self) -> str:
        """The run's id."""
        return str(self._run.id)

    def scalars(self, values: Mapping[str, float], step: int) -> None:
        """Send numbers."""
        self._run.log({**values, "step": step})

    def picture(self, name: str, path: Path, step: int) -> None:
        """Send a picture."""
        self._run.log({name: self._image(str(path)), "step": step})

    def close(self) -> None:
        """Wait until everything is sent."""
        self._run.finish()

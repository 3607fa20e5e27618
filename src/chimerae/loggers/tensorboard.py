"""TensorBoard: event files in the run folder, shown by `tensorboard --logdir runs`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from chimerae.loggers.logger import Part

FOLDER: Final = "tensorboard"
"""Folder of the event files, in the run folder."""


class TensorBoard:
    """Writes event files. Those of steps that a resumed run repeats are hidden."""

    def __init__(self, part: Part) -> None:
        from torch.utils.tensorboard import SummaryWriter

        again = part.step + 1 if part.key else None
        self._writer = SummaryWriter(str(part.folder / FOLDER), purge_step=again)
        if not part.key:
            lines = [f"{name}: {value}" for name, value in part.settings.items()]
            self._writer.add_text("settings", "\n".join(f"    {line}" for line in lines))

    key = FOLDER

    def scalars(self, values: Mapping[str, float], step: int) -> None:
        """Write numbers."""
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)

    def picture(self, name: str, path: Path, step: int) -> None:
        """Write a picture."""
        with Image.open(path) as image:
            self._writer.add_image(name, np.asarray(image.convert("RGB")), step, dataformats="HWC")

    def close(self) -> None:
        """Flush, and close the files."""
        self._writer.close()

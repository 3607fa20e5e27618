"""Trackio: a local dashboard (`trackio show`), or a Space of the hub (`$TRACKIO_SPACE_ID`)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from chimerae.loggers.logger import Part


class Trackio:
    """Sends to Trackio, where a run is known by its name."""

    def __init__(self, part: Part) -> None:
        import trackio

        self.key = part.key or f"{part.folder.resolve().name}-{uuid4().hex[:6]}"
        self._image: Any = trackio.Image
        self._run: Any = trackio.init(
            project=os.environ.get("TRACKIO_PROJECT", "chimerae"),
            name=self.key,
            space_id=os.environ.get("TRACKIO_SPACE_ID"),
            config=dict(part.settings),
            resume="allow",
            embed=False,
        )

    def scalars(self, values: Mapping[str, float], step: int) -> None:
        """Send numbers."""
        self._run.log(dict(values), step=step)

    def picture(self, name: str, path: Path, step: int) -> None:
        """Send a picture."""
        self._run.log({name: self._image(str(path))}, step=step)

    def close(self) -> None:
        """Wait until everything is sent."""
        self._run.finish()

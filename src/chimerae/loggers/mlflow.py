"""MLflow: the server or folder of `$MLFLOW_TRACKING_URI`, the experiment of `$MLFLOW_EXPERIMENT_NAME`."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from chimerae.loggers.logger import Part

_BATCH: Final = 100
"""Parameters that MLflow takes at a time."""
_REFUSED: Final = re.compile(r"[^\w\-. /]")
"""Characters that names at MLflow may not have."""


class MLflow:
    """Sends to an MLflow server, or to its local store."""

    def __init__(self, part: Part) -> None:
        from mlflow.entities import Metric, Param
        from mlflow.tracking import MlflowClient

        self._metric: Any = Metric
        self._client: Any = MlflowClient()
        if part.key:
            self.key = part.key
            self._client.update_run(self.key, status="RUNNING")
            return
        run = self._client.create_run(self._experiment(), run_name=part.folder.resolve().name)
        self.key = str(run.info.run_id)
        params = [Param(_named(name), str(value)) for name, value in part.settings.items()]
        for start in range(0, len(params), _BATCH):
            self._client.log_batch(self.key, params=params[start : start + _BATCH])

    def scalars(self, values: Mapping[str, float], step: int) -> None:
        """Send numbers."""
        now = int(time.time() * 1000)
        self._client.log_batch(
            self.key, metrics=[self._metric(_named(name), value, now, step) for name, value in values.items()]
        )

    def picture(self, name: str, path: Path, step: int) -> None:
        """Send a picture as an artifact; its file name has the step."""
        self._client.log_artifact(self.key, str(path), name)

    def close(self) -> None:
        """Mark the run as finished."""
        self._client.set_terminated(self.key)

    def _experiment(self) -> str:
        name = os.environ.get("MLFLOW_EXPERIMENT_NAME", "chimerae")
        found = self._client.get_experiment_by_name(name)
        return str(found.experiment_id if found else self._client.create_experiment(name))


def _named(name: str) -> str:
    """`name` with dashes for what MLflow refuses.

    >>> _named("losses/critic, real")
    'losses/critic- real'
    """
    return _REFUSED.sub("-", name)

"""Settings with which each method learns from images of 8 to 64 px within minutes (`docs/short-runs.md`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chimerae.networks import DCGAN

SHORT_ARCH = DCGAN(width=24)
"""Networks of short runs on images."""

SAME: Mapping[str, Any] = {
    "training.batch_size": 64,
    "training.optimizer.lr": 1e-3,
    "training.optimizer.schedule": "exponential",
    "training.optimizer.final": 0.02,
}
"""A rate that moves far within 2,000 steps and then settles."""

SHORT: Mapping[str, Mapping[str, Any]] = {
    name: SAME
    for name in (
        "vae",
        "gan",
        "vae-gan",
        "avae",
        "bigan",
        "ali",
        "alice",
        "introvae",
        "soft-introvae",
        "as-introvae",
        "biadversarial",
        "wae-mmd",
        "wae-gan",
        "aae",
        "ian",
    )
}
"""Recipe -> what differs from the source's settings, by dotted path."""

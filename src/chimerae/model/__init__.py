"""Trained models, to use: `load(run)`, then `encode`, `decode`, `sample`, `reconstruct`, `interpolate`."""

from __future__ import annotations

from chimerae.evaluation.improved import Improve
from chimerae.model.model import Model
from chimerae.model.store import load, save

__all__ = ["Improve", "Model", "load", "save"]

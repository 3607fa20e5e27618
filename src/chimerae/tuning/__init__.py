"""Searches over settings: many short runs on one part of the training samples, judged on another."""

from __future__ import annotations

from chimerae.tuning.start import Found, tune

__all__ = ["Found", "tune"]

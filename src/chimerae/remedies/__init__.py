"""Advice for people whose run ended with a health word."""

from __future__ import annotations

from chimerae.remedies.advice import advice, ending

__all__ = ["advice", "ending"]

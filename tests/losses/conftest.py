from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _double(double: None) -> None:
    """The whole room computes in float64: both the losses and their oracles."""

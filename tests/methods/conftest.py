from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _double(double: None) -> None:
    """The whole room computes in float64: its oracles, and the trainings whose outcome it judges."""

from __future__ import annotations

import pytest

from chimerae.training.previews import Previews


@pytest.fixture
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing takes longer than these runs."""
    monkeypatch.setattr(Previews, "draw", lambda self, nets, step: None)

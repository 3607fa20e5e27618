from __future__ import annotations

import pytest

from chimerae.training.previews import Previews


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory):
    """One cache of prepared data for the whole room."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHIMERAE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing takes longer than these runs."""
    monkeypatch.setattr(Previews, "draw", lambda self, nets, step: None)

"""Progress display for people who wait."""

from __future__ import annotations

import pytest

from chimerae import console


def test_what_was_done_before_says_nothing_of_the_pace(monkeypatch: pytest.MonkeyPatch, capsys):
    clock = iter([100.0, 100.0, 110.0, 110.0, 500.0, 500.0, 512.0, 512.0])
    monkeypatch.setattr(console.time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(console, "QUIET_SECONDS", 0.0)
    display = console.Display(None)
    display.count(900, 1000, "steps")  # 900 of an earlier call: nothing can be said yet
    display.count(920, 1000, "steps")  # 20 in 10 seconds
    display.count(1, 10, "images")  # another work
    display.count(4, 10, "images")  # 3 in 12 seconds
    assert capsys.readouterr().err.splitlines() == [
        "900/1,000 steps",
        "920/1,000 steps  40s left",
        "1/10 images",
        "4/10 images  24s left",
    ]

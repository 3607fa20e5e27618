"""Progress display for people who wait."""

from __future__ import annotations

import pytest

from chimerae import console
from chimerae.run_folder.log import LogLine


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


def test_time_left_counts_the_slower_phase_that_is_to_come(capsys: pytest.CaptureFixture[str]):
    display = console.Display(None)
    display.expect((0.1, 0.3, 0.3, 0.3))  # three quarters of the run are three times as slow
    for step, seconds in ((1, 5.0), (11, 6.0), (25, 7.4), (51, 15.0)):
        display._printed = -console.QUIET_SECONDS
        display.line(log_line(step, seconds), 101)
    first, early, before, half = capsys.readouterr().err.splitlines()
    assert "left" not in first
    assert "  24s left" in early  # 14 steps of .1 s and 75.75 of .3 s
    assert "  23s left" in before
    assert "  15s left" in half  # 50 steps of .3 s


def log_line(step: int, seconds: float) -> LogLine:
    return LogLine(step, seconds, images_per_second=10.0, losses={}, logged={}, lr={}, health="ok")

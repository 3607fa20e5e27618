from __future__ import annotations

import numpy as np
import pytest

from chimerae.errors import InputError
from chimerae.pictures import Mark, Panel, maps, panorama, png
from tests.helpers.rows import through

MARKS = [Mark("near", 0.1, 20.0, 0.01, 3.0), Mark("nearer", 0.101, 20.5), Mark("edge", None, 50.0)]
WORDS = {"below": "fidelity", "beside": "realism", "edge": "no encoder"}


def panel(*marks: Mark) -> Panel:
    return Panel("faces", marks, {"mean image": 1.0}, {"data": 5.0})


def test_a_panel_for_each_set_side_by_side_and_the_same_bytes_again():
    one = panorama([panel(*MARKS)], **WORDS)
    two = panorama([panel(*MARKS), panel(*MARKS[:1])], **WORDS)
    assert two.width == pytest.approx(2 * one.width, abs=2)
    assert two.height == one.height
    assert png(one) == png(panorama([panel(*MARKS)], **WORDS))


def test_marks_without_x_stand_at_the_edge():
    """Grey squares right of everything blue."""
    pixels = np.asarray(panorama([panel(*MARKS)], **WORDS)).astype(int)
    blue = pixels[..., 2] - pixels[..., 0] > 60
    strip = (pixels == 0xF2).all(-1).sum(0) > 200
    assert blue.any()
    assert strip.sum() > 20
    assert np.nonzero(blue)[1].max() < np.nonzero(strip)[0].min()
    assert not ((np.asarray(panorama([panel(*MARKS[:2])], **WORDS)) == 0xF2).all(-1).sum(0) > 200).any()


def test_names_of_a_crowd_do_not_cover_each_other(monkeypatch):
    """Six names are longer than the distances of their marks; farther away there is room."""
    crowd = [Mark(f"a long name {i}", 0.2 + 0.002 * i, 20.0 + 0.3 * (i % 3)) for i in range(6)]
    places, write = [], maps._name
    monkeypatch.setattr(maps, "_name", lambda axes, panel: places.extend(write(axes, panel)))
    panorama([panel(*crowd, Mark("far", 0.9, 90.0))], **WORDS)
    assert len(places) == 7
    assert not any(a.overlaps(b) for i, a in enumerate(places) for b in places[:i])


def test_a_spread_wider_than_its_value_is_drawn_as_far_as_it_goes():
    assert panorama([panel(Mark("wide", 0.1, 20.0, 5.0, 500.0))], **WORDS).width


@through("marks", [(), (Mark("none", 0.1, 0.0),), (Mark("none", 0.0, 1.0),)])
def test_what_has_no_place_on_logarithmic_axes_is_refused(marks: tuple[Mark, ...]):
    with pytest.raises(InputError, match="a map needs marks"):
        panorama([panel(*marks)], **WORDS)

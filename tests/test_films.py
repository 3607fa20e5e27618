"""Pictures that move."""

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image, ImageSequence

from chimerae.errors import InputError
from chimerae.pictures import film, gif


def test_every_frame_is_shown_for_its_time_on_the_largest_canvas():
    frames = [Image.new("RGB", (40, 30), (90 * i, 0, 0)) for i in range(3)]
    moving = Image.open(BytesIO(film([*frames, Image.new("L", (50, 20), 255)])))
    assert moving.format == "WEBP"
    assert moving.size == (50, 30)
    shown = [frame.convert("RGB") for frame in ImageSequence.Iterator(moving)]
    assert len(shown) == 4
    assert [abs(frame.getpixel((5, 5))[0] - 90 * i) <= 8 for i, frame in enumerate(shown[:3])] == [True] * 3
    assert min(shown[3].getpixel((45, 5))) >= 250


def test_a_single_frame_is_refused():
    with pytest.raises(InputError, match="1 frame does not move"):
        film([Image.new("RGB", (4, 4))])


def test_a_gif_shows_every_frame_in_its_own_colours():
    frames = [Image.new("RGB", (6, 4), (40 * i, 255 - 40 * i, 7)) for i in range(5)]
    with Image.open(BytesIO(gif(frames, 80))) as film:
        assert (film.n_frames, film.size, film.info["loop"]) == (5, (6, 4), 0)
        for i in range(5):
            film.seek(i)
            assert film.info["duration"] == 80
            assert film.convert("RGB").getpixel((3, 2)) == (40 * i, 255 - 40 * i, 7)
    with pytest.raises(InputError, match="does not move"):
        gif(frames[:1])

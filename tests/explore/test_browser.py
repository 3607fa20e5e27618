"""The page in a real browser; skipped where none is installed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from chimerae.explore.explorer import Explorer
from chimerae.explore.site import site_of
from chimerae.report.serve import server
from tests.explore.conftest import drawn
from tests.helpers.browser import Browser, browser, drop

PICTURE = "document.querySelector('#pictures .card img')?.src"
TOLD = "!document.getElementById('problem').hidden && document.getElementById('problem').innerText"
WHOLE = (
    "document.querySelectorAll('.way').length > 0 && document.querySelectorAll('.plane').length > 0"
    " && document.querySelectorAll('.thumb').length > 0"
)
RIGHT = "\ue014"
"""The right arrow key."""


@pytest.fixture(scope="module")
def tab() -> Iterator[Browser]:
    with browser() as found:
        yield found


@pytest.fixture(scope="module")
def address(both: Explorer) -> Iterator[str]:
    with server(site_of(Explorer(both.subjects))) as open_:
        thread = threading.Thread(target=open_.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{open_.server_address[1]}/"
        open_.shutdown()
        thread.join()


def test_the_page_shows_pictures_walks_maps_and_neighbours_without_an_error(tab: Browser, address: str):
    tab.errors()
    tab.open(address)
    tab.until(WHOLE)
    assert tab.script("return document.querySelectorAll('#pictures .card').length") == 3
    assert tab.script("return [...document.images].filter((i) => i.src && !i.naturalWidth).length") == 0
    assert tab.script("return document.querySelectorAll('.way').length") == 3
    assert tab.script(f"return {TOLD}") is False
    assert tab.errors() == []


def test_arrow_keys_move_a_slider_and_another_picture_is_shown(tab: Browser, address: str):
    tab.open(f"{address}?code=draw-3")
    before = tab.until(PICTURE)
    tab.until("document.getElementById('axis-1').getAttribute('aria-valuetext')")
    place = float(tab.script("return document.getElementById('axis-1').value"))
    tab.keys("#axis-1", RIGHT * 5)
    tab.until(f"{PICTURE} !== {before!r}")
    moved = float(tab.script("return document.getElementById('axis-1').value"))
    assert moved == pytest.approx(place + 0.5, abs=0.15)
    tab.until(f"location.search.includes('draw-3*1_{moved:g}')")
    tab.script("document.getElementById('reset').click()")
    tab.until(f"{PICTURE} === {before!r}")


def test_a_link_restores_the_code_the_walk_and_the_runs(tab: Browser, address: str):
    tab.open(f"{address}?run=avae&code=draw-5*1_1.5*2_-2&from=held-3&to=draw-9&at=25&way=linear")
    tab.until(WHOLE)
    shown = tab.until(PICTURE)
    values = "return ['axis-1', 'axis-2', 'at', 'way', 'draw'].map((id) => document.getElementById(id).value)"
    assert tab.script(values) == ["1.5", "-2", "25", "linear", "5"]
    words = "return [...document.querySelectorAll('.end b')].map((end) => end.textContent)"
    assert tab.script(words) == ["held-out image 3", "draw 9"]
    assert tab.script("return document.querySelectorAll('#pictures .card').length") == 2, "one run of two"
    link = tab.script("return location.href")
    tab.open(address)
    tab.until(f"{PICTURE} && {PICTURE} !== {shown!r}")
    tab.open(link)
    tab.until(f"{PICTURE} === {shown!r}")
    tab.open(f"{address}?run=other")
    assert "The link is of the run 'other'" in tab.until(TOLD)


def test_a_picture_is_encoded_and_two_are_walked_between(tab: Browser, address: str, tmp_path: Path):
    paths = [tmp_path / "me.png", tmp_path / "you.png"]
    for i, path in enumerate(paths):
        drawn(i).save(path)
    tab.open(f"{address}?run=avae")
    tab.until(WHOLE)
    drop(tab, paths[0], "image/png")
    tab.until("document.getElementById('origin').textContent === 'me.png'")
    tab.until("document.querySelectorAll('#pictures .card').length === 3")  # the picture beside both networks
    assert "mine-" in tab.script("return location.search")
    tab.keys("#files", "\n".join(map(str, paths)))
    tab.until(
        "[...document.querySelectorAll('.end b')].map((end) => end.textContent).join() === 'me.png,you.png'"
    )


def test_a_text_file_is_refused_by_name(tab: Browser, address: str, tmp_path: Path):
    path = tmp_path / "notes.txt"
    path.write_text("hello")
    tab.open(f"{address}?run=avae")
    before = tab.until(PICTURE)
    drop(tab, path, "text/plain")
    assert "'notes.txt' is no picture; give a PNG" in tab.until(TOLD)
    assert tab.script(f"return {PICTURE}") == before
    tab.script("document.querySelector('#problem button').click()")
    assert tab.script(f"return {TOLD}") is False
    tab.errors()


def test_a_click_on_the_map_moves_the_code(tab: Browser, address: str):
    tab.open(f"{address}?run=avae&code=draw-2")
    tab.until(WHOLE)
    tab.script(
        """
        const map = document.querySelector(".plane"), box = map.querySelector("img").getBoundingClientRect();
        const place = { clientX: box.right - 1, clientY: box.top + 1, bubbles: true };
        map.dispatchEvent(new MouseEvent("click", place));
        """
    )
    places = "['axis-1', 'axis-2'].map((id) => Number(document.getElementById(id).value))"
    tab.until(f"{places}.every((place) => place > 2.4)")


def test_nothing_is_wider_than_a_narrow_screen(tab: Browser, address: str):
    for width in (500, 1280):  # the least that a window of this browser can have, and a laptop's
        tab.resize(width, 900)
        tab.open(address)
        tab.until(WHOLE)
        assert tab.script("return document.documentElement.scrollWidth <= innerWidth")

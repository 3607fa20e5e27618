"""Temporary files of killed processes are removed; those of living ones, and the files of others, stay."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from chimerae import leftovers
from chimerae.errors import InputError
from chimerae.files import replace, whole_file, whole_folder, write_bytes
from chimerae.leftovers import ENDING, LEFT
from chimerae.run_folder.schema import FILES, FOLDERS, refuse_links

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked and killed")


def killed(act: Callable[[], object]) -> None:
    """Call `act`, which ends its process, in a fork."""
    if not (child := os.fork()):
        try:
            act()
        finally:
            os._exit(1)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL


def half_a_file(path: Path) -> None:
    with whole_file(path) as file:
        file.write(b"half")
        file.flush()
        os.kill(os.getpid(), signal.SIGKILL)


def half_a_folder(path: Path) -> None:
    with whole_folder(path) as work:
        (work / "part").write_text("half")
        os.kill(os.getpid(), signal.SIGKILL)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.mark.parametrize("act", [half_a_file, half_a_folder])
def test_the_next_write_into_a_folder_removes_what_a_kill_left(tmp_path: Path, act):
    killed(lambda: act(tmp_path / "a"))
    (left,) = names(tmp_path)
    assert LEFT.fullmatch(left)
    write_bytes(tmp_path / "b", b"whole")
    assert names(tmp_path) == {"b"}


@pytest.mark.parametrize("whole", [whole_file, whole_folder])
def test_what_another_process_still_fills_stays(tmp_path: Path, whole):
    """A lock belongs to an open file, so it keeps out other openings in this process too."""
    with whole(tmp_path / "a"):
        write_bytes(tmp_path / "b", b"whole")
    assert names(tmp_path) == {"a", "b"}


def test_names_of_others_are_not_ours(tmp_path: Path):
    (tmp_path / "theirs").write_text("theirs")
    others = {
        ".a.k2x9_a1b",
        ".a.swp",
        f"a.k2x9_a1b{ENDING}",
        f".k2x9_a1b{ENDING}",
        f".a.k2x9{ENDING}",
        "theirs",
    }
    for name in others - {"theirs"}:
        (tmp_path / name).write_text("")
    link, pipe = f".a.linklink{ENDING}", f".a.pipepipe{ENDING}"
    (tmp_path / link).symlink_to(tmp_path / "theirs")
    os.mkfifo(tmp_path / pipe)
    write_bytes(tmp_path / "b", b"whole")
    assert names(tmp_path) == others | {"b", link, pipe}
    assert (tmp_path / "theirs").read_text() == "theirs"


def test_a_file_that_is_taken_before_it_is_locked_is_made_again(tmp_path: Path, monkeypatch):
    claim, taken = leftovers._claim, iter([True, False, False])

    def late(handle: int) -> None:
        if next(taken):
            for path in tmp_path.iterdir():
                path.rename(tmp_path.parent / "swept")
        claim(handle)

    monkeypatch.setattr(leftovers, "_claim", late)
    write_bytes(tmp_path / "a", b"whole")
    assert (tmp_path / "a").read_bytes() == b"whole"


def test_a_file_with_a_long_name_is_written(tmp_path: Path):
    write_bytes(tmp_path / ("a" * 255), b"whole")
    assert names(tmp_path) == {"a" * 255}


def test_a_folder_in_the_place_of_a_file_is_named(tmp_path: Path):
    (tmp_path / "a").mkdir()
    write_bytes(tmp_path / "b", b"whole")
    for act in (lambda: write_bytes(tmp_path / "a", b""), lambda: replace(tmp_path / "b", tmp_path / "a")):
        with pytest.raises(InputError, match="a folder stands in its place; move it away"):
            act()
    assert names(tmp_path) == {"a", "b"}


def test_what_stands_in_the_place_of_a_part_of_a_run_is_named_before_it_trains(tmp_path: Path):
    for name in FILES:
        (tmp_path / name).mkdir(parents=True)
        with pytest.raises(InputError, match=f"{name} cannot be read: it is a folder in place of a file"):
            refuse_links(tmp_path)
        (tmp_path / name).rmdir()
    refuse_links(tmp_path)
    for name in FOLDERS:
        (tmp_path / name).exists() and (tmp_path / name).rmdir()
        (tmp_path / name).write_text("")
        with pytest.raises(InputError, match=f"{name} is no folder, and the run needs one there"):
            refuse_links(tmp_path)
        (tmp_path / name).unlink()

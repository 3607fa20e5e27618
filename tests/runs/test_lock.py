"""The lock of a run folder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from chimerae.errors import InputError
from chimerae.run_folder.schema import LOCK
from chimerae.runs.lock import locked

HOLDER = """
import sys
from pathlib import Path
from chimerae.runs.lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_process_is_refused_until_the_first_is_killed(tmp_path: Path):
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(InputError, match="another process is training in"), locked(tmp_path):
            pass
        holder.kill()
        holder.wait()
        with locked(tmp_path):
            pass


def test_it_ends_with_an_error_in_its_block(tmp_path: Path):
    with pytest.raises(ZeroDivisionError), locked(tmp_path):
        raise ZeroDivisionError
    with locked(tmp_path):
        pass


@pytest.mark.parametrize("there", [True, False])
def test_a_link_in_its_place_is_not_followed(tmp_path: Path, there: bool):
    target = tmp_path / "thesis.txt"
    if there:
        target.write_text("years of work")
    (tmp_path / LOCK).symlink_to(target)
    with pytest.raises(InputError, match="is a link, which is not followed; remove it"), locked(tmp_path):
        pass
    assert target.exists() == there
    assert not there or target.read_text() == "years of work"


def test_the_content_of_its_file_stays(tmp_path: Path):
    """Its file may be a hard link to another."""
    target = tmp_path / "thesis.txt"
    target.write_text("years of work")
    (tmp_path / LOCK).hardlink_to(target)
    with locked(tmp_path):
        assert target.read_text() == "years of work"
    assert target.read_text() == "years of work"


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path):
    (tmp_path / LOCK).mkdir()
    with pytest.raises(InputError, match=r"cannot write .*; choose another --out"), locked(tmp_path):
        pass

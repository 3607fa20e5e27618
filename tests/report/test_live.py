"""The page of `chimerae watch`, and the server behind it."""

from __future__ import annotations

import json
import re
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from chimerae import cli
from chimerae.errors import InputError
from chimerae.report.live import live_page
from chimerae.report.read import read_run
from chimerae.report.serve import server
from chimerae.report.watched import remaining, run_folders, state_of
from tests.report.report_runs import write_run


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with a run that learns, one that has ended, and a folder that is no run."""
    write_run(tmp_path / "runs" / "learns", reached=60, evaluated=False)
    write_run(tmp_path / "runs" / "ended", seed=1)
    (tmp_path / "runs" / "other").mkdir()
    return tmp_path / "runs"


def newest(run: Path) -> float:
    return max(path.stat().st_mtime for path in (run, run / "log.jsonl", run / "samples"))


def test_a_run_that_learns_shows_its_step_the_time_left_and_its_newest_pictures(root: Path):
    run = root / "learns"
    page = live_page([run], 5, now=newest(run))
    log = read_run(run).log
    pace = (log[-1].seconds - log[0].seconds) / (log[-1].step - log[0].step)
    assert remaining(log, 100) == pytest.approx(40 * pace)
    assert re.search(r"step 60 of 100, \S+ left, [\d,]+ a second", page)
    assert 'style="width:60.00%"' in page
    assert page.count("Samples, step 50") == 2  # its caption, and the text for those who see no pictures
    assert page.count("<img ") == 2
    assert "loss of vae" in page


def test_a_quiet_run_is_said_to_be_quiet_and_one_that_ended_to_be_done(root: Path):
    page = live_page([root / "learns"], 5, now=newest(root / "learns") + 7200)
    assert "step 60 of 100, nothing new for 2h00m: it may have been stopped" in page
    page = live_page([root / "ended"], 5, now=newest(root / "ended") + 7200)
    assert re.search(r"step 100 of 100, done in \S+, evaluated", page)


def test_a_damaged_run_and_one_that_has_just_begun_leave_the_others_alone(root: Path):
    (root / "ended" / "run.json").write_text("{")
    (root / "learns" / "log.jsonl").unlink()
    page = live_page(run_folders([root]), 5)
    assert "nothing of 100 steps is logged yet" in page
    assert "run.json cannot be read" in page


def test_words_of_a_run_are_no_markup(root: Path):
    record = json.loads((root / "learns" / "run.json").read_text())
    record["run"]["method"]["name"] = "<script>alert(1)</script>"
    (root / "learns" / "run.json").write_text(json.dumps(record))
    assert "<script>alert" not in live_page([root / "learns"], 5)


def test_runs_are_found_in_a_folder_and_a_missing_place_is_told(root: Path):
    assert {path.name for path in run_folders([root, root / "learns"])} == {"learns", "ended"}
    assert run_folders([root / "other"]) == []
    with pytest.raises(InputError, match="is no folder; give run folders"):
        run_folders([root / "nothing"])


def test_the_state_changes_with_a_line_of_the_log_and_with_a_preview(root: Path):
    folders, log = [root / "learns"], root / "learns" / "log.jsonl"
    states = [state_of(folders)]
    log.write_text(log.read_text() + log.read_text().splitlines()[-1] + "\n")
    states.append(state_of(folders))
    (root / "learns" / "samples" / "samples-00000060.png").write_bytes(b"")
    states.append(state_of(folders))
    assert len(set(states)) == 3
    assert state_of(folders) == states[-1]


def asked(address: str, host: str | None = None, method: str = "GET") -> tuple[int, str, str]:
    """Status, policy and text of an answer."""
    headers = {} if host is None else {"Host": host}
    request = urllib.request.Request(address, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.headers["Content-Security-Policy"], answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, "", error.read().decode()


@pytest.fixture
def address(root: Path) -> Iterator[str]:
    """The address of a server with one page, and one that fails."""

    def fail() -> tuple[str, str]:
        raise InputError("the run is gone")

    with server({"/": lambda: ("text/plain", "péage"), "/fails": fail}) as open_:
        thread = threading.Thread(target=open_.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{open_.server_address[1]}"
        open_.shutdown()
        thread.join()


def test_the_server_gives_its_pages_to_this_machine_and_nothing_else(address: str):
    status, policy, text = asked(f"{address}/?x=1")
    assert (status, text) == (200, "péage")
    assert "default-src 'none'" in policy
    assert asked(f"{address}/", host="localhost:80")[0] == 200
    assert asked(f"{address}/", host="evil.example")[0] == 403
    assert asked(f"{address}/fails")[::2] == (500, "the run is gone")
    for path in ("/../../etc/passwd", "//etc/passwd", "/run.json", "/%2e%2e/"):
        assert asked(address + path)[0] == 404
    assert asked(f"{address}/", method="POST")[0] == 501


def test_a_taken_port_is_told():
    with server({}) as open_, pytest.raises(InputError, match="leave it out for a free one"):
        server({}, open_.server_address[1])


def test_bad_input_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    for line, told in (
        ("watch", "runs is no folder"),
        ("watch . --every 0", "--every 0: give seconds above 0"),
        ("watch . --port 70000", "--port 70000 cannot be used"),
    ):
        assert cli.main(line.split()) == 2
        assert told in capsys.readouterr().err


def test_the_command_serves_until_it_is_interrupted(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    opened: list[str] = []

    def once(self: object, *args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("webbrowser.open", opened.append)
    monkeypatch.setattr("http.server.ThreadingHTTPServer.serve_forever", once)
    assert cli.main(["watch", str(root)]) == 0
    assert opened[0] in capsys.readouterr().out
    assert opened[0].startswith("http://127.0.0.1:")

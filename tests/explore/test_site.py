"""The server of the page: who may ask for what."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import pytest

from chimerae import cli
from chimerae.explore.explorer import Explorer
from chimerae.explore.site import FILES, site_of
from chimerae.explore.uploads import MOST_BYTES
from chimerae.report.serve import server
from tests.explore.conftest import drawn
from tests.helpers.rows import through


@pytest.fixture(scope="module")
def port(both: Explorer) -> Iterator[int]:
    """Port of a server of both runs."""
    with server(site_of(Explorer(both.subjects))) as open_:
        thread = threading.Thread(target=open_.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield int(open_.server_address[1])
        open_.shutdown()
        thread.join()


def ask(
    port: int,
    path: str,
    headers: Mapping[str, str] = {},
    method: str = "GET",
    body: bytes | None = None,
) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, body=body, headers=dict(headers))
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def a_picture() -> bytes:
    buffer = BytesIO()
    drawn().save(buffer, "JPEG")
    return buffer.getvalue()


def test_every_file_of_the_page_is_served_and_loads_nothing_from_elsewhere(port: int):
    for path in ("/", "/base.css", *(f"/{name}" for name in FILES)):
        status, headers, body = ask(port, path)
        assert status == 200, path
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert b"http:" not in body
        assert b"https:" not in body
    folder = Path(cli.__file__).parents[1] / "explore"
    beside = {path.name for path in folder.iterdir() if path.suffix in (".html", ".css", ".js")}
    assert beside == {*FILES, "page.html"}, "each file is served"


def test_links_of_others_lead_to_the_page_and_to_nothing_else(port: int):
    site = {"Sec-Fetch-Site": "cross-site"}
    linked = site | {"Sec-Fetch-Mode": "navigate"}
    assert ask(port, "/?code=draw-1", linked)[0] == 200
    assert ask(port, "/picture.png?code=draw-1", linked)[0] == 403
    for foreign in ("cross-site", "same-site"):
        for path in ("/about", "/code?code=draw-1", "/walk.gif?from=draw-1&to=draw-2"):
            assert ask(port, path, {"Sec-Fetch-Site": foreign, "Sec-Fetch-Mode": "no-cors"})[0] == 403
    assert ask(port, "/about", {"Host": "evil.example"})[0] == 403
    assert ask(port, "/about", {"Host": f"evil.example:{port}"})[0] == 403
    assert ask(port, "/about", {"Host": f"localhost:{port}", "Sec-Fetch-Site": "same-origin"})[0] == 200


@through(
    "path",
    ["/../../etc/passwd", "//etc/passwd", "/run.json", "/site.py", "/%2e%2e/run.json", "/page.html", "/take"],
)
def test_no_other_path_is_served(path, port: int):
    assert ask(port, path)[0] == 404


def test_an_upload_of_our_own_page_is_taken_and_one_of_others_is_not(port: int):
    ours = {"X-Name": "p%C3%A9.jpg", "Origin": f"http://127.0.0.1:{port}", "Sec-Fetch-Site": "same-origin"}
    status, _, body = ask(port, "/take", ours, "POST", a_picture())
    assert (status, json.loads(body)["name"]) == (200, "pé.jpg")
    for foreign in (
        ours | {"Origin": "http://evil.example"},
        ours | {"Origin": "null"},
        ours | {"Origin": f"http://127.0.0.1:{port + 1}"},
        ours | {"Sec-Fetch-Site": "cross-site"},
        ours | {"Host": "evil.example", "Origin": "http://evil.example"},
        {"Origin": ours["Origin"]},  # a form has no such header
    ):
        assert ask(port, "/take", foreign, "POST", a_picture())[0] == 403
    assert ask(port, "/code", ours, "POST", b"x")[0] == 501
    assert ask(port, "/", ours, "DELETE")[0] == 501


def test_a_file_that_is_no_picture_or_too_large_is_told_in_one_line(port: int):
    status, _, body = ask(port, "/take", {"X-Name": "notes.txt"}, "POST", b"hello")
    assert status == 400
    assert body.decode().startswith("'notes.txt' is no picture")
    said = {"X-Name": "big.png", "Content-Length": str(MOST_BYTES + 1)}
    status, _, body = ask(port, "/take", said, "POST", b"")
    assert (status, body.decode()) == (413, "'big.png' is larger than 32 MB")
    assert ask(port, "/take", {"X-Name": "x.png", "Content-Length": "many"}, "POST", b"")[0] == 411


def test_errors_are_one_line(port: int, both: Explorer, monkeypatch: pytest.MonkeyPatch, capsys):
    status, headers, body = ask(port, "/code?code=nothing")
    assert (status, headers.get_content_type()) == (400, "text/plain")
    assert b"\n" not in body

    def broken(*args: object) -> None:
        raise RuntimeError("first\nsecond")

    monkeypatch.setattr(type(both.subjects[0]), "pictures", broken)
    status, _, body = ask(port, "/code?code=draw-77")
    assert (status, body) == (500, b"our own fault: RuntimeError: first")
    assert "Traceback" not in capsys.readouterr().err


def test_questions_at_once_have_the_answers_of_questions_one_by_one(port: int):
    paths = [f"/code?code=draw-{i}*1_{i % 3}" for i in range(6)] * 2
    alone = [ask(port, path)[2] for path in paths[:6]]
    with ThreadPoolExecutor(12) as pool:
        together = list(pool.map(lambda path: ask(port, path)[2], paths))
    assert together == alone * 2


def test_the_command_serves_until_it_is_interrupted(
    runs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    opened: list[str] = []

    def once(self: object, *args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("webbrowser.open", opened.append)
    monkeypatch.setattr("http.server.ThreadingHTTPServer.serve_forever", once)
    assert cli.main(["explore", str(runs / "avae"), "--device", "cpu"]) == 0
    assert opened[0] in capsys.readouterr().out
    assert opened[0].startswith("http://127.0.0.1:")
    assert cli.main(["explore", str(runs / "avae"), "--no-browser", "--port", "70000"]) == 2
    assert "--port 70000 cannot be used" in capsys.readouterr().err
    assert len(opened) == 1


@through(
    "line, told",
    [("explore", "no run is given: name 1 to 4"), ("explore nothing", "there is no run folder nothing")],
)
def test_bad_input_is_one_line(line, told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(line.split()) == 2
    assert told in capsys.readouterr().err

"""A server for pages that only this machine can open."""

from __future__ import annotations

import sys
import webbrowser
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

from chimerae.errors import TOO_MUCH, InputError, first_line, printable

Content = tuple[str, str | bytes]
"""Media type and content of an answer."""

HOST: Final = "127.0.0.1"
OWN: Final = (HOST, "localhost")
"""Names under which a browser here asks for a page; under another one, a foreign site would be asking."""
FOREIGN: Final = ("cross-site", "same-site")
"""Values of Sec-Fetch-Site in requests of other sites, other ports of this machine among them."""
NAME: Final = "X-Name"
"""Header with the percent-encoded name of an uploaded file. Forms of other sites cannot send it."""
POLICY: Final = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "connect-src 'self'"
)
"""Nothing on a page may load anything from elsewhere."""
SAFETY: Final = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}
SECONDS: Final = 60
"""Longest silence of a browser within a request."""


@dataclass(frozen=True)
class Site:
    """Everything that a server answers, by path. One function runs at a time."""

    pages: Mapping[str, Callable[[], Content]]
    """Pages and their parts, without parameters. Links of other sites may lead to a page."""
    answers: Mapping[str, Callable[[Mapping[str, str]], Content]] = field(default_factory=dict)
    """Answers to the parameters of an address."""
    uploads: Mapping[str, Callable[[str, bytes], Content]] = field(default_factory=dict)
    """Answers to an uploaded file: its name and its content."""
    most: int = 0
    """Bytes of an uploaded file, at most."""
    policy: str = POLICY
    lock: Lock = field(default_factory=Lock)
    """Browsers open several connections; matplotlib draws in one thread, and seeds of noise are global."""


def server(pages: Site | Mapping[str, Callable[[], Content]], port: int = 0) -> ThreadingHTTPServer:
    """A server of `pages`: a path such as "/", and the function that returns media type and content.

    Any other path, method or name of the machine is refused. Errors of a function are answered with one line.

    Args:
        pages: what it serves.
        port: 0 for a free one.

    Raises:
        InputError: the port is taken.
    """
    whole = pages if isinstance(pages, Site) else Site(pages)

    class Bound(Handler):
        site = whole

    try:
        return ThreadingHTTPServer((HOST, port), Bound)
    except (OSError, OverflowError) as error:
        raise InputError(f"--port {port} cannot be used ({error}); leave it out for a free one") from error


def serve(
    verb: str, pages: Site | Mapping[str, Callable[[], Content]], port: int, *, open_browser: bool
) -> None:
    """Serve `pages` for `chimerae VERB` until Ctrl-C, and print the address.

    Raises:
        InputError: the port is taken.
    """
    with server(pages, port) as open_:
        address = f"http://{open_.server_address[0]!s}:{open_.server_address[1]}/"
        print(f"{verb}: {address} (Ctrl-C ends it)", flush=True)
        if open_browser:
            webbrowser.open(address)
        try:
            open_.serve_forever()
        except KeyboardInterrupt:
            print()


class Handler(BaseHTTPRequestHandler):
    """Answers of a `Site` to one connection."""

    site: Site
    timeout = SECONDS

    def do_GET(self) -> None:
        """Answer with a page, or to the parameters of an address."""
        path, _, query = self.path.partition("?")
        if refusal := self._refusal(linked=path in self.site.pages):
            self._answer(403, "text/plain", refusal)
        elif path in self.site.pages:
            self._made(self.site.pages[path], 500)
        elif path in self.site.answers:
            self._made(partial(self.site.answers[path], dict(parse_qsl(query))), 400)
        else:
            self._answer(404, "text/plain", "no such page")

    def do_POST(self) -> None:
        """Answer to an uploaded file of a bounded size."""
        take, length = self.site.uploads.get(self.path), self.headers.get("Content-Length", "")
        name = printable(unquote(self.headers.get(NAME, "")))[:200]
        if refusal := self._refusal(linked=False):
            self._answer(403, "text/plain", refusal)
        elif take is None:
            self._answer(501, "text/plain", "nothing can be sent here")
        elif not name:
            self._answer(403, "text/plain", f"a file needs its name in the header {NAME}")
        elif not length.isdecimal():
            self._answer(411, "text/plain", f"'{name}' comes without its size")
        elif int(length) > self.site.most:
            self._answer(413, "text/plain", f"'{name}' is larger than {self.site.most >> 20} MB")
        else:
            content = self.rfile.read(int(length))
            self._made(partial(take, name, content), 400)

    def _refusal(self, linked: bool) -> str:
        """The reason to refuse a request of another site; '' for our own, and for links where they may lead
        (`linked`).
        """
        host = self.headers.get("Host", "")
        if (host.rpartition(":")[0] or host) not in OWN:
            return "this page is for this machine only"
        if self.headers.get("Origin", f"http://{host}") != f"http://{host}":
            return "another site asked for this"
        by_link = linked and self.headers.get("Sec-Fetch-Mode") == "navigate"
        foreign = self.headers.get("Sec-Fetch-Site") in FOREIGN
        return "another site asked for this" if foreign and not by_link else ""

    def _made(self, make: Callable[[], Content], status: int) -> None:
        """Answer with the result of `make`, or with one line; `status` is that of wrong input."""
        try:
            with self.site.lock:
                made = make()
        except InputError as error:
            self._answer(status, "text/plain", " ".join(str(error).split()))
        except Exception as error:
            line = f"our own fault: {type(error).__name__}: {first_line(error)}"
            if isinstance(error, MemoryError) or TOO_MUCH.search(str(error)):
                line = "not enough memory: ask for less at a time"
            print(line, file=sys.stderr)
            self._answer(500, "text/plain", line)
        else:
            self._answer(200, *made)

    def _answer(self, status: int, kind: str, content: str | bytes) -> None:
        if isinstance(content, str):
            kind, content = f"{kind}; charset=utf-8", content.encode("utf-8", "replace")
        with suppress(ConnectionError, TimeoutError):  # the browser no longer waits
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Content-Security-Policy", self.site.policy)
            for header, value in SAFETY.items():
                self.send_header(header, value)
            self.end_headers()
            self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Print no line about a request."""

"""A server for pages that only this machine can open."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import Any, Final

from chimerae.errors import InputError

HOST: Final = "127.0.0.1"
OWN: Final = (HOST, "localhost")
"""Names under which a browser here asks for a page; under another one, a foreign site would be asking."""
POLICY: Final = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "connect-src 'self'"
)
"""Nothing on a page may load anything from elsewhere."""


def server(pages: Mapping[str, Callable[[], tuple[str, str]]], port: int = 0) -> ThreadingHTTPServer:
    """A server of `pages`: a path such as "/", and the function that returns media type and text.

    Any other path, method or name of the machine is refused. Errors of a function are answered with one line.

    Args:
        pages: what it serves.
        port: 0 for a free one.

    Raises:
        InputError: the port is taken.
    """
    try:
        return ThreadingHTTPServer((HOST, port), _handler(pages))
    except (OSError, OverflowError) as error:
        raise InputError(f"--port {port} cannot be used ({error}); leave it out for a free one") from error


def _handler(pages: Mapping[str, Callable[[], tuple[str, str]]]) -> type[BaseHTTPRequestHandler]:
    """The class that answers requests for `pages`."""
    one_at_a_time = Lock()  # browsers open several connections, and matplotlib draws in one thread

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.headers.get("Host", "").rpartition(":")[0] or self.headers.get("Host", "")
            page = pages.get(self.path.partition("?")[0])
            if name not in OWN:
                self._answer(403, "text/plain", "this page is for this machine only")
            elif page is None:
                self._answer(404, "text/plain", "no such page")
            else:
                try:
                    with one_at_a_time:
                        made = page()
                    self._answer(200, *made)
                except InputError as error:
                    self._answer(500, "text/plain", str(error))

        def _answer(self, status: int, kind: str, text: str) -> None:
            content = text.encode("utf-8", "replace")
            self.send_response(status)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Cache-Control", "no-store")
            self.send_header("Content-Security-Policy", POLICY)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            """Print no line about a request."""

    return Handler

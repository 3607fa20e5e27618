"""A headless Chromium, driven by the W3C's WebDriver protocol, which is JSON over HTTP."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
PATIENCE = 100.0
"""Seconds until a page must have done what it was asked for."""
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
"""Key of the protocol for an element."""


class Browser:
    """One tab."""

    def __init__(self, driver: str, binary: str) -> None:
        options = {"binary": binary, "args": list(FLAGS)}
        wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        self.address = driver
        session = self._ask("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self.address += f"/session/{session['sessionId']}"

    def open(self, url: str) -> None:
        """Load a page."""
        self._ask("POST", "/url", {"url": url})

    def resize(self, width: int, height: int) -> None:
        """Give the window a size in pixels."""
        self._ask("POST", "/window/rect", {"width": width, "height": height})

    def script(self, body: str, *given: Any) -> Any:
        """The value that a script returns."""
        return self._ask("POST", "/execute/sync", {"script": body, "args": list(given)})

    def until(self, condition: str) -> Any:
        """The value of an expression, once it is true; the test fails when it stays false."""
        end = time.monotonic() + PATIENCE
        while not (value := self.script(f"return {condition}")):
            if time.monotonic() > end:
                said = self.script("return document.body.innerText")
                pytest.fail(f"it stays false: {condition}; the page says: {said}")
            time.sleep(0.05)
        return value

    def keys(self, selector: str, text: str) -> None:
        """Press keys in an element; a file input takes paths."""
        found = self._ask("POST", "/element", {"using": "css selector", "value": selector})
        self._ask("POST", f"/element/{found[ELEMENT]}/value", {"text": text})

    def errors(self) -> list[str]:
        """Errors of the console since the last call."""
        lines = self._ask("POST", "/se/log", {"type": "browser"})
        return [line["message"] for line in lines if line["level"] == "SEVERE"]

    def close(self) -> None:
        """End it."""
        self._ask("DELETE", "")

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data, method=method)
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=200) as answer:
            return json.loads(answer.read())["value"]


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser for some tests, which are skipped where none is installed."""
    binary = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if not binary or not driver:
        pytest.skip("needs Chromium and its driver: apt-get install chromium chromium-driver")
    command = [driver, "--port=0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            started = re.compile(r"successfully on port (\d+)")
            lines = map(started.search, iter(process.stdout.readline, ""))
            port = next(found[1] for found in lines if found)
            try:
                tab = Browser(f"http://127.0.0.1:{port}", binary)
            except urllib.error.HTTPError as error:
                with error:
                    pytest.skip(f"Chromium is installed, but does not start: {error.read()[:300]!r}")
            yield tab
            tab.close()
        finally:
            process.terminate()


def drop(tab: Browser, path: Path, kind: str) -> None:
    """Drop a file on the page, as a mouse would."""
    tab.script(
        """
        const [bytes, name, type] = arguments, files = new DataTransfer();
        files.items.add(new File([new Uint8Array(bytes)], name, { type }));
        const how = { dataTransfer: files, bubbles: true, cancelable: true };
        document.body.dispatchEvent(new DragEvent("drop", how));
        """,
        list(path.read_bytes()),
        path.name,
        kind,
    )

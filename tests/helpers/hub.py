"""A stand-in for the Hugging Face hub: a server on this machine with the requests that its library makes.

It keeps repositories in memory: every commit has all its files. Weights come by LFS, other files within the
commit, as the hub has it. No test leaves the machine.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

TOKEN = "hf_token_of_a_test"
READ_ONLY = "hf_token_that_only_reads"
BIG = (".safetensors",)


@dataclass
class Repository:
    private: bool
    commits: list[tuple[str, dict[str, bytes]]] = field(default_factory=list)

    @property
    def files(self) -> dict[str, bytes]:
        return self.commits[-1][1]

    def commit(self, files: dict[str, bytes]) -> str:
        there = self.commits[-1][1] if self.commits else {}
        oid = hashlib.sha1(f"{len(self.commits)}{sorted(files)}".encode()).hexdigest()
        self.commits.append((oid, there | files))
        return oid

    def at(self, revision: str) -> tuple[str, dict[str, bytes]] | None:
        if revision == "main":
            return self.commits[-1]
        return next((each for each in self.commits if each[0] == revision), None)


@dataclass
class Hub:
    """The repositories of the stand-in."""

    address: str = ""
    repos: dict[str, Repository] = field(default_factory=dict)
    uploaded: dict[str, bytes] = field(default_factory=dict)
    """Large files that wait for their commit, by SHA-256."""
    asked: list[str] = field(default_factory=list)
    """Every request, as `METHOD path`."""

    def holding(self, repo: str, files: dict[str, bytes], *, private: bool = True) -> Repository:
        """A repository `repo` with one commit of `files`."""
        self.repos[repo] = Repository(private)
        self.repos[repo].commit(files)
        return self.repos[repo]


class Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def answer(self, content: Any = None, status: int = 200, **headers: str) -> None:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def refuse(self, status: int, code: str = "", message: str = "") -> None:
        self.answer({"error": message}, status, X_Error_Code=code, X_Error_Message=message)

    def handle_any(self) -> None:
        url = urlsplit(self.path)
        path = unquote(url.path)
        self.hub.asked.append(f"{self.command} {path}")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        for pattern, act in ROUTES:
            if found := re.fullmatch(pattern, f"{self.command} {path}"):
                act(self, body, parse_qs(url.query), **found.groupdict())
                return
        self.refuse(501, message=f"{self.command} {path} is not in the stand-in")

    do_GET = do_HEAD = do_POST = do_PUT = handle_any

    def sees(self, repo: str) -> Repository | None:
        """The repository, for those who may see it."""
        there = self.hub.repos.get(repo)
        known = self.headers.get("Authorization", "") in (f"Bearer {TOKEN}", f"Bearer {READ_ONLY}")
        if there is None or (there.private and not known):
            self.refuse(404, "RepoNotFound", "Repository not found")
            return None
        return there

    def writes(self) -> bool:
        given = self.headers.get("Authorization", "")
        if given == f"Bearer {TOKEN}":
            return True
        self.refuse(403 if given == f"Bearer {READ_ONLY}" else 401, message="no right to write")
        return False


def create(self: Handler, body: bytes, query: Any) -> None:
    asked = json.loads(body)
    repo = f"{asked['organization']}/{asked['name']}"
    if not self.writes():
        return
    if repo in self.hub.repos:
        self.answer({"error": "there", "url": f"{self.hub.address}/{repo}"}, 409)
        return
    private = asked.get("private", asked.get("visibility") == "private")
    self.hub.holding(repo, {".gitattributes": b""}, private=bool(private))
    self.answer({"url": f"{self.hub.address}/{repo}", "name": repo})


def info(self: Handler, body: bytes, query: Any, repo: str, revision: str | None = None) -> None:
    if (there := self.sees(repo)) is None:
        return
    if (found := there.at(revision or "main")) is None:
        self.refuse(404, "RevisionNotFound", "Invalid rev id")
        return
    files = [{"rfilename": name} for name in found[1]]
    self.answer({"id": repo, "modelId": repo, "sha": found[0], "private": there.private, "siblings": files})


def tree(self: Handler, body: bytes, query: Any, repo: str, revision: str) -> None:
    if (there := self.sees(repo)) is not None and (found := there.at(revision)):
        self.answer(
            [
                {"type": "file", "path": name, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}
                for name, content in found[1].items()
            ]
        )


def resolve(self: Handler, body: bytes, query: Any, repo: str, revision: str, name: str) -> None:
    if (there := self.sees(repo)) is None:
        return
    found = there.at(revision)
    if found is None or name not in found[1]:
        self.refuse(404, "EntryNotFound", "Entry not found")
        return
    content = found[1][name]
    self.answer(content, ETag=f'"{hashlib.sha256(content).hexdigest()}"', X_Repo_Commit=found[0])


def preupload(self: Handler, body: bytes, query: Any, repo: str) -> None:
    files = [
        {
            "path": f["path"],
            "uploadMode": "lfs" if f["path"].endswith(BIG) else "regular",
            "shouldIgnore": False,
        }
        for f in json.loads(body)["files"]
    ]
    if self.writes():
        self.answer({"files": files})


def batch(self: Handler, body: bytes, query: Any, repo: str) -> None:
    wanted = json.loads(body)["objects"]
    for each in wanted:
        each["actions"] = {"upload": {"href": f"{self.hub.address}/store/{each['oid']}"}}
    if self.writes():
        self.answer({"transfer": "basic", "objects": wanted})


def store(self: Handler, body: bytes, query: Any, oid: str) -> None:
    assert hashlib.sha256(body).hexdigest() == oid
    self.hub.uploaded[oid] = body
    self.answer({})


def commit(self: Handler, body: bytes, query: Any, repo: str) -> None:
    if not self.writes():
        return
    files, lines = {}, [json.loads(line) for line in body.splitlines()]
    for line in lines:
        value = line["value"]
        if line["key"] == "file":
            files[value["path"]] = base64.b64decode(value["content"])
        elif line["key"] == "lfsFile":
            files[value["path"]] = self.hub.uploaded[value["oid"]]
        else:
            assert line["key"] == "header", "nothing is deleted"
    oid = self.hub.repos[repo].commit(files)
    url = f"{self.hub.address}/{repo}/commit/{oid}"
    self.answer({"commitUrl": url, "commitOid": oid, "success": True})


def validate(self: Handler, body: bytes, query: Any) -> None:
    self.answer({"errors": [], "warnings": []})


REPO, REVISION = r"(?P<repo>[^/]+/[^/.]+)", r"(?P<revision>[^/]+)"
ROUTES = (
    (r"POST /api/repos/create", create),
    (r"POST /api/validate-yaml", validate),
    (rf"GET /api/models/{REPO}(/revision/{REVISION})?", info),
    (rf"GET /api/models/{REPO}/tree/{REVISION}", tree),
    (rf"POST /api/models/{REPO}/preupload/main", preupload),
    (rf"POST /api/models/{REPO}/commit/main", commit),
    (rf"POST /{REPO}\.git/info/lfs/objects/batch", batch),
    (r"PUT /store/(?P<oid>\w+)", store),
    (rf"(GET|HEAD) /{REPO}/resolve/{REVISION}/(?P<name>.+)", resolve),
)


@contextmanager
def standin(cache: Path) -> Iterator[Hub]:
    """The stand-in in place of the hub, with its cache in `cache` and the token `TOKEN`."""
    from huggingface_hub import constants

    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Own", (Handler,), {"hub": hub}))
    server.daemon_threads = True
    hub.address = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    template = hub.address + "/{repo_id}/resolve/{revision}/{filename}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(constants, "ENDPOINT", hub.address)
        patch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        patch.setattr(constants, "HF_HUB_CACHE", str(cache))
        patch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        patch.setattr(constants, "HF_HUB_OFFLINE", False)
        patch.setattr(constants, "HF_TOKEN_PATH", str(cache / "token"))
        patch.setattr(constants, "HF_HUB_DISABLE_PROGRESS_BARS", True)
        patch.setenv("HF_TOKEN", TOKEN)
        try:
            yield hub
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

"""Imports only point to a lower level, or stay in their room."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import chimerae
from tests.helpers.rows import through

ROOT = Path(chimerae.__file__).parent

LEVELS: tuple[tuple[str, ...], ...] = (
    (
        "errors",
        "extensions",
        "extras",
        "shapes",
        "config",
        "gaussian",
        "noise",
        "heads",
        "labels",
        "conditioned",
        "network",
        "modes",
        "nets",
        "patches",
        "progress",
        "remedies",
        "files",
        "leftovers",
        "machine",
        "run_folder",
        "pictures",
        "tables",
        "durations",
        "lazy",
        "processes",
        "interpolation",
        "parallel",
        "sharing.download",
        "sharing.files",
        "sharing.hub_errors",
    ),
    ("losses", "networks", "data", "metrics"),
    ("methods", "features", "codec"),
    ("training", "evaluation", "export"),
    ("runs.run", "runs.folder", "runs.lock", "testing", "foreign"),
    ("recipes", "console", "loggers"),
    ("report", "model", "runs", "bench", "sharing"),
    ("studies", "explore", "tuning"),
    ("cli", "__main__"),
)
"""Rooms by level: a room may import any room of a lower level. A module of a room may have its own level."""

BESIDE = {
    "codec": {"methods"},
    "runs.folder": {"runs.run"},
    "runs": {"model", "sharing"},
    "model": {"sharing"},
    "sharing": {"report"},
    "__main__": {"cli"},
}
"""Rooms of its own level that a room may import; within level 0 all may."""

ONLY = {
    "report": set(LEVELS[0]),  # it reads files, and knows nothing else about a run
    "methods": {*LEVELS[0], "losses"},  # they receive an architecture
    "config": {"errors", "extensions"},  # it works on any dataclass
}
"""Rooms that may import less than their level says."""

LEVEL = {room: level for level, rooms in enumerate(LEVELS) for room in rooms}
FILES = sorted(ROOT.rglob("*.py"))
FRONT_DOOR = ROOT / "__init__.py"
"""It opens to every room, lazily."""


def room_of(path: Path) -> str:
    return room(".".join(path.relative_to(ROOT).with_suffix("").parts))


def room(name: str) -> str:
    """The room of a dotted name below `chimerae`: a module with its own level, else the folder or file."""
    module = ".".join(name.split(".")[:2])
    return module if module in LEVEL else name.split(".")[0]


def imported(tree: ast.AST) -> Iterator[str]:
    """Our rooms that a module imports. A bare `import chimerae` reads the version, and is allowed to all."""
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            names = [f"{node.module}.{name}" for name in names]
        yield from (room(name.removeprefix("chimerae.")) for name in names if name.startswith("chimerae."))


def allowed(room: str) -> set[str]:
    below = {other for other, level in LEVEL.items() if level < LEVEL[room]}
    own_level = set(LEVELS[0]) if LEVEL[room] == 0 else BESIDE.get(room, set())
    return ONLY.get(room, below | own_level) | {room}


def test_imports_point_down():
    wrong = {}
    for path in FILES:
        rooms = set(imported(ast.parse(path.read_text(encoding="utf-8"))))
        above = rooms - (set(LEVEL) if path == FRONT_DOOR else allowed(room_of(path)))
        if above:
            wrong[str(path.relative_to(ROOT))] = above
    assert not wrong, "files and the rooms that they import but may not"


def test_every_room_has_a_level():
    assert {room_of(path) for path in FILES} - {"__init__"} <= set(LEVEL)


@through(
    "text, rooms",
    [
        ("from chimerae.networks.dcgan import DCGAN", {"networks"}),
        ("from chimerae.runs.run import Run", {"runs.run"}),
        ("from chimerae.runs import folder, train", {"runs.folder", "runs"}),
        ("from chimerae import noise, methods as m", {"noise", "methods"}),
        ("import chimerae.cli.train\nimport torch", {"cli"}),
        ("import chimerae\nchimerae.__version__", set()),
        ("def f():\n    from chimerae.model import load", {"model"}),
    ],
)
def test_this_test_sees_imports(text, rooms):
    assert set(imported(ast.parse(text))) == rooms


def test_this_test_knows_down_from_up():
    assert "networks" not in allowed("methods")
    assert "training" not in allowed("evaluation")
    assert "data" not in allowed("losses")
    assert {"model", "training", "methods", "noise"} <= allowed("runs")
    assert "runs" not in allowed("model")
    assert "recipes" not in allowed("runs.run")

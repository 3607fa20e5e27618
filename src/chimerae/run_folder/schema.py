"""The format of a run folder: file names, schema numbers, and keys that have been renamed since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from chimerae.errors import InputError

RUN: Final = "run.json"
ENV: Final = "env.json"
MANIFEST: Final = "data.json"
LOG: Final = "log.jsonl"
SCORES: Final = "scores.json"
PREVIEWS: Final = "samples"
"""Folder of previews drawn during training."""
PICTURES: Final = "pictures"
"""Folder of pictures drawn by evaluation."""
LOCK: Final = ".lock"

STATE: Final = "state"
"""Folder of saved states."""
INDEX: Final = "index.json"
"""List of the states, in their folder."""

MODEL: Final = "model"
"""Folder of the model."""
CONFIG: Final = "config.json"
WEIGHTS: Final = "model.safetensors"
CARD: Final = "README.md"

SCHEMAS: Final[Mapping[str, int]] = {RUN: 1, SCORES: 1, INDEX: 1, CONFIG: 1}
"""Schema number of every file that carries one."""

RENAMED: Mapping[str, str] = {}
"""Keys of earlier versions and their present names, such as `"method.old": "method.new"`.

Keys are dotted paths below the settings in `run.json`, the root of `config.json`, `env.json` and `data.json`,
a line of the log, or one score. Only the last part changes; `*` stands for any one part before it.
"""


def check_schema(content: Any, path: Path, name: str) -> None:
    """Raise `InputError` when `content`, read from `path`, has another schema number than `SCHEMAS[name]`."""
    given = content.get("schema") if isinstance(content, dict) else None
    if given != SCHEMAS[name]:
        raise InputError(
            f"{path} has format {given!r}, this version of chimerae reads {SCHEMAS[name]}; "
            "use the one that wrote it"
        )


def renamed(tree: Any) -> Any:
    """`tree`, a JSON value, with all keys of `RENAMED` under their present names, in the same order.

    A value under the present name wins over one under the earlier name.
    """
    for before, now in RENAMED.items():
        *parents, key = before.split(".")
        tree = _renamed(tree, parents, key, now.rpartition(".")[2])
    return tree


def _renamed(tree: Any, parents: Sequence[str], before: str, now: str) -> Any:
    if not isinstance(tree, dict):
        return tree
    if parents:
        head, *rest = parents
        return {k: _renamed(v, rest, before, now) if head in ("*", k) else v for k, v in tree.items()}
    kept = {k: v for k, v in tree.items() if k != before or now not in tree}
    return {now if k == before else k: v for k, v in kept.items()}

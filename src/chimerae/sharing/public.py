"""Settings and names of data without the places of the machine that they come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from chimerae.data import TOYS
from chimerae.data.builtin import BUILTIN
from chimerae.data.memory import PREFIX
from chimerae.data.named_datasets import named_dataset
from chimerae.errors import InputError
from chimerae.run_folder.schema import CONFIG, LABELS, SCHEMAS

LOCAL: Final = "local data"
"""Name of data that only one machine has: their path stays there."""
KEPT: Final = (
    *("chimerae", "method", "arch", "shape", "prepare", "seed", "step", "averaged", "parameters"),
    "generates",
)
"""Entries of `config.json` that leave the machine; its schema, data and checksum are written anew."""


@dataclass(frozen=True)
class DataName:
    """The name of a data source as everybody may know it."""

    name: str
    hub: str | None = None
    """Id of the data set on the hub."""
    revision: str | None = None
    """Its state there, where the run took it from the hub."""


def data_name(source: str, manifest: Mapping[str, object]) -> DataName:
    """The public name of `source`; `LOCAL` for files and folders, whose path may hold a name.

    Args:
        source: `data` in the settings of a run.
        manifest: content of its `data.json`; empty when unknown.

    >>> data_name("digits", {}).name, data_name("/home/me/photos", {}).name
    ('digits', 'local data')
    >>> data_name("owner/name", {"hub": "owner/name"}).hub
    'owner/name'
    """
    hub, state = manifest.get("hub"), manifest.get("revision")
    revision = str(state) if hub and state else None
    if source in BUILTIN or source.startswith(PREFIX) or any(source == toy.name for toy in TOYS):
        return DataName(source)
    if (known := named_dataset(source)) is not None:
        return DataName(source, known[0].hub, revision)
    if hub and source.partition("@")[0] == hub:
        return DataName(source, str(hub), revision)
    return DataName(LOCAL)


def shareable(config: Mapping[str, Any], data: DataName) -> dict[str, Any]:
    """The content `config` of a model's `config.json`, with nothing that tells of the machine.

    A reference to a class in a file keeps the name of the file, which whoever loads the model has to have.

    Raises:
        InputError: a setting is a path.
    """
    kept = {key: without_places(config[key], key) for key in KEPT if key in config}
    # classes of private folders may be names of people
    if LABELS in config and (data.hub is not None or data.name in BUILTIN):
        kept[LABELS] = config[LABELS]
    return {"schema": SCHEMAS[CONFIG], "data": data.name, **kept}


def without_places(value: Any, where: str) -> Any:
    """A JSON value with references to classes in files cut to the name of the file.

    Raises:
        InputError: another text in it, called `where` in the error, is a path.

    >>> without_places({"name": "/home/me/mine.py:Mine", "beta": 1}, "method")
    {'name': 'mine.py:Mine', 'beta': 1}
    """
    match value:
        case dict():
            return {key: without_places(each, f"{where}.{key}") for key, each in value.items()}
        case list():
            return [without_places(each, where) for each in value]
        case str():
            return _without_place(value, where)
        case _:
            return value


def _without_place(text: str, where: str) -> str:
    if ".py:" in text:
        return text.replace("\\", "/").rpartition("/")[2]
    if text.startswith("~") or "/" in text or "\\" in text:
        raise InputError(
            f"the setting {where} is a path of this machine, '{text}', of no use to others: "
            "a model with it cannot be shared"
        )
    return text

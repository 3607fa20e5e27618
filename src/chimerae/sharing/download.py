"""Models of the hub as folders in its cache."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import chimerae
from chimerae.errors import InputError
from chimerae.extras import require
from chimerae.files import read_json
from chimerae.run_folder.schema import CONFIG
from chimerae.sharing.files import LIBRARY, NAMES
from chimerae.sharing.hub_errors import plain_errors

OURS: Final = frozenset({"schema", "method", "arch"})
"""Entries of the config of each model of chimerae."""
VAE: Final = "vae"
"""Folder of the autoencoder in a pipeline of diffusers."""
HUB_NAME: Final = re.compile(r"(?P<repo>[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)(@(?P<revision>[\w./-]+))?")


def found(path: str | Path, revision: str | None = None) -> Path:
    """The folder that `path` spells, or the downloaded model of that name on the hub.

    Raises:
        InputError: nothing here has that name, and the hub does not give such a model.
    """
    folder, spelt = Path(path), path.as_posix() if isinstance(path, Path) else path
    if folder.exists():
        return folder
    name = HUB_NAME.fullmatch(spelt)
    if name is None or folder.parent.is_dir():
        asked = " (the hub is not asked, because its parent folder is here)" if name else ""
        raise InputError(f"there is no run folder {spelt}{asked}")
    missing = f"there is no run folder {spelt}, and"
    require("sharing", missing)
    return _downloaded(name["repo"], revision or name["revision"])


def is_hub_name(path: Path) -> bool:
    """True for OWNER/NAME when nothing here has that name, nor its first part.

    >>> is_hub_name(Path("anna/faces")), is_hub_name(Path("faces")), is_hub_name(Path("/anna/faces"))
    (True, False, False)
    """
    return not path.exists() and not path.parent.is_dir() and bool(HUB_NAME.fullmatch(path.as_posix()))


def downloaded_autoencoder(name: str, weights: str, key: str) -> Path | None:
    """The folder, in the hub's cache, of the autoencoder of diffusers called OWNER/NAME[@REVISION], or of
    that in the folder `vae` of a pipeline; None where the name is that of a model of chimerae.

    Args:
        name: as it is spelt.
        weights: name of the file of weights.
        key: entry of the config with the name of the class.

    Raises:
        InputError: it is no such name, or the hub does not give such a model.
    """
    spelt = HUB_NAME.fullmatch(name)
    if spelt is None:
        raise InputError(f"there is no folder, file or function {name}, and it is no name on the hub")
    require("sharing", f"there is no folder {name}, and")
    repo = spelt["repo"]
    with plain_errors(repo, revision=spelt["revision"]):
        first = _snapshot(repo, spelt["revision"], [CONFIG, f"{VAE}/{CONFIG}"])
        for folder in (first, first / VAE):
            config = read_json(folder / CONFIG, f"the config of {repo}") if (folder / CONFIG).exists() else {}
            if isinstance(config, dict) and key in config:
                below = [f"{VAE}/{CONFIG}", f"{VAE}/{weights}"] if folder != first else [CONFIG, weights]
                return _snapshot(repo, first.name, below) / folder.relative_to(first)
            if isinstance(config, dict) and config.keys() >= OURS:
                return None
    raise InputError(f"{repo} on the hub has no autoencoder of diffusers or chimerae: no {CONFIG} of one")


def _downloaded(repo: str, revision: str | None) -> Path:
    """The files of `repo` in the hub's cache. The config comes first: other models may be large."""
    with plain_errors(repo, revision=revision):
        first = _snapshot(repo, revision, [CONFIG])
        _check_ours(first / CONFIG, repo)
        return _snapshot(repo, first.name, [*NAMES])


def _snapshot(repo: str, revision: str | None, names: list[str]) -> Path:
    from huggingface_hub import snapshot_download

    return Path(
        snapshot_download(
            repo,
            revision=revision,
            allow_patterns=names,
            library_name=LIBRARY,
            library_version=chimerae.__version__,
        )
    )


def _check_ours(path: Path, repo: str) -> None:
    """Raise `InputError` when the config in `path` is missing or of another library."""
    if path.exists():
        config = read_json(path, f"the config of {repo}")
        if isinstance(config, dict) and config.keys() >= OURS:
            return
    raise InputError(f"{repo} on the hub is no model of chimerae: it has no {CONFIG} of one")

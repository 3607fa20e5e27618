"""Commits of a shared folder to the hub."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import chimerae
from chimerae.errors import InputError
from chimerae.extras import require
from chimerae.sharing.download import HUB_NAME
from chimerae.sharing.files import LIBRARY, NAMES
from chimerae.sharing.hub_errors import LOG_IN, plain_errors

if TYPE_CHECKING:
    from huggingface_hub import HfApi


@dataclass(frozen=True)
class Standing:
    """A repository on the hub before an upload."""

    exists: bool
    private: bool = True
    files: frozenset[str] = frozenset()


def check_name(repo: str) -> None:
    """Raise `InputError` when `repo` is not of the form OWNER/NAME."""
    name = HUB_NAME.fullmatch(repo)
    if name is None or name["revision"]:
        raise InputError(f"'{repo}' is no name on the hub: give OWNER/NAME, such as anna/avae-faces")


def look(repo: str, *, private: bool = True) -> Standing:
    """The state of `repo`, after a check that a model may be uploaded there.

    Args:
        repo: OWNER/NAME.
        private: True when only its owner may see the upload.

    Raises:
        InputError: the name is wrong, the library or a token is missing, the hub cannot be reached, or the
            repository is there and is not as private as wanted.
    """
    check_name(repo)
    require("sharing")
    from huggingface_hub import get_token
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError

    if get_token() is None:
        raise InputError(f"the hub takes models only with a token, and there is none here: {LOG_IN}")
    with plain_errors(repo):
        try:
            info = _api().model_info(repo)
        except GatedRepoError:
            raise
        except RepositoryNotFoundError:
            return Standing(exists=False)
    there = Standing(True, bool(info.private), frozenset(each.rfilename for each in info.siblings or ()))
    if private and not there.private:
        raise InputError(f"{repo} is there already and public: say --public (private=False), or another name")
    if there.private and not private:
        raise InputError(f"{repo} is there already and private: its settings on the hub can make it public")
    return there


def upload(folder: Path, repo: str, *, private: bool = True) -> str:
    """Commit the files of a shared model in `folder` to `repo`, which is made if missing.

    Files of the same name are replaced there, in its history they stay; all others are left alone.

    Returns:
        The address of the commit.

    Raises:
        InputError: the hub refuses it, or cannot be reached.
    """
    from huggingface_hub import CommitOperationAdd

    api, names = _api(), files_in(folder)
    with plain_errors(repo):
        api.create_repo(repo, private=private, exist_ok=True)
        made = api.create_commit(
            repo,
            [CommitOperationAdd(name, str(folder / name)) for name in names],
            commit_message=f"Upload a model of chimerae {chimerae.__version__}",
        )
    return str(made.commit_url)


def files_in(folder: Path) -> list[str]:
    """Names of the files of a shared model that are in `folder`."""
    return [name for name in NAMES if (folder / name).exists()]


def others(there: Standing, names: Collection[str]) -> list[str]:
    """Files of a repository that an upload of `names` leaves as they are."""
    return sorted(there.files - set(names) - {".gitattributes"})


def _api() -> HfApi:
    from huggingface_hub import HfApi

    return HfApi(library_name=LIBRARY, library_version=chimerae.__version__)

"""Errors of the hub's library, each as one line with a remedy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, cast

from chimerae.errors import InputError, first_line
from chimerae.extras import quiet

LOG_IN: Final = "`hf auth login` keeps one, or the variable HF_TOKEN has it"
N_SHOWN: Final = 300
"""Characters shown of an error of the library."""


@contextmanager
def plain_errors(repo: str, *, revision: str | None = None) -> Iterator[None]:
    """A block in which every failure of a request about `repo` is an `InputError`."""
    from huggingface_hub.errors import HfHubHTTPError

    # The errors of the library's own client, under whatever name this version of it has, and OSError.
    own = cast(tuple[type[Exception], ...], HfHubHTTPError.__bases__)
    kinds: tuple[type[Exception], ...] = (*own, ValueError, RuntimeError)
    try:
        with quiet("huggingface_hub"):
            yield
    except InputError:
        raise
    except kinds as error:
        raise InputError(_said(error, repo, revision)) from error


def _said(error: BaseException, repo: str, revision: str | None) -> str:
    from huggingface_hub import constants, errors

    short = first_line(error)[:N_SHOWN]
    match error:
        case errors.GatedRepoError():
            return f"{repo} is gated: ask for access on its page on the hub, and log in; {LOG_IN}"
        case errors.RepositoryNotFoundError():
            return (
                f"the hub has no model {repo}, or it is private and opens only with a token that may read "
                f"it; {LOG_IN}"
            )
        case errors.RevisionNotFoundError():
            return f"{repo} has no revision '{revision}' on the hub"
        case errors.HfHubHTTPError():
            return _answered(error.response.status_code, repo, short)
        case errors.HFValidationError():
            return f"'{repo}' is no name on the hub: {short}"
    if constants.HF_HUB_OFFLINE:
        return f"HF_HUB_OFFLINE is set, and {repo} is not in the cache; unset it to ask the hub"
    if isinstance(error, errors.LocalEntryNotFoundError):
        return f"the hub cannot be reached, and {repo} is not in the cache; try again with a connection"
    if isinstance(error, ValueError | RuntimeError):
        cause = "" if error.__cause__ is None else f" ({first_line(error.__cause__)[:N_SHOWN]})"
        return f"{repo} cannot be exchanged with the hub: {short}{cause}"
    return f"the hub cannot be reached ({short}); try again with a connection"


def _answered(status: int, repo: str, short: str) -> str:
    """The line for an answer with the HTTP `status`."""
    if status == 401:
        return f"the hub does not accept the token; log in again: {LOG_IN}"
    if status == 403:
        owner = repo.partition("/")[0]
        return f"the token may not write to {repo}; give one that may, or another owner than {owner}"
    return f"the hub answers {status} for {repo}: {short}"

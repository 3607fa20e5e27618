"""Data that a model was trained on, where this machine has them."""

from __future__ import annotations

from chimerae.config import from_dict
from chimerae.data import Prepare, Prepared, prepare
from chimerae.data.open import is_here
from chimerae.errors import InputError
from chimerae.model import Model
from chimerae.progress import Progress, silent
from chimerae.run_folder.schema import RUN
from chimerae.runs.folder import read_run
from chimerae.shapes import describe
from chimerae.sharing.public import LOCAL, data_name


def own_data(
    model: Model, progress: Progress = silent, *, fetch: bool = False
) -> tuple[Prepared | None, str]:
    """The data of `model`, or None with the reason in one line why they are missing. With `fetch`, those of a
    run are downloaded if needed.

    A run names its data. Of a model without its run, only data that everybody may have, such as `digits`, are
    opened: paths in its config are not followed.
    """
    try:
        source, transform = _named(model)
        if not source:
            return None, "this is a model alone, without its training images"
        if not is_here(source) and not (fetch and _is_run(model)):
            return None, f"its data, '{source}', are not on this machine"
        data = prepare(source, transform, progress=progress)
    except InputError as error:
        return None, " ".join(str(error).split())
    if data.shape != model.shape:
        return None, f"its data are {describe(data.shape)} by now, the model makes {describe(model.shape)}"
    return data, ""


def _named(model: Model) -> tuple[str, Prepare]:
    """Source and transform of the data of a model; '' where it names none that others have."""
    if model.origin is not None and _is_run(model):
        run = read_run(model.origin)
        return run.data, run.prepare
    source = str(model.config.get("data", ""))
    if source == LOCAL or data_name(source, {}).name != source:
        return "", model.prepare
    return source, from_dict(Prepare, dict(model.config.get("prepare", {})), "prepare in its config")


def _is_run(model: Model) -> bool:
    return model.origin is not None and (model.origin / RUN).is_file()

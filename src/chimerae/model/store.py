"""Models on disk: `config.json`, `model.safetensors` and a card; no pickles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import chimerae
from chimerae import methods, networks, noise
from chimerae.config import from_dict, to_dict
from chimerae.data import Prepare
from chimerae.data.given import settings_for_others
from chimerae.errors import InputError
from chimerae.files import read_json
from chimerae.model.files import write_model
from chimerae.model.model import Model
from chimerae.nets import Architecture, Nets
from chimerae.run_folder.schema import CONFIG, LABELS, MODEL, RUN, SCHEMAS, check_schema, renamed
from chimerae.runs.folder import read_run
from chimerae.runs.run import Run
from chimerae.shapes import Shape
from chimerae.sharing.download import found
from chimerae.training.built import exported_networks, fill, named
from chimerae.training.fitting import sized_for
from chimerae.training.saved_weights import count_weights, read_weights, weights_of
from chimerae.training.state import State, pick_autocast, pick_device

KINDS = {"method": dict, "arch": dict, "shape": list, "step": int, "averaged": bool}
"""Entries of `config.json` that `load` needs."""


def save(
    state: State, arch: Architecture, shape: Shape, run: Run, folder: Path, labels: Sequence[str] = ()
) -> None:
    """Write the networks of `state` that a model needs into `folder`: `config.json`, `model.safetensors`, a
    card. `labels` are the names of the data's classes.
    """
    modules = state.final_modules()
    counts = {name: sum(p.numel() for p in module.parameters()) for name, module in state.nets.items()}
    tree = to_dict(run)
    config = {
        "schema": SCHEMAS[CONFIG],
        "chimerae": chimerae.__version__,
        "method": tree["method"],
        "arch": tree["arch"],
        "shape": list(shape),
        "data": run.data,
        "prepare": tree["prepare"],
        "seed": run.seed,
        "step": state.step,
        "averaged": state.ema is not None,
        "parameters": counts,
    }
    if not run.method.generates:
        config["generates"] = False
    if run.method.label_dim and labels:
        config[LABELS] = list(labels)
    write_model(folder, config, modules, folder.parent.name)


def load(path: str | Path, *, device: str = "auto", revision: str | None = None) -> Model:
    """The model of `path`, on `device`, in float32.

    Args:
        path: a run folder, the folder of a model alone, or OWNER/NAME or OWNER/NAME@REVISION on the Hugging
            Face hub, from where it is downloaded into the hub's cache. A folder here wins.
        device: "auto", "cpu", "cuda" or "mps".
        revision: branch, tag or commit on the hub.

    Raises:
        InputError: there is none, it is damaged, another version wrote it, or the hub does not give it.
    """
    folder = _model_folder(found(path, revision))
    config = _config(folder / CONFIG)
    weights = weights_of(folder, config)
    try:
        return _load(folder, config, weights, device)
    except InputError:
        now = _config(folder / CONFIG)
        if (now, weights_of(folder, now)) == (config, weights):
            raise
    return load(path, device=device, revision=revision)  # a run that trains has replaced its model meanwhile


def _load(folder: Path, config: dict[str, Any], weights: Path, device: str) -> Model:
    method = named("method", methods.BY_NAME, config["method"], folder / CONFIG)
    arch = named("architecture", networks.BY_NAME, config["arch"], folder / CONFIG)
    shape = tuple(config["shape"])
    place = pick_device(device)
    fitting, own = sized_for(count_weights(weights), weights), noise.seeded("load")
    with fitting, own:  # initial weights, soon replaced, leave the caller's generator alone
        built = exported_networks(method, arch, shape)
    modules = {name: module.to(place).eval() for name, module in built.items()}
    fill(modules, read_weights(weights, config), weights)
    return Model(
        method,
        Nets(modules, pick_autocast(place, "float32")),
        shape,
        config["step"],
        config["averaged"],
        place,
        settings_for_others(str(config.get("data", "")), _prepare(config, folder)),
        config,
        folder.parent if folder.name == MODEL and (folder.parent / RUN).exists() else folder,
    )


def _prepare(config: Mapping[str, Any], folder: Path) -> Prepare:
    """The transform of the run; for a model from an earlier version, that of the run folder around it."""
    if "prepare" in config:
        return from_dict(Prepare, config["prepare"], f"prepare in {folder / CONFIG}")
    return read_run(folder.parent).prepare if (folder.parent / RUN).exists() else Prepare()


def _model_folder(path: Path) -> Path:
    for folder in (path / MODEL, path):
        if (folder / CONFIG).exists():
            return folder
    if not path.is_dir():
        raise InputError(f"there is no run folder {path}")
    raise InputError(f"{path} holds no model yet: a run saves its first at --training.save-every steps")


def _config(path: Path) -> dict[str, Any]:
    config: dict[str, Any] = read_json(path, "a model")
    check_schema(config, path, CONFIG)
    config = renamed(config, config["schema"])
    for name, kind in KINDS.items():
        if not isinstance(config.get(name), kind):
            raise InputError(f"{path} is damaged: its '{name}' is {config.get(name)!r}")
    if not all(type(n) is int and n > 0 for n in config["shape"]) or len(config["shape"]) not in (1, 3):
        raise InputError(f"{path} is damaged: its 'shape' is {config['shape']!r}")
    return config

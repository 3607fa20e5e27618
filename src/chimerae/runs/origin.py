"""Models that a run begins with: `--from` a run, the folder of a model, or an autoencoder of diffusers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import torch
from torch import nn

from chimerae import networks
from chimerae.config import from_dict
from chimerae.errors import InputError
from chimerae.extensions import class_of
from chimerae.foreign.as_spatial import channels_of, fill, spatial_of
from chimerae.foreign.diffusers import CLASS, WEIGHTS, class_in
from chimerae.methods import METHODS, Method
from chimerae.model import Model, load
from chimerae.nets import Architecture
from chimerae.run_folder.schema import RUN, STATE
from chimerae.runs.run import Run
from chimerae.shapes import Shape, is_image
from chimerae.sharing.download import VAE, downloaded_autoencoder
from chimerae.training.checkpoint import has_states, read_state
from chimerae.training.state import State, build_state

CRITIC: Final = "critic"


def adopted(run: Run, origin: str) -> Run:
    """`run` with the networks and the size of the model called `origin`, and a game from the first step.

    Raises:
        InputError: there is no such model, or `run` cannot begin with it.
    """
    if not run.method.init_networks:
        able = ", ".join(method.name for method in METHODS if method.init_networks)
        raise InputError(f"--from is for {able}; {run.method.name} begins with networks of its own")
    found = _opened(origin)
    if isinstance(found, Path):
        method = run.method.initialised()
        arch = spatial_of(found)
        prepare = replace(run.prepare, channels="1" if channels_of(found) == 1 else "3")
        return replace(run, init=origin, method=method, arch=arch, prepare=prepare)
    _check(found, origin, run.method)
    own = _arch(found)
    fits = is_image(found.shape) and own.code_dim(found.shape) == found.method.z_dim
    method = run.method.initialised(0 if fits else found.method.z_dim, _output(found))
    prepare = run.prepare
    if prepare.size is None and is_image(found.shape):
        channels, height, width = found.shape
        prepare = replace(prepare, size=(height, width), channels="1" if channels == 1 else "3")
    return replace(run, init=origin, method=method, arch=own, prepare=prepare)


def fresh_state(run: Run, shape: Shape) -> State:
    """A fresh state of `run`, with the networks of its origin where it has one.

    Raises:
        InputError: they do not fit, or a network is frozen that no origin gives.
    """
    state = build_state(run.method, run.arch, shape, run.training, run.seed)
    if run.init:
        begin_with(state, run.init)
    elif idle := sorted(set(run.method.frozen) & set(run.method.exported) - set(run.method.given_encoders)):
        raise InputError(
            f"the {idle[0]} would keep its random weights: name a model to take it from with --from"
        )
    return state


@torch.no_grad()
def begin_with(state: State, origin: str) -> None:
    """Copy the method's `init_networks`, and the critic of a run of the same form, from the model called
    `origin` into `state`.

    Raises:
        InputError: it is gone, or has networks of other sizes.
    """
    found, modules = _opened(origin), state.nets.modules
    output = "linear" if isinstance(found, Path) else _output(found)
    if getattr(state.method, "output", output) != output:
        raise InputError(f"the decoder of {origin} ends in {output}; leave --method.output as it is there")
    if isinstance(found, Path):
        fill(modules, found)
    else:
        _check(found, origin, state.method)
        for name in state.method.init_networks:
            _copied(modules[name], found.nets.modules[name].state_dict(), f"the {name} of {origin}")
        _take_critic(modules[CRITIC], found)
    if state.ema is not None:
        for name in state.method.init_networks:
            state.ema.modules[name].load_state_dict(modules[name].state_dict())


def _opened(origin: str) -> Model | Path:
    """The model of ours, or the folder of an autoencoder of diffusers, that `origin` names."""
    path = Path(origin).expanduser()
    if not path.exists() and not (path.parent.is_dir() and path.parent != Path()):
        folder = downloaded_autoencoder(origin, WEIGHTS, CLASS)
        return load(origin, device="cpu") if folder is None else folder
    for place in (path, path / VAE):
        if class_in(place):
            return place
    return load(path, device="cpu")


def _check(found: Model, origin: str, method: Method) -> None:
    """Raise `InputError` for a model that `method` cannot continue."""
    missing = [name for name in method.init_networks if name not in found.nets.modules]
    if missing:
        raise InputError(
            f"{origin} is a {found.method.name} without {missing[0]}: {method.name} cannot begin with it"
        )
    if found.method.label_dim:
        raise InputError(f"{origin} learnt with labels: {method.name} cannot begin with it")
    if found.method.value_range != method.value_range:
        low, high = method.value_range.low, method.value_range.high
        raise InputError(
            f"the networks of {origin} see another range than [{low:g}, {high:g}]: "
            f"{method.name} cannot begin with it"
        )


def _arch(found: Model) -> Architecture:
    """Its family of networks."""
    settings = dict(found.config["arch"])
    cls = class_of("architecture", str(settings.pop("name", "")), Architecture, networks.BY_NAME)
    made: Architecture = from_dict(cls, settings, "architecture")
    return made


def _output(found: Model) -> Any:
    """Last activation of its decoder."""
    kinds = {nn.Tanh: "tanh", nn.Sigmoid: "sigmoid"}
    last = [*found.nets.modules["decoder"].modules()][-1]
    return kinds.get(type(last), "linear")


def _copied(module: nn.Module, tensors: Mapping[str, torch.Tensor], what: str) -> None:
    try:
        module.load_state_dict(tensors)
    except RuntimeError as error:
        told = " ".join(str(error).split())[:200]
        raise InputError(f"{what} does not fit the settings of this run: {told}") from None


def _take_critic(critic: nn.Module, found: Model) -> None:
    """Copy the critic of the newest state of its run, where that has one of the same form."""
    folder = found.origin
    if folder is None or not (folder / RUN).is_file() or not has_states(folder / STATE):
        return
    tensors, _ = read_state(folder / STATE, lambda _: None)
    prefix, own = f"nets/{CRITIC}/", critic.state_dict()
    theirs = {k.removeprefix(prefix): t for k, t in tensors.items() if k.startswith(prefix)}
    if {k: t.shape for k, t in theirs.items()} == {k: t.shape for k, t in own.items()}:
        critic.load_state_dict(theirs)

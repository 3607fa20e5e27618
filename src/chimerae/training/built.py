"""All networks of a method: its own, those with published weights, those it is given, and copies."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from torch import Tensor, nn

from chimerae import methods, networks
from chimerae.config import from_dict
from chimerae.errors import InputError
from chimerae.extensions import class_of
from chimerae.features import perceptual_network
from chimerae.features.frozen import FrozenEncoder, RunEncoder, efficientnet_part
from chimerae.features.timm_network import timm_part
from chimerae.files import read_json
from chimerae.methods import Method
from chimerae.methods.given import RANDOM, Given, is_run, is_timm, model_folder, recorded
from chimerae.nets import Architecture, Nets
from chimerae.run_folder.schema import CONFIG
from chimerae.shapes import Shape, describe
from chimerae.training.saved_weights import read_weights, weights_of
from chimerae.training.targets import with_targets

T = TypeVar("T")
KINDS: Final = {"method": dict, "arch": dict, "shape": list}
"""Settings from which the encoder of a run is built."""


def build_networks(
    method: Method, arch: Architecture, shape: Shape, *, opened: bool = True
) -> dict[str, nn.Module]:
    """Networks by name, for samples of `shape`: `method.networks`, its target networks, its given encoders
    and its perceptual networks.

    With `opened` False, given encoders come without their weights, which a saved state fills in.

    Raises:
        InputError: a network cannot be built for `shape`, or its weights are missing.
    """
    modules = with_targets(method, method.networks(shape, arch))
    modules |= given_encoders(method, arch, shape, opened=opened)
    for name, kind in method.perceptual_networks.items():
        modules[name] = perceptual_network(kind, shape)
    return modules


def exported_networks(method: Method, arch: Architecture, shape: Shape) -> dict[str, nn.Module]:
    """The networks of `method.exported`, to be filled from a saved model.

    Raises:
        InputError: a network cannot be built for `shape`.
    """
    built = {**method.networks(shape, arch), **given_encoders(method, arch, shape, opened=False)}
    return {name: built[name] for name in method.exported}


def given_encoders(method: Method, arch: Architecture, shape: Shape, *, opened: bool) -> dict[str, nn.Module]:
    """The frozen encoders of `method.given_encoders`; with `opened` False, without their weights.

    Raises:
        InputError: a part is unknown, cannot see samples of `shape`, or lacks its weights.
    """
    return {
        name: FrozenEncoder(
            [_part(part, given, arch, shape, opened) for part in given.parts], shape, given.z_dim
        )
        for name, given in method.given_encoders.items()
    }


def _part(part: str, given: Given, arch: Architecture, shape: Shape, opened: bool) -> nn.Module:
    if part == RANDOM:
        return arch.initialise(arch.trunk(shape))
    if is_run(part):
        return _of_run(part, given, shape, opened)
    if is_timm(part):
        return timm_part(part, shape, side=given.side, places=given.places, filled=opened)
    stage = part.partition(":")[2]
    if stage and not stage.isdecimal():
        raise InputError(f"no encoder '{part}': give efficientnet, or efficientnet:1 to efficientnet:7")
    return efficientnet_part(int(stage or 0), shape, side=given.side, places=given.places, filled=opened)


def _of_run(part: str, given: Given, shape: Shape, opened: bool) -> nn.Module:
    """The encoder of the run `part`, from its recorded settings."""
    config = _settings(part, given)
    method = named("method", methods.BY_NAME, config["method"], part)
    if not method.encodes:
        raise InputError(f"{part} cannot be an encoder: {method.name} has none")
    if method.label_dim:
        raise InputError(f"{part} cannot be an encoder: it learnt with labels, which images do not bring")
    arch = named("architecture", networks.BY_NAME, config["arch"], part)
    built = exported_networks(method, arch, tuple(config["shape"]))
    if type(method).encode is Method.encode:
        built = {"encoder": built["encoder"]}
    trained_on = tuple(config["shape"])
    if len(trained_on) != len(shape) or (len(shape) == 1 and trained_on != tuple(shape)):
        raise InputError(
            f"{part} cannot be the encoder of {describe(shape)}: it knows {describe(trained_on)}"
        )
    if opened:
        folder = model_folder(part)
        saved = read_json(folder / CONFIG, "a model")
        path = weights_of(folder, saved)
        fill(built, read_weights(path, saved), path)
    return RunEncoder(method.encode, method.value_range, Nets(built, frozen=built), trained_on)


def _settings(part: str, given: Given) -> dict[str, Any]:
    """Entries `method`, `arch` and `shape` of the model of the run `part`: the recorded ones, or its own.

    Raises:
        InputError: they are damaged.
    """
    try:
        config = json.loads(given.recorded or recorded(part))[part]
        if all(isinstance(config[name], kind) for name, kind in KINDS.items()):
            return dict(config)
    except (ValueError, KeyError, TypeError) as error:
        if isinstance(error, InputError):
            raise
    raise InputError(f"the settings of the encoder '{part}' are damaged: give --method.encoder-settings ''")


def named(kind: str, classes: Mapping[str, type[T]], settings: Mapping[str, Any], place: object) -> T:
    """The `kind`, "method" or "architecture", that `settings` from `place` describe.

    Raises:
        InputError: the class is missing, or settings do not fit it.
    """
    given, base = dict(settings), {"method": Method, "architecture": Architecture}[kind]
    cls = class_of(kind, str(given.pop("name", "")), base, classes)
    return from_dict(cls, given, f"{kind} in {place}")


def fill(modules: Mapping[str, nn.Module], tensors: Mapping[str, Tensor], path: Path) -> None:
    """Load into each of `modules` its tensors, those whose names begin with that of the module and a dot.

    Raises:
        InputError: those of `path` do not fit.
    """
    for name, module in modules.items():
        own = {key.removeprefix(f"{name}."): t for key, t in tensors.items() if key.startswith(f"{name}.")}
        try:
            module.load_state_dict(own)
        except RuntimeError as error:
            raise InputError(f"{path} does not fit its {CONFIG}: {' '.join(str(error).split())}") from None

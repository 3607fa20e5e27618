"""Autoencoders of diffusers as networks of `spatial`, to train them further; diffusers is not needed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from chimerae.errors import InputError
from chimerae.export.diffusers import renamed
from chimerae.files import read_json
from chimerae.foreign.diffusers import CLASSES, CONFIG, WEIGHTS, class_in
from chimerae.networks import Spatial
from chimerae.networks.spatial import MULTIPLIERS

DEFAULTS: Final[Mapping[str, Any]] = {
    "act_fn": "silu",
    "mid_block_add_attention": True,
    "use_quant_conv": True,
    "use_post_quant_conv": True,
    "layers_per_block": 1,
    "latent_channels": 4,
    "norm_num_groups": 32,
    "in_channels": 3,
    "out_channels": 3,
}
"""Entries that older configs lack, with the values that they then have."""
OLDER: Final[Mapping[str, str]] = {
    ".query.": ".to_q.",
    ".key.": ".to_k.",
    ".value.": ".to_v.",
    ".proj_attn.": ".to_out.0.",
}
"""Parts of names in older files of weights, and their present form."""


def spatial_of(folder: Path) -> Spatial:
    """The networks of `spatial` that compute what the `AutoencoderKL` in `folder` does.

    Raises:
        InputError: it is of another class, or its layout is none of `spatial`.
    """
    if (named := class_in(folder)) != CLASSES[0]:
        raise InputError(
            f"{folder} has a model of class {named or 'unknown'}; an {CLASSES[0]} can be trained further"
        )
    config = {**DEFAULTS, **read_json(folder / CONFIG, "a config")}
    widths = tuple(config.get("block_out_channels", ()))
    factor = 2 ** max(len(widths) - 1, 0)
    times = MULTIPLIERS.get(factor, ())
    if not times or widths[0] % times[0] or widths != tuple(widths[0] // times[0] * m for m in times):
        known = "; ".join(", ".join(f"{m}w" for m in row) for row in MULTIPLIERS.values())
        raise InputError(f"{folder} has the channels {list(widths)}, which spatial has not ({known})")
    arch = Spatial(
        width=widths[0] // times[0],
        factor=factor,
        code_channels=config["latent_channels"],
        blocks=config["layers_per_block"],
        attention=config["mid_block_add_attention"],
        mixed_codes=config["use_quant_conv"],
    )
    wanted = {
        "act_fn": "silu",
        "norm_num_groups": arch.groups,
        "use_post_quant_conv": config["use_quant_conv"],
        "out_channels": config["in_channels"],
    }
    for key, value in wanted.items():
        if config[key] != value:
            raise InputError(f"{folder} has {key} {config[key]}, and spatial has {value} for its channels")
    return arch


def channels_of(folder: Path) -> int:
    """Channels of the images that the autoencoder in `folder` takes."""
    return int({**DEFAULTS, **read_json(folder / CONFIG, "a config")}["in_channels"])


def fill(modules: Mapping[str, nn.Module], folder: Path) -> None:
    """Copy the weights of the `AutoencoderKL` in `folder` into `encoder` and `decoder` of `modules`.

    Raises:
        InputError: the file is missing, damaged, or of other networks.
    """
    path = folder / WEIGHTS
    if not path.is_file():
        raise InputError(f"{folder} has no {WEIGHTS}; only weights as safetensors are opened")
    try:
        tensors = load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read as weights ({type(error).__name__})") from None
    for older, now in OLDER.items():
        tensors = {name.replace(older, now): tensor for name, tensor in tensors.items()}
    for network in ("encoder", "decoder"):
        own = modules[network].state_dict()
        found = {name: tensors.pop(renamed(network, name), None) for name in own}
        _check(own, found, f"{path}, {network}")
        modules[network].load_state_dict(
            {name: t.reshape(own[name].shape).float() for name, t in found.items() if t is not None}
        )
    if tensors:
        raise InputError(f"{path} has weights that spatial has not: {sorted(tensors)[0]}")


def _check(own: Mapping[str, Tensor], found: Mapping[str, Tensor | None], what: str) -> None:
    for name, tensor in own.items():
        there = found[name]
        if there is None:
            raise InputError(f"{what}: '{name}' is missing")
        if there.numel() != tensor.numel():
            raise InputError(f"{what}: '{name}' has shape {list(there.shape)}, not {list(tensor.shape)}")

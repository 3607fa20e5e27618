"""Frozen networks of the package timm, the PyTorch image models: pretrained classifiers as encoders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from chimerae.errors import InputError, first_line
from chimerae.extras import quiet, require
from chimerae.features.extractor import colours
from chimerae.shapes import Shape, describe, is_image

FORM = "timm:NAME, timm:NAME:STAGE or timm:NAME@FILE"


@dataclass(frozen=True)
class TimmName:
    """A network of timm as a method names it."""

    name: str
    """Name in `timm.list_models()`."""
    stage: int | None = None
    """Stage, from 1 on, whose maps are the features; None: the pooled features before the last layer."""
    weights: Path | None = None
    """File of weights; None: those that timm downloads."""


def timm_name(part: str) -> TimmName:
    """The network that `part` names.

    >>> timm_name("timm:resnet18:3@mine/resnet.safetensors").stage
    3

    Raises:
        InputError: it has another form.
    """
    spec, _, file = part.partition("@")
    name, *stage = spec.split(":")[1:] or [""]
    if not name or len(stage) > 1 or not all(each.isdecimal() and int(each) for each in stage):
        raise InputError(f"no encoder '{part}': give {FORM}")
    return TimmName(name, int(stage[0]) if stage else None, Path(file) if file else None)


class TimmFeatures(nn.Module):
    """Images `[B, 1 or 3, H, W]` in [-1, 1] to features `[B, h]` of a network of timm.

    Images are resized to `side` x `side` and normalised with the mean and deviation that the network was
    trained with. Maps of a `stage`, from 1 on, are averaged over `places` x `places` rectangles.
    """

    def __init__(self, network: Any, data: Mapping[str, Any], stage: int | None, side: int, places: int):
        super().__init__()
        if stage is not None:
            network.prune_intermediate_layers([stage - 1], prune_norm=True, prune_head=True)
        self.network, self.stage, self.side, self.places = network, stage, side, places
        for name in ("mean", "std"):
            self.register_buffer(name, torch.tensor(data[name]).view(3, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Features of each image."""
        size = (self.side, self.side)
        images = F.interpolate(0.5 * (x + 1.0), size, mode="bilinear", antialias=True)
        seen = (colours(images) - self.get_buffer("mean")) / self.get_buffer("std")
        if self.stage is None:
            pooled: Tensor = self.network(seen)
            return pooled
        chosen = {"indices": [self.stage - 1], "stop_early": True, "intermediates_only": True}
        (maps,) = self.network.forward_intermediates(seen, **chosen)
        return F.adaptive_avg_pool2d(maps, min(self.places, *maps.shape[2:])).flatten(1)


def timm_part(part: str, shape: Shape, *, side: int, places: int, filled: bool = True) -> nn.Module:
    """The network of timm that `part` names, in evaluation mode.

    Args:
        part: `timm:NAME`, `timm:NAME:STAGE`, either with `@FILE`.
        shape: of the images.
        side: pixels of either side that images are resized to.
        places: after a stage, averages over so many places of either side, or as many as the maps have.
        filled: with its weights; otherwise weights are to be filled in later.

    Raises:
        InputError: samples are no images, timm is missing or has no such network, the network has no such
            stage or cannot see images of that side, or its weights do not come.
    """
    wanted = timm_name(part)
    if not is_image(shape) or shape[0] not in (1, 3):
        raise InputError(f"the encoder '{part}' needs images of 1 or 3 channels, not {describe(shape)}")
    require("timm")
    timm: Any = import_module("timm")
    if not timm.is_model(wanted.name):
        raise InputError(
            f"timm has no network '{wanted.name}': timm.list_models() names those of its version"
        )
    if filled and wanted.weights is not None and not wanted.weights.is_file():
        raise InputError(f"{wanted.weights} is no file: '{part}' needs the weights of {wanted.name} there")
    network = _network(timm, wanted, part, filled)
    if wanted.stage is not None and wanted.stage > len(network.feature_info):
        raise InputError(f"'{wanted.name}' has {len(network.feature_info)} stages, not {wanted.stage}")
    data = timm.data.resolve_model_data_config(network)
    made = TimmFeatures(network, data, wanted.stage, side, places).eval().requires_grad_(False)
    try:
        with torch.no_grad():
            made(torch.zeros(1, *shape))
    except Exception as error:  # networks refuse sizes in ways of their own
        told = f"the encoder '{part}' cannot see {side}x{side} pixels: {first_line(error)}"
        raise InputError(f"{told}; set --method.encoder-side {data['input_size'][-1]}") from error
    return made


def _network(timm: Any, wanted: TimmName, part: str, filled: bool) -> Any:
    """The network without its last layer, filled with weights.

    Raises:
        InputError: no weights come, or those of the file do not fit.
    """
    try:
        with quiet("timm"), quiet("huggingface_hub"):
            download = filled and wanted.weights is None
            network = timm.create_model(wanted.name, pretrained=download, num_classes=0)
            if filled and wanted.weights is not None:
                saved = timm.models.load_state_dict(str(wanted.weights), use_ema=False)
                missing = network.load_state_dict(saved, strict=False).missing_keys
                if missing:
                    raise InputError(f"{wanted.weights} lacks {missing[0]}")
    except Exception as error:  # the hub, files and networks have no common class of errors
        raise InputError(f"the encoder '{part}' cannot be opened: {first_line(error)}") from error
    return network

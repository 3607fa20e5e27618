"""Target networks: copies of other networks that have no player and are updated every so many steps."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy

from torch import nn

from chimerae.methods import Method


def with_targets(method: Method, modules: Mapping[str, nn.Module]) -> dict[str, nn.Module]:
    """`modules`, followed by the copies for `method.targets`; no copy has trainable weights."""
    copies = {
        name: deepcopy(modules[target.network]).requires_grad_(False)
        for name, target in method.targets.items()
    }
    return {**modules, **copies}


def update_targets(method: Method, modules: Mapping[str, nn.Module], done: int) -> None:
    """Copy weights and buffers to every target network that is due after `done` steps."""
    for name, target in method.targets.items():
        if done % target.every == 0:
            modules[name].load_state_dict(modules[target.network].state_dict())

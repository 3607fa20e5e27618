"""Networks that nobody plays: copies of others that are renewed every so many steps."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy

from torch import nn

from chimerae.methods import Method


def with_followers(method: Method, modules: Mapping[str, nn.Module]) -> dict[str, nn.Module]:
    """`modules`, and after them the copies that `method.follows` asks for; no copy has trainable weights."""
    copies = {
        name: deepcopy(modules[follow.network]).requires_grad_(False)
        for name, follow in method.follows.items()
    }
    return {**modules, **copies}


def renew(method: Method, modules: Mapping[str, nn.Module], done: int) -> None:
    """Copy weights and buffers to every follower whose time has come after `done` steps."""
    for name, follow in method.follows.items():
        if done % follow.every == 0:
            modules[name].load_state_dict(modules[follow.network].state_dict())

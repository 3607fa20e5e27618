"""All networks of a method: those that it builds, those with published weights, and copies."""

from __future__ import annotations

from torch import nn

from chimerae.features import perceptual_network
from chimerae.methods import Method
from chimerae.nets import Architecture
from chimerae.shapes import Shape
from chimerae.training.targets import with_targets


def build_networks(method: Method, arch: Architecture, shape: Shape) -> dict[str, nn.Module]:
    """Networks by name, for samples of `shape`: `method.networks`, its target networks, and its perceptual
    networks.

    Raises:
        InputError: a network cannot be built for `shape`, or its weights are missing.
    """
    modules = with_targets(method, method.networks(shape, arch))
    for name, kind in method.perceptual_networks.items():
        modules[name] = perceptual_network(kind, shape)
    return modules

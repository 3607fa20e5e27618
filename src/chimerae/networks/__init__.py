"""Architectures: factories of encoders, decoders and critics for any shape of data."""

from __future__ import annotations

from collections.abc import Mapping

from chimerae.nets import Architecture
from chimerae.networks.dcgan import DCGAN
from chimerae.networks.mlp import MLP
from chimerae.networks.residual import Residual
from chimerae.networks.spatial import Spatial
from chimerae.networks.style import Style
from chimerae.networks.wae import WAE

ARCHITECTURES: tuple[type[Architecture], ...] = (MLP, DCGAN, Residual, WAE, Spatial, Style)
"""Every architecture, in the order in which they are listed."""

BY_NAME: Mapping[str, type[Architecture]] = {arch.name: arch for arch in ARCHITECTURES}

__all__ = ["ARCHITECTURES", "BY_NAME", "DCGAN", "MLP", "WAE", "Residual", "Spatial", "Style"]

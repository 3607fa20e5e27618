"""Statistics of training data that given encoders take before the first step."""

from __future__ import annotations

from typing import Final

import torch

from chimerae.codec import Codec
from chimerae.data import Prepared
from chimerae.evaluation.seeded_codec import spread
from chimerae.features.frozen import FrozenEncoder
from chimerae.progress import Progress, silent
from chimerae.training.state import State

MOST: Final = 2_000
"""Training samples whose features are measured, at most, spread over the split."""
PIECE: Final = 32
"""Samples that an encoder sees at a time."""


def measure_given(state: State, prepared: Prepared, progress: Progress = silent) -> None:
    """Let the given encoders of `state` make codes of mean 0 and covariance I of the training data.

    Raises:
        InputError: their features are not finite.
    """
    codec = Codec(state.method, state.nets, prepared.shape)
    for name in state.method.given_encoders:
        encoder = state.nets.modules[name]
        assert isinstance(encoder, FrozenEncoder)
        indices, found = spread(len(prepared.train), MOST), []
        for start in range(0, len(indices), PIECE):
            progress(start, len(indices), "samples measured by the encoder")
            x = codec.inwards(prepared.train.take(indices[start : start + PIECE]))
            with torch.no_grad():
                found.append(encoder.features(x))
        progress(len(indices), len(indices), "samples measured by the encoder")
        encoder.code.measure(torch.cat(found), encoder.widths)

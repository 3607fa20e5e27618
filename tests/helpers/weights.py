"""Random weights in the place of published ones: everything but their meaning can be tested on them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from chimerae.extractors import weights


@contextmanager
def in_place_of(name: str, state: Mapping[str, Tensor], folder: Path) -> Iterator[Path]:
    """Write `state` where the weights called `name` are looked for, and let its digest be the known one."""
    path = folder / weights.published(name).file
    torch.save(dict(state), path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
    known = tuple(replace(w, digest=digest) if w.name == name else w for w in weights.PUBLISHED)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(weights, "PUBLISHED", known)
        patch.setenv("CHIMERAE_WEIGHTS", str(folder))
        yield path


def scrambled(network: nn.Module, seed: int = 0) -> dict[str, Tensor]:
    """Normal weights that keep the scale of what passes through ReLUs, in the shapes of `network`'s."""
    g = torch.Generator().manual_seed(seed)
    return {
        name: torch.randn(value.shape, generator=g) * (2.0 / value[0].numel()) ** 0.5
        if value.dim() > 1
        else value
        for name, value in network.state_dict().items()
    }


def random_inception() -> nn.Module:
    """torch-fidelity's network without published weights, giving features and logits."""
    from torch_fidelity import feature_extractor_inceptionv3 as theirs

    network = theirs.FeatureExtractorInceptionV3
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(theirs, "load_state_dict_from_url", lambda *_, **__: {})
        patch.setattr(network, "load_state_dict", lambda *_: None)
        found: nn.Module = network("inception", ["2048", "logits_unbiased"])
    found.load_state_dict(scrambled(found))
    return found

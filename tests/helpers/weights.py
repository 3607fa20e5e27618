"""Random weights in the place of published ones: everything but their meaning can be tested on them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from chimerae.features import weights

LARGE = 3_000_000


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


def scrambled(build: Callable[[], nn.Module], seed: int = 0) -> dict[str, Tensor]:
    """Normal weights that keep the scale of what passes through ReLUs, in the shapes of a network's.

    Rows of large matrices are the same numbers, moved on by one: hundreds of megabytes take a few kilobytes.
    """
    g = torch.Generator().manual_seed(seed)
    with torch.device("meta"):
        shapes = {name: value.shape for name, value in build().state_dict().items()}
    return {name: _filled(name, shape, g) for name, shape in shapes.items()}


def _filled(name: str, shape: torch.Size, g: torch.Generator) -> Tensor:
    if name.endswith("num_batches_tracked"):
        return torch.tensor(0)
    if len(shape) == 1:
        return torch.ones(shape) if name.endswith(("bn.weight", "running_var")) else torch.zeros(shape)
    inner = shape[1:].numel()
    if shape.numel() < LARGE:
        return torch.randn(shape, generator=g) * (2.0 / inner) ** 0.5
    few = torch.randn(inner + shape[0] - 1, generator=g) * (2.0 / inner) ** 0.5
    return few.as_strided(shape, (1, *torch.empty(shape[1:], device="meta").stride()))


def inception() -> nn.Module:
    """torch-fidelity's network, with whatever weights."""
    from torch_fidelity import feature_extractor_inceptionv3 as theirs

    network = theirs.FeatureExtractorInceptionV3
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(theirs, "load_state_dict_from_url", lambda *_, **__: {})
        patch.setattr(network, "load_state_dict", lambda *_: None)
        found: nn.Module = network("inception", ["2048", "logits_unbiased"])
    return found

"""Labels as people give them to a model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from chimerae.errors import InputError
from chimerae.labels import weights
from chimerae.methods import Method

Labels = int | Sequence[int] | NDArray[np.integer] | Tensor
"""One label for all samples, or one for each, in 0 to N - 1; or weights of the classes `[n, N]`, floats."""


def given_labels(method: Method, labels: Labels | None, n: int) -> Tensor | None:
    """Weights `[n, N]` of the classes for `n` samples; None where networks take no labels, or none are given.

    Raises:
        InputError: labels are given to a model without, are not of `n` samples, or none of its classes.
    """
    if labels is None:
        return None
    if not method.label_dim:
        raise InputError("this model learnt without labels (--method.classes): leave labels out")
    found = torch.as_tensor(labels).cpu()
    if found.is_floating_point():
        if found.shape != (n, method.label_dim):
            raise InputError(f"weights of classes must be [{n}, {method.label_dim}], not {list(found.shape)}")
        return found.float()
    found = found.expand(n) if found.dim() == 0 else found
    if found.shape != (n,):
        raise InputError(f"labels must be one number or [{n}], not {list(found.shape)}")
    return weights(found, method.label_dim)

"""Labels as people give them to a model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from chimerae.errors import InputError, unknown
from chimerae.labels import weights
from chimerae.methods import Method

Labels = int | str | Sequence[int] | Sequence[str] | NDArray[np.integer] | Tensor
"""One label for all samples, or one for each, in 0 to N - 1 or by name; or weights of the classes `[n, N]`,
floats.
"""


def given_labels(method: Method, labels: Labels | None, n: int, names: Sequence[str] = ()) -> Tensor | None:
    """Weights `[n, N]` of the classes for `n` samples; None where networks take no labels, or none are given.

    `names` are those of the classes.

    Raises:
        InputError: labels are given to a model without, are not of `n` samples, or none of its classes.
    """
    if labels is None:
        return None
    if not method.label_dim:
        raise InputError("this model learnt without labels (--method.classes): leave labels out")
    found = torch.as_tensor(_numbers(labels, names)).cpu()
    if found.is_floating_point():
        if found.shape != (n, method.label_dim):
            raise InputError(f"weights of classes must be [{n}, {method.label_dim}], not {list(found.shape)}")
        return found.float()
    found = found.expand(n) if found.dim() == 0 else found
    if found.shape != (n,):
        raise InputError(f"labels must be one number or [{n}], not {list(found.shape)}")
    return weights(found, method.label_dim)


def numbered(label: str, names: Sequence[str]) -> int:
    """The number of the class called `label`; a number itself where no class has this name.

    Raises:
        InputError: it is neither.

    >>> numbered("dog", ["cat", "dog"]), numbered("0", ["cat", "dog"]), numbered("0", ["1", "0"])
    (1, 0, 1)
    """
    if label in names:
        return list(names).index(label)
    if label.isdecimal():
        return int(label)
    if not names:
        raise InputError(f"no label '{label}': this model knows no names of classes, so give a number")
    raise unknown("label", label, names)


def _numbers(labels: Labels, names: Sequence[str]) -> int | Sequence[int] | NDArray[np.integer] | Tensor:
    """`labels` with numbers in place of names."""
    if isinstance(labels, str):
        return numbered(labels, names)
    if isinstance(labels, Sequence):
        return [numbered(each, names) if isinstance(each, str) else each for each in labels]
    return labels

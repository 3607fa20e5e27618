"""Labels of the data that a method learns with: checked before anything is trained."""

from __future__ import annotations

from chimerae.data import Prepared
from chimerae.errors import InputError
from chimerae.methods import Method


def check_labels(method: Method, prepared: Prepared) -> None:
    """Do nothing where `method` takes no labels, or those of `prepared`.

    Raises:
        InputError: the data have no labels, or another number of classes.
    """
    wanted, source = method.label_dim, prepared.facts.source
    if not wanted:
        return
    labels = prepared.train.labels
    if labels is None or prepared.toy is not None:
        raise InputError(
            f"--method.classes {wanted} needs labels, and {source} has none (docs/data.md): leave it out"
        )
    if len(prepared.test) and prepared.test.labels is None:
        raise InputError(f"--method.classes {wanted}: the test split of {source} has no labels")
    least, most = int(labels.min()), int(labels.max())
    if len(prepared.test):
        assert prepared.test.labels is not None
        least, most = min(least, int(prepared.test.labels.min())), max(most, int(prepared.test.labels.max()))
    there = max(most + 1, len(prepared.facts.classes))
    if least < 0 or there < 2:
        raise InputError(f"--method.classes {wanted}: the labels of {source} go from {least} to {most}")
    if there != wanted:
        raise InputError(
            f"--method.classes {wanted}: {source} has labels from 0 to {there - 1}; "
            f"give --method.classes {there}"
        )

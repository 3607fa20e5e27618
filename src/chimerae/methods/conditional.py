"""Setting of the methods that can learn with labels."""

from __future__ import annotations

from pydantic import Field
from pydantic.dataclasses import dataclass

from chimerae.conditioned import Conditioned
from chimerae.config import STRICT
from chimerae.methods.method import Method
from chimerae.nets import Architecture


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Conditional(Method):
    """A method whose networks see the label of each sample, where `classes` are given.

    `play` does not see labels: it is given networks that hold those of the batch (`Nets.labelled`). Row i of
    every network's input has the label of row i of the batch, so that samples have the labels of the data.
    Concrete methods build their networks from `conditioned(arch)`.
    """

    classes: int | None = Field(default=None, ge=2)
    """Number N of classes: the labels of the data, 0 to N - 1, condition all networks; none: without labels.
    """

    @property
    def label_dim(self) -> int:
        """`classes`, or 0."""
        return self.classes or 0

    def conditioned(self, arch: Architecture) -> Architecture:
        """`arch` with labels as an input of its networks; `arch` itself without `classes`."""
        return Conditioned(arch, self.classes) if self.classes else arch

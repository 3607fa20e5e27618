"""A recipe: a named starting point."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from chimerae.data import preset
from chimerae.errors import InputError
from chimerae.methods import Method
from chimerae.nets import Architecture
from chimerae.runs.run import Run
from chimerae.training.settings import Changes, Training


@dataclass(frozen=True)
class Recipe:
    """A named starting point."""

    name: str
    about: str
    """Description and origin, in one line."""
    method: Method
    training: Training
    data: str | None = None
    """The source it is made for; None: any."""
    arch: Architecture | None = None
    """The networks it is made for; None: those that suit the data."""
    images: Architecture | None = None
    """The networks that suit images; None: `dcgan`."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Further fields of the run."""

    def source(self, data: str | None) -> str:
        """`data`, or the source that the recipe is made for.

        Raises:
            InputError: there is neither.
        """
        source = data or self.data
        if source is None:
            raise InputError(
                f"'{self.name}' needs data: add --data with a folder of images, "
                "or a name of `chimerae list data`"
            )
        return source

    def run(self, data: str, arch: Architecture) -> Run:
        """The run that this recipe describes, on `data` and with the networks of `arch`."""
        players = {name: self.training.players.get(name, Changes()) for name in self.method.players}
        training = replace(self.training, players=players)
        given = {"prepare": preset(data)} | dict(self.extra)
        return Run(method=self.method, arch=arch, data=data, training=training, **given)

"""A `Run`: all settings needed to repeat an experiment, in one frozen tree."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

from chimerae import methods, networks
from chimerae.config import STRICT, one_of
from chimerae.data import Prepare
from chimerae.evaluation import Evaluation
from chimerae.methods import Method
from chimerae.nets import Architecture
from chimerae.training.settings import Training


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Run:
    """Settings of a run: method, networks, data, training and evaluation. `run.json` is this tree."""

    method: Annotated[Method, one_of("method", Method, methods.BY_NAME)]
    """The rule that is played."""
    arch: Annotated[Architecture, one_of("architecture", Architecture, networks.BY_NAME)]
    """The family of networks that play it."""
    data: str
    """Source of the data: a name of `chimerae list data`, a folder, a file or a hub id."""
    init: str = ""
    """Model whose encoder and decoder the run begins with (`--from`); "": none."""
    prepare: Prepare = Prepare()
    """Settings that turn the source into arrays."""
    training: Training = Training()
    """Optimisers, precision, saved states."""
    evaluation: Evaluation = Evaluation()
    """Settings of the evaluation."""
    steps: int = Field(default=10_000, ge=1)
    """Batches to play."""
    seed: int = Field(default=0, ge=0)
    """All randomness of the run follows from it."""

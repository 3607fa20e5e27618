"""Critic of samples alone: it is no part of a model, and is kept in the saved states of its run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from chimerae import networks, noise
from chimerae.errors import InputError
from chimerae.labels import weights
from chimerae.methods import Method
from chimerae.model import Model
from chimerae.nets import Architecture, Nets
from chimerae.run_folder.schema import STATE
from chimerae.training.built import fill, named
from chimerae.training.checkpoint import read_state


@dataclass(frozen=True)
class Critic:
    """A critic in evaluation mode, and the step that it is of."""

    method: Method
    nets: Nets
    device: torch.device
    step: int
    at_once: int = 256
    """Samples that it sees at a time."""

    def __call__(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """Its value for samples `x` `[n, *shape]`, images in [0, 1], with their `labels` `[n]` where it
        learnt with labels: `[n]` on the CPU, larger for data.
        """
        y = weights(labels, self.method.label_dim)
        of_parts = [None] * -(-len(x) // self.at_once) if y is None else y.to(self.device).split(self.at_once)
        inwards = self.method.value_range.from_unit if x.dim() == 4 else lambda each: each
        with self.nets.evaluating():
            parts = [
                self.method.realness(self.nets.labelled(own), inwards(part.to(self.device))).float().cpu()
                for part, own in zip(x.split(self.at_once), of_parts, strict=True)
            ]
        return torch.cat(parts)


def critic_of(model: Model, on_warning: Callable[[str], object]) -> tuple[Critic | None, str]:
    """The critic of the run of `model`, or None with the reason in one line.

    A critic that the model itself contains (IAN) is taken from there, else that of the newest saved state.
    `on_warning` receives one message about damaged states.
    """
    name, method = model.method.sample_critic, model.method
    if not name:
        return None, f"{method.name} has no critic of samples alone"
    if name in dict(model.nets.items()):
        return Critic(method, model.nets, model.device, model.step), ""
    if model.origin is None or not (model.origin / STATE).is_dir():
        return None, "the critic is kept in the states of a run, and this is a model alone"
    try:
        tensors, step = read_state(model.origin / STATE, on_warning)
        arch = named("architecture", networks.BY_NAME, model.config["arch"], model.origin)
        return Critic(method, _filled(model, arch, tensors), model.device, step), ""
    except InputError as error:
        return None, f"the critic cannot be read: {' '.join(str(error).split())}"


def _filled(model: Model, arch: Architecture, tensors: dict[str, Any]) -> Nets:
    """The critic alone, with its weights of a state."""
    name, prefix = model.method.sample_critic, f"nets/{model.method.sample_critic}/"
    with noise.seeded("critic"):  # initial weights, soon replaced, leave the caller's generator alone
        module = model.method.networks(model.shape, arch)[name]
    assert model.origin is not None
    own = {f"{name}.{key.removeprefix(prefix)}": t for key, t in tensors.items() if key.startswith(prefix)}
    fill({name: module}, own, model.origin / STATE)
    return Nets({name: module.to(model.device).eval()}, model.nets.autocast)

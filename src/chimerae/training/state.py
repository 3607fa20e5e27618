"""State of a run in training, and its conversion to named tensors and back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from typing import Final

import torch
from torch import Tensor, nn

from chimerae import noise
from chimerae.errors import InputError
from chimerae.methods import Method
from chimerae.nets import Architecture, Autocast, Nets
from chimerae.parallel import share_statistics
from chimerae.shapes import Shape, is_image
from chimerae.training.built import build_networks
from chimerae.training.ema import EMA
from chimerae.training.players import Player, build_players
from chimerae.training.settings import Kind, Training

ROOMS = ("nets/", "ema/", "buffers/")
"""Prefixes of the tensors that must match when a state is loaded."""
SKIPPED: Final = "skipped"
"""Name of the tensor with the skipped steps."""


@dataclass
class State:
    """Networks, their averages, players (with their optimisers) and the number of steps done."""

    method: Method
    nets: Nets
    players: dict[str, Player]
    ema: EMA | None
    step: int = 0
    losses: dict[str, Tensor] = field(default_factory=dict)
    """The newest loss of every player in each of its turns; not every player moves on every step."""
    skipped: list[int] = field(default_factory=list)
    """Steps that `on_nonfinite` had skipped."""

    @property
    def device(self) -> torch.device:
        """Device of the networks."""
        return next(p.device for module in self.nets.modules.values() for p in module.parameters())

    def final_modules(self) -> dict[str, nn.Module]:
        """The networks of `method.exported`: their averages, or as they are when there is no average."""
        if self.ema:
            return dict(self.ema.modules)
        return {name: self.nets.modules[name] for name in self.method.exported}

    def final_nets(self) -> Nets:
        """`final_modules`, to be called by name."""
        return Nets(self.final_modules(), self.nets.autocast)

    def tensors(self) -> dict[str, Tensor]:
        """Everything as named tensors.

        They are called `nets/...`, `ema/...`, `buffers/...`, `optimizer/<player>/<index>/<slot>`,
        `loss/<player>` and, where steps were skipped, `skipped`.
        """
        return dict(self._tensors())

    def _weights(self) -> dict[str, Tensor]:
        left_out = self.nets.frozen - set(self.method.exported)
        kept = {name: net for name, net in self.nets.items() if name not in left_out}
        weights = dict(_named("nets", kept))
        weights |= _named("ema", self.ema.modules if self.ema else {})
        return weights | {f"buffers/{name}": tensor for name, tensor in self.nets.buffers.items()}

    def _tensors(self) -> Iterator[tuple[str, Tensor]]:
        yield from self._weights().items()
        yield from ((f"loss/{name}", loss) for name, loss in self.losses.items())
        if self.skipped:
            yield SKIPPED, torch.tensor(self.skipped)
        for player in self.players.values():
            if player.optimizer is None:
                continue
            for index, slots in player.optimizer.state_dict()["state"].items():
                for slot, value in slots.items():
                    yield f"optimizer/{player.name}/{index}/{slot}", value

    def load(self, tensors: Mapping[str, Tensor], step: int) -> None:
        """Take over the result of `tensors`; this state must have been built from the same run.

        Raises:
            InputError: names or shapes differ.
        """
        own = self._weights()
        shapes = {name: t.shape for name, t in own.items()}
        given = {name: t.shape for name, t in tensors.items() if name.startswith(ROOMS)}
        if shapes != given:
            differing = sorted(set(shapes.items()) ^ set(given.items()))
            raise InputError(
                f"the saved state does not fit this run's networks: first difference at {differing[0][0]}"
            )
        with torch.no_grad():
            for name, tensor in own.items():
                tensor.copy_(tensors[name])
        self.losses = {n.removeprefix("loss/"): t for n, t in tensors.items() if n.startswith("loss/")}
        if odd := next((name for name, loss in self.losses.items() if loss.numel() != 1), None):
            raise InputError(f"the saved state does not fit this run: its loss of '{odd}' is no number")
        self.skipped = _steps(tensors.get(SKIPPED, torch.empty(0, dtype=torch.int64)))
        for player in self.players.values():
            _load_optimizer(player, tensors)
        self.step = step


SLOTS: Final[Mapping[Kind, Set[str]]] = {
    "adam": {"step", "exp_avg", "exp_avg_sq"},
    "rmsprop": {"step", "square_avg"},
}
"""Kind of optimiser -> tensors that it keeps for a parameter."""


def _steps(tensor: Tensor) -> list[int]:
    if tensor.dtype != torch.int64 or tensor.dim() != 1:
        raise InputError(f"the saved state does not fit this run: its '{SKIPPED}' are no steps")
    return [int(step) for step in tensor.tolist()]


def _named(room: str, modules: Mapping[str, nn.Module]) -> Iterator[tuple[str, Tensor]]:
    for name, module in modules.items():
        for key, tensor in module.state_dict().items():
            yield f"{room}/{name}/{key}", tensor


def _load_optimizer(player: Player, tensors: Mapping[str, Tensor]) -> None:
    if player.optimizer is None:
        return
    prefix = f"optimizer/{player.name}/"
    slots: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith(prefix):
            index, _, slot = name.removeprefix(prefix).partition("/")
            if not re.fullmatch(r"\d{1,9}", index) or slot not in SLOTS[player.settings.kind]:
                raise _misfit(name)
            slots.setdefault(int(index), {})[slot] = _laid_out(
                tensor, _owner(player, int(index), name, tensor)
            )
    for i, own in slots.items():
        if missing := sorted(SLOTS[player.settings.kind] - own.keys()):
            raise _misfit(f"{prefix}{i}/{missing[0]}")
    if not slots and f"loss/{player.name}" in tensors:
        raise InputError(f"the saved state lacks the optimiser of '{player.name}', which has moved")
    groups = player.optimizer.state_dict()["param_groups"]
    player.optimizer.load_state_dict({"state": slots, "param_groups": groups})


def _owner(player: Player, index: int, name: str, tensor: Tensor) -> Tensor:
    """The parameter that the slot `name` belongs to.

    Fused optimisers do not compare shapes: with a slot of another parameter they would access memory out of
    bounds.

    Raises:
        InputError: the parameter does not exist, or the slot is neither a number nor of its shape.
    """
    owner = player.params[index] if index < len(player.params) else None
    if owner is None or (tensor.shape != owner.shape and tensor.dim()):
        raise _misfit(name)
    return owner


def _misfit(name: str) -> InputError:
    return InputError(
        f"the saved state does not fit this run's optimisers: first difference at {name}; "
        "undo what was changed in run.json since it was saved"
    )


def _laid_out(tensor: Tensor, like: Tensor) -> Tensor:
    """A copy of an optimiser's slot in the memory order of its parameter.

    A fused Adam reads both memories in parallel and ignores strides: a slot in dense order would move the
    wrong channels_last weights.
    """
    return torch.empty_like(like).copy_(tensor) if tensor.shape == like.shape else tensor.clone()


def pick_device(name: str) -> torch.device:
    """The device called `name`; `auto` takes CUDA when there is one, else the CPU.

    It never takes `mps` by itself: metrics accumulate in float64, which those devices do not have. A run that
    names it can train there, and is evaluated on the CPU.

    Raises:
        InputError: there is no such device here.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device).cpu()  # "meta" has no values to give
    except (RuntimeError, AssertionError, NotImplementedError):
        raise InputError(f"no device '{name}' here; there are: {', '.join(_devices())}") from None
    return device


def _devices() -> list[str]:
    cuda = [f"cuda:{i}" for i in range(torch.cuda.device_count())]
    return ["auto", "cpu", *cuda, *(["mps"] if torch.backends.mps.is_available() else [])]


def pick_autocast(device: torch.device, precision: str) -> Autocast:
    """The precision in which networks compute on `device`."""
    fast = device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
    return Autocast(device.type, precision == "bfloat16" or (precision == "auto" and fast))


def build_state(method: Method, arch: Architecture, shape: Shape, training: Training, seed: int) -> State:
    """A fresh state: networks initialised from `seed`, in the order in which the method names them."""
    device, method = pick_device(training.device), method.fitted(shape, arch)
    with noise.seeded(seed, "initialise"):
        modules = build_networks(method, arch, shape)
    for module in modules.values():
        if training.sync_batchnorm:
            share_statistics(module)
        module.to(device)
        if is_image(shape):
            module.to(memory_format=torch.channels_last)
    buffers = {name: tensor.detach().clone().to(device) for name, tensor in method.buffers().items()}
    autocast = pick_autocast(device, training.precision)
    nets = Nets(modules, autocast, frozen=method.frozen, buffers=buffers)
    ema = EMA(nets, method.exported, training.ema) if training.ema else None
    return State(method, nets, build_players(method, nets, training), ema)

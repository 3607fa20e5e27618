"""Every listed method, small: plain with every listed architecture, and once more for each of its switches.

An option that selects another path through `play` is a switch. One entry `{"option": value}` below its
method's name in `SWITCHES` gives it its cases, and with them the whole battery of `tests/contract`; options
that belong together share an entry. Switches choose no networks, so they run on `SWITCHED` only: points with
an MLP, where a batch and a sample are asked about, and images with BatchNorm, where turns are. A method or an
architecture gets its cases by being listed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from chimerae import noise
from chimerae.methods import BY_NAME, METHODS, Method
from chimerae.nets import Architecture
from chimerae.networks import ARCHITECTURES, Style
from chimerae.shapes import Shape, is_image
from chimerae.training.settings import Training
from chimerae.training.state import State, build_state

BATCH = 6
Z_DIM = 4
POINTS, GREY, OBLONG = (2,), (1, 8, 8), (3, 16, 24)

SMALL: Mapping[str, Mapping[str, Any]] = {
    "wgan-gp": {"n_critic": 2},
    "introvae": {"m": 20.0},
    "soft-introvae": {"beta_neg": 4.0},
    "as-introvae": {"beta_neg": 4.0},
    "id-gan": {"first_stage_share": 0.01},
    "kl-gan": {"perceptual_weight": 0.0, "critic_start": 0.0},
    "avae-frozen": {"encoder": "random", "xi_dim": 2},
}
"""What has to be smaller than usual for a method to do all that it does within a few steps."""

NARROW: Mapping[str, Mapping[str, int]] = {
    "mlp": {"width": 8},
    "wae": {"width": 2, "critic_width": 8},
    "spatial": {
        "width": 3
    },  # GroupNorm over two channels is so steep that bfloat16 moves penalties on slopes
}

SWITCHED = {"mlp": POINTS, "dcgan": GREY}
"""Architectures that switches run on, and the shape of their data; plain cases have the other shapes."""

SWITCHES: Mapping[str, tuple[Mapping[str, Any], ...]] = {
    "vae": ({"sigma": "shared"}, {"beta": 4.0}, {"likelihood": "estimated"}),
    "gan": (
        {"update": "alternating"},
        {"update": "alternating_minibatch"},
        {"adv_loss": "linear"},
        {"adv_loss": "saturating"},
        {"r1": 1.0, "r1_every": 2},
        {"r1": 1.0, "r1_every": 2, "update": "alternating"},
        {"path_length": 2.0, "path_length_every": 2},
    ),
    "vae-gan": (
        {"fakes": "samples"},
        {"fakes": "recons"},
        {"adv_loss": "saturating"},
        {"adv_loss": "non_saturating"},
        {"reduction": "sum"},
        {"log_offset": 1e-3, "game_weight": "1 - gamma", "critic_halves": True, "adv_loss": "saturating"},
        {"likelihood": "estimated", "r1": 1.0, "r1_every": 2},
    ),
    "avae": (
        {"latent_loss": "paper_a"},
        {"latent_loss": "official"},
        {"latent_loss": "normalised", "likelihood": "estimated", "r1": 1.0, "r1_every": 2},
        {"use_xi": True},
        {"adv_loss": "softplus", "path_length": 2.0, "path_length_every": 2},
    ),
    "introvae": (
        {"hinge": "batch_mean"},
        {"alpha_g": "0.5"},
        {"decoder_error": False},
        {"warmup_steps": 2},
        {"likelihood": "estimated"},
    ),
    "soft-introvae": (
        {"gamma_r": 0.5},
        {"variant": "bootstrap"},
        {"variant": "bootstrap", "gamma_r": 1.0, "target_every": 2},
        {"detach_target": False},
        {"warmup_steps": 2},
        {"scale": 0.1},
        {
            "likelihood": "estimated",
            "exponent_kl": 0.1,
            "gamma_r": 0.5,
            "warmup_share": 0.02,
            "scaled_warmup": True,
        },
        {"likelihood": "estimated", "exponent_kl": "balanced", "beta_kl": 0.03, "warmup_steps": 2},
    ),
    "as-introvae": (
        {"kernel": "per_dim_prior"},
        {"kernel": "product_flat"},
        {"pair": "real_fake"},
        {"schedule": "tanh", "squash": "distance_and_kl_d", "detach_target": False},
        {"reduce_e": "sum"},
        {"squash": "none"},
        {"gamma_r": 0.5, "warmup_steps": 2},
        {"likelihood": "estimated", "exponent_kl": 0.1, "warmup_steps": 2, "anneal_from": "game"},
        {"exponent_kl": "balanced", "beta_kl": 0.03, "beta_rec": 0.1, "warmup_steps": 2},
    ),
    "bigan": (
        {"sigma": "free"},
        {"adv_loss": "linear"},
        {"adv_loss": "saturating"},
        {"r1": 1.0, "r1_every": 2},
    ),
    "alice": (
        {"sigma": "none"},
        {"cycle": "l2", "code_cycle": "l2"},
        {"cycle": "implicit"},
        {"lambda_z": 0.0},
        {"adv_loss": "probability"},
        {"r1": 1.0, "r1_every": 2},
    ),
    "biadversarial": (
        {"inference_disc": "marginal"},
        {"generative_disc": "image"},
        {"ratio": "logistic"},
        {"divergences": "code"},
        {"divergences": "code", "inference_disc": "marginal", "generative_disc": "image"},
        {"decoder_loss": "surrogate"},
        {"recon_weight": 1.0},
        {"recon_weight": 9.0, "recon_reduction": "mean"},
        {"r1": 1.0, "r1_every": 2},
    ),
    "wae-mmd": (
        {"mmd_scales": "single"},
        {"sigma2_z": 2.0},
        {"pretrain": 2},
        {"add_noise": 0.1},
        {"aef": 0.5},
    ),
    "wae-gan": (
        {"p_trick": "off"},
        {"p_trick": "official_broadcast"},
        {"update": "simultaneous", "sigma2_z": 2.0},
        {"aef": 0.5, "add_noise": 0.1},
    ),
    "aae": ({"sigma": "free"},),
    "id-gan": ({"s_dim": 0}, {"w_info": 1.0}, {"likelihood": "estimated"}),
    "ian": ({"update": "simultaneous"},),
    "kl-gan": (
        {"pixel": "l2"},
        {"scale": "fixed", "adaptive": False},
        {"scale": "estimated"},
        {"critic_start": 0.01, "critic_ramp": 0.02},
    ),
    "avae-frozen": (
        {"latent_loss": "normalised", "r1": 1.0, "r1_every": 2},
        {"xi_dim": 0, "codes_of_data": 0.0},
        {"adv_loss": "softplus", "codes_of_data": 1.0},
    ),
}
"""Options that select another path through `play`."""


@dataclass(frozen=True)
class Case:
    """A method, networks for it, and a shape of data."""

    method: Method
    arch: Architecture
    shape: Shape
    note: str = ""

    def __str__(self) -> str:
        size = "x".join(map(str, self.shape))
        return "-".join(filter(None, (self.method.name, self.note, self.arch.name, size)))

    def state(self, seed: int = 0, **training: Any) -> State:
        """A fresh state; BatchNorm in training mode."""
        state = build_state(self.method, self.arch, self.shape, Training(device="cpu", **training), seed)
        for module in state.nets.modules.values():
            module.train()
        return state

    def batch(self, step: int = 0, n: int = BATCH) -> Tensor:
        """Data in the range that `play` takes."""
        shape = (n, *self.shape)
        x = torch.rand(shape, generator=noise.generator("batch", step))
        return self.method.value_range.from_unit(x) if is_image(self.shape) else 4 * x - 2


def small(name: str, **options: Any) -> Method:
    """The method called `name`, small."""
    return BY_NAME[name](z_dim=Z_DIM, **{**SMALL.get(name, {}), **options})


def shapes_for(arch: Architecture) -> tuple[Shape, ...]:
    """Shapes that `arch` can be built for."""
    return (POINTS, GREY, OBLONG) if arch.name == "mlp" else (GREY, OBLONG)


def tiny(arch: type[Architecture]) -> Architecture:
    """The architecture, as narrow as still makes sense."""
    return arch(**NARROW.get(arch.name, {"width": 2}))


def _cases() -> Iterator[Case]:
    for method in METHODS:
        for arch in map(tiny, ARCHITECTURES):
            yield from (Case(small(method.name), arch, shape) for shape in shapes_for(arch) if shape != GREY)
            if arch.name in SWITCHED:
                yield from _switched(method.name, arch)


def _switched(name: str, arch: Architecture) -> Iterator[Case]:
    for options in SWITCHES.get(name, ()):
        note = ",".join(f"{key}={value}" for key, value in options.items())
        yield Case(small(name, **options), arch, SWITCHED[arch.name], note)


CASES: tuple[Case, ...] = tuple(_cases())
WITH_DRAWS_OF_METHODS: tuple[Case, ...] = tuple(
    replace(case, arch=replace(case.arch, noise=False)) if isinstance(case.arch, Style) else case
    for case in CASES
)
"""The same, where no layer draws noise, for slow ways that follow the draws of `play`."""
PLAIN: tuple[Case, ...] = tuple(case for case in CASES if not case.note)
"""Without the switches."""
ON_IMAGES: tuple[Case, ...] = tuple(case for case in CASES if not case.note or is_image(case.shape))
"""Switches on images alone, whose networks have BatchNorm."""
ON_POINTS: tuple[Case, ...] = tuple(case for case in CASES if not case.note or not is_image(case.shape))
"""Switches on points alone."""


def by_method(cases: Sequence[Case]) -> dict[str, list[Case]]:
    """The cases of every method that has some, by its name."""
    groups: dict[str, list[Case]] = {}
    for case in cases:
        groups.setdefault(case.method.name, []).append(case)
    return groups

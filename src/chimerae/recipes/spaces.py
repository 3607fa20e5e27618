"""Default ranges of a search: rates, batch size, width, and the weights of each method's own terms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from chimerae.config import to_dict
from chimerae.run_folder.search import Choice, Range
from chimerae.runs.run import Run

RATE: Final = 5.0
"""Factor by which rates go down and up."""
WEIGHTS: Final[Mapping[str, Mapping[str, float]]] = {
    "vae": {"beta": 8},
    "gan": {"r1": 10},
    "wgan-gp": {"penalty": 10},
    "vae-gan": {"beta": 8, "gamma": 10, "r1": 10},
    "avae": {"beta": 8, "latent_weight": 10, "r1": 10},
    "bigan": {"r1": 10},
    "alice": {"lambda_x": 10, "lambda_z": 10, "r1": 10},
    "introvae": {"beta": 4, "m": 3, "alpha": 4},
    "soft-introvae": {"beta_rec": 4, "beta_kl": 4, "exponent_kl": 4},
    "as-introvae": {"beta_rec": 4, "beta_kl": 4, "exponent_kl": 4},
    "biadversarial": {"beta": 4, "recon_weight": 10, "r1": 10},
    "wae-mmd": {"penalty": 10},
    "wae-gan": {"penalty": 10},
    "aae": {},
    "id-gan": {"beta": 4, "w_info": 10, "r1": 10},
    "ian": {"beta": 8, "w_pixels": 8, "w_features": 8, "r1": 10},
    "avae-frozen": {"latent_weight": 10, "r1": 10},
    "kl-gan": {"beta": 10, "perceptual_weight": 4, "game_weight": 4},
}
"""Method -> its weights, and the factor by which each goes down and up from the recipe's value. A weight of 0
or without a value is that of a term that is switched off, and stays so. A weight that is a word is not
searched.
"""


def space_of(run: Run) -> dict[str, Range | Choice]:
    """Settings of `run` to search over, by dotted path, around the values that it has.

    >>> from chimerae.recipes.build import build
    >>> {path: each.text() for path, each in space_of(build("vae", data="digits", preset="short")).items()}
    ... # doctest: +NORMALIZE_WHITESPACE
    {'training.optimizer.lr': '0.0002:0.005:log', 'training.batch_size': '16,32,64', 'arch.width': '8,16,32',
     'method.beta': '0.125:8:log'}
    """
    settings = to_dict(run)
    space: dict[str, Range | Choice] = {path: around(rate, RATE) for path, rate in _rates(settings)}
    space["training.batch_size"] = _doubled(run.training.batch_size, 2 * run.training.grad_accumulation)
    if width := settings["arch"].get("width"):
        space["arch.width"] = _doubled(width, 1)
    for name, factor in WEIGHTS.get(run.method.name, {}).items():
        value = settings["method"].get(name)
        if value and not isinstance(value, str):
            space[f"method.{name}"] = around(value, factor)
    return space


def around(value: float, factor: float) -> Range:
    """Ratios of up to `factor` to a `value` above 0, four digits of each end."""
    low, high = (float(f"{end:.4g}") for end in (value / factor, value * factor))
    return Range(low=low, high=high, log=True)


def _rates(settings: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """Learning rates that some player has: the common one, and those of single players."""
    players = settings["training"]["players"]
    if any(player["lr"] is None for player in players.values()) or not players:
        yield "training.optimizer.lr", settings["training"]["optimizer"]["lr"]
    for name, player in players.items():
        if player["lr"] is not None:
            yield f"training.players.{name}.lr", player["lr"]


def _doubled(value: int, least: int) -> Choice:
    """Half of `value`, itself and its double; a half that is odd or below `least` is left out."""
    half = () if value % 2 or value // 2 < least or value // 2 % least else (value // 2,)
    return Choice(values=(*half, value, 2 * value))

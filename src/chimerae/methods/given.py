"""Encoders that a method is given: their names, and the settings of runs among them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from chimerae.errors import InputError
from chimerae.files import read_json
from chimerae.run_folder.schema import CONFIG, MODEL

EFFICIENTNET: Final = "efficientnet"
"""Name of EfficientNet-Lite0, whose weights are installed; `efficientnet:5` ends after its fifth stage."""
RANDOM: Final = "random"
"""Name of the trunk of the run's own architecture with its first weights."""
TIMM: Final = "timm"
"""Beginning of the name of a network of timm, such as `timm:resnet18` or `timm:resnet18:3`."""
NEEDED: Final = ("method", "arch", "shape")
"""Entries of a model's `config.json` from which its encoder is built."""


@dataclass(frozen=True)
class Given:
    """A frozen encoder that the engine opens: features of given networks, made into a code."""

    source: str
    """Names or run folders, joined by `+`."""
    z_dim: int
    """Dimensions of the code."""
    side: int
    """Pixels of either side of the images that EfficientNet and networks of timm see."""
    places: int
    """Places of either side that maps of their stages are averaged to."""
    recorded: str
    """Settings of the runs in `source`, as `recorded` gives them."""

    @property
    def parts(self) -> tuple[str, ...]:
        """The networks whose features are joined."""
        return split(self.source)


def split(source: str) -> tuple[str, ...]:
    """The names joined in `source`.

    >>> split("efficientnet:3+runs/vae-digits")
    ('efficientnet:3', 'runs/vae-digits')

    Raises:
        InputError: one of them is empty.
    """
    parts = tuple(part.strip() for part in source.split("+"))
    if not all(parts):
        raise InputError(
            f"the encoder '{source}' names nothing at a '+'; give it as efficientnet:3+runs/vae-digits"
        )
    return parts


def is_run(part: str) -> bool:
    """True for a part that must be the folder of a run or of a model."""
    return part != RANDOM and part.partition(":")[0] not in (EFFICIENTNET, TIMM)


def is_timm(part: str) -> bool:
    """True for the name of a network of timm."""
    return part.partition(":")[0] == TIMM


def model_folder(part: str) -> Path:
    """The folder of the model that the run `part` holds.

    Raises:
        InputError: there is none.
    """
    for folder in (Path(part) / MODEL, Path(part)):
        if (folder / CONFIG).is_file():
            return folder
    raise InputError(
        f"no encoder '{part}': give efficientnet, efficientnet:1 to efficientnet:7, timm:NAME, random, "
        "the folder of a trained run, or several joined by '+'"
    )


def recorded(source: str) -> str:
    """Settings of the runs in `source` as JSON, so that their encoders can be built without them; '' when
    there are none.

    Raises:
        InputError: a folder holds no model.
    """
    configs: dict[str, Any] = {}
    for part in filter(is_run, split(source)):
        config = read_json(model_folder(part) / CONFIG, "a model")
        missing = next((name for name in NEEDED if name not in config), None)
        if missing is not None:
            raise InputError(f"{model_folder(part) / CONFIG} is damaged: it has no '{missing}'")
        configs[part] = {name: config[name] for name in NEEDED}
    return json.dumps(configs, sort_keys=True) if configs else ""

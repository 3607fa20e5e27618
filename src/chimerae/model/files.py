"""Files of a model: `config.json`, `model.safetensors` and a card."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from torch import nn

from chimerae.errors import printable
from chimerae.extensions import brief, is_reference
from chimerae.files import replace, write_bytes, write_json, write_text
from chimerae.run_folder.schema import CARD, CONFIG, WEIGHTS
from chimerae.shapes import describe, is_image
from chimerae.tables import code, plain
from chimerae.training.checkpoint import pack
from chimerae.training.saved_weights import WAITING


def write_model(
    folder: Path,
    config: Mapping[str, Any],
    modules: Mapping[str, nn.Module],
    name: str,
    *,
    readme: str | None = None,
) -> None:
    """Write the networks `modules` and their `config` into `folder`, with the card `readme`; when it is not
    given, a short card with the title `name`.

    Both are replaced as one. `config.json` holds the checksum of the weights, which wait beside it under
    another name until it is there; whenever the process is killed, `saved_weights.weights_of` finds a
    whole model.

    Raises:
        InputError: the folder cannot be written.
    """
    tensors = {f"{net}.{key}": t for net, module in modules.items() for key, t in module.state_dict().items()}
    content = pack(tensors)
    write_bytes(folder / WAITING, content)
    write_json(folder / CONFIG, {**config, "sha256": sha256(content).hexdigest()})
    replace(folder / WAITING, folder / WEIGHTS)
    write_text(folder / CARD, card(config, name) if readme is None else readme)


def described(config: Mapping[str, Any]) -> dict[str, str]:
    """Origin of the model of `config` in words, for files that are made of it."""
    given = {
        "run": config.get("run"),
        "trained_with": config.get("chimerae"),
        "arch": config.get("arch", {}).get("name"),
        "data": config.get("data"),
        "step": config.get("step"),
        "averaged_weights": config.get("averaged"),
        "weights_sha256": config.get("sha256"),
    }
    return {key: printable(str(value)) for key, value in given.items() if value is not None}


def card(config: Mapping[str, Any], name: str) -> str:
    """A model card in Markdown: origin, shapes, ranges and use of the model of `config` called `name`."""
    shape = tuple(config["shape"])
    seed = f", seed {config['seed']}" if "seed" in config else ""
    values = "float32 in [0, 1]" if is_image(shape) else "float32"
    names = [str(config[part]["name"]) for part in ("method", "arch")]
    method, arch = (printable(brief(name)) for name in names)
    outside = [code(printable(name)) for name in names if is_reference(name)]
    needed = f"; it needs {' and '.join(outside)}" if outside else ""
    draws = config.get("generates", True)
    use, made = ("x = model.sample(16)", "samples") if draws else ("x = model.reconstruct(x)", "outputs")
    version, data = (printable(str(config.get(part, "unknown"))) for part in ("chimerae", "data"))
    return f"""# {plain(printable(name))}

A {code(method)} model ({plain(arch)} networks{needed}) trained with chimerae {plain(version)} on
{code(data)} for {config["step"]} steps{plain(seed)}. Its {made} are {describe(shape)}, {values}.

```python
import chimerae

model = chimerae.load("path/to/this/run")
{use}  # [16, {", ".join(map(str, shape))}]
```

`config.json` holds every setting of the method and its networks, `model.safetensors` the weights. It knows
what its training data showed and nothing else; check the licence of those data before you share it.
"""

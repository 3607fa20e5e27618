"""The format of a run folder: file names, schema numbers, and keys that have been renamed since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from chimerae.errors import InputError
from chimerae.files import regular

if TYPE_CHECKING:
    from torch import Tensor

RUN: Final = "run.json"
JUDGED: Final = "judged.json"
"""Record of a model that was not trained here, beside its scores; its folder is no run."""
ENV: Final = "env.json"
MANIFEST: Final = "data.json"
LOG: Final = "log.jsonl"
SCORES: Final = "scores.json"
SEARCH: Final = "search.json"
"""Record of a search over settings, in the folder of the search."""
PREVIEWS: Final = "samples"
"""Folder of previews drawn during training."""
PICTURES: Final = "pictures"
"""Folder of pictures drawn by evaluation."""
SHOWN: Final = "loggers.json"
"""Loggers that show a run, and its name at each."""
LOCK: Final = ".lock"

STATE: Final = "state"
"""Folder of saved states."""
INDEX: Final = "index.json"
"""List of the states, in their folder."""

MODEL: Final = "model"
"""Folder of the model."""
CONFIG: Final = "config.json"
WEIGHTS: Final = "model.safetensors"
CARD: Final = "README.md"

FOLDERS: Final = (STATE, MODEL, PREVIEWS, PICTURES)
"""Folders in the folder of a run."""
FILES: Final = (
    *(RUN, ENV, MANIFEST, LOG, SCORES, SHOWN),
    *(f"{STATE}/{INDEX}", *(f"{MODEL}/{name}" for name in (CONFIG, WEIGHTS, CARD))),
)
"""Files of a run that are written again while it trains or is evaluated."""

LABELS: Final = "labels"
"""Entry of `config.json` with the names of the classes, for a model that learnt with labels."""
SCHEMAS: Final[Mapping[str, int]] = {
    RUN: 2,
    JUDGED: 2,
    SCORES: 1,
    INDEX: 1,
    STATE: 2,
    CONFIG: 2,
    SEARCH: 1,
}
"""Schema number of every file that carries one; the index holds those of saved states.

Earlier numbers are read too: the tables below have the names that have changed since.
"""

RENAMED: Mapping[str, str] = {
    "method.latent_rise": "method.latent_warmup",
    "method.recon_rise": "method.recon_warmup",
    "method.num_vae": "method.warmup_steps",
    "method.vae_share": "method.warmup_share",
    "method.vae_steps": "method.first_stage_share",
    "method.scaled_warm_up": "method.scaled_warmup",
    "arch.adversary": "arch.critic_width",
    "training.horizon": "training.schedule_steps",
    "training.accumulate": "training.grad_accumulation",
    "training.optimizer.sigma_pace": "training.optimizer.sigma_lr_scale",
    "training.players.*.sigma_pace": "training.players.*.sigma_lr_scale",
    "training.players.adversary": "training.players.critic",
    "training.players.forger": "training.players.generator",
    "watched": "logged",
}
"""Keys of schema 1 and their present names, such as `"method.old": "method.new"`.

Keys are dotted paths below the settings in `run.json`, the root of `config.json`, `env.json` and `data.json`,
a line of the log, or one score. Only the last part changes; `*` stands for any one part before it.
"""


RENAMED_TENSORS: Mapping[str, str] = {
    "average/": "ema/",
    "nets/adversary/": "nets/critic/",
    "optimizer/adversary/": "optimizer/critic/",
    "optimizer/forger/": "optimizer/generator/",
    "loss/adversary": "loss/critic",
    "loss/forger": "loss/generator",
}
"""Prefixes of the names of tensors in saved states of schema 1, and their present form."""


def check_schema(content: Any, path: Path, name: str) -> None:
    """Raise `InputError` when `content`, read from `path`, has no schema number from 1 to `SCHEMAS[name]`."""
    given, newest = content.get("schema") if isinstance(content, dict) else None, SCHEMAS[name]
    if type(given) is not int or not 1 <= given <= newest:
        formats = "1" if newest == 1 else f"1 to {newest}"
        raise InputError(
            f"{path} has format {given!r}, this version of chimerae reads {formats}; "
            "use the one that wrote it"
        )


def refuse_links(folder: Path) -> None:
    """Raise `InputError` when something that is not ours stands in the place of a part of a run.

    That is a link in place of a folder or of the log, and anything but a file or a folder where one belongs.
    """
    for name in (*FOLDERS, LOG):
        if (folder / name).is_symlink():
            raise InputError(f"{folder / name} is a link, which is not followed; put what it leads to here")
    for name in FOLDERS:
        if (folder / name).exists() and not (folder / name).is_dir():
            raise InputError(f"{folder / name} is no folder, and the run needs one there; move it away")
    for name in FILES:
        with suppress(FileNotFoundError):
            regular(folder / name)


def renamed(tree: Any, schema: int = 1) -> Any:
    """`tree`, a JSON value, with all keys of `RENAMED` under their present names, in the same order.

    A value under the present name wins over one under the earlier name.

    Args:
        tree: settings, or the content of a file.
        schema: the number in that file. From 2 on names are today's, and nothing changes: another method may
            have a setting that bears an earlier name.
    """
    if schema > 1:
        return tree
    for before, now in RENAMED.items():
        *parents, key = before.split(".")
        tree = _renamed(tree, parents, key, now.rpartition(".")[2])
    return tree


def _renamed(tree: Any, parents: Sequence[str], before: str, now: str) -> Any:
    if not isinstance(tree, dict):
        return tree
    if parents:
        head, *rest = parents
        return {k: _renamed(v, rest, before, now) if head in ("*", k) else v for k, v in tree.items()}
    kept = {k: v for k, v in tree.items() if k != before or now not in tree}
    return {now if k == before else k: v for k, v in kept.items()}


def renamed_tensors(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """`tensors` of a saved state of schema 1 under their present names."""
    return {_tensor(name): tensor for name, tensor in tensors.items()}


def _tensor(name: str) -> str:
    for before, now in RENAMED_TENSORS.items():
        if name.startswith(before):
            return now + name.removeprefix(before)
    return name

"""Codes as data: the codes of a source in files, for other models to learn."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import Tensor

from chimerae import noise
from chimerae.codec import Codec
from chimerae.data import Prepared, Split, prepare
from chimerae.errors import InputError
from chimerae.evaluation.latents import Latents
from chimerae.files import write_bytes, write_json
from chimerae.model import Model, load
from chimerae.progress import Progress, silent
from chimerae.runs.folder import read_run
from chimerae.shapes import is_image

Code = Literal["mean", "draw"]
STATS: Final = "stats.json"
"""File that is written last: a folder with it is complete."""
SCHEMA: Final = 1
REQUEST: Final = "request"
"""Entry of a shard's metadata: digest of everything that its codes depend on."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """The form of the codes."""

    code: Code = "mean"
    """The mean of each posterior, or one draw from it that depends on the seed and the sample's place."""
    flips: bool = False
    """True: codes of the mirrored images too, as `flipped`."""
    shard: int = 4096
    """Samples of a file."""
    seed: int = 0


def encode(
    folder: str | Path,
    to: str | Path,
    *,
    data: str | None = None,
    asked: Request = Request(),
    device: str = "auto",
    progress: Progress = silent,
) -> Path:
    """Write the codes of `data` by the run in `folder` into the folder `to`, and return its `stats.json`.

    Files are `train-00000-of-00003.safetensors` and so on, and the same of `test`: `codes` float32
    `[n, c, h, w]` where codes are maps, else `[n, z]`; `flipped` likewise; `labels` `[n]` where there are
    some. `stats.json` has mean and deviation by channel over the training codes, and their scaling: codes
    times it have deviation 1 (Rombach et al. 2022, appendix G). Rerunning the command resumes: whole files
    are kept.

    Args:
        folder: the run, or the folder of a model.
        to: folder for the files.
        data: a source, which passes the run's own transform; the run's own data when not given.
        asked: form of the codes.
        device: "auto", "cpu", "cuda" or "mps".
        progress: called with the samples that are done.

    Raises:
        InputError: the run or the source cannot be used, flips are wanted of points, or `to` has files of
            another request.
        NoEncoder: the method has no encoder.
    """
    if asked.shard < 1:
        raise InputError(f"--shard {asked.shard}: ask for 1 sample or more in a file")
    model, place = load(folder, device=device), Path(to)
    prepared = _prepared(Path(folder), data, model, progress)
    if prepared.shape != model.shape:
        raise InputError(f"{prepared.facts.source} has other samples than the run: {prepared.shape}")
    if asked.flips and not is_image(model.shape):
        raise InputError("points cannot be mirrored: leave out --flips")
    splits = [split for split in (prepared.train, prepared.test) if len(split)]
    total, done, counts, found = sum(map(len, splits)), 0, {}, Latents()
    request = _digest(model, prepared, asked)
    _refuse_others(place, request)
    for split in splits:
        counts[split.name] = len(split)
        for path, start, stop in _shards(place, split, asked.shard):
            tensors = _kept(path)
            if tensors is None:
                tensors = _codes(model, split, start, stop, asked)
                write_bytes(path, save(tensors, {REQUEST: request}))
            if split.name == splits[0].name:
                for name in ("codes", "flipped"):
                    if name in tensors:
                        found.add(tensors[name])
            done += stop - start
            progress(done, total, "samples encoded")
    facts = {"schema": SCHEMA, **_facts(model, prepared, asked), "counts": counts, **found.facts}
    write_json(place / STATS, facts)
    return place / STATS


def code_shape(model: Model) -> tuple[int, ...]:
    """Shape of one code: `(c, h, w)` where the encoder makes maps, else `(z,)`."""
    return Codec(model.method, model.nets, model.shape).code_shape


def _prepared(folder: Path, data: str | None, model: Model, progress: Progress) -> Prepared:
    if data is not None:
        return prepare(data, model.prepare, progress=progress)
    run = read_run(folder)
    return prepare(run.data, run.prepare, progress=progress)


def _shards(place: Path, split: Split, size: int) -> Iterator[tuple[Path, int, int]]:
    """Paths of the files of a split, with their samples."""
    starts = range(0, len(split), size)
    for i, start in enumerate(starts):
        name = f"{split.name}-{i:05d}-of-{len(starts):05d}.safetensors"
        yield place / name, start, min(start + size, len(split))


def _codes(model: Model, split: Split, start: int, stop: int, asked: Request) -> dict[str, Tensor]:
    """Tensors of one file."""
    x, shape = split.take(range(start, stop)), code_shape(model)
    y = split.labels_of(range(start, stop)) if model.method.label_dim else None
    tensors = {"codes": _coded(model, x, y, start, asked, "codes").unflatten(1, shape)}
    if asked.flips:
        tensors["flipped"] = _coded(model, x.flip(-1), y, start, asked, "flipped").unflatten(1, shape)
    if split.labels is not None:
        tensors["labels"] = split.labels[start:stop].clone()
    return {name: tensor.contiguous() for name, tensor in tensors.items()}


def _coded(model: Model, x: Tensor, y: Tensor | None, start: int, asked: Request, name: str) -> Tensor:
    q = model.encode(x, labels=y, seed=asked.seed)
    if asked.code == "mean":
        return q.mu
    return q.sample(noise.rows(start, start + len(x), q.mu.shape[1], "encode", name, asked.seed))


def _refuse_others(place: Path, request: str) -> None:
    """Raise `InputError` if `place` has a whole file of another request; codes of two kinds must not mix."""
    for path in sorted(place.glob("*-of-*.safetensors")):
        try:
            with safe_open(path, "pt") as file:
                found = (file.metadata() or {}).get(REQUEST)
        except SafetensorError:
            continue
        if found != request:
            raise InputError(f"{place} has codes of another run, source or form; choose another --to")


def _kept(path: Path) -> dict[str, Tensor] | None:
    """Tensors of a file that is there already; None: there is none, or it is damaged."""
    try:
        return load_file(path) if path.is_file() else None
    except SafetensorError:
        return None


def _facts(model: Model, prepared: Prepared, asked: Request) -> dict[str, Any]:
    """Facts on which the codes depend, for people and programs."""
    return {
        "method": model.method.name,
        "step": model.step,
        "averaged": model.averaged,
        "source": prepared.facts.source,
        "sample": list(model.shape),
        "shape": list(code_shape(model)),
        "code": asked.code,
        "flips": asked.flips,
        "seed": asked.seed,
    }


def _digest(model: Model, prepared: Prepared, asked: Request) -> str:
    """Digest of everything that a file depends on."""
    facts = {**_facts(model, prepared, asked), "shard": asked.shard, "data": prepared.facts.checksum}
    found = hashlib.sha256(json.dumps(facts, sort_keys=True).encode())
    for weights in _bytes(model):
        found.update(weights)
    return found.hexdigest()[:16]


def _bytes(model: Model) -> Iterator[bytes]:
    """Weights of all networks, as bytes."""
    for _, net in model.nets.items():
        for tensor in net.state_dict().values():
            yield tensor.detach().cpu().contiguous().numpy().tobytes()

"""Description of exported ONNX files for a page that runs them in a browser."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from chimerae.errors import InputError
from chimerae.export.graphs import CODE, Port
from chimerae.export.write import Exported
from chimerae.methods import Method
from chimerae.shapes import Shape, describe, is_image

PAGE = "index.html"
"""Name of the page, beside the files."""


def page_place(folder: Path, shape: Shape, overwrite: bool) -> Path:
    """Place of the page of an export.

    Raises:
        InputError: the samples are no images, or a page is there.
    """
    if not is_image(shape):
        raise InputError(f"a page shows images, not {describe(shape)}: leave out --page")
    place = folder / PAGE
    if place.exists() and not overwrite:
        raise InputError(f"{place} exists; add --overwrite to replace it, or choose another --out")
    return place


def page_spec(method: Method, shape: Shape, done: Sequence[Exported]) -> Mapping[str, Any]:
    """Files, inputs and shapes that the page's script needs, of values that JSON has.

    Args:
        method: method of the model.
        shape: shape of an image, `[C, H, W]`.
        done: exported files.
    """
    graphs = {each.graph.name: each for each in done}
    decoders = {name: _file(graphs[f"decode-{name}"]) for name in method.decoders}
    encoder = graphs.get("encode")
    code = next(iter(decoders.values()))["inputs"][0]
    assert code["name"] == CODE
    return {
        "shape": list(shape),
        "code": code["shape"],
        "generates": method.generates,
        "encode": None if encoder is None else _file(encoder),
        "decode": decoders,
    }


def _file(each: Exported) -> dict[str, Any]:
    return {"file": each.path.name, "inputs": [_port(port) for port in each.graph.inputs]}


def _port(port: Port) -> dict[str, Any]:
    return {"name": port.name, "shape": list(port.shape), "bytes": port.dtype == torch.uint8}

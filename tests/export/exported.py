"""Small models to export, and a look into the files."""

from __future__ import annotations

from pathlib import Path

import onnxruntime
import torch
from torch import Tensor, nn

from chimerae.model import Model
from chimerae.nets import Nets
from tests.helpers.cases import Case


def model_of(case: Case) -> Model:
    """A model whose answers differ between samples, with BatchNorm statistics unlike those of a batch."""
    nets = case.state().final_nets()
    modules = {name: nets.modules[name] for name in case.method.exported}
    for module in (part for each in modules.values() for part in each.modules()):
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean)
            nn.init.uniform_(module.running_var, 0.5, 2.0)
            nn.init.ones_(module.bias)
        elif isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            nn.init.kaiming_normal_(module.weight)
    for each in modules.values():
        each.eval()
    return Model(
        case.method, Nets(modules), case.shape, 7, False, torch.device("cpu"), config={"data": "noise"}
    )


def run_onnx(path: Path, **inputs: Tensor) -> dict[str, Tensor]:
    """The outputs of an ONNX file by name."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [each.name for each in session.get_outputs()]
    made = session.run(names, {name: value.numpy() for name, value in inputs.items()})
    return {name: torch.from_numpy(value) for name, value in zip(names, made, strict=True)}

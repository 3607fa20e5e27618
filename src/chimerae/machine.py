"""Names of the processor and of accelerators, for records that tell where a number was measured."""

from __future__ import annotations

import platform
from contextlib import suppress
from pathlib import Path

import torch

CPUINFO = Path("/proc/cpuinfo")


def device_name(device: torch.device) -> str:
    """Name of the device as its maker gives it, where the system tells it."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return processor() if device.type == "cpu" else device.type


def processor() -> str:
    """Name of the processor. Family and model tell apart generations that virtual machines call the same."""
    with suppress(OSError):
        lines = (line.partition(":") for line in CPUINFO.read_text().splitlines())
        told = {key.strip(): value.strip() for key, _, value in lines}
        if name := told.get("model name"):
            family, model = told.get("cpu family"), told.get("model")
            return f"{name} (family {family}, model {model})" if family and model else name
    return platform.processor() or platform.machine()

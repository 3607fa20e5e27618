"""Names of processors: two generations that a virtual machine calls alike must differ."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest
import torch

from chimerae import machine

CPUINFO = "processor\t: 0\ncpu family\t: {}\nmodel\t\t: 2\nmodel name\t: AMD EPYC\n\nprocessor\t: 1\n"


def test_generations_of_one_name_differ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = []
    for family in (25, 26):
        path = tmp_path / str(family)
        path.write_text(CPUINFO.format(family))
        monkeypatch.setattr(machine, "CPUINFO", path)
        names.append(machine.device_name(torch.device("cpu")))
    assert names == ["AMD EPYC (family 25, model 2)", "AMD EPYC (family 26, model 2)"]


def test_a_processor_without_a_family_keeps_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "cpuinfo"
    path.write_text("model name : Neoverse-N1\n")
    monkeypatch.setattr(machine, "CPUINFO", path)
    assert machine.processor() == "Neoverse-N1"


def test_systems_without_the_file_are_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "CPUINFO", tmp_path / "absent")
    assert machine.processor() == (platform.processor() or platform.machine())

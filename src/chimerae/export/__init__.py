"""Networks as files for other programs: ONNX, and PyTorch's exported programs."""

from __future__ import annotations

from chimerae.export.formats import FORMATS
from chimerae.export.write import Exported, Wanted, export_graphs

__all__ = ["FORMATS", "Exported", "Wanted", "export_graphs"]

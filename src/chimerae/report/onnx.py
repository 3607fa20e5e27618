"""Page that runs exported ONNX files in a browser."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup

from chimerae.report.template import rendered

SCRIPT = Path(__file__).parent / "onnx.js"


def onnx_page(title: str, about: str, spec: Mapping[str, Any]) -> str:
    """The page, as HTML; it loads onnxruntime-web and the ONNX files from its own folder.

    Args:
        title: name of the model.
        about: a line on its origin.
        spec: files and shapes, as `chimerae.export.web.page_spec` gives them.
    """
    data = json.dumps(spec).replace("<", "\\u003c")
    script = Markup(SCRIPT.read_text("utf-8"))
    return rendered("onnx.html", title=title, about=about, spec=Markup(data), script=script)

"""Pages from templates, which share the frame beside this file."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

HERE: Final = Path(__file__).parent
CSS: Final = HERE / "page.css"
"""Our styles."""


def rendered(template: str, folder: Path = HERE, **content: Any) -> str:
    """The page of a `template` such as "page.html" in `folder`, with our styles; `content` is escaped."""
    environment = Environment(
        loader=FileSystemLoader([folder, HERE]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    css = Markup(CSS.read_text("utf-8"))
    return environment.get_template(template).render(css=css, **content)

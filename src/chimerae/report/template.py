"""Pages from the templates beside this file."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

CSS: Final = Path(__file__).parent / "page.css"
"""Our styles."""


def rendered(template: str, **content: Any) -> str:
    """The page of a `template` such as "page.html", with our styles; `content` is escaped."""
    here = Path(__file__).parent
    environment = Environment(
        loader=FileSystemLoader(here),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    css = Markup(CSS.read_text("utf-8"))
    return environment.get_template(template).render(css=css, **content)

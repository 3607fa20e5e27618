"""Pages of the documentation site, laid out for its generator so that every link works there, too.

The repository's own links lead to files: pages, pictures, source files, folders. This script copies the pages
of `docs/` and everything that they link to, and rewrites the links to the copies. Files outside `docs/` go
below `repository/`; source files and notebooks become pages.

python -m website.stage build/pages
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
ASSETS = ("extra.css", "iframe-worker.js")
"""Files of `website/` that the site loads."""
START = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "examples/README.md", "examples/tutorial.ipynb")
"""Pages outside `docs/` that the navigation names."""
PICTURES = {".png", ".webp", ".jpg", ".gif"}
LANGUAGES = {".py": "python", ".sh": "sh", ".json": "json", ".toml": "toml"}
CODE = re.compile(r"(^(`{3,}).*?^\2$|`[^`\n]*`)", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<=\]\()([^)\s#]+)(#[^)\s]*)?(?=\))")


def place_of(path: Path) -> PurePosixPath:
    """Place of a repository's file or folder in the site."""
    if path.is_dir():
        readme = path / "README.md"
        return place_of(readme if readme.exists() else path / "index.md")
    if path.is_relative_to(DOCS):
        return PurePosixPath(path.relative_to(DOCS).as_posix())
    place = PurePosixPath("repository", path.relative_to(ROOT).as_posix())
    return place if place.suffix in {".md", *PICTURES} else place.with_name(f"{place.name}.md")


def prose(text: str) -> Iterator[tuple[str, bool]]:
    """Pieces of a Markdown page in order, and True for those that are no code."""
    at = 0
    for code in CODE.finditer(text):
        yield text[at : code.start()], True
        yield code.group(), False
        at = code.end()
    yield text[at:], True


def relinked(text: str, page: Path) -> tuple[str, list[Path]]:
    """The text of `page` with its links rewritten for the site, and the files that it links to.

    Raises:
        SystemExit: a link leads nowhere.
    """
    targets: list[Path] = []

    def relink(match: re.Match[str]) -> str:
        link, anchor = match[1], match[2] or ""
        if "://" in link:
            return match[0]
        target = Path(os.path.normpath(page.parent / link))
        if not target.exists():
            sys.exit(f"{page.relative_to(ROOT)} links to {link}, which is missing")
        targets.append(target)
        return os.path.relpath(place_of(target), place_of(page).parent).replace(os.sep, "/") + anchor

    pieces = (LINK.sub(relink, piece) if is_prose else piece for piece, is_prose in prose(text))
    return "".join(pieces), targets


def source_page(path: Path) -> str:
    """A page that shows a text file."""
    language = LANGUAGES.get(path.suffix, "text")
    return f"# {path.relative_to(ROOT)}\n\n`````{language}\n{path.read_text('utf-8').rstrip()}\n`````\n"


def notebook_page(path: Path) -> str:
    """Text and code of a notebook, without outputs."""
    cells = json.loads(path.read_text("utf-8"))["cells"]
    sources = (("".join(cell["source"]), cell["cell_type"] == "code") for cell in cells)
    return "\n\n".join(f"```python\n{source}\n```" if code else source for source, code in sources) + "\n"


def folder_page(path: Path) -> str:
    """A page that lists the files of a folder."""
    files = sorted(each.name for each in path.iterdir() if each.is_file() and each.name[0] not in "._")
    return "\n".join([f"# {path.relative_to(ROOT)}", "", *(f"- [{name}]({name})" for name in files), ""])


def page_of(path: Path) -> tuple[str, list[Path]] | None:
    """The page that shows a file or folder, and the files it links to; None for files that are copied."""
    if path.is_dir():
        return relinked(folder_page(path), path / "index.md")
    if path.suffix == ".md":
        return relinked(path.read_text("utf-8"), path)
    if path.suffix == ".ipynb":
        return relinked(notebook_page(path), path)
    if path.is_relative_to(DOCS) or path.suffix in PICTURES:
        return None
    return source_page(path), []


def write(path: Path, out: Path) -> list[Path]:
    """Copy a file, or write the page of it, into `out`; the files that it links to."""
    place = out / place_of(path)
    place.parent.mkdir(parents=True, exist_ok=True)
    page = page_of(path)
    if page is None:
        shutil.copyfile(path, place)
        return []
    place.write_text(page[0], encoding="utf-8")
    return page[1]


def stage(out: Path) -> set[Path]:
    """Lay out the site in `out`, which is emptied first; the repository's files that it shows."""
    shutil.rmtree(out, ignore_errors=True)
    waiting, written = [*sorted(DOCS.rglob("*.md")), *(ROOT / name for name in START)], set()
    while waiting:
        path = waiting.pop()
        readme = path / "README.md"
        path = readme if path.is_dir() and readme.exists() else path
        if path not in written:
            written.add(path)
            waiting += write(path, out)
    (out / "assets").mkdir()
    for name in ASSETS:
        shutil.copyfile(ROOT / "website" / name, out / "assets" / name)
    return written


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    print(f"{len(stage(Path(sys.argv[1])))} files in {sys.argv[1]}")

"""The documentation site: every page is in the navigation, and every link leads to a file of the site."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from website.stage import LINK, START, notebook_page, place_of, prose, relinked, stage

import chimerae
from tests.docs.fences import DOCS, ROOT

CONFIG = (ROOT / "zensical.toml").read_text("utf-8")
GROUPS = ["Start here", "Methods", "Guides", "Results", "Reference", "Design and contributing"]
TAG = re.compile(r"<(?:script|link|img|iframe|source)\b[^>]*>")
OUTSIDE = re.compile(r"""\b(?:src|href)=["']?(?:https?:)?//""")


def navigation() -> list[dict[str, list[str | dict[str, str]]]]:
    return tomllib.loads(CONFIG)["project"]["nav"]


def named() -> Iterator[str]:
    """Pages of the site that the navigation names."""
    for group in navigation():
        for entry in next(iter(group.values())):
            yield next(iter(entry.values())) if isinstance(entry, dict) else entry


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The laid-out pages."""
    out = tmp_path_factory.mktemp("site") / "pages"
    stage(out)
    return out


def test_every_page_is_in_the_navigation_once():
    assert [name for group in navigation() for name in group] == GROUPS
    ours = [*DOCS.rglob("*.md"), *(ROOT / name for name in START)]
    assert sorted(named()) == sorted(map(str, map(place_of, ours)))


def test_every_link_leads_to_a_file_of_the_site(pages: Path):
    found = 0
    for page in pages.rglob("*.md"):
        for piece, is_prose in prose(page.read_text("utf-8")):
            for link in LINK.finditer(piece) if is_prose else ():
                if "://" not in link[0]:
                    found += 1
                    assert (page.parent / link[1]).is_file(), f"{page.relative_to(pages)} links to {link[0]}"
    assert found > 400


def test_links_are_those_of_the_site_and_code_stays():
    text = (
        "[a](../README.md#install) [b](../tests/mutants.py) ![c](images/avae-toy.png) `[d](e)` [f](results/)"
    )
    told, targets = relinked(text, DOCS / "python.md")
    assert told == (
        "[a](repository/README.md#install) [b](repository/tests/mutants.py.md) ![c](images/avae-toy.png) "
        "`[d](e)` [f](results/README.md)"
    )
    assert targets[1] == ROOT / "tests" / "mutants.py"
    with pytest.raises(SystemExit, match=r"docs/python\.md links to nowhere\.md, which is missing"):
        relinked("[a](nowhere.md)", DOCS / "python.md")


def test_only_linked_files_are_copied(pages: Path):
    assert (pages / "results" / "mnist" / "compared.png").is_file()
    assert not list(pages.rglob("log.jsonl"))


def test_the_notebook_becomes_a_page():
    page = notebook_page(ROOT / "examples" / "tutorial.ipynb")
    assert page.startswith("# Tutorial")
    assert "```python\nimport chimerae\n" in page


def test_every_public_name_is_in_the_reference():
    page = (DOCS / "reference" / "index.md").read_text("utf-8")
    names = {f"chimerae.{name}" for name in dir(chimerae) if not name.startswith("_")}
    assert names <= set(re.findall(r"^      heading: (\S+)$", page, re.MULTILINE))


@pytest.fixture(scope="module")
def site(pages: Path) -> Path:
    """The site, built with warnings as errors."""
    if find_spec("zensical") is None or find_spec("mkdocstrings") is None:
        pytest.skip("the tools of the extra docs are not installed")
    config = CONFIG.replace("build/pages", "pages").replace("build/site", "site")
    for place in ("src", "website/doctests.py"):
        config = config.replace(f'["{place}"]', f'["{(ROOT / place).as_posix()}"]')
    (pages.parent / "zensical.toml").write_text(config, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "zensical", "build", "--strict"],
        cwd=pages.parent, capture_output=True, text=True, env=os.environ | {"NO_COLOR": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return pages.parent / "site"


def test_the_site_asks_no_other_host(site: Path):
    for page in site.rglob("*.html"):
        told = page.read_text("utf-8")
        assert not [tag for tag in TAG.findall(told) if OUTSIDE.search(tag)], page.name


def test_the_site_has_every_page_the_reference_and_a_search(site: Path, pages: Path):
    built = {page.relative_to(site).with_suffix("") for page in site.rglob("*.html")}
    wanted = {page.relative_to(pages) for page in pages.rglob("*.md")}
    index = {page.with_name("index" if page.stem == "README" else page.stem) for page in wanted}
    assert index <= built
    losses = (site / "reference" / "losses.html").read_text("utf-8")
    assert 'id="chimerae.losses.adversarial.logistic_real"' in losses
    assert "language-pycon" in losses
    assert "&gt;&gt;&gt; import" not in re.sub(r"<pre>.*?</pre>", "", losses, flags=re.DOTALL)
    assert "Plumerault" in (site / "search.js").read_text("utf-8")

"""Files of a release: changelog, citation, and the README as a package index shows it."""

from __future__ import annotations

import re
import tomllib

import yaml

import chimerae
from chimerae.cli import VERBS
from chimerae.methods import METHODS
from tests.docs.fences import DOCS, ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
RELATIVE = re.compile(r"\]\((?!https?:)")


def test_the_version_is_everywhere_the_same():
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert cited["version"] == PROJECT["project"]["version"] == chimerae.__version__
    heads = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert heads[0] in {"Unreleased", chimerae.__version__}
    assert chimerae.__version__ in heads


def test_the_changelog_names_every_verb_and_method():
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert not {verb for verb in VERBS if f"`{verb}`" not in text}
    listed = text.partition("methods: ")[2].partition(". Each")[0].lower()
    missing = {
        method.name for method in METHODS if re.sub(r"\W", "", method.name) not in re.sub(r"\W", "", listed)
    }
    assert not missing


def test_the_source_of_every_method_is_cited():
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))["references"]
    papers = {each["identifiers"][0]["value"].removeprefix("arXiv:"): each["title"] for each in cited}
    for method in METHODS:
        page = (DOCS / "methods" / f"{method.name}.md").read_text("utf-8")
        head = " ".join(page.partition("## ")[0].split())
        first = re.findall(r"arXiv (\d{4}\.\d{4,5})", head)[0]
        assert papers[first] in head, method.name


def test_the_readme_of_a_package_index_has_no_broken_link():
    hook = PROJECT["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"]
    text = (ROOT / "README.md").read_text("utf-8")
    assert RELATIVE.search(text)
    for each in hook["substitutions"]:
        text = re.sub(each["pattern"], each["replacement"], text)
    assert not RELATIVE.search(text)
    assert "| `avae` | yes |" in text


def test_the_source_archive_has_what_builds_the_package_and_no_results():
    include = PROJECT["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    paths = [path for pattern in include for path in ROOT.glob(pattern.removeprefix("/"))]
    assert {ROOT / "src", ROOT / "README.md", ROOT / "CITATION.cff"} <= {*paths}
    assert ROOT / "docs" / "results" not in paths
    assert all(any(ROOT.glob(pattern.removeprefix("/"))) for pattern in include)

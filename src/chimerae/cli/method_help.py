"""`chimerae train METHOD --help` and `chimerae tune METHOD --help`: the usual settings, on one screen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from textwrap import wrap
from typing import Any, Final

from chimerae.cli import DONE
from chimerae.cli.completion import OWN_FLAGS
from chimerae.cli.known import described, known
from chimerae.cli.names import meanings
from chimerae.errors import spelt

WIDTH: Final = 80
Rows = tuple[tuple[str, str, str], ...]
"""Flag, the kind of its value, and its meaning. A recipe without the setting leaves the row out."""

TRAIN: Final[Rows] = (
    ("--data", "SOURCE", "your images: a folder, a file, or a name of `chimerae list data`"),
    ("--budget", "TIME", "train for so long, such as 10m or 2h; steps and sizes are chosen to fit"),
    ("--steps", "N", "batches to train on"),
    ("--out", "DIR", "the run folder; default: the first free runs/METHOD-DATA"),
    ("--seed", "N", "another seed gives another run"),
    ("--preset", "NAME", "`short` learns within minutes, `paper` has the settings of the source"),
    ("--size", "N", "side of the images in pixels, as the networks see them"),
    ("--arch", "NAME", "family of networks: dcgan, residual, wae, mlp"),
    ("--width", "N", "width of the networks: twice as wide is about four times slower"),
    ("--z-dim", "N", "numbers in a code"),
    ("--beta", "B", "weight of the KL term: more gives smoother codes and more blur"),
    ("--batch-size", "N", "images a step"),
    ("--lr", "RATE", "learning rate at the start"),
    ("--device", "NAME", "auto, cpu, cuda, cuda:1, mps"),
    ("--dry-run", "", "show every setting as it would be used, and stop"),
)
TRAIN_EXAMPLES: Final = (
    "chimerae train {name} --data {data}",
    "chimerae train {name} --data {data} --steps 20000 --batch-size 128",
)
TUNE: Final[Rows] = (
    ("--data", "SOURCE", "your images: a folder, a file, or a name of `chimerae list data`"),
    ("--budget", "TIME", "time of the whole search, such as 30m or 2h"),
    ("--trials", "N", "number of trials; with a budget, the equal shares that it is cut into"),
    ("--steps", "N", "batches of each trial; default: as many as fit its share of the time"),
    ("--set", "RANGES", "also search these: lr=1e-4:1e-2:log beta=0.1:10 z-dim=16,32,64"),
    ("--only-set", "", "search the settings of --set alone"),
    ("--objective", "NAMES", "metrics of `chimerae list metrics`, such as fvu or fd_efficientnet@decoder"),
    ("--out", "DIR", "folder of the search, which the same command resumes; default: runs/tune-METHOD-DATA"),
    ("--arch", "NAME", "family of networks: dcgan, residual, wae, mlp"),
    ("--dry-run", "", "show what would be searched, and stop"),
)
TUNE_EXAMPLES: Final = (
    "chimerae tune {name} --data {data} --budget 2h",
    "chimerae tune {name} --data {data} --steps 500 --trials 8",
)


@dataclass(frozen=True)
class VerbHelp:
    """The short help of a verb whose first word is a method or recipe."""

    usage: str
    rows: Rows
    examples: tuple[str, ...]
    left_open: tuple[str, ...] = ()
    """Settings that the verb chooses, so that the recipe's value is no default."""


HELPS: Final[Mapping[str, VerbHelp]] = {
    "train": VerbHelp("--data SOURCE [options]", TRAIN, TRAIN_EXAMPLES),
    "tune": VerbHelp("--data SOURCE --budget 2h [options]", TUNE, TUNE_EXAMPLES, left_open=("--steps",)),
}


def main(verb: str, given: str) -> int:
    """Print the help of `verb`, a key of `HELPS`, for the recipe called `given`.

    Raises:
        InputError: there is no such recipe.
    """
    recipes = known()["recipes"]
    name = spelt(given, recipes)
    found = _from_outside(given) if name is None else recipes[name]
    print(page(verb, given if name is None else name, found))
    return DONE


def _from_outside(given: str) -> dict[str, Any]:
    """Entry as in `known`, for a method outside the package."""
    from chimerae.recipes.presets import recipe

    found = recipe(given)
    return described(given, found.about, found.data)


def page(verb: str, name: str, recipe: Mapping[str, Any]) -> str:
    """The help of `verb` for a recipe `name`, from its entry in `known.known`."""
    of, flags = HELPS[verb], [*OWN_FLAGS.get(verb, ()), *recipe["flags"]]
    lines = [f"usage: chimerae {verb} {name} {of.usage}", ""]
    lines += [*wrap(recipe["about"], WIDTH), ""]
    for flag, value, words in of.rows:
        whole = meant(flag, flags)
        if whole:
            default = None if flag in of.left_open else recipe["defaults"].get(whole)
            default = default if whole != "--data" or recipe["data"] else None
            lines += row(f"{flag} {value}".strip(), words + (f" [{default}]" if default else ""))
    lines += ["", "In [brackets]: the default for images. Examples:"]
    lines += [f"  {line.format(name=name, data=recipe['data'] or './photos')}" for line in of.examples]
    count = f"All {len(flags)} settings" if verb == "train" else "All settings"
    lines += ["", *wrap(f"{count}: chimerae {verb} {name} --help-all", WIDTH)]
    return "\n".join(lines)


def meant(flag: str, flags: list[str]) -> str | None:
    """The whole name of a flag of a row among `flags`; None when the recipe has no such setting."""
    found = meanings(flag.removeprefix("--"), flags)
    return found[0] if len(found) == 1 else None


def row(left: str, words: str) -> list[str]:
    """A flag and its meaning, in lines of at most 80 columns."""
    first, *more = wrap(words, WIDTH - 22)
    return [f"  {left:<18}  {first}", *(f"{'':<22}{line}" for line in more)]

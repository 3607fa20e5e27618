"""`chimerae train METHOD --help`: the settings that people use, on one screen."""

from __future__ import annotations

from textwrap import wrap
from typing import Any, Final

from chimerae.cli import DONE
from chimerae.cli.known import described, known
from chimerae.cli.names import meanings
from chimerae.errors import spelt

WIDTH: Final = 80
ROWS: Final = (
    ("--data", "SOURCE", "your images: a folder, a file, or a name of `chimerae list data`"),
    ("--budget", "TIME", "train for so long, such as 10m or 2h; steps and sizes are chosen to fit"),
    ("--steps", "N", "batches to train on"),
    ("--out", "DIR", "the run folder; default: the first free runs/METHOD-DATA"),
    ("--seed", "N", "another seed gives another run"),
    ("--preset", "NAME", "`short` learns within minutes, `paper` has the settings of the source"),
    ("--size", "N", "side of the images in pixels, as the networks see them"),
    ("--arch", "NAME", "family of networks: dcgan, residual, style, wae, mlp"),
    ("--width", "N", "width of the networks: twice as wide is about four times slower"),
    ("--z-dim", "N", "numbers in a code"),
    ("--beta", "B", "weight of the KL term: more gives smoother codes and more blur"),
    ("--batch-size", "N", "images a step"),
    ("--lr", "RATE", "learning rate at the start"),
    ("--device", "NAME", "auto, cpu, cuda, cuda:1, mps"),
    ("--dry-run", "", "show every setting as it would be used, and stop"),
)
"""Flag, the kind of its value, and its meaning. A recipe without the setting leaves the row out."""
EXAMPLES: Final = (
    "chimerae train {name} --data {data}",
    "chimerae train {name} --data {data} --steps 20000 --batch-size 128",
)


def main(given: str) -> int:
    """Print the help of the recipe called `given`.

    Raises:
        InputError: there is no such recipe.
    """
    recipes = known()["recipes"]
    name = spelt(given, recipes)
    print(page(given, _from_outside(given)) if name is None else page(name, recipes[name]))
    return DONE


def _from_outside(given: str) -> dict[str, Any]:
    """Entry as in `known`, for a method outside the package."""
    from chimerae.recipes.presets import recipe

    found = recipe(given)
    return described(given, found.about, found.data)


def page(name: str, recipe: dict[str, Any]) -> str:
    """The help of a recipe `name`, from its entry in `known.known`."""
    lines = [f"usage: chimerae train {name} --data SOURCE [options]", ""]
    lines += [*wrap(recipe["about"], WIDTH), ""]
    for flag, value, words in ROWS:
        whole = meant(flag, recipe["flags"])
        if whole:
            default = recipe["defaults"].get(whole) if whole != "--data" or recipe["data"] else None
            lines += row(f"{flag} {value}".strip(), words + (f" [{default}]" if default else ""))
    lines += ["", "In [brackets]: the default for images. Examples:"]
    lines += [f"  {line.format(name=name, data=recipe['data'] or './photos')}" for line in EXAMPLES]
    lines += ["", *wrap(f"All {len(recipe['flags'])} settings: chimerae train {name} --help-all", WIDTH)]
    return "\n".join(lines)


def meant(flag: str, flags: list[str]) -> str | None:
    """The whole name of a flag of `ROWS` among `flags`; None when the recipe has no such setting."""
    found = meanings(flag.removeprefix("--"), flags)
    return found[0] if len(found) == 1 else None


def row(left: str, words: str) -> list[str]:
    """A flag and its meaning, in lines of at most 80 columns."""
    first, *more = wrap(words, WIDTH - 22)
    return [f"  {left:<18}  {first}", *(f"{'':<22}{line}" for line in more)]

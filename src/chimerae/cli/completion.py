"""`chimerae completion bash|zsh|fish`: a script that completes verbs, names, run folders and flags."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from chimerae.cli import DONE, INPUT_WRONG, VERBS
from chimerae.errors import InputError, unknown
from chimerae.run_folder.schema import RUN

USAGE: Final = """\
usage: chimerae completion bash|zsh|fish

Prints a script with which the Tab key completes verbs, methods, recipes, data
sets, metrics, run folders and flags.

  bash    echo 'eval "$(chimerae completion bash)"' >> ~/.bashrc
  zsh     echo 'eval "$(chimerae completion zsh)"' >> ~/.zshrc
  fish    chimerae completion fish > ~/.config/fish/completions/chimerae.fish

Open a new shell after that. After an update of chimerae, completion knows verbs
alone until `chimerae completion` or the help of a method was shown once."""

BASH: Final = """\
_chimerae() {
    local IFS=$'\\n'
    local word="${COMP_WORDS[COMP_CWORD]}"
    COMPREPLY=($(chimerae completion words -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
    [[ ${#COMPREPLY[@]} -gt 0 ]] || COMPREPLY=($(compgen -f -- "$word"))
}
complete -o filenames -F _chimerae chimerae"""
ZSH: Final = """\
_chimerae() {
    local -a found
    found=("${(@f)$(chimerae completion words -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    found=(${found:#})
    if (( ${#found} )); then compadd -- "${found[@]}"; else _files; fi
}
compdef _chimerae chimerae"""
FISH: Final = """\
function __chimerae_words
    set -l typed (commandline -opc) (commandline -ct)
    chimerae completion words -- $typed[2..] 2>/dev/null
end
complete -c chimerae -a '(__chimerae_words)'"""
SCRIPTS: Final[Mapping[str, str]] = {"bash": BASH, "zsh": ZSH, "fish": FISH}

OF_RUNS: Final = (
    "resume",
    "evaluate",
    "sample",
    "reconstruct",
    "interpolate",
    "explore",
    "score",
    "encode",
    "export",
    "report",
    "watch",
    "push",
)
"""Verbs that take run folders."""
OF_RECIPES: Final = ("train", "tune", "bench")
"""Verbs that take a method or recipe and its settings."""
OWN_FLAGS: Final[Mapping[str, tuple[str, ...]]] = {
    "tune": ("--trials", "--set", "--only-set", "--objective", "--prune", "--no-prune"),
    "bench": ("--shape", "--timed", "--json"),
}
"""Flags of such a verb beside the settings."""
FIRST: Final[Mapping[str, tuple[str, ...]]] = {
    "list": ("methods", "recipes", "studies", "data", "metrics"),
    "data": ("inspect",),
    "weights": ("list", "get", "add", "path"),
    "completion": tuple(SCRIPTS),
}
"""First words after a verb, where there are few."""
VALUES: Final[Mapping[str, str]] = {
    "--data": "data",
    "--input": "data",
    "--arch": "networks",
    "--metrics": "metrics",
    "--objective": "metrics",
    "--evaluation.metrics": "metrics",
}
"""Flags whose values are names, and the keys of these names in `known.known`."""
FEW: Final[Mapping[str, tuple[str, ...]]] = {
    "--preset": ("short", "paper"),
    "--scale": ("quick", "paper"),
    "--device": ("auto", "cpu", "cuda", "mps"),
    "--training.device": ("auto", "cpu", "cuda", "mps"),
}
"""Flags with few values."""
OF_VERB: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("export", "--to"): ("onnx", "torch.export", "diffusers"),
}
"""Verb and flag with few values, where another verb gives the flag another meaning."""


def main(args: Sequence[str]) -> int:
    """Print a script, or for a script's call (`words`) the completions of the last word."""
    if not args or args[0] in ("-h", "--help"):
        print(USAGE)
        return DONE if args else INPUT_WRONG
    if args[0] == "words":
        from chimerae.cli.known import remembered

        print("\n".join(words(list(args[2:]), remembered())))
        return DONE
    if args[0] not in SCRIPTS:
        raise unknown("shell", args[0], SCRIPTS)
    if len(args) > 1:
        raise InputError(f"one shell at a time: chimerae completion {args[0]}")
    from chimerae.cli.known import known

    known()  # so that the first Tab is quick
    print(SCRIPTS[args[0]])
    return DONE


def words(typed: Sequence[str], names: Mapping[str, Any]) -> list[str]:
    """Completions of the last word of `typed` (after `chimerae`), given the `names` of `known.known`.

    >>> words(["tra"], {}), words(["list", "me"], {})
    (['train'], ['methods', 'metrics'])
    """
    *before, last = typed or [""]
    return [word for word in dict.fromkeys(_possible(before, last, names)) if word.startswith(last)]


def _possible(before: Sequence[str], last: str, names: Mapping[str, Any]) -> Iterator[str]:
    if not before:
        yield from VERBS
        return
    verb, *rest = before
    if flag := next((word for word in reversed(rest) if word.startswith("-")), ""):
        several = flag in ("--metrics", "--evaluation.metrics", "--objective")
        if (flag == rest[-1] or several) and not last.startswith("-"):
            yield from names.get(VALUES.get(flag, ""), ())
            yield from OF_VERB.get((verb, flag), FEW.get(flag, ()))
            return
    if last.startswith("-"):
        yield from _flags(verb, rest, names)
    elif not rest or verb == "report":
        yield from _first(verb, names)
    elif verb == "data":
        yield from names.get("data", ())


def _first(verb: str, names: Mapping[str, Any]) -> Iterator[str]:
    yield from FIRST.get(verb, ())
    if verb in OF_RECIPES:
        yield from names.get("recipes", ())
    if verb in ("study", "reproduce"):
        yield from names.get("studies", ())
    if verb in OF_RUNS:
        yield from run_folders(Path())


def run_folders(place: Path) -> list[str]:
    """Run folders in `place` and in its `runs`, the newest first."""
    found = [path.parent for pattern in (f"*/{RUN}", f"runs/*/{RUN}") for path in place.glob(pattern)]
    newest = sorted(found, key=lambda folder: folder.stat().st_mtime, reverse=True)
    return [str(folder) for folder in newest]


def _flags(verb: str, rest: Sequence[str], names: Mapping[str, Any]) -> Iterator[str]:
    """Flags of `verb`, each whole (`--method.beta`) and, where it has groups, by its last part (`--beta`)."""
    if verb in OF_RECIPES:
        recipes = names.get("recipes", {})
        found = [*OWN_FLAGS.get(verb, ()), *recipes.get(rest[0] if rest else "", {}).get("flags", [])]
    else:
        found = names.get("verbs", {}).get("study" if verb == "reproduce" else verb, [])
    yield from found
    leaves = [
        flag.rpartition(".")[2] for flag in found if "." in flag and not flag.startswith("--evaluation.")
    ]
    yield from (f"--{leaf}" for leaf in leaves)
    yield from ("--help", "--data-root", "--weights")

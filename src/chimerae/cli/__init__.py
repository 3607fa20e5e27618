"""The command line: a table of verbs, each in a module of its own that is imported when it is called."""

from __future__ import annotations

import errno
import io
import sys
import time
from collections.abc import Sequence
from importlib import import_module

import chimerae
from chimerae.cli.flags import rooted
from chimerae.errors import TOO_MUCH, Elsewhere, InputError, printable, spelt, unknown
from chimerae.processes import place

DONE, OUR_FAULT, INPUT_WRONG = 0, 1, 2
SIGNALLED = 128
GREETED = ("train", "resume", "evaluate", "tune", "bench")
"""Verbs that print a line before their module is imported."""
SHARED = ("train", "resume")
"""Verbs that many processes do together, under torchrun."""

VERBS: dict[str, str] = {
    "train": "train a method or recipe on your data",
    "resume": "go on with a run that was stopped",
    "tune": "search settings of a method on your data, within a time",
    "evaluate": "score a run on its test data",
    "sample": "draw samples from a run",
    "reconstruct": "encode and decode your images with a run",
    "interpolate": "walk between test images through a run's codes",
    "explore": "open a page on which you move a run's codes by hand",
    "score": "find images unlike those that a run learned",
    "encode": "write the codes of a data set into files, for other models",
    "export": "write a run's networks as ONNX files, for other programs",
    "report": "make one page of one or several runs",
    "watch": "open a page about runs while they learn",
    "push": "share a run's model on the Hugging Face hub",
    "study": "run a study: a grid of runs and the table it fills",
    "reproduce": "list the tables of the papers, or run one beside its numbers",
    "bench": "measure a training step of a method on this machine",
    "data": "look at a data source: `chimerae data inspect SOURCE`",
    "weights": "list or add published weights, for FID, LPIPS and the like",
    "list": "list methods, recipes, studies, data or metrics",
    "completion": "print a script for bash, zsh or fish that completes words",
}

OTHER_VERBS = {
    "generate": "sample",
    "draw": "sample",
    "browse": "explore",
    "app": "explore",
    "fit": "train",
    "search": "tune",
    "optimize": "tune",
    "sweep": "tune",
    "run": "train",
    "test": "evaluate",
    "eval": "evaluate",
    "metrics": "evaluate",
    "decode": "sample",
    "continue": "resume",
    "onnx": "export",
    "convert": "export",
    "ls": "list",
    "upload": "push",
    "share": "push",
    "publish": "push",
    "benchmark": "bench",
    "profile": "bench",
    "datasets": "list data",
    "methods": "list methods",
    "recipes": "list recipes",
}
"""Words that people try, and the verb with that meaning."""
METHODS = ("avae", "vae", "gan", "vae-gan", "bigan", "introvae", "soft-introvae", "wae-mmd", "wae-gan", "aae")
"""Methods that are known without importing them, for a hint."""

OF_METHODS = ("train", "tune")
"""Verbs whose settings depend on a method; `VERB METHOD --help` has the usual ones."""

USAGE = """\
chimerae {version}: adversarial autoencoders, models that encode like a VAE and
generate like a GAN

usage: chimerae VERB ...

{verbs}

start with:
  chimerae train avae --data ./photos    a folder of images of any sizes
  chimerae evaluate runs/avae-photos     scores of the model
  chimerae report runs/avae-photos       one page with everything about it
  chimerae VERB --help                   the options of a verb

with any verb:
  --data-root DIR  search this folder for data sets such as cifar10, before the
                   hub; the environment variable CHIMERAE_DATA does the same
  --weights DIR    folder with published weights of feature networks, for FID
                   and the like; the variable CHIMERAE_WEIGHTS does the same

exit codes: 0 done; 2 the input is wrong; 130, 143 stopped by a signal, state
saved; 1 our own fault"""

NO_PATH = {errno.ENAMETOOLONG, errno.ELOOP, errno.ENOTDIR, errno.EILSEQ}
MOST_SAID = 2_000
"""Letters of a complaint; what a damaged file holds may have any number."""
FULL_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM}


_STARTED = [time.monotonic()]


def started() -> float:
    """Reading of `time.monotonic` at which this call of the command line began; a budget counts from it."""
    return _STARTED[-1]


def _greet(verb: str) -> None:
    """Print a first line before PyTorch is imported, which takes seconds, or minutes on a busy machine."""
    if verb in GREETED and "torch" not in sys.modules and not _rank():
        print(f"{verb}: loading PyTorch (chimerae {chimerae.__version__})", file=sys.stderr, flush=True)


def usage() -> str:
    """Text that `chimerae --help` prints."""
    verbs = "\n".join(f"  {name:<12} {about}" for name, about in VERBS.items())
    return USAGE.format(version=chimerae.__version__, verbs=verbs)


def run(args: Sequence[str]) -> int:
    """Run the command line `args` (without the program's name) and return its exit code; errors are raised.

    `--data-root DIR` and `--weights DIR` may stand anywhere.

    Raises:
        InputError: the verb or its arguments are wrong.
    """
    _STARTED[:] = [time.monotonic()]
    if wrong := next((arg for arg in args if "\0" in arg), None):
        raise InputError(f"{wrong!r} has a NUL in it, which no name and no value can have")
    args = rooted(args)
    if not args or args[0] in ("-h", "--help", "help"):
        print(usage())
        return DONE if args else INPUT_WRONG
    if args[0] == "--version":
        print(f"chimerae {chimerae.__version__}")
        return DONE
    if args[0] not in VERBS:
        raise _no_verb(args)
    if args[0] not in SHARED and place().size != 1:
        one = InputError(f"{args[0]} runs in one process; leave out torchrun, which is for train and resume")
        raise Elsewhere(str(one)) if _rank() else one
    wants_help = bool({"-h", "--help", "--help-all"} & set(args))
    if args[0] in OF_METHODS and args[1:2] and not args[1].startswith("-") and {*args} & {"-h", "--help"}:
        helped: int = import_module("chimerae.cli.method_help").main(args[0], args[1])
        return helped
    if not wants_help:
        _greet(args[0])
    code: int = import_module(f"chimerae.cli.{args[0]}").main(args[1:])
    return code


def _no_verb(args: Sequence[str]) -> InputError:
    """The error for a first word that is no verb: a verb of other tools, or a method."""
    word = args[0]
    if word.lower() in OTHER_VERBS:
        return InputError(f"unknown verb '{word}'; did you mean '{OTHER_VERBS[word.lower()]}'?")
    from chimerae.cli.known import remembered

    if name := spelt(word, remembered().get("recipes", METHODS)):
        return InputError(f"'{word}' is a method: chimerae train {name} {' '.join(args[1:])}".rstrip())
    return unknown("verb", word, VERBS)


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line and turn expected errors into one line and an exit code."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal may have no sign for what is printed
    try:
        return run(sys.argv[1:] if args is None else args)
    except Elsewhere:
        return INPUT_WRONG
    except InputError as error:
        return _complain(str(error))
    except KeyboardInterrupt:
        print("\nchimerae: stopped; nothing is half-written", file=sys.stderr)
        return SIGNALLED + 2
    except (MemoryError, OverflowError, RuntimeError, TypeError) as error:
        if isinstance(error, RuntimeError | TypeError) and not TOO_MUCH.search(str(error)):
            raise
        return _complain("not enough memory: ask for less at a time, of smaller networks or images")
    except BrokenPipeError:
        sys.stderr.close()
        return DONE
    except OSError as error:
        if error.errno in NO_PATH:
            return _complain(f"{str(error.filename)[:200]}: {error.strerror}; choose another place")
        if error.errno not in FULL_DISK:
            raise
        return _complain(
            f"{error.strerror}: {error.filename or 'while writing'}; free some space or choose another place"
        )


def _complain(message: str) -> int:
    said = printable(" ".join(message.split()))
    if len(said) > MOST_SAID:
        said = f"{said[: MOST_SAID // 2]} ... {said[-MOST_SAID // 2 :]}"
    print(f"chimerae: {f'process {_rank()}: ' if _rank() else ''}{said}", file=sys.stderr)
    return INPUT_WRONG


def _rank() -> int:
    """Place of this process among all, 0 where the environment is wrong: a line must be printed then too."""
    try:
        return place().rank
    except InputError:
        return 0

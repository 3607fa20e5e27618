"""The command line, in which the second of several processes is killed once, before it plays step 6."""

from __future__ import annotations

import os
import signal
import sys

import torch

from chimerae import cli
from chimerae.data import Batches
from chimerae.training.previews import Previews

honest = Batches.__call__


def rows(self: Batches, step: int) -> torch.Tensor:
    if (os.environ["RANK"], os.environ["TORCHELASTIC_RESTART_COUNT"], step) == ("1", "0", 5):
        os.kill(os.getpid(), signal.SIGKILL)
    return honest(self, step)


if __name__ == "__main__":
    Batches.__call__ = rows  # type: ignore[method-assign]
    Previews.draw = lambda self, nets, step: None  # type: ignore[method-assign]
    if code := cli.main():
        sys.exit(code)

"""For every test: as many threads as OMP_NUM_THREADS says, or one (two of them on a busy machine make small
networks many times slower); half of every tolerance; no published weights, whatever this machine has; one
cache of prepared data and learnt features for this process, where a test has none of its own; and no waiting
until a disk has what was written, which matters when the power fails, and to no test.
"""

from __future__ import annotations

import gc
import os
import random
import tempfile
from collections.abc import Iterator

import numpy as np
import pytest
import torch

from tests.helpers import tolerances
from tests.helpers.double import in_float64

torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
os.environ["CHIMERAE_WEIGHTS"] = os.path.join(os.path.dirname(__file__), "no-such-folder")
_CACHE = tempfile.TemporaryDirectory(prefix="chimerae-cache-")
os.environ["CHIMERAE_CACHE"] = _CACHE.name
os.fsync = lambda descriptor: None
tolerances.install()


def pytest_collection_finish() -> None:
    """Take what was imported and collected out of Python's searches for garbage: it stays to the end."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Let a test draw the same numbers whatever ran before it, and on whichever worker."""
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)


@pytest.fixture
def double() -> Iterator[None]:
    """Compute in float64, for comparisons that rounding must not decide."""
    with in_float64():
        yield

"""For every test: as many threads as OMP_NUM_THREADS says, or one (two of them on a busy machine make small
networks many times slower); half of every tolerance; and no published weights, whatever this machine has.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import torch

from tests.helpers import tolerances
from tests.helpers.double import in_float64

torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
os.environ["CHIMERAE_WEIGHTS"] = os.path.join(os.path.dirname(__file__), "no-such-folder")
tolerances.install()


@pytest.fixture
def double() -> Iterator[None]:
    """Compute in float64, for comparisons that rounding must not decide."""
    with in_float64():
        yield

"""`torchrun` with workers that are forked: each of its own would take seconds to load its libraries."""

from __future__ import annotations

import torch._dynamo  # noqa: F401 (optimisers import it at their first step)
from torch.distributed.run import main

import chimerae.cli.train  # noqa: F401

if __name__ == "__main__":
    main()

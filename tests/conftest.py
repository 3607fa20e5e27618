"""For every test: one thread (two of them on a busy machine make small networks many times slower)."""

from __future__ import annotations

import torch

torch.set_num_threads(1)

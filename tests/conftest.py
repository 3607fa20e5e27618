"""For every test: one thread (two of them on a busy machine make small networks many times slower), and no
published weights, whatever this machine has.
"""

from __future__ import annotations

import os

import torch

torch.set_num_threads(1)
os.environ["CHIMERAE_WEIGHTS"] = os.path.join(os.path.dirname(__file__), "no-such-folder")

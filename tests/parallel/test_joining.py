"""Processes find each other, and no earlier ones."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch.distributed as dist

from chimerae.errors import InputError
from chimerae.parallel import ALONE, Group, Place, joined, place, rows_of
from chimerae.parallel.joining import agreed_start


@pytest.mark.parametrize("late", [0, 1, 2])
def test_a_restarted_process_does_not_take_an_old_number(late):
    """The store keeps what the start before has left; one process comes late."""
    store = dist.HashStore()

    def comes(rank: int) -> int:
        time.sleep(0.05 if rank == late else 0.0)
        return agreed_start(store, rank, 3)

    with ThreadPoolExecutor(3) as pool:
        numbers = [[*pool.map(comes, range(3))] for _ in range(3)]
    assert numbers == [[1] * 3, [2] * 3, [3] * 3]


def test_a_place_follows_from_the_environment(monkeypatch):
    for name in ("RANK", "WORLD_SIZE", "MASTER_ADDR", "LOCAL_RANK", "TORCHELASTIC_RESTART_COUNT"):
        monkeypatch.delenv(name, raising=False)
    assert place() == Place()
    with joined("cpu") as group:
        assert group == ALONE
    for name, value in {"RANK": "3", "WORLD_SIZE": "4", "MASTER_ADDR": "here", "LOCAL_RANK": "1"}.items():
        monkeypatch.setenv(name, value)
    assert place() == Place(rank=3, size=4, local=1)
    with pytest.raises(InputError, match="cannot share cuda:1"), joined("cuda:1"):
        pass
    with pytest.raises(InputError, match="cannot train on 'mps'"), joined("mps"):
        pass
    monkeypatch.setenv("RANK", "three")
    with pytest.raises(InputError, match="start with torchrun"):
        place()


def test_rows_are_shared_equally_in_every_part():
    shares = [rows_of(12, 2, Group(rank, 3)).tolist() for rank in range(3)]
    assert shares == [[0, 1, 6, 7], [2, 3, 8, 9], [4, 5, 10, 11]]
    with pytest.raises(InputError, match=r"3 processes and 2 parts .* --training.batch-size 12"):
        rows_of(10, 2, Group(0, 3))

"""What has to be said beside a score: its metric's name, and the protocol that makes values comparable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from chimerae.report.compare import readable
from chimerae.report.read import Score

_ACRONYMS: Final = frozenset(
    {"fid", "is", "jsd", "kid", "kl", "lpips", "mmd", "ms", "mse", "psnr", "rmse", "ssim"}
)
SEED: Final = "seed"
"""Part of a protocol that makes no two values incomparable."""


def title(metric: str) -> str:
    """A metric's name as people write it.

    >>> title("psnr"), title("mse_signed"), title("correlation")
    ('PSNR', 'MSE signed', 'Correlation')
    """
    parts = [word.upper() if word in _ACRONYMS else word for word in metric.replace("-", "_").split("_")]
    return " ".join([parts[0][:1].upper() + parts[0][1:], *parts[1:]])


def protocol_of(score: Score) -> dict[str, str]:
    """What has to agree for two values to be comparable: the protocol without its seed, and n."""
    protocol = {name: readable(value) for name, value in score.protocol.items() if name != SEED}
    return (
        protocol
        if score.n is None
        else {"n": f"{score.n:,}"} | {k: v for k, v in protocol.items() if k != "n"}
    )


def shared_by(protocols: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """What all protocols have in common."""
    first, *others = protocols
    return {name: value for name, value in first.items() if all(p.get(name) == value for p in others)}


def words(protocol: Mapping[str, str]) -> str:
    """A protocol as people read it.

    >>> words({"n": "360", "split": "test"})
    'n 360; split test'
    """
    return "; ".join(f"{name} {value}" for name, value in protocol.items())

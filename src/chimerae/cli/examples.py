"""Examples that stand below the help of a verb."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

EXAMPLES: Final[Mapping[str, tuple[str, ...]]] = {
    "resume": ("chimerae resume runs/avae-photos", "chimerae resume runs/avae-photos --steps 40000"),
    "evaluate": (
        "chimerae evaluate runs/avae-photos",
        "chimerae evaluate runs/avae-photos --metrics fid kid",
        "chimerae evaluate ./sd-vae --data ./photos --prepare.size 256",
    ),
    "sample": (
        "chimerae sample runs/avae-photos -n 100 --out sheet.png",
        "chimerae sample runs/avae-photos -n 50000 --out samples.npz",
    ),
    "reconstruct": ("chimerae reconstruct runs/avae-photos --input ./photos --n 8",),
    "interpolate": ("chimerae interpolate runs/avae-photos --pairs 4 --steps 9",),
    "explore": (
        "chimerae explore runs/avae-photos",
        "chimerae explore runs/vae-photos runs/avae-photos --port 8765 --no-browser",
    ),
    "directions": (
        "chimerae directions runs/avae-photos",
        "chimerae directions runs/avae-photos --data ./by-expression --labels smiling",
    ),
    "encode": ("chimerae encode runs/kl-gan-photos --to codes --flips",),
    "export": (
        "chimerae export runs/avae-photos",
        "chimerae export runs/avae-photos --uint8 --reconstruct --out web",
        "chimerae export runs/avae-photos --to torch.export",
    ),
    "report": (
        "chimerae report runs/avae-photos",
        "chimerae report runs/vae-photos runs/avae-photos --out both.html",
    ),
    "push": ("chimerae push runs/avae-photos anna/faces --license CC-BY-4.0",),
    "study": ("chimerae study avae-toy --seeds 1",),
    "reproduce": ("chimerae reproduce avae-toy --seeds 1",),
    "bench": ("chimerae bench avae --shape 3 32 32 --arch.width 32",),
    "data": ("chimerae data inspect ./photos --prepare.size 64",),
}
"""Verb -> commands."""


def examples_of(prog: str) -> str:
    """The examples of the verb in `prog`, ready to print; '' when it has none.

    >>> print(examples_of("chimerae resume"))
    Try:
      chimerae resume runs/avae-photos
      chimerae resume runs/avae-photos --steps 40000
    """
    lines = EXAMPLES.get(f"{prog} ".split(" ")[1], ())
    return "\n".join(["Try:", *(f"  {line}" for line in lines)]) if lines else ""

"""The precision in which networks are faster on this machine, found by trying both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Final, Literal

import torch
from torch import Tensor
from torch.nn.functional import conv2d

from chimerae.config import override
from chimerae.recipes.plan import operations
from chimerae.recipes.timing import Timing, fastest, time_steps
from chimerae.runs.run import Run
from chimerae.shapes import Shape
from chimerae.training.state import pick_device

GAIN: Final = 1.1
"""Bfloat16 is chosen from this gain on."""
LEAST: Final = 2e9
"""Operations of a step below which float32 stays: little is won there, and timings are mostly noise."""
LONG: Final = 0.25
"""Seconds of a step from which on the probe decides alone: steps in both precisions would take too long."""
AT_MOST: Final = 0.8
"""Seconds for the steps that are timed in each precision."""
SIDE: Final = 256
"""Rows and columns of the probe's matrices."""
Precision = Literal["float32", "bfloat16"]


@dataclass(frozen=True)
class Probed:
    """Speed of one device, by a product of matrices and a convolution."""

    gain: float
    """Seconds in float32 over seconds in bfloat16; the smaller of the two."""
    rate: float
    """Operations a second of the product in float32."""


def with_precision(
    run: Run,
    shape: Shape,
    *,
    clocked: Callable[..., Timing] = time_steps,
    probed: Callable[[torch.device], Probed] | None = None,
) -> tuple[Run, float | None]:
    """`run` with the faster precision in place of `auto`, and the gain of bfloat16 over float32.

    The gain is None where nothing was tried. A processor without instructions for bfloat16 emulates it, up to
    70 times slower than float32: the probe finds that in a few tenths of a second, and then no step is timed.

    Args:
        run: as requested; any other precision than `auto` stays.
        shape: of one sample.
        clocked: times steps of a run, as `time_steps` does.
        probed: probes a device; `probe` when not given.
    """
    device = pick_device(run.training.device)
    if run.training.precision != "auto":
        return run, None
    if device.type not in ("cpu", "cuda"):
        return _in(run, "float32"), None
    tried = (probed or probe)(device)
    if tried.gain < GAIN:
        return _in(run, "float32"), tried.gain
    counted = operations(run, shape)
    if counted is None or counted < LEAST:
        return _in(run, "float32"), None

    def step(precision: Precision) -> float:
        timed = clocked(_in(run, precision), shape, at_most=AT_MOST)
        return timed.step / timed.slowness  # other work on the machine slows both, and not evenly

    gain = tried.gain
    if counted / tried.rate < LONG:
        gain = step("float32") / step("bfloat16")
    return _in(run, "bfloat16" if gain >= GAIN else "float32"), gain


def _in(run: Run, precision: Precision) -> Run:
    return override(run, {"training.precision": precision})


@cache
def probe(device: torch.device) -> Probed:
    """Try both precisions on `device`; 20 to 300 ms."""
    with torch.inference_mode():
        matrix = torch.ones(SIDE, SIDE, device=device)
        images = torch.ones(4, 64, 16, 16, device=device).to(memory_format=torch.channels_last)
        kernels = torch.ones(64, 64, 3, 3, device=device)
        product, half_product = (fastest(torch.mm, a, a) for a in _both(matrix))
        convolution, half_convolution = (
            fastest(partial(conv2d, padding=1), a, b)
            for a, b in zip(_both(images), _both(kernels), strict=True)
        )
    gain = min(product / half_product, convolution / half_convolution)
    return Probed(gain, 2 * SIDE**3 / product)


def _both(tensor: Tensor) -> tuple[Tensor, Tensor]:
    return tensor, tensor.bfloat16()

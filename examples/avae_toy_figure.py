"""Draw the AVAE paper's figure 6 from two runs of the recipe `avae-toy`, one without xi and one with it.

chimerae train avae-toy --out runs/plain
chimerae train avae-toy --method.use-xi --out runs/xi
python examples/avae_toy_figure.py runs/plain runs/xi avae-toy.png
"""

from __future__ import annotations

import sys

import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

import chimerae
from chimerae.data import prepare

POINTS = 4000


def draw(plain: chimerae.Model, xi: chimerae.Model, out: str) -> None:
    """Four panels: data, VAE decoder, generator without and with xi; points of a code share its colour."""
    data = prepare("avae-sine").test.take(range(POINTS))
    z = plain.prior(POINTS)
    panels = {
        "data": (data, None),
        "VAE decoder": (plain.decode(z, network="decoder"), z),
        "AVAE generator": (plain.decode(z), z),
        "AVAE generator, with xi": (xi.decode(z), z),
    }
    figure = Figure(figsize=(13, 3.4), layout="constrained")
    axes = figure.subplots(1, len(panels), sharex=True, sharey=True)
    x1 = torch.linspace(-8, 8, 400)
    for axis, (title, (points, codes)) in zip(axes, panels.items(), strict=True):
        for branch in (-1.0, 1.0):
            axis.plot(x1, torch.cos(x1) + branch, color="0.8", lw=1, zorder=0)
        colour = {"color": "0.35"} if codes is None else {"c": codes[:, 0], "cmap": "viridis"}
        axis.scatter(points[:, 0], points[:, 1], s=3, linewidths=0, **colour)
        axis.set(title=title, xlim=(-8, 8), ylim=(-2.6, 2.6), xlabel="$x_1$")
    axes[0].set_ylabel("$x_2$")
    FigureCanvasAgg(figure).print_figure(out, dpi=110)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    draw(chimerae.load(sys.argv[1]), chimerae.load(sys.argv[2]), sys.argv[3])

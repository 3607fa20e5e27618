"""The engine by hand: a method, networks, players, and batches from wherever you like. No run folder."""

from __future__ import annotations

import torch

from chimerae.methods import AVAE, Clock
from chimerae.networks import MLP
from chimerae.training.players import play_batch
from chimerae.training.settings import Optimizer, Training
from chimerae.training.state import build_state


def two_moons(n: int) -> torch.Tensor:
    """Points `[n, 2]` on two interleaved half circles."""
    angle, side = torch.pi * torch.rand(n), torch.randint(2, (n,)) * 2 - 1
    arc = torch.stack([side * (angle.cos() - 0.5), side * (angle.sin() - 0.25)], 1)
    return 6 * arc + 0.1 * torch.randn(n, 2)


def main(steps: int = 2000) -> None:
    """Train an AVAE with a code of two on points, and say how well each network rebuilds them."""
    method = AVAE(z_dim=2, use_xi=True)
    training = Training(optimizer=Optimizer(lr=1e-3), ema=0.0)
    torch.manual_seed(0)
    state = build_state(method, MLP(), (2,), training, seed=0)

    for step in range(steps):
        clock = Clock(step, steps, logged={})
        x = two_moons(256).to(state.device)
        losses = play_batch(method, state.nets, state.players, [x], clock)  # every turn of one batch
        if step % max(steps // 5, 1) == 0:
            seen = {name: round(value.item(), 3) for name, value in losses.items()}
            print(step, seen)

    x = two_moons(1000).to(state.device)
    with state.nets.evaluating() as nets:
        z = method.encode(nets, x).sample()
        for name, y in method.decode(nets, method.with_noise(z)).items():
            print(f"{name}: mean squared error {(x - y).square().mean().item():.4f}")


if __name__ == "__main__":
    main()

from __future__ import annotations

import torch

from chimerae.methods import VAE, Clock
from chimerae.networks import DCGAN, MLP
from tests.helpers.cases import Case
from tests.helpers.rows import through
from tests.helpers.tape import Tape
from tests.helpers.turns import standing


def loss_and_parts(method: VAE) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    case = Case(method, MLP(width=8), (1, 8, 8))
    state, tape, clock = case.state(), Tape(), Clock(0, 10, {})
    with tape.recording(0):
        (losses,) = list(method.turns(state.nets, case.batch(), clock))
    return losses["vae"], {name: mean for name, (mean,) in clock.logged.items()}


@through("beta", [0.0, 1.0, 5.0])
def test_loss_is_half_the_squared_error_plus_beta_times_the_divergence(beta):
    loss, parts = loss_and_parts(VAE(z_dim=3, beta=beta))
    torch.testing.assert_close(loss.detach(), parts["rec"] + beta * parts["kl"])


def test_terms_by_hand():
    case = Case(VAE(z_dim=3), MLP(width=8), (1, 8, 8))
    state, tape, x = case.state(), Tape(), case.batch()
    with tape.recording(0):
        (losses,) = standing(state, x)
    q = state.nets.encoder(x)
    z = q.mu + (q.logvar / 2).exp() * tape.draws[0]
    rec = 0.5 * (x - state.nets.decoder(z)).square().sum() / len(x)
    kl = 0.5 * (q.mu.square() + q.logvar.exp() - 1 - q.logvar).sum() / len(x)
    torch.testing.assert_close(losses["vae"], rec + kl)


def test_larger_images_weigh_more_because_pixels_are_summed():
    small, large = (
        standing((case := Case(VAE(z_dim=3, beta=0), DCGAN(width=2), (1, s, s))).state(), case.batch())[0][
            "vae"
        ]
        for s in (16, 32)
    )
    assert 3.5 < large / small < 4.5


@through("sigma, size", [("free", (6, 3)), ("shared", (3,))])
def test_spread_is_per_sample_or_shared(sigma, size):
    case = Case(VAE(z_dim=3, sigma=sigma), MLP(width=8), (2,))
    state = case.state()
    assert case.method.encode(state.nets, case.batch()).logvar.shape == size

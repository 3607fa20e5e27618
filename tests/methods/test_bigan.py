from __future__ import annotations

import torch
from torch import nn
from torch.nn.functional import softplus

from chimerae.gaussian import Gaussian
from chimerae.methods import BiGAN, Clock
from chimerae.networks import MLP
from chimerae.training.players import take_turn
from tests.helpers.cases import Case
from tests.helpers.rows import through
from tests.helpers.tape import Tape
from tests.helpers.turns import standing


def case(**options) -> Case:
    return Case(BiGAN(z_dim=3, **options), MLP(width=8), (2,))


class Plane(nn.Module):
    """A linear critic of pairs."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Parameter(torch.tensor([1.0, -2.0])), nn.Parameter(torch.tensor([0.5, 1.0, -1.0]))

    def forward(self, x, z):
        return x @ self.a + z @ self.b


@through("sigma", ["none", "free"])
@through(
    "adv_loss, formula",
    [
        ("non_saturating", lambda c: softplus(-c)),
        ("saturating", lambda c: -softplus(c)),
        ("linear", lambda c: -c),
    ],
)
def test_losses_by_hand(sigma, adv_loss, formula):
    chosen = case(sigma=sigma, adv_loss=adv_loss)
    state, tape, x = chosen.state(), Tape(), chosen.batch()
    with tape.recording(0):
        (losses,) = standing(state, x)
    z, eps = tape.draws
    E, G, C = state.nets.encoder, state.nets.generator, state.nets.critic
    q = E(x)
    c_real, c_fake = C(x, q.mu + q.sigma * eps), C(G(z), z)
    torch.testing.assert_close(losses["critic"], (softplus(-c_real) + softplus(c_fake)).mean())
    torch.testing.assert_close(losses["pair"], (formula(-c_real) + formula(c_fake)).mean())


def test_a_deterministic_encoder_has_one_code_and_ali_s_has_many():
    for sigma, spread in (("none", False), ("free", True)):
        chosen = case(sigma=sigma)
        state = chosen.state()
        with state.nets.evaluating():
            q = chosen.method.encode(state.nets, chosen.batch())
        eps = torch.ones(6, 3)
        assert torch.allclose(q.sample(eps), q.sample(-eps), atol=1e-5) != spread
    assert isinstance(q, Gaussian)


@through("adv_loss", ["non_saturating", "saturating", "linear"])
def test_both_labels_are_swapped(adv_loss):
    """A step of the team against a frozen critic raises it on generated pairs and lowers it on data."""
    chosen = case(adv_loss=adv_loss, sigma="none")
    state = chosen.state()
    state.nets.modules["critic"] = Plane()
    x, z = chosen.batch(n=64), torch.randn(64, 3, generator=torch.Generator().manual_seed(0))

    def opinions() -> tuple[torch.Tensor, torch.Tensor]:
        with torch.no_grad():
            nets = state.nets
            return nets.critic(x, nets.encoder(x).mu).mean(), nets.critic(nets.generator(z), z).mean()

    before = opinions()
    (losses,) = list(chosen.method.turns(state.nets, x, Clock(0, 10)))
    take_turn([iter([{"pair": losses["pair"]}])], state.players, 0.0)
    after = opinions()
    assert after[0] < before[0] - 1e-5
    assert after[1] > before[1] + 1e-5


def test_code_and_prior_come_to_the_critic_at_the_same_scale():
    """The critic gets both codes as they are: nothing is normalised on one side only."""
    chosen = case(sigma="none")
    state, tape = chosen.state(), Tape()
    seen: list[tuple[torch.Tensor, torch.Tensor]] = []
    critic = state.nets.modules["critic"]
    critic.register_forward_pre_hook(lambda _module, pair: seen.append(pair))
    x = chosen.batch()
    with tape.recording(0):
        standing(state, x)
    (x_real, z_q), (x_fake, z) = seen
    assert torch.equal(x_real, x)
    assert torch.equal(z, tape.draws[0])
    torch.testing.assert_close(z_q, state.nets.encoder(x).mu, atol=1e-5, rtol=0)
    assert torch.equal(x_fake, state.nets.generator(z))


def test_defaults_are_those_of_bigan():
    assert BiGAN() == BiGAN(z_dim=100, sigma="none", adv_loss="non_saturating")

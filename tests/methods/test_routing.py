"""Which loss reaches whom, and which way it pushes."""

from __future__ import annotations

from copy import deepcopy

import pytest
import torch
from torch import nn

from chimerae import noise
from chimerae.losses import latent
from chimerae.methods import AVAE, GAN, VAEGAN, WGANGP, Clock, avae, vae_gan
from chimerae.networks import DCGAN, MLP
from chimerae.training.players import take_turn
from tests.helpers.cases import Case
from tests.helpers.turns import observe, owned

IMAGES = (DCGAN(width=2), (1, 8, 8))
ARCHS = [IMAGES, (MLP(width=8), (2,))]
archs = pytest.mark.parametrize(("arch", "shape"), ARCHS, ids=["dcgan", "mlp"])


class Plane(nn.Module):
    """A linear critic: its slope is the same everywhere."""

    def __init__(self, features: bool = False) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([1.0, -2.0]))
        self.features = features

    def forward(self, x):
        return (x @ self.weight, x) if self.features else x @ self.weight


FOOLING = {
    "avae": AVAE(z_dim=2),
    "avae-softplus": AVAE(z_dim=2, adv_loss="softplus"),
    "gan": GAN(z_dim=2),
    "gan-alternating": GAN(z_dim=2, update="alternating"),
    "gan-minibatch": GAN(z_dim=2, update="alternating_minibatch"),
    "gan-linear": GAN(z_dim=2, adv_loss="linear"),
    "gan-saturating": GAN(z_dim=2, adv_loss="saturating"),
    "vae-gan": VAEGAN(z_dim=2, gamma=0),
    "vae-gan-saturating": VAEGAN(z_dim=2, gamma=0, adv_loss="saturating"),
    "vae-gan-samples": VAEGAN(z_dim=2, gamma=0, fakes="samples"),
    "wgan-gp": WGANGP(z_dim=2, n_critic=1),
}


@pytest.mark.parametrize("method", FOOLING.values(), ids=FOOLING)
def test_adversarial_loss_alone_raises_what_the_critic_says(method, monkeypatch):
    """One small step of the generator against a frozen linear critic (L_M has one right sign)."""
    monkeypatch.setitem(latent.LATENT_LOSSES, "paper_b", lambda q, z: torch.zeros(len(z)))
    state = Case(method, MLP(width=8), (2,)).state()
    player = state.players["decoder" if isinstance(method, VAEGAN) else "generator"]
    state.nets.modules["critic"] = Plane(features=isinstance(method, VAEGAN))
    z = torch.randn(256, 2, generator=torch.Generator().manual_seed(0))

    def opinion() -> torch.Tensor:
        with torch.no_grad():
            said = state.nets.critic(method.generate(state.nets, z))
        return (said[0] if isinstance(said, tuple) else said).mean()

    before = opinion()
    plays = [method.turns(state.nets, torch.randn(64, 2), Clock(0, 10))]
    while losses := next(plays[0], {}):
        mine = {name: loss for name, loss in losses.items() if name == player.name}
        if mine:
            take_turn([iter([mine])], state.players, 0.0)
    assert opinion() > before + 1e-5


@archs
def test_avae_generator_hears_of_both_of_its_terms(arch, shape, monkeypatch):
    case = Case(AVAE(z_dim=4), arch, shape)

    def gradients() -> dict[str, torch.Tensor]:
        with noise.seeded(0):
            (turn,) = observe(case.state(), case.batch())
        return {key: g for key, g in turn.filled.items() if key.startswith("generator.")}

    both = gradients()
    with monkeypatch.context() as patch:
        patch.setitem(latent.LATENT_LOSSES, "paper_b", lambda q, z: torch.zeros(len(z)))
        of_critic = gradients()
    with monkeypatch.context() as patch:
        patch.setitem(avae.ADVERSARIAL, "linear_logit", torch.zeros_like)
        of_latent = gradients()
    for key, gradient in both.items():
        assert of_critic[key].any(), key
        assert of_latent[key].any(), key
        scale = gradient.abs().max().item()
        torch.testing.assert_close(of_critic[key] + of_latent[key], gradient, rtol=1e-3, atol=1e-4 * scale)


@archs
@pytest.mark.parametrize("latent_loss", latent.LATENT_LOSSES)
def test_avae_sigma_hears_nothing_of_the_generators_loss(arch, shape, latent_loss):
    """Alone on the table, it leaves the encoder, its sigma and the critic without gradient."""
    case = Case(AVAE(z_dim=4, latent_loss=latent_loss), arch, shape)
    state = case.state()
    (losses,) = list(case.method.turns(state.nets, case.batch(), Clock(0, 10)))
    take_turn([iter([{"generator": losses["generator"]}])], state.players, 0.0)
    for network in ("encoder", "decoder", "critic"):
        assert all(p.grad is None for p in state.nets.modules[network].parameters())
    assert all(p.grad is not None for p in state.nets.modules["generator"].parameters())


@archs
def test_vaegan_features_are_not_trained_by_the_reconstruction(arch, shape):
    """The encoder's loss alone on the table gives the critic nothing, features or not."""
    case = Case(VAEGAN(z_dim=4), arch, shape)
    state = case.state()
    (losses,) = list(case.method.turns(state.nets, case.batch(), Clock(0, 10)))
    take_turn([iter([{"encoder": losses["encoder"]}])], state.players, 0.0)
    assert all(p.grad is None for p in state.nets.modules["critic"].parameters())
    assert all(p.grad is None for p in state.nets.modules["decoder"].parameters())
    assert any(p.grad.any() for p in state.nets.modules["encoder"].parameters())


@archs
@pytest.mark.parametrize("player", ["encoder", "critic"])
def test_vaegan_games_and_errors_stay_apart(arch, shape, player, monkeypatch):
    """L_GAN gives the encoder nothing, L_rec gives the critic nothing: another one changes no bit."""
    case = Case(VAEGAN(z_dim=4), arch, shape)

    def gradients() -> dict[str, torch.Tensor]:
        state = case.state()
        with noise.seeded(0):
            (turn,) = observe(state, case.batch())
        return {key: turn.filled[key] for key in owned(state, player)}

    before = gradients()
    if player == "encoder":
        monkeypatch.setitem(vae_gan.GENERATOR_LOSSES, "linear", lambda c, offset: 7 * c)
        monkeypatch.setattr(vae_gan, "logistic_fake", lambda c, offset: -5 * c)
    else:
        monkeypatch.setattr(vae_gan, "half_squared_error", lambda x, y: 9 * (x - y).flatten(1).sum(1))
    after = gradients()
    assert all(torch.equal(before[key], after[key]) for key in before)


def test_avae_running_statistics_of_the_encoder_are_those_of_data_alone():
    """The encoder's pass over generated images is not recorded; the critic's and the decoder's passes are."""
    case = Case(AVAE(z_dim=4), *IMAGES)
    state = case.state()
    alone = deepcopy(state.nets.modules["encoder"])
    alone(case.batch())
    observe(state, case.batch())
    for (key, ours), (_, expected) in zip(
        state.nets.modules["encoder"].named_buffers(), alone.named_buffers(), strict=True
    ):
        torch.testing.assert_close(ours, expected, rtol=0, atol=0, msg=key)


def test_unrecorded_uses_the_batch_and_leaves_the_statistics():
    net = Case(AVAE(z_dim=4), *IMAGES).state().nets
    x = torch.randn(6, 1, 8, 8)
    before = {key: b.clone() for key, b in net.modules["critic"].named_buffers()}
    unrecorded = net.critic.untracked(x)
    assert all(torch.equal(b, before[key]) for key, b in net.modules["critic"].named_buffers())
    recorded = net.critic(x)
    assert torch.equal(unrecorded, recorded)
    assert any(not torch.equal(b, before[key]) for key, b in net.modules["critic"].named_buffers())

"""Methods that learn with labels."""

from __future__ import annotations

import pytest
import torch

from chimerae import noise
from chimerae.conditioned import Conditioned
from chimerae.errors import InputError
from chimerae.heads import StyledDecoder
from chimerae.labels import even, in_turn, one_hot, placed, spread_of_class, styled, weights
from chimerae.methods import AVAE, GAN, METHODS, VAE, Clock, SoftIntroVAE
from chimerae.methods.conditional import Conditional
from chimerae.nets import Nets
from chimerae.networks import DCGAN, MLP, WAE, Residual, Spatial, Style
from chimerae.testing import check_method
from tests.helpers.rows import through

N, B = 3, 6
SHAPE = (1, 8, 8)
ARCHS = [MLP(width=8), DCGAN(width=4), Residual(width=4), WAE(width=4), Style(width=4), Spatial(width=32)]
CONDITIONAL = [VAE, GAN, AVAE, SoftIntroVAE]


def built(method, arch=None, shape=SHAPE):
    with noise.seeded("built"):
        nets = Nets(method.networks(shape, arch or MLP(width=8)), buffers=method.buffers())
        for module in nets.modules.values():
            for parameter in module.parameters():  # the projection begins at 0
                torch.nn.init.normal_(parameter, std=0.3)
    return nets


def batch(shape=SHAPE):
    with noise.seeded("batch"):
        return torch.rand(B, *shape)


def losses(method, nets, x, y, step=0):
    with noise.seeded("play"):
        turns = list(method.turns(nets if y is None else nets.labelled(y), x, Clock(step, 10)))
    return torch.stack([loss.detach() for turn in turns for loss in turn.values()])


def test_only_these_methods_have_classes():
    assert [method for method in METHODS if issubclass(method, Conditional)] == CONDITIONAL
    assert all(method().label_dim == 0 for method in CONDITIONAL)


@through("method", CONDITIONAL)
def test_without_classes_networks_are_those_of_the_architecture(method):
    arch = MLP(width=8)
    assert method().conditioned(arch) is arch
    names = [
        name for module in built(method(z_dim=4)).modules.values() for name, _ in module.named_parameters()
    ]
    assert not any("embedding" in name or "projection" in name or "planes" in name for name in names)


@through("method", CONDITIONAL)
def test_contract(method):
    check_method(method(z_dim=4, classes=N))


@through(
    "arch", [MLP(width=8), DCGAN(width=4), Residual(width=4), WAE(width=4), Style(width=4), Spatial(width=32)]
)
@through("method", CONDITIONAL)
def test_every_architecture_takes_labels(method, arch):
    shape, made = (1, 32, 32), method(z_dim=64, classes=N)
    assert losses(made, built(made, arch, shape), batch(shape), one_hot(in_turn(B, N), N)).isfinite().all()


@through("method", CONDITIONAL)
def test_every_loss_depends_on_the_labels(method):
    made = method(z_dim=4, classes=N)
    nets, x = built(made), batch()
    first, other = (losses(made, nets, x, one_hot(in_turn(B, N) + k, N + 1)[:, :N]) for k in (0, 1))
    assert (first != other).all()


@through("method", CONDITIONAL)
def test_a_row_has_its_own_label(method):
    """Samples and labels in another order, with the noise in that order, have the same losses."""
    made = method(z_dim=4, classes=N)
    nets, x, y = built(made), batch(), one_hot(in_turn(B, N), N)
    order = torch.tensor([3, 1, 0, 5, 4, 2])

    def played(rows, labels):
        draws = torch.Generator().manual_seed(0)
        with noise.supplied(lambda n, d: torch.randn(n, d, generator=draws)[rows]):
            turns = list(made.turns(nets.labelled(labels[rows]), x[rows], Clock(0, 10)))
        return torch.stack([loss.detach() for turn in turns for loss in turn.values()])

    torch.testing.assert_close(played(torch.arange(B), y), played(order, y))
    assert not torch.allclose(played(torch.arange(B), y), played(order, y.roll(1, 0)))


def test_the_cvae_by_hand():
    made = VAE(z_dim=2, classes=N, beta=2.0)
    nets, x, y = built(made), batch(), one_hot(in_turn(B, N), N)
    E, D = nets.modules["encoder"], nets.modules["decoder"]
    eps = torch.randn(B, 2, generator=torch.Generator().manual_seed(0))
    with noise.supplied(lambda n, d: eps):
        (turn,) = made.turns(nets.labelled(y), x, Clock(0, 10))
    total = torch.zeros(())
    for i in range(B):
        c = int(y[i].argmax())
        q = E.inner(torch.cat([x[i], E.planes[c : c + 1]])[None])
        z = q.mu + (q.logvar / 2).exp() * eps[i]
        x_r = D.inner(torch.cat([z[0], D.embedding[c]])[None])
        kl = 0.5 * (q.mu.square() + q.logvar.exp() - 1 - q.logvar).sum()
        total = total + 0.5 * (x[i] - x_r[0]).square().sum() + 2.0 * kl
    torch.testing.assert_close(turn["vae"], total / B)


def test_the_projection_critic_by_hand():
    made = GAN(z_dim=2, classes=N)
    critic, x = built(made).modules["critic"], batch()
    y = one_hot(in_turn(B, N), N)
    phi, last = critic.features(x), critic.logit.linear
    hand = torch.stack(
        [phi[i] @ (last.weight[0] + critic.projection[i % N]) + last.bias[0] for i in range(B)]
    )
    torch.testing.assert_close(critic.eval()(x, y), hand)
    alike = torch.stack([phi[[i % N, i % N + N]].std(0, correction=0).mean() for i in range(B)])  # B is 2 N
    spread = critic.spread_weight * alike / phi.std(correction=0)
    torch.testing.assert_close(critic.train()(x, y), hand + spread, rtol=1e-3, atol=1e-3)


@through("seed", range(3))
def test_the_spread_of_a_class_by_hand(seed):
    draw = torch.Generator().manual_seed(seed)
    h = torch.randn(20, 7, generator=draw, dtype=torch.float64).float()
    labels = torch.randint(0, 4, (20,), generator=draw)
    hand = torch.stack([h[labels == c].std(0, correction=0).mean() for c in labels]) / h.std(correction=0)
    torch.testing.assert_close(spread_of_class(h, one_hot(labels, 4)), hand, rtol=0, atol=1e-3)


def test_samples_alike_within_their_classes_are_told_from_those_that_differ():
    """Both batches have the same mean of every class; the slope at equal features is finite."""
    y = one_hot(torch.tensor([0, 0, 1, 1]), 2)
    alike = torch.tensor([[1.0], [1.0], [3.0], [3.0]], requires_grad=True)
    differ = torch.tensor([[0.5], [1.5], [2.5], [3.5]])
    found = spread_of_class(alike, y)
    assert found.abs().max() < 1e-3 < 0.3 < spread_of_class(differ, y).min()
    found.sum().backward()
    assert alike.grad.isfinite().all()
    assert spread_of_class(differ, one_hot(torch.arange(4), 4)).abs().max() < 1e-3  # each alone


def test_the_critic_judges_each_sample_by_itself_in_evaluation_mode():
    critic = Conditioned(MLP(width=8), N).critic(SHAPE).eval()
    x, y = batch(), one_hot(torch.zeros(B), N)
    torch.testing.assert_close(critic(x, y)[:1], critic(x[:1], y[:1]))


def test_the_projection_begins_as_a_critic_without_labels():
    critic = Conditioned(MLP(width=8), N).critic(SHAPE).eval()
    x = batch()
    assert torch.equal(critic(x, one_hot(in_turn(B, N), N)), critic(x, even(B, N)))


def test_points_have_the_weights_beside_them():
    encoder = Conditioned(MLP(width=8), N).encoder((2,), 4)
    x, y = torch.rand(B, 2), one_hot(in_turn(B, N), N)
    assert torch.equal(encoder(x, y).mu, encoder.inner(torch.cat([x, y], 1)).mu)


def test_samples_follow_the_labels_beside_their_codes():
    made = AVAE(z_dim=N, classes=N, use_xi=True)  # xi is as long as the label
    nets, z = built(made), torch.randn(B, N)
    with nets.evaluating(), noise.seeded("use"):
        whole = made.with_noise(z)
        zero, one = (made.with_labels(whole, one_hot(torch.full((B,), k), N)) for k in (0, 1))
        a, b = made.decode(nets, zero), made.decode(nets, one)
        held = made.decode(nets.labelled(one_hot(torch.zeros(B), N)), whole)
        assert made.with_noise(zero) is zero
    for name in made.decoders:
        assert not torch.allclose(a[name], b[name])
        assert torch.equal(a[name], held[name])


def test_labels_that_are_not_given_are_uniform_draws():
    made = GAN(z_dim=2, classes=N)
    with noise.seeded("labels"):
        drawn = made.with_labels(torch.zeros(3000, 2))[:, 2:]
    assert drawn.sum(1).eq(1).all()
    assert ((drawn.mean(0) - 1 / N).abs() < 0.04).all()


@through("method", CONDITIONAL)
def test_networks_with_labels_refuse_samples_without(method):
    made = method(z_dim=4, classes=N)
    with pytest.raises(InputError, match="learnt with labels"):
        losses(made, built(made), batch(), None)


def test_styles_and_path_lengths_have_labels():
    made = GAN(z_dim=4, classes=N, mixing=0.9, path_length=1.0, r1=1.0)
    nets, x = built(made, Style(width=4), (1, 32, 32)), batch((1, 32, 32))
    assert isinstance(styled(nets.modules["generator"]), StyledDecoder)
    y = one_hot(in_turn(B, N), N)
    assert not torch.equal(losses(made, nets, x, y), losses(made, nets, x, y.roll(1, 0)))
    with pytest.raises(InputError, match="no styles"):
        made.networks(SHAPE, MLP(width=8))


def test_weights_refuse_labels_of_no_class():
    for wrong in (-1, N):
        with pytest.raises(InputError, match=f"no label {wrong}"):
            weights(torch.tensor([0, wrong]), N)
    assert weights(None, 0) is None
    with pytest.raises(InputError, match="one for each sample"):
        weights(None, N)


def test_frequencies_of_classes_are_kept():
    share = (torch.arange(1000) + 0.5) / 1000
    counts = placed(share, torch.tensor([0.2, 0.0, 0.7, 0.1])).bincount(minlength=4)
    assert counts.tolist() == [200, 0, 700, 100]

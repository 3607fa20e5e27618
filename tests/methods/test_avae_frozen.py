from __future__ import annotations

from copy import deepcopy

import pytest
import torch
from torch.nn import functional as F
from torch.nn.functional import softplus

from chimerae.errors import InputError
from chimerae.losses.latent import latent_b, latent_normalised, mean_scale
from chimerae.methods import AVAEFrozen, Clock
from chimerae.networks import DCGAN, MLP
from chimerae.testing import check_method
from tests.helpers.cases import Case
from tests.helpers.rows import through
from tests.helpers.tape import Tape
from tests.helpers.turns import observe, standing

GREY = (1, 16, 16)


def case(**options) -> Case:
    return Case(AVAEFrozen(**{"z_dim": 3, "xi_dim": 2, "encoder": "random"} | options), MLP(width=8), (2,))


def on_images(**options) -> Case:
    method = AVAEFrozen(**{"z_dim": 3, "xi_dim": 2, "encoder": "random", "encoder_side": 16} | options)
    return Case(method, DCGAN(width=2), GREY)


LATENT = {"paper_b": latent_b, "normalised": lambda q, z: latent_normalised(q, mean_scale(q) * z)}


@through("latent_loss", LATENT)
@through("codes_of_data", [0.0, 0.5, 1.0])
@through("adv_loss, game", [("linear_logit", lambda c: -c), ("softplus", lambda c: softplus(-c))])
def test_losses_by_hand(latent_loss, codes_of_data, adv_loss, game):
    chosen = case(latent_loss=latent_loss, codes_of_data=codes_of_data, adv_loss=adv_loss, latent_weight=0.3)
    state, tape, x = chosen.state(), Tape(), chosen.batch()
    state.nets.modules["encoder"].code.logvar.copy_(torch.tensor([-1.0, -0.1, -3.0]))
    with tape.recording(0):
        (losses,) = standing(state, x)
    eps, share, drawn, xi = tape.draws
    E, D, G, C = (getattr(state.nets, name) for name in ("encoder", "decoder", "generator", "critic"))
    q = E(x)
    z_q = q.mu + q.sigma * eps
    z = torch.stack([z_q[i] if share[i] < codes_of_data else drawn[i] for i in range(len(x))])
    x_fake = G(torch.cat([z, xi], 1))
    torch.testing.assert_close(losses["decoder"], 0.5 * (x - D(z_q)).square().sum(1).mean())
    latent = LATENT[latent_loss](E(x_fake), z)
    torch.testing.assert_close(losses["generator"], (0.3 * latent + game(C(x_fake))).mean())
    torch.testing.assert_close(losses["critic"], (softplus(-C(x)) + softplus(C(x_fake))).mean())


def test_the_share_of_codes_of_data_is_that_of_the_setting():
    method, z_q = AVAEFrozen(z_dim=1, codes_of_data=0.3), torch.full((4000, 1), 99.0)
    torch.manual_seed(0)
    assert abs((method._codes(z_q) == 99.0).float().mean().item() - 0.3) < 0.03


def test_the_generators_gradient_goes_through_the_frozen_network():
    """Equal to that of plain autograd through copies with free weights, the encoder in evaluation mode."""
    chosen = on_images(latent_weight=0.5, codes_of_data=0.0)
    state, tape, x = chosen.state(), Tape(), chosen.batch()
    nets = {name: deepcopy(module).requires_grad_(True) for name, module in state.nets.items()}
    with tape.recording(0):
        turn = observe(state, x)[0]
    *_, z, xi = tape.draws
    G, C, trunk = nets["generator"].train(), nets["critic"].train(), nets["encoder"].parts[0].eval()
    head = nets["encoder"].code
    C(x)
    x_fake = G(torch.cat([z, xi], 1))
    e = (trunk(x_fake) - head.mean) @ head.directions.T
    s2 = head.logvar.exp()
    latent = 0.5 * ((1 - s2) / s2 * (e - z).square()).sum(1)
    loss = (0.5 * latent - C(x_fake)).mean()
    names = [name for name, _ in G.named_parameters()]
    expected = dict(zip(names, torch.autograd.grad(loss, [*G.parameters()], retain_graph=True), strict=True))
    found = {k.removeprefix("generator."): g for k, g in turn.filled.items() if k.startswith("generator.")}
    torch.testing.assert_close(found, expected, rtol=1e-8, atol=1e-10)
    without = torch.autograd.grad(-C(x_fake).mean(), [*G.parameters()])
    assert not torch.allclose(without[0], expected[names[0]])


@through("encoder", ["random", "efficientnet:2"])
def test_the_encoder_stays_as_it_is(encoder):
    """Not a weight, not a running statistic, not a bit of its codes, in training mode as well."""
    chosen = on_images(encoder=encoder)
    state, x = chosen.state(), chosen.batch()
    before = deepcopy(state.nets.modules["encoder"].state_dict())
    codes = state.nets.encoder(x).mu
    for step in range(3):
        observe(state, chosen.batch(step), step)
    now = state.nets.modules["encoder"].state_dict()
    assert all(torch.equal(now[key], value) for key, value in before.items())
    assert torch.equal(state.nets.encoder(x).mu, codes)
    assert not any(module.training for module in state.nets.modules["encoder"].modules())
    assert not any(p.requires_grad for p in state.nets.modules["encoder"].parameters())


def test_efficientnet_passes_its_gradient_to_the_images():
    """As a difference quotient says, in float64."""
    state = on_images(encoder="efficientnet:2").state()
    E = state.nets.modules["encoder"]
    x = on_images().batch(n=2).requires_grad_()
    direction = torch.randn(x.shape)
    (slope,) = torch.autograd.grad(E(x).mu.sum(), x)
    with torch.no_grad():
        step = 1e-6 * direction
        quotient = (E(x + step).mu.sum() - E(x - step).mu.sum()) / 2e-6
    torch.testing.assert_close((slope * direction).sum(), quotient, rtol=1e-4, atol=1e-9)


def test_features_of_efficientnet_are_those_of_its_stages():
    from chimerae.features.efficientnet import classifier, seen

    network, x = classifier().double(), torch.rand(2, 3, 24, 24)
    for name, stage in (("efficientnet:1", 4), ("efficientnet:5", 14), ("efficientnet", 22)):
        method = AVAEFrozen(z_dim=3, encoder=name, encoder_side=64, encoder_places=2)
        state = Case(method, DCGAN(width=2), (3, 24, 24)).state()
        with torch.no_grad():
            maps = network[:stage](seen(255.0 * x, 64))
            expected = F.adaptive_avg_pool2d(maps, 2 if name[12:] else 1).flatten(1)
            found = state.nets.modules["encoder"].features(2 * x - 1)
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


def test_parts_are_joined_in_order():
    both, one, other = (
        on_images(encoder=name).state().nets.modules["encoder"]
        for name in ("efficientnet:1+efficientnet:2", "efficientnet:1", "efficientnet:2")
    )
    x = on_images().batch()
    assert both.widths == [*one.widths, *other.widths]
    assert torch.equal(both.features(x), torch.cat([one.features(x), other.features(x)], 1))


def test_without_a_weight_the_code_is_no_part_of_the_game():
    losses = []
    for weight in (0.0, 1.0):
        state = case(latent_weight=weight).state()
        torch.manual_seed(0)
        losses.append(standing(state, case().batch())[0]["generator"].item())
    assert losses[0] != losses[1]
    warm = case(latent_warmup=0.5)
    torch.manual_seed(0)
    start = next(warm.method.turns(warm.state().nets, warm.batch(), Clock(0, 100)))
    assert start["generator"].item() == pytest.approx(losses[0])


@through(
    "encoder, complaint",
    [
        ("efficientnet:9", "has no stage 9"),
        ("efficientnet:x", "no encoder 'efficientnet:x'"),
        ("no-such-run", "no encoder 'no-such-run': give efficientnet"),
        ("efficientnet:2+", "names nothing at a '\\+'"),
        ("+", "names nothing"),
    ],
)
def test_unknown_encoders_are_refused(encoder, complaint):
    with pytest.raises(InputError, match=complaint):
        on_images(encoder=encoder).state()


def test_points_are_no_images():
    with pytest.raises(InputError, match="needs images of 1 or 3 channels, not 2-d points; set --method"):
        case(encoder="efficientnet").state()


def test_it_keeps_the_contract():
    check_method(AVAEFrozen(z_dim=4, encoder="random"), shapes=[(2,)])
    check_method(AVAEFrozen(z_dim=4, encoder="efficientnet:1+random", encoder_side=8), shapes=[(1, 8, 8)])

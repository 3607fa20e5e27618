from __future__ import annotations

import pytest
import torch
from torch.nn.functional import softplus

from chimerae.gaussian import Gaussian
from chimerae.losses.latent import LATENT_LOSSES
from chimerae.methods import AVAE
from chimerae.methods.method import Clock
from chimerae.networks import DCGAN, MLP
from tests.helpers.cases import Case
from tests.helpers.rows import through
from tests.helpers.tape import Tape
from tests.helpers.turns import standing


def case(**options) -> Case:
    return Case(AVAE(z_dim=3, **options), MLP(width=8), (2,))


@through("latent_loss", LATENT_LOSSES)
@through("use_xi", [False, True])
@through("adv_loss, game", [("linear_logit", lambda c: -c), ("softplus", lambda c: softplus(-c))])
def test_losses_by_hand(latent_loss, use_xi, adv_loss, game):
    chosen = case(latent_loss=latent_loss, use_xi=use_xi, adv_loss=adv_loss, beta=2.0)
    state, tape, x = chosen.state(), Tape(), chosen.batch()
    state.nets.modules["encoder"][2].log_sigma.data = torch.tensor([-1.0, -0.1, 0.2])
    with tape.recording(0):
        (losses,) = standing(state, x)
    z, eps, *xi = tape.draws
    assert len(xi) == use_xi
    E, D, G, C = (getattr(state.nets, name) for name in ("encoder", "decoder", "generator", "critic"))
    q, x_fake = E(x), G(torch.cat([z, *xi], 1))
    rec = 0.5 * (x - D(q.mu + q.sigma * eps)).square().sum(1)
    torch.testing.assert_close(losses["vae"], (rec + 2 * q.kl()).mean())
    latent = LATENT_LOSSES[latent_loss](E(x_fake), z)
    torch.testing.assert_close(losses["generator"], (latent + game(C(x_fake))).mean())
    torch.testing.assert_close(losses["critic"], (softplus(-C(x)) + softplus(C(x_fake))).mean())


def test_the_generator_is_trained_on_prior_codes_only():
    """With the encoder and the critic as they are, the batch does not enter the generator's loss."""
    chosen, tape, losses = case(), Tape(), []
    with tape.recording(0):
        standing(chosen.state(), chosen.batch(0))
    for step in range(2):
        with tape.playing():
            losses.append(standing(chosen.state(), chosen.batch(step))[0])
    assert torch.equal(losses[0]["generator"], losses[1]["generator"])
    assert not torch.equal(losses[0]["vae"], losses[1]["vae"])


@through("log_sigma", [0.0, 0.2, 3.0])
@through("latent_loss", LATENT_LOSSES)
def test_a_wide_posterior_gives_numbers_everywhere(log_sigma, latent_loss):
    """sigma starts at exactly 1 and may pass it (1.2): no loss and no gradient becomes NaN."""
    chosen = case(latent_loss=latent_loss)
    state = chosen.state()
    state.nets.modules["encoder"][2].log_sigma.data.fill_(log_sigma)
    (losses,) = standing(state, chosen.batch())
    for player, loss in losses.items():
        loss.backward(inputs=state.players[player].params, retain_graph=True)
        assert loss.isfinite()
        assert all(p.grad.isfinite().all() for p in state.players[player].params)


def test_reconstruction_codes():
    q = Gaussian(torch.tensor([[0.6, 0.3, -2.0]]), torch.tensor([0.8, 1.0, 1.2]).square().log())
    eps = torch.tensor([[1.0, -1.0, 0.5]])

    def code(how: str) -> torch.Tensor:
        return AVAE(recon_code=how).reconstruction_code(q, eps)

    torch.testing.assert_close(code("sample"), torch.tensor([[1.4, -0.7, -1.4]]))
    assert torch.equal(code("mean"), q.mu)
    # sqrt(1 - .8^2) = .6; the two dimensions with sigma >= 1 are unused, and get noise
    torch.testing.assert_close(code("mean_rescaled"), torch.tensor([[1.0, -1.0, 0.5]]))


@through("variance, used", [(0.98, True), (0.9899, True), (0.9901, False), (1.5, False)])
def test_a_dimension_is_used_while_one_minus_its_variance_is_above_a_hundredth(variance, used):
    q = Gaussian(torch.ones(1, 1), torch.tensor([variance]).log())
    code = AVAE(recon_code="mean_rescaled").reconstruction_code(q, torch.zeros(1, 1))
    expected = (1 - variance) ** -0.5 if used else 0.0
    torch.testing.assert_close(code, torch.full((1, 1), expected), rtol=1e-3, atol=0)


def test_rescaled_means_have_unit_variance():
    """Posterior means of data deviate by sqrt(1 - sigma^2) when the aggregate posterior is the prior."""
    sigma = torch.tensor([0.1, 0.6, 0.9])
    draws = torch.randn(1000, 3, generator=torch.Generator().manual_seed(0))
    mu = (1 - sigma**2).sqrt() * draws / draws.std(0)
    code = AVAE(recon_code="mean_rescaled").reconstruction_code(
        Gaussian(mu, 2 * sigma.log()), torch.zeros_like(mu)
    )
    torch.testing.assert_close(code.std(0), torch.ones(3), rtol=1e-9, atol=0)


def test_the_decoder_hears_no_noise_and_the_generator_does():
    chosen = case(use_xi=True)
    nets = chosen.state().nets
    z = torch.zeros(2, 6)
    z[1, 3:] = 1.0  # the same code, another xi
    with nets.evaluating():
        made = chosen.method.decode(nets, z)
    assert torch.equal(made["decoder"][0], made["decoder"][1])
    assert not torch.equal(made["generator"][0], made["generator"][1])


def test_four_separate_sets_of_weights():
    modules = case().state().nets.modules
    pointers = [p.data_ptr() for module in modules.values() for p in module.parameters()]
    assert len(pointers) == len(set(pointers))
    assert list(modules) == ["encoder", "decoder", "generator", "critic"]


@through("arch, shape", [(MLP(width=8), (2,)), (DCGAN(width=2), (1, 8, 8))])
def test_the_posterior_begins_with_the_given_deviation(arch, shape):
    """And no other weight of any network differs."""
    sets = [Case(AVAE(z_dim=3, sigma_start=sigma), arch, shape).state().nets.modules for sigma in (1.0, 0.25)]
    wide, narrow = (
        {f"{n}.{k}": p for n, m in nets.items() for k, p in m.named_parameters()} for nets in sets
    )
    differ = [key for key in wide if not torch.equal(wide[key], narrow[key])]
    assert [key.rpartition(".")[2] for key in differ] == ["log_sigma"]
    torch.testing.assert_close(narrow[differ[0]].exp(), torch.full((3,), 0.25))


def test_defaults_are_those_of_the_switchboard():
    assert AVAE() == AVAE(
        z_dim=100,
        beta=1.0,
        latent_loss="paper_b",
        latent_weight=1.0,
        adv_loss="linear_logit",
        use_xi=False,
        recon_code="sample",
    )


@through("most", [1.0, 0.1])
@through("step, share", [(0, 0.0), (25, 0.5), (50, 1.0), (80, 1.0)])
def test_the_weight_of_the_latent_loss_may_rise(step, share, most):
    chosen, noted = case(latent_warmup=0.5, latent_weight=most, latent_loss="paper_a"), {}
    weight = share * most
    state = chosen.state()
    (losses,) = state.method.turns(state.nets, chosen.batch(), Clock(step, 100, noted))
    (latent,), (c_fake,) = noted["latent"], noted["c_fake"]
    assert losses["generator"].item() == pytest.approx((weight * latent - c_fake).item(), rel=1e-5)

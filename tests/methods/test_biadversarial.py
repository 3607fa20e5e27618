from __future__ import annotations

import pytest
import torch
from torch.nn.functional import softplus

from chimerae import noise
from chimerae.errors import InputError
from chimerae.evaluation.seeded_codec import SeededCodec
from chimerae.methods import Biadversarial, Clock
from chimerae.networks import DCGAN, MLP
from chimerae.training.settings import Optimizer
from tests.helpers.cases import Case
from tests.helpers.rows import through
from tests.helpers.tape import Tape
from tests.helpers.turns import observe, standing


def case(**options) -> Case:
    return Case(Biadversarial(z_dim=3, noise=5, **options), MLP(width=8), (2,))


def looks(options, T1, T2):
    """The critics as functions of pairs."""
    first = (lambda x, z: T1(z)) if options.get("inference_disc") == "marginal" else T1
    second = (lambda x, z: T2(x)) if options.get("generative_disc") == "image" else T2
    return first, second


OPTIONS = [
    {},
    {"inference_disc": "marginal"},
    {"generative_disc": "image"},
    {"inference_disc": "marginal", "generative_disc": "image"},
    {"beta": 0.5, "recon_weight": 2.0},
    {"recon_weight": 3.0, "recon_reduction": "mean"},
]


@through("options", OPTIONS)
@through("ratio", ["fgan", "logistic"])
@through("divergences", ["paper", "code"])
def test_losses_by_hand(options, ratio, divergences):
    """methods.md 11.3 as printed; `code` (11.4): forward KL of codes, reverse KL of images."""
    chosen = case(ratio=ratio, divergences=divergences, **options)
    state, tape, x = chosen.state(), Tape(), chosen.batch()
    with tape.recording(0):
        critics, decoder, encoder = standing(state, x)
    eps, z_p, eps_x = tape.draws
    nets = state.nets
    z_q = nets.encoder(x, eps)
    x_r = nets.decoder(torch.cat([z_q, eps_x], 1))
    T1, T2 = looks(options, nets.inference_critic, nets.generative_critic)
    q, p, d, r = T1(x, z_q), T1(x, z_p), T2(x, z_q), T2(x_r, z_q)
    (a1, b1), (a2, b2) = ((q, p), (d, r)) if divergences == "paper" else ((p, q), (r, d))
    if ratio == "fgan":
        cost = -a1 + b1.exp() - a2 + b2.exp() - 2
    else:
        cost = softplus(-a1) + softplus(b1) + softplus(-a2) + softplus(b2)
    torch.testing.assert_close(critics["critics"], cost.mean())

    data = 0.0 if options.get("generative_disc") == "image" else d if divergences == "paper" else 1 - d.exp()
    decoded = 1 - r.exp() if divergences == "paper" else r
    codes = q if divergences == "paper" else 1 - q.exp()
    errors = (x - x_r).square()
    rec = 0.5 * (errors.mean(1) if options.get("recon_reduction") == "mean" else errors.sum(1))
    expected = options.get("beta", 1.0) * codes + data + decoded + options.get("recon_weight", 0.0) * rec
    torch.testing.assert_close(decoder["decoder"], decoded.mean())
    torch.testing.assert_close(encoder["encoder"], expected.mean())


@through("options", [{}, {"generative_disc": "image"}])
def test_the_penalty_is_on_the_slope_of_the_generative_critic_at_data(options):
    """R1 of weight 3, due on every second step with twice the weight: 2 * 3/2 * |slope|^2."""
    steady = case(r1=3.0, r1_every=2, **options)
    x = steady.batch()

    def critics_at(step: int, chosen: Case) -> tuple[torch.Tensor, torch.Tensor]:
        state, tape = chosen.state(), Tape()
        with tape.recording(step):
            loss = standing(state, x, step)[0]["critics"]
        z_q = state.nets.encoder(x, tape.draws[0]).detach().requires_grad_()
        leaves = [x.clone().requires_grad_(), z_q][: 1 if options else 2]
        slopes = torch.autograd.grad(state.nets.generative_critic(*leaves).sum(), leaves)
        return loss, sum(slope.square().sum(1) for slope in slopes).mean()

    for step, weight in ((0, 3.0), (1, 0.0), (2, 3.0)):
        loss, slope = critics_at(step, steady)
        plain, _ = critics_at(step, case(**options))
        torch.testing.assert_close(loss - plain, weight * slope)


@through("divergences", ["paper", "code"])
def test_surrogate_raises_the_log_ratio_of_what_is_decoded(divergences):
    chosen = case(decoder_loss="surrogate", divergences=divergences)
    state, tape, x = chosen.state(), Tape(), chosen.batch()
    with tape.recording(0):
        _, decoder, _ = standing(state, x)
    eps, _, eps_x = tape.draws
    z_q = state.nets.encoder(x, eps)
    t = state.nets.generative_critic(state.nets.decoder(torch.cat([z_q, eps_x], 1)), z_q)
    torch.testing.assert_close(decoder["decoder"], (-t if divergences == "paper" else t).mean())


def test_critics_first_then_the_decoder_then_the_encoder():
    state = case().state()
    assert [set(turn.losses) for turn in observe(state, case().batch())] == [
        {"critics"},
        {"decoder"},
        {"encoder"},
    ]


def test_each_turn_meets_those_who_moved_before_it():
    chosen = case()
    state, before, tape, x = chosen.state(), chosen.state(), Tape(), chosen.batch()
    with tape.recording(0):
        turns = observe(state, x)
    eps, _, eps_x = tape.draws
    z_q = before.nets.encoder(x, eps)
    code = torch.cat([z_q, eps_x], 1)
    T1, T2 = state.nets.inference_critic, state.nets.generative_critic  # as they are after the first turn
    met = 1 - T2(before.nets.decoder(code), z_q).exp()
    torch.testing.assert_close(turns[1].losses["decoder"], met.mean().detach())
    told = T1(x, z_q) + T2(x, z_q) + 1 - T2(state.nets.decoder(code), z_q).exp()
    torch.testing.assert_close(turns[2].losses["encoder"], told.mean().detach())


def test_an_encoders_gradient_is_that_of_the_textbook():
    """The critics and the decoder after their steps, frozen; everything else computed again."""
    chosen = case()
    state, slow, tape, x = chosen.state(), chosen.state(), Tape(), chosen.batch()
    with tape.recording(0):
        turns = observe(state, x)
    eps, _, eps_x = tape.draws
    m = {name: (slow if name == "encoder" else state).nets.modules[name] for name in state.nets.modules}
    for name, module in m.items():
        module.requires_grad_(name == "encoder")
        module.zero_grad()
    z_q = m["encoder"](x, eps)
    x_r = m["decoder"](torch.cat([z_q, eps_x], 1))
    T1, T2 = m["inference_critic"], m["generative_critic"]
    (T1(x, z_q).mean() + T2(x, z_q).mean() - T2(x_r, z_q).exp().mean()).backward()
    for key, p in m["encoder"].named_parameters():
        torch.testing.assert_close(turns[2].filled[f"encoder.{key}"], p.grad, rtol=1e-4, atol=1e-7)


@through("inference, name", [("conditional", "kl"), ("marginal", "prior_gap")])
@through("divergences", ["paper", "code"])
def test_real_is_positive_in_the_log_and_only_a_conditional_gap_is_called_kl(inference, name, divergences):
    chosen = case(inference_disc=inference, divergences=divergences)
    state, clock = chosen.state(optimizer=Optimizer(lr=5e-3)), Clock(0, 10, {})
    for _ in chosen.method.turns(state.nets, chosen.batch(), clock):
        pass
    assert set(clock.logged) == {name, "generation", "c_real", "c_fake"}
    for _ in range(100):  # the critics alone
        losses = next(chosen.method.turns(state.nets, chosen.batch(n=64) + 3.0, clock))
        state.players["critics"].clear()
        losses["critics"].backward(inputs=state.players["critics"].params)
        state.players["critics"].step(0.0)
    assert clock.logged["c_real"][-1] > clock.logged["c_fake"][-1]
    assert clock.logged["generation"][-1] > 0


@through("arch", [MLP(width=8), DCGAN(width=4)])
def test_codes_are_draws(arch):
    """Another call, another code; only the seed decides, in evaluation too."""
    chosen = Case(Biadversarial(z_dim=3, noise=5), arch, (1, 8, 8))
    nets, x = chosen.state().nets, torch.rand(6, 1, 8, 8)
    with nets.evaluating():
        first, second = (chosen.method.encode(nets, x) for _ in range(2))
        assert not torch.equal(first.mu, second.mu)
        assert first.sigma.max() < 1e-6
        codec = SeededCodec(chosen.method, nets, chosen.shape, seed=0, batch_size=6)
        assert torch.equal(codec.codes(x, 0), codec.codes(x, 0))
        other = SeededCodec(chosen.method, nets, chosen.shape, seed=1, batch_size=6)
        assert not torch.equal(codec.codes(x, 0), other.codes(x, 0))


def test_both_networks_hear_their_noise_and_nothing_else_is_random():
    state = case().state()
    x, z = case().batch(), torch.zeros(6, 3)
    with state.nets.evaluating(), noise.seeded(0):
        eps = torch.randn(2, 6, 5)
        a, b = (state.nets.encoder(x, e) for e in eps)
        assert not torch.equal(a, b)
        assert torch.equal(a, state.nets.encoder(x, eps[0]))
        made = [state.nets.decoder(torch.cat([z, e], 1)) for e in eps]
        assert not torch.equal(*made)


@through("ratio", ["fgan", "logistic"])
@through("rise", [0.0, 0.5])
def test_losses_with_a_likelihood_by_hand(ratio, rise):
    """Without T2: `-log p(x|z)` is half the squared error over the variance, here 1/4."""
    chosen = case(ratio=ratio, generative_disc="none", recon_weight=4.0, recon_warmup=rise)
    state, tape, x = chosen.state(), Tape(), chosen.batch()
    assert "generative_critic" not in state.nets.modules
    with tape.recording(0):
        critics, decoder, encoder = standing(state, x)
    eps, z_p, eps_x = tape.draws
    z_q = state.nets.encoder(x, eps)
    q, p = (state.nets.inference_critic(x, z) for z in (z_q, z_p))
    cost = -q + p.exp() - 1 if ratio == "fgan" else softplus(-q) + softplus(p)
    rec = 0.5 * (x - state.nets.decoder(torch.cat([z_q, eps_x], 1))).square().sum(1)
    weight = 0.0 if rise else 4.0  # at step 0
    torch.testing.assert_close(critics["critics"], cost.mean())
    torch.testing.assert_close(decoder["decoder"], weight * rec.mean())
    torch.testing.assert_close(encoder["encoder"], (q + weight * rec).mean())


@through("progress, weight", [(0.0, 0.0), (0.25, 1.0), (0.5, 4.0), (1.0, 4.0)])
def test_the_weight_of_the_misfit_rises_as_a_square(progress, weight):
    method = Biadversarial(generative_disc="none", recon_weight=4.0, recon_warmup=0.5)
    assert method._recon_weight(Clock(step=int(100 * progress), total=100)) == pytest.approx(weight)


def test_without_a_second_game_something_else_has_to_tell_of_the_data():
    with pytest.raises((InputError, ValueError), match="recon_weight must be above 0"):
        Biadversarial(generative_disc="none")


def test_defaults_are_those_of_the_switchboard():
    assert Biadversarial() == Biadversarial(
        z_dim=100,
        noise=32,
        inference_disc="conditional",
        generative_disc="joint",
        ratio="fgan",
        clamp=10.0,
        divergences="paper",
        decoder_loss="exact",
        beta=1.0,
        recon_weight=0.0,
        recon_warmup=0.0,
    )

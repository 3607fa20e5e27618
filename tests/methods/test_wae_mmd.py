from __future__ import annotations

import pytest
import torch

from chimerae import noise
from chimerae.errors import InputError
from chimerae.losses.kernels import SCALES, mmd, moment_gap
from chimerae.methods import WAEMMD, Clock
from chimerae.networks import MLP
from chimerae.training.players import play_batch
from chimerae.training.settings import Optimizer
from tests.helpers.cases import Case
from tests.helpers.rows import through
from tests.helpers.tape import Tape
from tests.helpers.turns import observe, standing


def case(**options) -> Case:
    return Case(WAEMMD(z_dim=3, **options), MLP(width=8), (2,))


@through("scales", SCALES)
@through("sigma2", [1.0, 2.0])
def test_losses_by_hand(scales, sigma2):
    chosen = case(mmd_scales=scales, sigma2_z=sigma2, penalty=7.0, recon_weight=0.3)
    state, tape, x = chosen.state(), Tape(), chosen.batch()
    with tape.recording(0):
        (losses,) = standing(state, x)
    (eps,) = tape.draws
    z_q = state.nets.encoder(x).mu
    rec = (x - state.nets.decoder(z_q)).square().sum(1).mean()
    gap = mmd(sigma2**0.5 * eps, z_q, SCALES[scales], sigma2)
    torch.testing.assert_close(losses["autoencoder"], 0.3 * rec + 7 * gap)


def test_one_sample_has_no_pairs():
    with pytest.raises(InputError, match="2 codes"):
        standing(case().state(), case().batch(n=1))


def test_codes_outside_are_in_deviations_of_the_prior():
    """`generate` and `encode` take and give standard codes, whatever the variance of the prior."""
    wide = case(sigma2_z=4.0)
    nets, x, z = wide.state().nets, wide.batch(), torch.randn(5, 3)
    with nets.evaluating():
        torch.testing.assert_close(wide.method.generate(nets, z), nets.decoder(2 * z))
        q = wide.method.encode(nets, x)
        torch.testing.assert_close(q.mu, nets.encoder(x).mu / 2)
        made = wide.method.generate(nets, wide.method.reconstruction_code(q, torch.zeros(6, 3)))
        torch.testing.assert_close(made, nets.decoder(nets.encoder(x).mu))
    assert q.sigma.max() < 1e-6


def test_pre_training_moves_the_encoder_alone_and_leaves_off_by_itself():
    chosen = case(pretrain=400)
    state = chosen.state(optimizer=Optimizer(lr=0.003))
    decoder = {key: p.clone() for key, p in state.nets.modules["decoder"].named_parameters()}
    x, seen = chosen.batch(1000, n=500), []

    def gap() -> float:
        with noise.seeded("prior"):
            return moment_gap(noise.normal(500, 3), state.nets.encoder(x).mu).item()

    assert gap() > 0.3
    for step in range(400):
        (turn,) = observe(state, chosen.batch(step, n=128), step)
        seen.append(any(key.startswith("decoder") for key in turn.filled))
        if seen[-1]:
            break
        assert all(
            torch.equal(p, decoder[key]) for key, p in state.nets.modules["decoder"].named_parameters()
        )
    assert 3 < len(seen) < 400, "its moments came near the prior's, and it went on to learn as usual"
    assert gap() < 0.2
    (turn,) = observe(state, x, 400)
    assert any(key.startswith("decoder") for key in turn.filled), "afterwards it is over in any case"


def test_noise_is_seen_by_the_encoder_alone_and_only_in_training():
    chosen, x = case(add_noise=0.5), case().batch()
    state, tape = chosen.state(), Tape()
    with tape.recording(0):
        (losses,) = standing(state, x)
    z_q = state.nets.encoder(noise_added(x, tape.draws[1])).mu
    rec = (x - state.nets.decoder(z_q)).square().sum(1).mean()
    gap = mmd(tape.draws[0], z_q, SCALES["seven"])
    torch.testing.assert_close(losses["autoencoder"], 0.05 * rec + 100 * gap)
    assert torch.equal(chosen.method.encode(state.nets, x).mu, case().method.encode(state.nets, x).mu)


def noise_added(x: torch.Tensor, eps: torch.Tensor) -> torch.Tensor:
    """`eps` through the distribution function, squeezed, and back."""
    normal = torch.distributions.Normal(0.0, 1.0)
    ends = normal.cdf(torch.tensor([-2.0, 2.0]))
    return x + 0.5 * normal.icdf(ends[0] + (ends[1] - ends[0]) * normal.cdf(eps))


def test_truncated_noise():
    with noise.seeded(0):
        draws = noise.truncated(1000, 100)
    assert draws.abs().max() <= 2.0
    assert abs(draws.mean()) < 0.01
    assert abs(draws.std() - 0.8796) < 0.01  # of a normal law cut off at two deviations


def test_without_pre_training_noise_or_term_there_is_one_draw():
    tape = Tape()
    with tape.recording(0):
        standing(case().state(), case().batch())
    assert len(tape.draws) == 1


def test_the_fixed_point_term_moves_the_decoder_as_the_maker_and_the_encoder_not_at_all():
    """Against `sg(a) + a - c` of the published code."""
    plain, chosen, x, tape = case(), case(aef=3.0), case().batch(), Tape()
    gradients = []
    for one in (plain, chosen):
        with tape.recording(0):
            (turn,) = observe(one.state(), x)
        gradients.append(turn.filled)
    for key in gradients[0]:
        assert torch.equal(gradients[0][key], gradients[1][key]) == key.startswith("encoder"), key
    E, D = (chosen.state().nets.modules[name] for name in ("encoder", "decoder"))
    gen = D(tape.draws[0])
    a, c = ((y - D(E(y).mu)).square().sum(1).mean() for y in (gen, gen.detach()))
    extra = torch.autograd.grad(0.05 * 3.0 * (a.detach() + a - c), list(D.parameters()))
    for (key, _), expected in zip(D.named_parameters(), extra, strict=True):
        ours = gradients[1][f"decoder.{key}"] - gradients[0][f"decoder.{key}"]
        torch.testing.assert_close(ours, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("sigma2", [1.0, 2.0])
def test_codes_come_to_look_like_the_prior_and_samples_like_the_data(sigma2):
    """A bent cloud of points: the aggregate posterior gets the prior's law; reconstructions hold."""
    method = WAEMMD(z_dim=2, penalty=10.0, recon_weight=1.0, sigma2_z=sigma2)
    state = Case(method, MLP(width=48), (2,)).state(optimizer=Optimizer(lr=3e-3, schedule="cosine"))

    def bent(n: int, step: int) -> torch.Tensor:
        u, v = torch.randn(2, n, generator=noise.generator("bent", step))
        return torch.stack([u, 0.5 * v + 0.4 * u.square()], 1)

    for step in range(400):
        torch.manual_seed(step)
        play_batch(method, state.nets, state.players, [bent(64, step)], Clock(step, 400))
    x = bent(1000, -1)
    with state.nets.evaluating(), noise.seeded("codes"):
        q = method.encode(state.nets, x)
        made = method.generate(state.nets, q.mu)
        drawn = method.generate(state.nets, noise.normal(1000, 2))
        gap = mmd(noise.normal(1000, 2), q.mu, SCALES["seven"])
    assert gap < 0.02
    assert (q.mu.mean(0).abs() < 0.2).all()
    assert ((q.mu.std(0) - 1).abs() < 0.25).all()
    assert (made - x).square().sum(1).mean() < 0.05
    aside = drawn[:, 1] - 0.4 * drawn[:, 0].square()
    assert abs(aside.std() - 0.5) < 0.15
    assert torch.corrcoef(drawn.T)[0, 1].abs() < 0.2


def test_defaults_are_those_of_the_switchboard():
    assert WAEMMD() == WAEMMD(
        z_dim=64,
        penalty=100.0,
        recon_weight=0.05,
        mmd_scales="seven",
        sigma2_z=1.0,
        pretrain=0,
        add_noise=0.0,
        aef=0.0,
    )

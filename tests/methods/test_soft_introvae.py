from __future__ import annotations

from math import exp

import pytest
import torch
from torch.nn.utils import parameters_to_vector

from chimerae.methods import Clock, SoftIntroVAE
from chimerae.methods.introspection import KL_OF_DATA
from chimerae.networks import DCGAN, MLP
from chimerae.recipes.presets import BY_NAME
from chimerae.training.players import play_batch
from chimerae.training.state import State
from tests.helpers.cases import Case
from tests.helpers.rows import through
from tests.helpers.tape import Tape
from tests.helpers.turns import observe, standing

BETAS = {"beta_kl": 0.3, "beta_rec": 0.2, "beta_neg": 0.9}


def case(shape: tuple[int, ...] = (2,), **options) -> Case:
    return Case(SoftIntroVAE(z_dim=3, **{**BETAS, **options}), MLP(width=8), shape)


def losses(chosen: Case, step: int = 0) -> list[dict[str, torch.Tensor]]:
    with Tape().recording(0):
        return standing(chosen.state(), chosen.batch(), step)


def weights(state: State) -> torch.Tensor:
    return parameters_to_vector(state.nets.modules["encoder"].parameters()).detach().clone()


@through("shape, scale", [((2,), 0.5), ((1, 8, 8), 1 / 64)])
def test_scale_is_one_over_the_number_of_values(shape, scale):
    torch.testing.assert_close(losses(case(shape)), losses(case(shape, scale=scale)), rtol=0, atol=0)
    assert losses(case(shape, scale=2 * scale))[0]["encoder"] != losses(case(shape))[0]["encoder"]


def test_scale_stands_inside_the_exponent_too():
    """In the limit of a small scale, all that is left is 1/4 of two exponentials of 0."""
    encoder, decoder = losses(case(scale=1e-12))
    assert encoder["encoder"].item() == pytest.approx(0.5)
    assert decoder["decoder"].item() == pytest.approx(0.0, abs=1e-9)


def test_exponential_is_per_sample_and_then_averaged():
    state, tape, x, clock = case().state(), Tape(), case().batch(), Clock(0, 10, {})
    with tape.recording(0):
        turn = next(iter(case().method.turns(state.nets, x, clock)))
    E, D = state.nets.encoder, state.nets.decoder
    means = []
    for z, eps in ((E(x).mu + E(x).sigma * tape.draws[0], tape.draws[2]), (tape.draws[1], tape.draws[3])):
        fake = D(z).detach()
        q = E(fake)
        energy = 0.2 * (fake - D(q.mu + q.sigma * eps)).square().sum(1) + 0.9 * q.kl()
        means.append((-2 * 0.5 * energy).exp().mean())
        assert abs(means[-1].item() - exp(-energy.mean().item())) > 1e-6
    torch.testing.assert_close(clock.logged["exp_elbo"][0], sum(means).detach() / 2)
    real = 0.5 * (0.2 * clock.logged["rec"][0] + 0.3 * clock.logged["kl"][0])
    torch.testing.assert_close(turn["encoder"], real + sum(means) / 4)


def test_one_over_the_published_gamma_is_invisible_to_float32():
    """1e-8 of a loss of the same size: no gradient changes by more than rounding."""
    first, second = (
        observe(chosen.state(), chosen.batch())[1].filled
        for chosen in (case(), case(gamma_r=1e-8))
        if not torch.manual_seed(0).initial_seed()
    )
    for key, gradient in first.items():
        torch.testing.assert_close(second[key], gradient, rtol=1e-5, atol=1e-7)


def test_target_attached_or_not_changes_only_the_encoders_gradient():
    found = []
    for detach_target in (True, False):
        chosen = case(detach_target=detach_target)
        with Tape().recording(0):
            found.append(observe(chosen.state(), chosen.batch())[0])
    torch.testing.assert_close(found[0].losses, found[1].losses)
    assert any(not torch.allclose(found[0].filled[k], found[1].filled[k], rtol=1e-4) for k in found[0].filled)


def test_bootstrap_begins_as_the_plain_method():
    """The target is still a copy: the encoder's turn is the same. The decoder's differs once gamma_r is 1."""
    plain, bootstrap = (losses(case(variant=variant)) for variant in ("plain", "bootstrap"))
    torch.testing.assert_close(plain, bootstrap, rtol=0, atol=0)
    found = []
    for variant in ("plain", "bootstrap"):
        chosen = case(variant=variant, gamma_r=1.0)
        with Tape().recording(0):
            found.append(observe(chosen.state(), chosen.batch())[1])
    torch.testing.assert_close(found[0].losses, found[1].losses)
    assert any(not torch.allclose(found[0].filled[k], found[1].filled[k], rtol=1e-4) for k in found[0].filled)


def test_fakes_are_rebuilt_by_the_target_and_not_by_the_decoder():
    chosen = case(variant="bootstrap")
    state = chosen.state()
    with torch.no_grad():
        for p in state.nets.modules["target"].parameters():
            p.zero_()
    changed = observe(state, chosen.batch())[0].losses["encoder"]
    assert changed != losses(chosen)[0]["encoder"]


def test_warm_up_is_a_vae_with_the_betas_and_without_the_scale():
    chosen = case(warmup_steps=1)
    state, tape, x = chosen.state(), Tape(), chosen.batch()
    with tape.recording(0):
        (turn,) = standing(state, x)
    q = state.nets.encoder(x)
    x_r = state.nets.decoder(q.mu + q.sigma * tape.draws[0])
    expected = (0.2 * (x - x_r).square().sum(1) + 0.3 * q.kl()).mean()
    torch.testing.assert_close(turn, {"encoder": expected, "decoder": expected})
    assert len(losses(chosen, step=1)) == 2


def test_a_balanced_exponent_has_the_mean_kl_of_the_warm_up():
    """The plain mean at first, then a running one; the game does not change it."""
    chosen = case(warmup_steps=200, exponent_kl="balanced", beta_kl=0.01)
    state, x = chosen.state(), chosen.batch()
    first, second = (float(state.nets.encoder(batch).kl().mean().detach()) for batch in (x, 3 * x))
    assert second > 1.5 * first
    means = []
    for step, batch in ((0, x), (1, 3 * x), (150, x), (200, 3 * x)):
        with torch.no_grad():
            list(state.method.turns(state.nets, batch, Clock(step, 400)))
        means.append(float(state.nets.buffers[KL_OF_DATA]))
    half = (first + second) / 2
    assert means == pytest.approx([first, half, 0.98 * half + 0.02 * first, means[2]], rel=1e-5)


def test_a_balanced_exponent_needs_a_warm_up():
    with pytest.raises(ValueError, match="needs a warm-up"):
        case(exponent_kl="balanced")
    with pytest.raises(ValueError, match="beta_kl above 0"):
        case(exponent_kl="balanced", warmup_steps=2, beta_kl=0.0)


def test_a_balanced_game_after_a_code_that_says_nothing_stays_finite():
    chosen = case(warmup_steps=1, exponent_kl="balanced")
    state = chosen.state()
    state.nets.buffers[KL_OF_DATA] = torch.zeros(())
    turns = standing(state, chosen.batch(), 5)
    assert all(loss.isfinite() for turn in turns for loss in turn.values())


def test_a_scaled_warm_up_is_the_same_vae_in_proportion_to_its_game():
    plain, scaled = (case(warmup_steps=1, scale=0.01, scaled_warmup=on) for on in (False, True))
    (before,), (after,) = (losses(chosen) for chosen in (plain, scaled))
    for player, loss in before.items():
        torch.testing.assert_close(after[player], 0.01 * loss)
    for on in (plain, scaled):
        assert len(losses(on, step=1)) == 2


def test_adam_remembers_a_warm_up_that_is_not_scaled():
    """How far the encoder moves in ten steps of a game with s = 1/1000 that begins after a VAE's fifty."""
    moved = {}
    for on in (False, True):
        chosen = case(warmup_steps=50, scale=1e-3, scaled_warmup=on)
        state, x = chosen.state(), chosen.batch()
        for step in range(70):
            if step == 60:  # by then the first moment has forgotten the VAE
                before = weights(state)
            play_batch(chosen.method, state.nets, state.players, [x], Clock(step, 200))
        moved[on] = float((weights(state) - before).abs().mean())
    assert moved[False] < 0.1 * moved[True]


def test_finite_where_the_exponent_underflows():
    chosen = Case(SoftIntroVAE(z_dim=3, beta_neg=1e9), DCGAN(width=2), (1, 8, 8))
    for turn in observe(chosen.state(), chosen.batch()):
        assert all(loss.isfinite() for loss in turn.losses.values())
        assert all(gradient.isfinite().all() for gradient in turn.filled.values())


def test_recipes_of_the_toys_are_the_published_ones():
    for toy, betas in {
        "8gaussians": (0.3, 0.2, 0.9),
        "2spirals": (0.5, 0.2, 1.0),
        "checkerboard": (0.1, 0.2, 0.2),
        "rings": (0.2, 0.2, 1.0),
    }.items():
        recipe = BY_NAME[f"soft-introvae-{toy}"]
        run = recipe.run(recipe.source(None), recipe.arch)
        assert (run.method.beta_kl, run.method.beta_rec, run.method.beta_neg) == betas
        assert (run.method.z_dim, run.method.warmup_steps, run.steps, run.data) == (2, 2000, 30_000, toy)
        assert (run.training.batch_size, run.arch) == (512, MLP(width=256, depth=4))
        rates = [run.training.optimizer.lr_at(step / run.steps) for step in (0, 9_999, 10_000, 15_000)]
        assert rates == pytest.approx([2e-4, 2e-4, 2e-5, 2e-6])
        assert run.training.optimizer.beta1 == 0.9


def test_defaults():
    assert SoftIntroVAE() == SoftIntroVAE(
        z_dim=128, beta_rec=1.0, beta_kl=1.0, beta_neg=256.0, detach_target=True, variant="plain"
    )

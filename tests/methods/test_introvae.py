from __future__ import annotations

from copy import deepcopy

import torch

from chimerae.methods import IntroVAE, introvae
from chimerae.networks import MLP, Residual
from tests.helpers.cases import Case
from tests.helpers.rows import through
from tests.helpers.tape import Tape
from tests.helpers.turns import TOTAL, observe, standing

IMAGES = (Residual(width=2), (1, 8, 8))


def case(**options) -> Case:
    return Case(IntroVAE(z_dim=3, m=20.0, **options), MLP(width=8), (2,))


def losses(chosen: Case, step: int = 0) -> list[dict[str, torch.Tensor]]:
    tape = Tape()
    with tape.recording(0):
        return standing(chosen.state(), chosen.batch(), step)


@through("w_rec, w_kl, w_neg", [(0.05, 1.0, 0.5), (1.0, 0.5, 1.0)])
def test_weights_of_the_published_code(w_rec, w_kl, w_neg):
    """`w_rec R1 + w_kl (KL + 1/2 w_neg hinges)` and `w_rec R1 + w_kl/2 (KLs)`, up to the factor w_kl."""
    chosen = case(hinge="batch_mean", alpha_g="0.5", alpha=w_neg / 2, beta=2 * w_rec / w_kl)
    state, tape, x = chosen.state(), Tape(), chosen.batch()
    with tape.recording(0):
        ours = standing(state, x)
    E, D = state.nets.encoder, state.nets.decoder
    q = E(x)
    x_r, x_p = D(q.mu + q.sigma * tape.draws[0]), D(tape.draws[1])
    r1, kl_r, kl_p = (x - x_r).square().sum(1).mean(), E(x_r).kl().mean(), E(x_p).kl().mean()
    hinges = sum(torch.relu(20.0 - k) for k in (kl_r, kl_p))
    encoder = w_rec * r1 + w_kl * (q.kl().mean() + 0.5 * w_neg * hinges)
    decoder = w_rec * r1 + w_kl * 0.5 * (kl_r + kl_p)
    torch.testing.assert_close(w_kl * ours[0]["encoder"], encoder)
    torch.testing.assert_close(w_kl * ours[1]["decoder"], decoder)


def test_decoders_turn_contains_the_gradient_of_the_reconstruction(monkeypatch):
    """Its gradient with alpha = 0 is that of beta R alone; without beta it is another."""

    def gradients(chosen: Case) -> dict[str, torch.Tensor]:
        with Tape().recording(0):
            return observe(chosen.state(), chosen.batch())[1].filled

    alone, both, game = (gradients(case(**o)) for o in ({"alpha": 0.0}, {}, {"beta": 0.0}))
    assert all(alone[key].any() for key in alone)
    assert any(not torch.allclose(both[key], game[key], rtol=1e-3) for key in both)
    monkeypatch.setitem(introvae.NLL, "unit", lambda x, y: 0 * (x - y).sum(1))
    assert not any(gradient.any() for gradient in gradients(case(alpha=0.0)).values())


def test_without_its_error_the_decoder_has_kls_alone():
    """The slides on AS-IntroVAE: `alpha (KL(x_r) + KL(x_p))`; the encoder's loss stays as it is."""
    chosen = case(decoder_error=False, beta=0.7)
    state, tape, x = chosen.state(), Tape(), chosen.batch()
    with tape.recording(0):
        ours = standing(state, x)
    E, D = state.nets.encoder, state.nets.decoder
    q = E(x)
    x_r, x_p = D(q.mu + q.sigma * tape.draws[0]), D(tape.draws[1])
    torch.testing.assert_close(ours[1]["decoder"], 0.25 * (E(x_r).kl() + E(x_p).kl()).mean())
    torch.testing.assert_close(ours[0]["encoder"], losses(case(beta=0.7))[0]["encoder"])
    assert ours[1]["decoder"] != losses(case(beta=0.7))[1]["decoder"]


def test_the_decoder_meets_the_encoder_that_has_moved():
    """With the encoder's rate at next to nothing, the second turn sees (almost) the first turn's KLs."""
    chosen, tape = case(alpha=1.0, beta=0.0), Tape()
    with tape.recording(0):
        still = standing(chosen.state(), chosen.batch())[1]["decoder"]
    with tape.playing():
        moved = observe(chosen.state(), chosen.batch())[1].losses["decoder"]
    assert abs(moved - still) > 1e-5


def test_warm_up_is_a_plain_vae_and_then_the_game_begins():
    chosen = case(warmup_steps=2)
    (first,), (last,), later = (losses(chosen, step) for step in (0, 1, 2))
    torch.testing.assert_close(first, last)
    assert first["encoder"] == first["decoder"]
    assert [list(turn) for turn in later] == [["encoder"], ["decoder"]]
    state, tape, x = chosen.state(), Tape(), chosen.batch()
    with tape.recording(0):
        standing(state, x)
    q = state.nets.encoder(x)
    x_r = state.nets.decoder(q.mu + q.sigma * tape.draws[0])
    torch.testing.assert_close(first["encoder"], ((x - x_r).square().sum(1) + q.kl()).mean())


@through("more", [{"warmup_share": 0.5}, {"warmup_share": 0.5, "warmup_steps": 2}])
def test_the_warm_up_may_be_a_share_of_the_run(more):
    chosen = case(**more)
    turns = [len(losses(chosen, step)) for step in (0, TOTAL // 2 - 1, TOTAL // 2)]
    assert turns == [1, 1, 2]
    assert len(losses(case(warmup_share=0.1, warmup_steps=TOTAL // 2), TOTAL // 2 - 1)) == 1


def test_running_statistics_of_the_encoder_are_those_of_data_alone():
    chosen = Case(IntroVAE(z_dim=3), *IMAGES)
    state = chosen.state()
    alone = deepcopy(state.nets.modules["encoder"])
    alone(chosen.batch())
    observe(state, chosen.batch())
    for (key, ours), (_, expected) in zip(
        state.nets.modules["encoder"].named_buffers(), alone.named_buffers(), strict=True
    ):
        torch.testing.assert_close(ours, expected, rtol=0, atol=0, msg=key)


def test_decoders_of_images_end_in_nothing():
    decoder = Case(IntroVAE(z_dim=3), *IMAGES).state().nets.modules["decoder"]
    with torch.no_grad():
        assert decoder(50 * torch.randn(64, 3)).abs().max() > 1


def test_defaults_are_those_of_the_switchboard():
    assert IntroVAE() == IntroVAE(
        m=120.0, alpha=0.25, beta=0.1, hinge="per_sample", alpha_g="same", warmup_steps=0
    )

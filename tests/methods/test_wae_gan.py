from __future__ import annotations

from math import log, pi

import torch
from torch.nn.functional import softplus

from chimerae import noise
from chimerae.methods import WAEGAN, Clock
from chimerae.methods.wae_gan import P_TRICKS
from chimerae.networks import MLP
from chimerae.training.players import play_batch
from chimerae.training.settings import Changes, Optimizer
from tests.helpers.cases import Case
from tests.helpers.rows import through
from tests.helpers.tape import Tape
from tests.helpers.turns import observe, standing


def case(**options) -> Case:
    return Case(WAEGAN(z_dim=3, **options), MLP(width=8), (2,))


def log_p(z: torch.Tensor, variance: float) -> torch.Tensor:
    return -0.5 * z.square().sum(1) / variance - 1.5 * log(2 * pi * variance)


def centred(z: torch.Tensor, variance: float) -> torch.Tensor:
    """`log p` but for a constant: 0 on average over the prior."""
    return 0.5 * (z.shape[1] - z.square().sum(1) / variance)


@through("update", ["simultaneous", "alternating"])
@through("p_trick", P_TRICKS)
@through("variance", [1.0, 2.0])
def test_losses_by_hand(update, p_trick, variance):
    chosen = case(update=update, p_trick=p_trick, sigma2_z=variance, penalty=4.0, recon_weight=0.3)
    state, tape, x = chosen.state(), Tape(), chosen.batch()
    with tape.recording(0):
        losses = {name: loss for turn in standing(state, x) for name, loss in turn.items()}
    z, z_q = variance**0.5 * tape.draws[0], state.nets.encoder(x).mu

    def judged(z: torch.Tensor) -> torch.Tensor:
        h, prior = state.nets.critic(z), centred(z, variance)
        every = torch.stack([torch.stack([a + b for b in prior]) for a in h])
        return {"off": h, "correct": h + prior, "official_broadcast": every}[p_trick]

    rec = (x - state.nets.decoder(z_q)).square().sum(1).mean()
    fooled = softplus(-judged(z_q)).mean()
    torch.testing.assert_close(losses["autoencoder"], 0.3 * rec + 4 * fooled)
    told = softplus(-judged(z)).mean() + softplus(judged(z_q)).mean()
    torch.testing.assert_close(losses["critic"], 4 * told)


def test_one_turn_has_the_gradients_of_two_with_everybody_else_frozen():
    chosen = case(update="simultaneous", penalty=4.0)
    state, slow, tape, x = chosen.state(), chosen.state(), Tape(), chosen.batch()
    with tape.recording(0):
        (turn,) = observe(state, x)
    E, D, A = (slow.nets.modules[name] for name in ("encoder", "decoder", "critic"))
    z = tape.draws[0]
    A.requires_grad_(False)
    z_q = E(x).mu
    rec = (x - D(z_q)).square().sum(1)
    (0.05 * rec + 4 * softplus(-A(z_q) - centred(z_q, 1.0))).mean().backward()
    A.requires_grad_()
    z_q = z_q.detach()
    (4 * (softplus(-A(z) - centred(z, 1.0)) + softplus(A(z_q) + centred(z_q, 1.0)))).mean().backward()
    for name, module in slow.nets.items():
        for key, p in module.named_parameters():
            torch.testing.assert_close(turn.filled[f"{name}.{key}"], p.grad, rtol=1e-4, atol=1e-5)


@through("p_trick, shape", [("off", 1), ("correct", 1), ("official_broadcast", 2)])
def test_only_the_named_bug_makes_a_table_of_the_batch(p_trick, shape):
    """Logits are one per sample, `[B]`; the published code's are `[B, B]`, and only under its name."""
    h, prior = torch.randn(2, 5)
    assert P_TRICKS[p_trick](h, prior).shape == (5,) * shape
    assert WAEGAN().p_trick == "correct"


def test_the_trick_leaves_the_critic_minus_the_codes_log_density_to_learn():
    """With `h = -log q` the logit is the log-ratio: 0 everywhere when codes follow the prior."""
    z = torch.randn(50, 3)
    assert P_TRICKS["correct"](-log_p(z, 1.0), log_p(z, 1.0)).abs().max() < 1e-5
    assert P_TRICKS["official_broadcast"](-log_p(z, 1.0), log_p(z, 1.0)).abs().max() > 1


@through(
    "update, turns",
    [("alternating", [{"autoencoder"}, {"critic"}]), ("simultaneous", [{"autoencoder", "critic"}])],
)
def test_order_of_updates(update, turns):
    seen = [set(turn.losses) for turn in observe(case(update=update).state(), case().batch())]
    assert seen == turns


@through("update, moved", [("alternating", True), ("simultaneous", False)])
def test_whether_the_critic_meets_the_encoder_before_or_after_its_step(update, moved):
    chosen = case(update=update, p_trick="off")
    state, before, tape, x = chosen.state(), chosen.state(), Tape(), chosen.batch()
    with tape.recording(0):
        turns = observe(state, x)
    A, encoder = before.nets.critic, (state if moved else before).nets.encoder
    expected = softplus(-A(tape.draws[0])).mean() + softplus(A(encoder(x).mu)).mean()
    torch.testing.assert_close(turns[-1].losses["critic"], expected.detach())


def test_every_pass_of_the_encoder_has_noise_of_its_own(monkeypatch):
    """In the published code every run of the encoder draws anew: the autoencoder's, the critic's, and that of
    samples.
    """
    drawn: list[torch.Tensor] = []
    truncated = noise.truncated
    monkeypatch.setattr(
        noise, "truncated", lambda *args, **like: drawn.append(truncated(*args, **like)) or drawn[-1]
    )
    chosen = case(add_noise=0.5, aef=1.0, update="alternating", p_trick="off")
    state, before, tape, x = chosen.state(), chosen.state(), Tape(), chosen.batch()
    with tape.recording(0):
        turns = observe(state, x)
    first, of_samples, of_critic = drawn
    assert not torch.equal(first, of_critic)
    A, z = before.nets.critic, tape.draws[1]
    told = softplus(-A(z)).mean() + softplus(A(state.nets.encoder(x + 0.5 * of_critic).mu)).mean()
    torch.testing.assert_close(turns[-1].losses["critic"], told.detach())
    E, D = before.nets.encoder, before.nets.decoder
    z_q, x_f = E(x + 0.5 * first).mu, D(z)
    errors = (x - D(z_q)).square().sum(1) + (x_f - D(E(x_f + 0.5 * of_samples).mu)).square().sum(1)
    expected = 0.05 * errors.mean() + softplus(-A(z_q)).mean()
    torch.testing.assert_close(turns[0].losses["autoencoder"], expected.detach())


@through("update", ["alternating", "simultaneous"])
def test_the_game_alone_raises_what_the_critic_says_of_codes(update):
    chosen = case(update=update, recon_weight=0.0, p_trick="off")
    state, x = chosen.state(optimizer=Optimizer(lr=1e-4)), chosen.batch()
    frozen = chosen.state().nets.critic

    def opinion() -> float:
        return frozen(state.nets.encoder(x).mu).mean().item()

    before = opinion()
    observe(state, x)
    assert opinion() > before


@through("p_trick", P_TRICKS)
def test_a_matched_critic_pays_two_logs_of_two(p_trick):
    """methods.md 23: near 1.386 before lambda when codes follow the prior and the critic knows."""
    z = torch.randn(400, 3, generator=torch.Generator().manual_seed(0))
    logit = P_TRICKS[p_trick](-log_p(z, 1.0), log_p(z, 1.0))
    cost = (softplus(-logit).mean() + softplus(logit).mean()).item()
    assert (abs(cost - 2 * log(2)) < 1e-4) == (p_trick == "correct")


def test_codes_come_to_look_like_the_prior():
    method = WAEGAN(z_dim=1, recon_weight=1.0, penalty=2.0)
    training = {"optimizer": Optimizer(lr=2e-3), "players": {"critic": Changes(lr=5e-3)}}
    state = Case(method, MLP(width=32), (2,)).state(**training)

    def line(n: int, step: int) -> torch.Tensor:
        along = torch.randn(n, 1, generator=noise.generator("line", step))
        return torch.tensor([2.0, -1.5]) + along * torch.tensor([1.0, 0.8])

    for step in range(600):
        torch.manual_seed(step)
        play_batch(method, state.nets, state.players, [line(64, step)], Clock(step, 600))
    x = line(2000, -1)
    with state.nets.evaluating():
        codes = method.encode(state.nets, x).mu
        made = method.generate(state.nets, codes)
    assert codes.mean().abs() < 0.3
    assert 0.7 < codes.std() < 1.3
    assert (made - x).square().sum(1).mean() < 0.05


def test_defaults_are_those_of_the_switchboard():
    assert WAEGAN() == WAEGAN(
        z_dim=64,
        penalty=1.0,
        recon_weight=0.05,
        p_trick="correct",
        update="alternating",
        sigma2_z=1.0,
        add_noise=0.0,
        aef=0.0,
    )

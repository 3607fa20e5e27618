"""Gradients of a turn against the slow way: everybody but one player frozen, everything computed again."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits as bce

from chimerae.methods import ALICE, AVAE, GAN, VAEGAN, BiGAN
from tests.helpers.cases import WITH_DRAWS_OF_METHODS, Case, by_method
from tests.helpers.rows import grouped
from tests.helpers.tape import Tape
from tests.helpers.turns import assert_slopes_close, before_norm, observe

Modules = Mapping[str, nn.Module]
Loss = Callable[[Modules, Tensor, list[Tensor]], Tensor]


def one(c: Tensor) -> Tensor:
    return bce(c, torch.ones_like(c))


def zero(c: Tensor) -> Tensor:
    return bce(c, torch.zeros_like(c))


def square(x: Tensor) -> Tensor:
    return 0.5 * x.square().flatten(1).sum(1).mean()


def divergence(mu: Tensor, logvar: Tensor) -> Tensor:
    return (0.5 * (mu.square() + logvar.exp() - 1 - logvar)).sum(1).mean()


def avae_vae(m: Modules, x: Tensor, draws: list[Tensor]) -> Tensor:
    q = m["encoder"](x)
    z = q.mu + (0.5 * q.logvar).exp() * draws[1]
    return divergence(q.mu, q.logvar) + square(x - m["decoder"](z))


def avae_generator(m: Modules, x: Tensor, draws: list[Tensor]) -> Tensor:
    z = draws[0]
    x_fake = m["generator"](torch.cat([z, *draws[2:]], 1))
    q = m["encoder"](x_fake)
    sigma = (0.5 * q.logvar).exp().detach()
    target = (1 - sigma.square()).clamp(min=0).sqrt() * z
    return square((q.mu - target) / sigma) - m["critic"](x_fake).mean()


def avae_critic(m: Modules, x: Tensor, draws: list[Tensor]) -> Tensor:
    x_fake = m["generator"](torch.cat([draws[0], *draws[2:]], 1)).detach()
    return one(m["critic"](x)) + zero(m["critic"](x_fake))


def gan_generator(m: Modules, x: Tensor, draws: list[Tensor]) -> Tensor:
    return one(m["critic"](m["generator"](draws[0])))


def gan_critic(m: Modules, x: Tensor, draws: list[Tensor]) -> Tensor:
    return one(m["critic"](x)) + zero(m["critic"](m["generator"](draws[0]).detach()))


def _vaegan_code(m: Modules, x: Tensor, draws: list[Tensor]) -> tuple[Tensor, Tensor]:
    q = m["encoder"](x)
    return q.mu + (0.5 * q.logvar).exp() * draws[0], divergence(q.mu, q.logvar)


def vaegan_encoder(m: Modules, x: Tensor, draws: list[Tensor]) -> Tensor:
    z, kl = _vaegan_code(m, x, draws)
    return kl + square(m["critic"](x)[1] - m["critic"](m["decoder"](z))[1])


def vaegan_decoder(m: Modules, x: Tensor, draws: list[Tensor]) -> Tensor:
    z = _vaegan_code(m, x, draws)[0].detach()
    c_recon, features = m["critic"](m["decoder"](z))
    c_sample, _ = m["critic"](m["decoder"](draws[1]))
    return 0.01 * square(m["critic"](x)[1] - features) - c_recon.mean() - c_sample.mean()


def vaegan_critic(m: Modules, x: Tensor, draws: list[Tensor]) -> Tensor:
    z, _ = _vaegan_code(m, x, draws)
    fakes = [m["decoder"](code).detach() for code in (z, draws[1])]
    return one(m["critic"](x)[0]) + sum(zero(m["critic"](fake)[0]) for fake in fakes)


def bigan_pair(m: Modules, x: Tensor, draws: list[Tensor]) -> Tensor:
    z = draws[0]
    q = m["encoder"](x)
    z_q = q.mu + (0.5 * q.logvar).exp() * draws[1]
    return zero(m["critic"](x, z_q)) + one(m["critic"](m["generator"](z), z))


def bigan_critic(m: Modules, x: Tensor, draws: list[Tensor]) -> Tensor:
    z = draws[0]
    q = m["encoder"](x)
    z_q = (q.mu + (0.5 * q.logvar).exp() * draws[1]).detach()
    return one(m["critic"](x, z_q)) + zero(m["critic"](m["generator"](z).detach(), z))


def alice_pair(m: Modules, x: Tensor, draws: list[Tensor]) -> Tensor:
    z, eps, eps_back = draws
    q, back = m["encoder"](x), m["encoder"](m["generator"](z))
    z_q = q.mu + (0.5 * q.logvar).exp() * eps
    z_back = back.mu + (0.5 * back.logvar).exp() * eps_back
    game = zero(m["critic"](x, z_q)) + one(m["critic"](m["generator"](z), z))
    return game + (x - m["generator"](z_q)).abs().mean() + (z - z_back).abs().mean()


def short_avae_vae(m: Modules, x: Tensor, draws: list[Tensor]) -> Tensor:
    """n/2 log v, v in motion: the slope of an estimated variance, and n/2 more in the value."""
    q = m["encoder"](x)
    x_r = m["decoder"](q.mu + (0.5 * q.logvar).exp() * draws[1])
    return divergence(q.mu, q.logvar) + 0.5 * x[0].numel() * ((x - x_r).square().mean().log() + 1)


def short_avae_generator(m: Modules, x: Tensor, draws: list[Tensor]) -> Tensor:
    x_fake = m["generator"](draws[0])
    q = m["encoder"](x_fake)
    precision = (-q.logvar).exp().detach()
    errors = precision / precision.mean() * (q.mu - draws[0]).square()
    return 0.5 * errors.sum(1).mean() - m["critic"](x_fake).mean()


def squared_slopes(c: Tensor, *inputs: Tensor) -> Tensor:
    """Of the sum of all logits, over all inputs; `tests/losses/test_penalties.py` has the closed form."""
    slopes = torch.autograd.grad(c.sum(), inputs, create_graph=True)
    return sum(slope.flatten(1).pow(2).sum(1) for slope in slopes)


def with_r1(critic: Loss, *, pairs: bool = False) -> Loss:
    """R1 of weight 1, taken every second step with twice the weight: 2 * 1/2 * |slope|^2."""

    def loss(m: Modules, x: Tensor, draws: list[Tensor]) -> Tensor:
        leaf = x.clone().requires_grad_()
        inputs = [leaf]
        if pairs:
            inputs.append(m["encoder"](x).mu.detach().requires_grad_())
        answer = m["critic"](*inputs)
        c = answer[0] if isinstance(answer, tuple) else answer
        return critic(m, x, draws) + squared_slopes(c, *inputs).mean()

    return loss


R1_CASES: dict[type, dict[str, Loss]] = {
    AVAE: {
        "vae": short_avae_vae,
        "generator": short_avae_generator,
        "critic": with_r1(avae_critic),
    },
    BiGAN: {"pair": bigan_pair, "critic": with_r1(bigan_critic, pairs=True)},
    GAN: {"generator": gan_generator, "critic": with_r1(gan_critic)},
}
"""What the options of short runs add."""
TEXTBOOK: dict[type, dict[str, Loss]] = {
    ALICE: {"pair": alice_pair, "critic": bigan_critic},
    AVAE: {"vae": avae_vae, "generator": avae_generator, "critic": avae_critic},
    BiGAN: {"pair": bigan_pair, "critic": bigan_critic},
    GAN: {"generator": gan_generator, "critic": gan_critic},
    VAEGAN: {"encoder": vaegan_encoder, "decoder": vaegan_decoder, "critic": vaegan_critic},
}
WRITTEN_OUT = [
    c
    for c in WITH_DRAWS_OF_METHODS
    if type(c.method) in TEXTBOOK and c.note in ("", "use_xi=True", "sigma=free")
]


STEADIED = [
    c
    for c in WITH_DRAWS_OF_METHODS
    if type(c.method) in R1_CASES
    and c.method.r1
    and getattr(c.method, "update", "") != "alternating"
    and len(c.shape) == 3
]


@grouped("case", by_method(WRITTEN_OUT + STEADIED))
def test_a_turn_has_the_gradients_of_the_textbook(case: Case):
    """Step 0 is one on which R1 is due."""
    textbook = R1_CASES if case in STEADIED else TEXTBOOK
    state, tape, x = case.state(), Tape(), case.batch()
    slow = case.state().nets.modules
    with tape.recording(0):
        (turn,) = observe(state, x)
    for player, loss in textbook[type(case.method)].items():
        own = case.method.players[player]
        for name, module in slow.items():
            module.requires_grad_(name in own)
            module.zero_grad()
        value = loss(slow, x, tape.draws)
        value.backward()
        torch.testing.assert_close(turn.losses[player], value.detach(), rtol=1e-9, atol=1e-10)
        slopes = {f"{net}.{key}": p.grad for net in own for key, p in slow[net].named_parameters()}
        assert_slopes_close({key: turn.filled[key] for key in slopes}, slopes, before_norm(slow))

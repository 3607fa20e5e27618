"""The introspective methods against the slow way: two phases, one player frozen, everything done again."""

from __future__ import annotations

from collections.abc import Callable
from math import exp, tanh

import torch
from torch import Tensor, nn

from chimerae.methods import ASIntroVAE, IntroVAE, SoftIntroVAE
from tests.helpers.cases import WITH_DRAWS_OF_METHODS, Case, by_method
from tests.helpers.rows import grouped
from tests.helpers.tape import Tape
from tests.helpers.turns import TOTAL, assert_slopes_close, before_norm, observe, owned

STEP = 3
Modules = dict[str, nn.Module]
Stats = tuple[Tensor, Tensor]


def stats(m: Modules, x: Tensor) -> Stats:
    q = m["encoder"](x)
    return q.mu, q.logvar


def coded(q: Stats, eps: Tensor) -> Tensor:
    return q[0] + (q[1] / 2).exp() * eps


def kl(q: Stats) -> Tensor:
    return 0.5 * (q[0] ** 2 + q[1].exp() - 1 - q[1]).sum(1)


def error(x: Tensor, y: Tensor) -> Tensor:
    return ((x - y) ** 2).flatten(1).sum(1)


def mmd(a: Stats, b: Stats, reduction: str, kernel: str) -> Tensor:
    """Of the published code: pair by pair, dimension by dimension."""

    def k(p: Stats, q: Stats) -> Tensor:
        u, v = p[0][:, None] - q[0][None], p[1].exp()[:, None] + q[1].exp()[None]
        flat = torch.exp(-0.5 * u**2 / v) / v.sqrt()
        return flat.prod(2) if kernel == "product_flat" else flat

    total = getattr(torch.Tensor, reduction)
    return total(k(a, a)) + total(k(b, b)) - 2 * total(k(a, b))


def bounded(q: Stats) -> Stats:
    return q[0].tanh(), q[1].tanh()


class Slow:
    """One batch of a method; `draws`: noise of x, prior, reconstruction, sample, and the decoder's."""

    def __init__(self, method, modules: Modules, x: Tensor, draws: list[Tensor]) -> None:
        self.h, self.m, self.x, self.draws, self.s = method, modules, x, draws, 1 / x[0].numel()
        self.z = coded(stats(modules, x), draws[0]).detach()

    def weight(self, x_r: Tensor) -> Tensor | float:
        """Of a squared error: with an estimated variance 1 / (2 v), a constant."""
        if self.h.likelihood == "unit":
            return 1.0
        return 1 / (2 * ((self.x - x_r).detach() ** 2).mean())

    def half_nll(self, x_r: Tensor) -> Tensor:
        """Half a squared error, or n/2 (log v + 1) with v in motion, whose slope is the same."""
        if self.h.likelihood == "unit":
            return 0.5 * error(self.x, x_r).mean()
        return self.x[0].numel() / 2 * (((self.x - x_r) ** 2).mean().log() + 1)

    def images(self, z: Tensor) -> tuple[Tensor, Tensor]:
        return self.m["decoder"](z), self.m["decoder"](self.draws[1])


class SlowIntro(Slow):
    def encoder(self) -> Tensor:
        q = stats(self.m, self.x)
        x_r, x_p = self.images(coded(q, self.draws[0]))
        kls = [kl(stats(self.m, fake.detach())) for fake in (x_r, x_p)]
        if self.h.hinge == "batch_mean":
            hinges = sum(torch.relu(self.h.m - k.mean()) for k in kls)
        else:
            hinges = sum(torch.relu(self.h.m - k).mean() for k in kls)
        return kl(q).mean() + self.h.alpha * hinges + self.h.beta * self.half_nll(x_r)

    def decoder(self) -> Tensor:
        x_r, x_p = self.images(self.z)
        alpha = 0.5 if self.h.alpha_g == "0.5" else self.h.alpha
        kls = sum(kl(stats(self.m, fake)).mean() for fake in (x_r, x_p))
        return alpha * kls + self.h.decoder_error * self.h.beta * self.half_nll(x_r)


class SlowSoft(Slow):
    def annealed(self, k: Tensor, d: Tensor | float) -> Tensor:
        return k

    def distance(self, q: Stats, q_r: Stats, q_f: Stats, reduction: str) -> Tensor | float:
        return 0.0

    def bounded(self, q: Stats) -> Stats:
        return q

    @property
    def judge(self) -> nn.Module:
        return self.m["target" if getattr(self.h, "variant", "") == "bootstrap" else "decoder"]

    def weight_of_kl(self, rec: float, data: float = 1.0) -> float:
        """In the exponent. Balanced: pull and push of a sample with the KL of data agree, found by halving.
        The running mean of that KL is still the 1 with which it starts.
        """
        if self.h.exponent_kl != "balanced":
            return self.s * self.h.beta_neg if self.h.exponent_kl is None else self.h.exponent_kl
        pull, low, high = self.s * self.h.beta_kl, 1 / (2 * data), 100 / data
        for _ in range(100):
            e = (low + high) / 2
            push = e * exp(-2 * (rec + e * data))
            low, high = (e, high) if push > pull else (low, e)
        return e

    def encoder(self) -> Tensor:
        h, s, q = self.h, self.s, stats(self.m, self.x)
        x_r, x_f = self.images(coded(q, self.draws[0]))
        qs = [stats(self.m, fake.detach()) for fake in (x_r, x_f)]
        d = self.distance(q, *qs, getattr(h, "reduce_e", "mean"))
        w = h.beta_rec * self.weight(x_r)
        neg = self.weight_of_kl(float(s * w * error(self.x, x_r).mean().detach()))
        pushed = torch.zeros(())
        for fake, q_k, eps in zip((x_r, x_f), qs, self.draws[2:4], strict=True):
            target = fake.detach() if h.detach_target else fake
            energy = s * w * error(target, self.judge(coded(q_k, eps)))
            pushed = pushed + (-2 * (energy + neg * self.annealed(kl(q_k), d))).exp().mean() / 4
        return s * (w * error(self.x, x_r) + h.beta_kl * kl(q)).mean() + pushed

    def decoder(self) -> Tensor:
        h = self.h
        x_r, x_f = self.images(self.z)
        qs = [stats(self.m, fake) for fake in (x_r, x_f)]
        d = self.distance(stats(self.m, self.x), *qs, "mean")
        fake = sum(self.annealed(kl(self.bounded(q_k)), d / 2).mean() / 2 for q_k in qs)
        w = h.beta_rec * self.weight(x_r)
        loss = w * error(self.x, x_r).mean() + h.beta_kl * fake
        for image, q_k, eps in zip((x_r, x_f), qs, self.draws[4:], strict=False):
            if getattr(h, "variant", "plain") == "plain":
                image, q_k = image.detach(), tuple(t.detach() for t in q_k)
            loss = loss + h.gamma_r * w / 2 * error(image, self.judge(coded(q_k, eps))).mean()
        return self.s * loss


class SlowAS(SlowSoft):
    @property
    def c(self) -> float:
        before = self.h.warmup_steps if self.h.anneal_from == "game" else 0
        t = 5 * (STEP - before) / (TOTAL - before)
        return tanh(t) if self.h.schedule == "tanh" else min(t, 1)

    def annealed(self, k: Tensor, d: Tensor | float) -> Tensor:
        return self.c * k + (1 - self.c) * d

    def distance(self, q: Stats, q_r: Stats, q_f: Stats, reduction: str) -> Tensor:
        pair = (q_r if self.h.pair == "rec_fake" else q, q_f)
        if self.h.squash != "none":
            pair = tuple(map(bounded, pair))
        return mmd(*pair, reduction, self.h.kernel)

    def bounded(self, q: Stats) -> Stats:
        return bounded(q) if self.h.squash == "distance_and_kl_d" else q


SLOW: dict[type, type[Slow]] = {IntroVAE: SlowIntro, SoftIntroVAE: SlowSoft, ASIntroVAE: SlowAS}


def written_out(case: Case) -> bool:
    odd = getattr(case.method, "kernel", "") == "per_dim_prior" or getattr(case.method, "scale", None)
    return type(case.method) in SLOW and not odd


@grouped("case", by_method([case for case in WITH_DRAWS_OF_METHODS if written_out(case)]))
def test_turns_have_the_gradients_of_the_textbook(case: Case):
    """After the encoder's gradients are compared, both encoders step: the decoder's are those of the moved
    one.
    """
    state, slow, tape, x = case.state(), case.state(), Tape(), case.batch()
    with tape.recording(0):
        turns = observe(state, x, STEP)
    modules = slow.nets.modules
    batch = SLOW[type(case.method)](case.method, modules, x, tape.draws)
    for turn, player in zip(turns, ("encoder", "decoder"), strict=True):
        _freeze_all_but(modules, player)
        loss: Callable[[], Tensor] = getattr(batch, player)
        value = loss()
        value.backward()
        torch.testing.assert_close(turn.losses[player], value.detach(), rtol=1e-9, atol=1e-10)
        assert set(turn.filled) <= owned(state, player)
        slopes = {f"{player}.{key}": p.grad for key, p in modules[player].named_parameters()}
        own = {key: turn.filled[key] for key in slopes}
        assert_slopes_close(own, slopes, before_norm(modules))
        slow.players[player].step(STEP / TOTAL)


def _freeze_all_but(modules: Modules, player: str) -> None:
    for name, module in modules.items():
        module.requires_grad_(name == player)
        module.zero_grad()

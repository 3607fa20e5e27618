"""`check_method`: every method of the package passes it, and each rule is found broken when it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import pytest
import torch

from chimerae.errors import InputError
from chimerae.methods import METHODS, Method
from chimerae.networks import MLP
from chimerae.testing import IMAGES, POINTS, ContractError, check_method
from tests.contract.test_methods import UNREACHED
from tests.helpers.cases import small
from tests.outside.path_length_gan import PathLengthGAN
from tests.outside.vq_gan import VQGAN

HINGED = {"kl-gan": ("critic.*bias",)}
"""Biases that the critic's loss reaches only once a logit is beyond 1."""


@pytest.mark.parametrize("name", [method.name for method in METHODS])
def test_every_method_of_the_package_keeps_its_contract(name):
    check_method(small(name), shapes=[POINTS], unreached=(UNREACHED | HINGED).get(name, ()))


def test_methods_from_outside_keep_it():
    check_method(VQGAN(), shapes=[IMAGES])
    check_method(PathLengthGAN(every=2), shapes=[IMAGES, POINTS])


@dataclass(frozen=True, kw_only=True)
class Broken(Method):
    """A small VAE, in which one thing at a time is broken."""

    name: ClassVar[str] = "broken"
    players: ClassVar = {"vae": ("encoder", "decoder")}
    exported: ClassVar = ("encoder", "decoder")
    z_dim: int = 3

    def networks(self, shape, arch):
        return {"encoder": arch.encoder(shape, self.z_dim), "decoder": arch.decoder(self.z_dim, shape)}

    def play(self, nets, x, clock):
        q = nets.encoder(x)
        return {"vae": ((x - nets.decoder(q.sample())).square().flatten(1).sum(1) + q.kl()).mean()}


def changed(**parts: object) -> Method:
    """`Broken` with other methods and constants."""
    return type("Broken", (Broken,), parts)()


class Idle(Broken):
    players: ClassVar = {"vae": ("encoder", "decoder"), "critic": ("encoder",)}


def scaled(play: Callable, by: Callable) -> Callable:
    return lambda self, nets, x, clock: {name: by(loss) for name, loss in play(self, nets, x, clock).items()}


class Meddling(Broken):
    """The encoder's turn moves the decoder by hand."""

    players: ClassVar = {"encoder": ("encoder",), "decoder": ("decoder",)}

    def play(self, nets, x, clock):
        yield {"decoder": nets.decoder(self.prior(x)).square().mean()}
        with torch.no_grad():
            next(nets.modules["decoder"].parameters()).add_(1.0)
        yield {"encoder": nets.encoder(x).kl().mean()}


def only_the_encoder(self, nets, x, clock):
    return {"vae": nets.encoder(x).kl().mean()}


def unseeded(self, nets, x, clock):
    shift = torch.rand((), generator=torch.Generator().manual_seed(torch.seed() % 2**31))
    return {name: loss * (1 + shift) for name, loss in Broken.play(self, nets, x, clock).items()}


class Forgetful(Broken):
    """Keeps a running number in the object, by a trick that a frozen class should have forbidden."""

    def play(self, nets, x, clock):
        seen = nets.__dict__.setdefault("seen", [])
        seen.append(1)
        return {"vae": Broken.play(self, nets, x, clock)["vae"] * len(seen)}


BROKEN = {
    "the loss of vae has shape": changed(play=scaled(Broken.play, lambda loss: loss.expand(2))),
    "the loss of vae is nan": changed(play=scaled(Broken.play, lambda loss: loss * float("nan"))),
    "has the loss of nobody, who is no player": changed(
        play=lambda self, nets, x, clock: {"nobody": nets.encoder(x).kl().mean()}
    ),
    "critic did not play": Idle(),
    r"decoder\..* moved in a turn of {'encoder'}": Meddling(),
    "no loss reaches decoder": changed(play=only_the_encoder),
    "two runs of one seed differ": changed(play=unseeded),
    "a run that stopped and went on differs": Forgetful(),
    "decoder makes": changed(decode=lambda self, nets, z: {"decoder": nets.decoder(z)[:, :1]}),
    "a sample of decoder depends on the others": changed(
        decode=lambda self, nets, z: {"decoder": nets.decoder(z) + z.mean()}
    ),
    "encode returns Tensor": changed(encode=lambda self, nets, x: nets.encoder(x).mu),
    "is the name of a method of the package": changed(name="vae"),
}


@pytest.mark.parametrize("sentence", BROKEN)
def test_a_broken_rule_is_named(sentence):
    with pytest.raises(ContractError, match=sentence):
        check_method(BROKEN[sentence], shapes=[POINTS], arch=MLP(width=8))


def test_a_class_that_cannot_be_used_is_named():
    class Plain(Broken):
        name: ClassVar[str | None] = None

    with pytest.raises(InputError, match="needs a name"):
        check_method(Plain())


def test_the_same_vae_unbroken_passes():
    check_method(Broken())

"""A step costs what it must and not a pass more; counted, so no accelerator is needed."""

from __future__ import annotations

from dataclasses import dataclass, replace

from chimerae.bench.passes import Passes
from chimerae.methods import (
    AAE,
    ALICE,
    AVAE,
    GAN,
    IAN,
    IDGAN,
    KLGAN,
    METHODS,
    VAE,
    VAEGAN,
    WAEGAN,
    WAEMMD,
    WGANGP,
    ASIntroVAE,
    AVAEFrozen,
    Biadversarial,
    BiGAN,
    IntroVAE,
    Method,
    SoftIntroVAE,
)
from chimerae.networks import DCGAN, MLP
from tests.helpers.cases import Case
from tests.helpers.rows import through
from tests.helpers.turns import observe

Count = tuple[int, int, int]
LAYERS = 3


@dataclass(frozen=True)
class Cost:
    """What one step of a method takes: per network forwards, passes to weights, passes to the input."""

    method: Method
    passes: dict[str, Count]
    minimum: int
    """Of the same update, in forwards (a `W` is two of them)."""
    excess: int = 0
    """What we take beyond the minimum."""
    why: str = ""
    first_layers: int = 0
    """Matrix products that are left out: nobody asks for the gradient of what went into the first layer."""

    @property
    def taken(self) -> int:
        return sum(f + 2 * w + i for f, w, i in self.passes.values())


COSTS = {
    "vae": Cost(VAE(z_dim=2), {"encoder": (1, 1, 0), "decoder": (1, 1, 0)}, minimum=6, first_layers=1),
    "gan": Cost(GAN(z_dim=2), {"generator": (1, 1, 0), "critic": (2, 2, 1)}, minimum=10, first_layers=3),
    "gan-alternating": Cost(
        GAN(z_dim=2, update="alternating"),
        {"generator": (1, 1, 0), "critic": (3, 2, 1)},
        minimum=11,
        first_layers=3,
    ),
    "vae-gan": Cost(
        VAEGAN(z_dim=2),
        {"encoder": (1, 1, 0), "decoder": (2, 2, 1), "critic": (3, 3, 3)},
        minimum=20,
        excess=2,
        why="the decoder's games need input gradients of their own; the minimum takes them from the critic's "
        "backward, which needs per-sample scaling, no BatchNorm, and hides the equations",
        first_layers=6 + 1,  # and the encoder's loss leaves the critic at its features, below the logit
    ),
    "avae-frozen": Cost(
        AVAEFrozen(z_dim=2, encoder="random", xi_dim=2),
        {"encoder": (2, 0, 1), "decoder": (1, 1, 0), "generator": (1, 1, 0), "critic": (2, 2, 1)},
        minimum=16,
        first_layers=4,
    ),
    "avae": Cost(
        AVAE(z_dim=2),
        {"encoder": (2, 1, 1), "decoder": (1, 1, 0), "generator": (1, 1, 0), "critic": (2, 2, 1)},
        minimum=18,
        first_layers=4,
    ),
    "introvae": Cost(
        IntroVAE(z_dim=2), {"encoder": (5, 3, 2), "decoder": (2, 2, 1)}, minimum=20, first_layers=5
    ),
    "soft-introvae": Cost(
        SoftIntroVAE(z_dim=2), {"encoder": (5, 3, 2), "decoder": (4, 2, 3)}, minimum=24, first_layers=5
    ),
    "soft-introvae-gamma": Cost(
        SoftIntroVAE(z_dim=2, gamma_r=1e-8),
        {"encoder": (5, 3, 2), "decoder": (6, 4, 3)},
        minimum=30,
        first_layers=7,
    ),
    "soft-introvae-bootstrap": Cost(
        SoftIntroVAE(z_dim=2, variant="bootstrap", gamma_r=1.0),
        {"encoder": (5, 3, 2), "decoder": (2, 2, 1), "target": (4, 0, 4)},
        minimum=28,
        first_layers=5,
    ),
    "as-introvae": Cost(
        ASIntroVAE(z_dim=2), {"encoder": (5, 3, 2), "decoder": (4, 2, 3)}, minimum=24, first_layers=5
    ),
    "as-introvae-real": Cost(
        ASIntroVAE(z_dim=2, pair="real_fake"),
        {"encoder": (6, 3, 2), "decoder": (4, 2, 3)},
        minimum=25,
        first_layers=5,
    ),
    "bigan": Cost(
        BiGAN(z_dim=2),
        {"encoder": (1, 1, 0), "generator": (1, 1, 0), "critic": (2, 2, 2)},
        minimum=14,
        first_layers=4,
    ),
    "alice": Cost(
        ALICE(z_dim=2),
        {"encoder": (2, 2, 0), "generator": (2, 2, 0), "critic": (2, 2, 2)},
        minimum=20,
        first_layers=4,
    ),
    "alice-samples-only": Cost(
        ALICE(z_dim=2, lambda_z=0),
        {"encoder": (1, 1, 0), "generator": (2, 2, 0), "critic": (2, 2, 2)},
        minimum=17,
        first_layers=4,
    ),
    "alice-implicit": Cost(
        ALICE(z_dim=2, cycle="implicit"),
        {
            "encoder": (2, 2, 0),
            "generator": (2, 2, 0),
            "critic": (2, 2, 2),
            "cycle_critic": (2, 2, 1),
        },
        minimum=27,
        first_layers=6,
    ),
    "biadversarial": Cost(
        Biadversarial(z_dim=2),
        {
            "encoder": (1, 1, 0),
            "decoder": (2, 1, 1),
            "inference_critic": (3, 2, 1),
            "generative_critic": (5, 2, 3),
        },
        minimum=28,
        first_layers=6 - 3,  # the layer that spreads the encoder's noise is one more
    ),
    "biadversarial-of-code": Cost(
        Biadversarial(z_dim=2, inference_disc="marginal", generative_disc="image", divergences="code"),
        {
            "encoder": (1, 1, 0),
            "decoder": (2, 1, 1),
            "inference_critic": (3, 2, 1),
            "generative_critic": (4, 2, 2),
        },
        minimum=26,
        first_layers=6 - 3,
    ),
    "wae-mmd": Cost(WAEMMD(z_dim=2), {"encoder": (1, 1, 0), "decoder": (1, 1, 0)}, minimum=6, first_layers=1),
    "wae-gan": Cost(
        WAEGAN(z_dim=2, update="simultaneous"),
        {"encoder": (1, 1, 0), "decoder": (1, 1, 0), "critic": (2, 2, 1)},
        minimum=6 + 7,  # the critic sees codes only: nearly free
        first_layers=3,
    ),
    "wae-gan-alternating": Cost(
        WAEGAN(z_dim=2),
        {"encoder": (2, 1, 0), "decoder": (1, 1, 0), "critic": (3, 2, 1)},
        minimum=7 + 8,  # the encoder has moved: its codes and what the critic says of them are new
        first_layers=3,
    ),
    "aae": Cost(
        AAE(z_dim=2),
        {"encoder": (2, 2, 0), "decoder": (1, 1, 0), "critic": (3, 2, 1)},
        minimum=9 + 8,  # a third phase: the encoder learns from the game by itself
        first_layers=4,
    ),
}


@through("name", COSTS)
@through("arch", ["mlp", "dcgan"])
def test_passes_per_step(name, arch):
    cost = COSTS[name]
    counted = count(cost.method, arch)
    assert {network: counted.of(network) for network in cost.passes} == cost.passes
    assert {network for network, _ in counted.counts} == set(cost.passes)
    assert cost.taken == cost.minimum + cost.excess
    assert bool(cost.excess) == bool(cost.why)


@through("name", COSTS)
def test_input_gradients_cost_no_weight_gradients(name):
    """In matrix products a layer: one for a forward or a pass to the input, two for one to the weights."""
    cost = COSTS[name]
    assert count(cost.method, "mlp").products == LAYERS * cost.taken - cost.first_layers


def test_wgan_gp():
    """Per critic step G 1F without a graph, C 3F; then G 1F1W, C 1F1I."""
    method = WGANGP(z_dim=2, n_critic=2)
    critic_step, both = count(method, "mlp", step=0), count(method, "mlp", step=1)
    assert critic_step.of("generator") == (1, 0, 0)
    assert critic_step.of("critic") == (3, 2, 1)  # the third pass is differentiated twice
    assert both.of("generator") == (2, 1, 0)
    assert both.of("critic") == (4, 2, 2)


def test_id_gan():
    """A VAE's step; then G 1F without a graph and 1F1W, C 3F and the frozen encoder 2F1I."""
    method = IDGAN(z_dim=2, first_stage_share=0.01)
    vae, gan = count(method, "mlp", step=0), count(method, "mlp", step=1)
    assert {network for network, _ in vae.counts} == {"encoder", "decoder"}
    assert vae.of("encoder") == vae.of("decoder") == (1, 1, 0)
    assert gan.of("generator") == (2, 1, 0)
    assert gan.of("encoder") == (2, 0, 1)
    assert gan.of("decoder") == (0, 0, 0)
    forwards, to_weights, to_input = gan.of("critic")
    assert (forwards, to_input) == (3, 2)  # once for the slope, once for the generator
    assert to_weights == 2


def test_ian_on_alternate_batches():
    """Everybody is asked on every batch, but only the movers are differentiated."""
    method = IAN(z_dim=2)
    autoencoder, critic = count(method, "mlp", step=0), count(method, "mlp", step=1)
    assert critic.of("critic") == (3, 3, 0)
    assert critic.of("decoder") == (2, 0, 0)
    assert critic.of("encoder") == (1, 0, 0)
    assert autoencoder.of("decoder") == (2, 2, 1)
    assert autoencoder.of("encoder") == (1, 1, 0)
    assert autoencoder.of("critic") == (3, 0, 3)


def test_kl_gan():
    """E and D 1F 1W, a critic of patches 2F 2W 1I; the adaptive weight repeats the pass to its input."""
    plain = KLGAN(z_dim=2, perceptual_weight=0.0, critic_start=0.0, scale="fixed", adaptive=False)
    for adaptive in (False, True):
        counted = count(replace(plain, adaptive=adaptive), "dcgan")
        assert counted.of("encoder") == (1, 1, 0)
        assert counted.of("decoder") == (1, 1, 2 * adaptive)  # twice to its last layer
        assert counted.of("critic") == (2, 2, 1 + adaptive)


def test_every_method_is_counted():
    assert {type(cost.method) for cost in COSTS.values()} | {WGANGP, IDGAN, IAN, KLGAN} == set(METHODS)


def count(method: Method, arch: str, step: int = 0) -> Passes:
    networks = MLP(width=8, depth=LAYERS - 1) if arch == "mlp" else DCGAN(width=2)
    case = Case(method, networks, (1, 8, 8))
    state = case.state()
    passes = Passes(state)
    with passes.counting():
        observe(state, case.batch(), step)
    return passes

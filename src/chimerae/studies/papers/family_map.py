"""The map of the family: fidelity and realism of every method after equal time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chimerae.recipes.build import build
from chimerae.recipes.short import SHORT, SHORT_ARCH, short_arch, short_settings
from chimerae.shapes import Shape
from chimerae.studies.columns import columns
from chimerae.studies.papers.earlier import EARLIER
from chimerae.studies.study import Arm, Map, MetricColumn, Scale, Study, StudyResults, Verdict

SECONDS: Mapping[Scale, float] = {"quick": 600.0, "paper": 3600.0}
"""Learning time of each run: ten minutes, or an hour."""
VAE, BIGAN, AVAE, INTROVAE, AS_INTROVAE = "VAE", "BiGAN", "AVAE", "IntroVAE", "AS-IntroVAE"
BIADVERSARIAL, ID_GAN = "Biadversarial", "ID-GAN"
GENERATOR = f"{AVAE}: generator"
RECIPES: Mapping[str, str] = {
    VAE: "vae",
    "GAN": "gan",
    "WGAN-GP": "wgan-gp",
    "VAE/GAN": "vae-gan",
    BIGAN: "bigan",
    "ALICE": "alice",
    AVAE: "avae",
    INTROVAE: "introvae",
    "Soft-IntroVAE": "soft-introvae",
    AS_INTROVAE: "as-introvae",
    BIADVERSARIAL: "biadversarial",
    "WAE-MMD": "wae-mmd",
    "WAE-GAN": "wae-gan",
    "AAE": "aae",
    ID_GAN: "id-gan",
    "IAN": "ian",
}
DIGITS, MNIST, FACES = "digits", "MNIST", "LFW"
SHARE: Mapping[str, float] = {DIGITS: 0.2, MNIST: 0.5, FACES: 1.0}
"""Share of that time by data: digits have 64 pixels, MNIST one channel."""
SHAPE: Mapping[str, Shape] = {DIGITS: (1, 8, 8), MNIST: (1, 32, 32), FACES: (3, 32, 32)}
DATA: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    DIGITS: ("digits", {"method.z_dim": 16}),
    MNIST: ("mnist", {"prepare.size": 32, "prepare.fit": "pad"}),
    FACES: ("lfw", {"prepare.size": 32}),
}
DIGITS_BEFORE: Mapping[str, Mapping[str, Any]] = {
    "": {"training.batch_size": 64},
    AVAE: {"method.latent_weight": 1.0, "method.r1": 0.0, "method.sigma_start": 1.0},
    BIADVERSARIAL: {"method.recon_weight": 20.0, "method.recon_reduction": "sum"},
    ID_GAN: {
        "method.beta": 1.0,
        "method.first_stage_share": 0.3,
        "method.w_info": 0.01,
        "method.r1_every": 1,
        "method.critic_norm": False,
        **{
            key: None
            for key in SHORT["id-gan"]
            if key.startswith(("training.players.g", "training.players.c"))
        },
    },
    "IAN": {"method.r1": 0.0, "method.w_pixels": 3.0, "training.players.critic.lr": 2e-4},
}
"""Settings of the short recipes when the digits were run, for all methods and for single ones; None: absent.

`docs/short-runs.md` has those of today. Codes of digits have 16 numbers, and their decoders are transposed
convolutions.
"""
AGAIN = (VAE, AVAE, INTROVAE, "Soft-IntroVAE", AS_INTROVAE)
RECORDED: Mapping[tuple[str, str], Mapping[str, Any]] = {
    (FACES, BIADVERSARIAL): {"method.r1": 0.0},
    (DIGITS, AS_INTROVAE): {"method.anneal_share": 0.2},
}
"""Settings of the short recipes when these rows were run, where they differ from those of today."""
FIDELITY = "fvu"
REALISM: Mapping[str, str] = {
    DIGITS: "fd_classifier",
    MNIST: "fd_efficientnet",
    FACES: "fd_efficientnet",
}
"""Metric of realism by data: a network trained on photographs does not suit digits of 8x8 pixels."""
SHOWS = (
    *columns(FIDELITY, "mse_signed", "ssim", "fd_efficientnet", "variety_efficientnet"),
    *columns("precision_efficientnet", "recall_efficientnet"),
    MetricColumn("fd_classifier", "FD, classifier"),
    *columns("label_agreement", "copied"),
)
SAME: Mapping[str, Any] = {
    "training.picture_every": 10_000,
    "evaluation.n": 2_000,
    "evaluation.metrics": tuple(shown.metric for shown in SHOWS),
}


def arms(scale: Scale) -> tuple[Arm, ...]:
    """All methods on every data set; the AVAE has two rows, of its decoder and of its generator."""
    return tuple(_arm(group, title, scale) for group in DATA for title in RECIPES)


def _arm(group: str, title: str, scale: Scale) -> Arm:
    (source, prepared), name = DATA[group], RECIPES[title]
    settings = {**short_settings(name, SHAPE[group]), **SAME, **prepared}
    if title == AVAE:
        settings["method.recon_code"] = "sample"  # as all others reconstruct
    if group == DIGITS:
        before = {**DIGITS_BEFORE[""], **DIGITS_BEFORE.get(title, {})}
        settings = {k: v for k, v in settings.items() if k not in before}
        settings |= {k: v for k, v in before.items() if v is not None}
    arch = SHORT_ARCH if group == DIGITS else short_arch(name)
    run = build(name, data=source, arch=arch, settings=settings)
    networks = ("decoder", "generator") if title == AVAE else ()
    seconds = SECONDS[scale] * SHARE[group]
    earlier = {} if group == DIGITS else EARLIER.get(name, {})
    recorded = {**earlier, **RECORDED.get((group, title), {})}
    return Arm(title, run, group, networks, seconds, recorded)


def verdict(found: StudyResults) -> Verdict:
    """The promise of an AVAE on every finished data set, and the rows that no other beats at both measures.

    Its generator draws better than a VAE and reconstructs better than a BiGAN, both at p < .05.
    """
    groups = [group for group in DATA if (f"{group}, {VAE}", REALISM[group]) in found.values]
    if not groups:
        return Verdict("unclear", "no data set has the measures of the map")
    lost = [line for group in groups for line in _lost(found, group)]
    frontiers = "; ".join(f"{group}: {', '.join(frontier(found, group))}" for group in groups)
    told = f"no method is better at both than these: {frontiers}"
    if lost:
        return Verdict("disagrees", f"{'; '.join(lost)}; {told}")
    kept = "AVAE's generator samples better than the VAE and reconstructs better than BiGAN"
    return Verdict("agrees", f"on {' and '.join(groups)} {kept}; {told}")


def _lost(found: StudyResults, group: str) -> list[str]:
    """Claims that an AVAE's generator fails, in words."""
    rivals = (
        (VAE, REALISM[group], "sample more realistically"),
        (BIGAN, FIDELITY, "reconstruct more exactly"),
    )
    lines = []
    for rival, metric, deed in rivals:
        ours, theirs = (found(f"{group}, {row}", metric) for row in (GENERATOR, rival))
        if not ours.below(theirs):
            lines.append(
                f"on {group} AVAE's generator does not {deed} than {rival}: "
                f"{ours.mean:.3g} against {theirs.mean:.3g} ({ours.versus(theirs)})"
            )
    return lines


def frontier(found: StudyResults, group: str) -> list[str]:
    """Rows of a group on the Pareto frontier of both axes, by their means; best fidelity first."""
    places = {
        row: (found(row, FIDELITY).mean, found(row, REALISM[group]).mean)
        for row, metric in found.values
        if metric == FIDELITY and row.startswith(f"{group}, ") and (row, REALISM[group]) in found.values
    }
    best = [
        row
        for row, (x, y) in places.items()
        if not any(a <= x and b <= y and (a, b) != (x, y) for a, b in places.values())
    ]
    names = {row.removeprefix(f"{group}, "): places[row] for row in best}
    return sorted((name for name in names if name != AVAE), key=lambda name: names[name])


def _minutes(group: str) -> str:
    return f"{SHARE[group] * SECONDS['quick'] / 60:.0f}"


STUDY = Study(
    name="family-map",
    about="Which methods reconstruct well, which sample well, and which do both, in the same time?",
    source="the promise of Plumerault et al. 2020 (arXiv 2012.11551), for the whole family",
    method=f"""\
Sixteen methods, the same time for each run: {_minutes(FACES)} minutes of a core for learning on faces,
{_minutes(MNIST)} on MNIST, {_minutes(DIGITS)} on digits (`--budget` for another). Times compare within a data
set: the processor of MNIST takes about half as long for a step as that of the faces (`docs/studies.md`). Some
rows were run again after their settings had changed, on another processor, for as many steps as their first
run had time for (`--steps-from`): on faces {", ".join(AGAIN[:-1])} and {AGAIN[-1]}, on MNIST AVAE and the
last three of these. Soft-IntroVAE's last runs have 11 percent fewer, since a shorter warm-up leaves more of
them to the game, whose steps take longer. All have the settings of
`--preset short`, the same convolutional networks (`dcgan`, width 16; on MNIST and faces decoders upsample
bilinearly where a critic judges their images), a code of 32 or 64 numbers, 16 for digits. In that time an
AVAE plays half as many steps as a GAN. Digits are 8x8, MNIST and faces 32x32.
Fidelity is the fraction of the variance of test images that reconstructions leave
unexplained: 0 is exact, 1 the mean image. Realism is the Frechet distance of samples to as many test images
(at most 2,000; all there are of digits and faces) on the features of EfficientNet-Lite0. For digits it is
taken on those of a classifier of digits: 180 of them say little in 1,280 dimensions, and the network knows
photographs. That choice was made when the first seed was known; the table has both. The row of the data is
training images in place of samples, which no model can be expected to beat. An AVAE has two networks that
generate from one code. GAN and WGAN-GP have no encoder, and stand at the edge of the map. On digits
the annealing of AS-IntroVAE ends before its game begins, so it is Soft-IntroVAE for a few steps more: where
the two rows differ, they show what chance does. There the decoders of the last three also have BatchNorm's
statistics of codes of data and of the prior; on MNIST and faces of codes of data alone
(`docs/decisions.md`).""",
    arms=arms,
    shows=SHOWS,
    verdict=verdict,
    map=Map(
        MetricColumn(FIDELITY, "variance unexplained"),
        MetricColumn("fd_efficientnet", "FD, EfficientNet"),
        centre=1.0,
        y_of={DIGITS: MetricColumn("fd_classifier", "FD, classifier")},
    ),
    pictures=("reconstructions", "samples"),
    columns=4,
    by_group=True,
)

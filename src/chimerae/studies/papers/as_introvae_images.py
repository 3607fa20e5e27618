"""Tables 2 and 3 of the AS-IntroVAE paper: realism and reconstruction on images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chimerae.recipes.build import build
from chimerae.recipes.short import short_arch, short_settings
from chimerae.studies.columns import columns
from chimerae.studies.papers.earlier import EARLIER
from chimerae.studies.study import Arm, MetricColumn, Scale, Study, StudyResults, Verdict

WGAN, SOFT, AS, CODE = "WGAN-GP", "Soft-IntroVAE", "AS-IntroVAE", "AS-IntroVAE as published code"


@dataclass(frozen=True)
class Script:
    """Settings that the published script has for a data set."""

    z_dim: int
    batch: int
    epochs: int
    soft_epochs: int
    """Epochs of Soft-IntroVAE and WGAN-GP."""
    channels: tuple[int, ...]


@dataclass(frozen=True)
class ImageSet:
    """A data set, with its settings and the published numbers."""

    title: str
    data: str
    train: int
    """Training images, which turn epochs into steps."""
    script: Script
    fid: tuple[str, str, str] | None
    """FID of WGAN-GP, Soft-IntroVAE and AS-IntroVAE."""
    rebuilt: tuple[tuple[str, str, str], tuple[str, str, str]]
    """PSNR, SSIM and MSE of Soft-IntroVAE and of AS-IntroVAE."""
    own: Mapping[str, float] = field(default_factory=dict)
    """Weights other than 1, 1, 256."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Further settings of all methods."""
    soft: Mapping[str, Any] = field(default_factory=dict)
    """Changes of the script to these settings for Soft-IntroVAE."""


ROWS = (
    ImageSet(
        "MNIST",
        "mnist",
        60_000,
        Script(z_dim=32, batch=128, epochs=100, soft_epochs=50, channels=(64, 128)),
        fid=("139.02", "98.84", "96.16"),
        rebuilt=(("20.282", ".885", ".011"), ("21.014", ".898", ".009")),
    ),
    ImageSet(
        "CIFAR10",
        "cifar10",
        50_000,
        Script(z_dim=128, batch=64, epochs=150, soft_epochs=100, channels=(64, 128, 256)),
        fid=("434.11", "275.20", "271.69"),
        rebuilt=(("19.300", ".599", ".019"), ("19.445", ".620", ".019")),
    ),
    ImageSet(
        "Oxford",
        "oxford-buildings",
        4_557,
        Script(z_dim=128, batch=32, epochs=150, soft_epochs=150, channels=(64, 128, 256, 512, 512)),
        fid=None,
        rebuilt=(("15.372", ".348", ".049"), ("20.168", ".604", ".013")),
        soft={"method.beta_neg": 0.5},
    ),
    ImageSet(
        "CelebA-128",
        "celeba-whole",
        162_770,
        Script(z_dim=256, batch=32, epochs=150, soft_epochs=150, channels=(64, 128, 256, 512, 512)),
        fid=("160.53", "140.35", "130.74"),
        rebuilt=(("17.818", ".561", ".018"), ("22.924", ".801", ".006")),
        own={"method.beta_kl": 0.5},
        settings={"prepare.size": 128, "training.flip": True},
        soft={"method.z_dim": 128},
    ),
    ImageSet(
        "CelebA-256",
        "celeba-whole",
        162_770,
        Script(z_dim=256, batch=32, epochs=150, soft_epochs=150, channels=(64, 128, 256, 512, 512, 512)),
        fid=("170.79", "143.33", "129.61"),
        rebuilt=(("22.422", ".790", ".007"), ("23.156", ".758", ".006")),
        own={"method.beta_kl": 0.5, "method.beta_neg": 1024.0},
        settings={"prepare.size": 256, "training.flip": True},
        soft={"training.batch_size": 16},
    ),
)
AS_CODE: Mapping[str, Any] = {
    "method.schedule": "tanh",
    "method.reduce_e": "sum",
    "method.squash": "distance_and_kl_d",
    "method.detach_target": False,
    "method.gamma_r": 1e-8,
}
"""Differences of the published code from the paper."""
PAPER: Mapping[str, Any] = {
    "training.ema": 0.0,
    "evaluation.bn": "batch",
    "evaluation.samples": 50_000,
    "evaluation.n": 50_000,
    "evaluation.real": "train",
}
"""Scoring of the published code: its average makes pictures only, no network is in evaluation mode, and
50,000 samples are compared with up to as many training images.
"""
SHAPE = (3, 32, 32)
GENERATION = columns("fid", "fd_efficientnet", "fd_classifier", "kd_classifier", "swd")
RECONSTRUCTION = columns("psnr", "ssim", "mse_unit")
QUICK: Mapping[str, Any] = {
    "steps": 3_000,
    "training.picture_every": 300,
    "evaluation.n": 2_000,
    "evaluation.metrics": tuple(shown.metric for shown in (*GENERATION, *RECONSTRUCTION)),
}
"""Length of a short run for two cores, with the settings of `--preset short`, and its evaluation."""
QUICK_SIZE: Mapping[str, Mapping[str, Any]] = {
    "mnist": {"prepare.size": 32, "prepare.fit": "pad"},
    "cifar10": {},
}
"""Preparation of a data set at quick scale; 64 px for others."""
SHEETS = 10
"""Picture sheets of a run at paper scale, besides the first."""


def arms(scale: Scale) -> tuple[Arm, ...]:
    """All methods on every data set."""
    own = _short_arms if scale == "quick" else _paper_arms
    return tuple(arm for row in ROWS for arm in own(row))


def _short_arms(row: ImageSet) -> tuple[Arm, ...]:
    prepared = QUICK_SIZE.get(row.data, {"prepare.size": 64})
    shape = (3, 64, 64) if prepared.get("prepare.size") == 64 else SHAPE

    def arm(title: str, name: str, own: Mapping[str, Any]) -> Arm:
        settings = {**short_settings(name, shape), **QUICK, **prepared, **own}
        run = build(name, data=row.data, arch=short_arch(name), settings=settings)
        return Arm(title, run, row.title, recorded=EARLIER.get(name, {}))

    return (
        arm(WGAN, "wgan-gp", {}),
        arm(SOFT, "soft-introvae", {}),
        arm(AS, "as-introvae", {}),
        arm(CODE, "as-introvae", AS_CODE),
    )


def _paper_arms(row: ImageSet) -> tuple[Arm, ...]:
    script = row.script
    same = {"training.batch_size": script.batch, "arch.channels": script.channels, **row.settings, **PAPER}
    code = {"method.z_dim": script.z_dim, **row.own}

    def arm(title: str, name: str, epochs: int, own: Mapping[str, Any]) -> Arm:
        settings = {**same, **own}
        steps = epochs * row.train // settings["training.batch_size"]
        settings |= {"steps": steps, "training.picture_every": -(-steps // SHEETS)}
        return Arm(title, build(name, data=row.data, arch="residual", settings=settings), row.title)

    return (
        arm(WGAN, "wgan-gp", script.soft_epochs, {"method.z_dim": script.z_dim}),
        arm(SOFT, "soft-introvae", script.soft_epochs, {**code, **row.soft}),
        arm(AS, "as-introvae", script.epochs, code),
        arm(CODE, "as-introvae", script.epochs, {**code, **AS_CODE}),
    )


def _verdict(found: StudyResults, metrics: tuple[str, ...]) -> Verdict:
    """AS-IntroVAE ahead of Soft-IntroVAE in every column, on every data set that is finished."""
    ahead, not_ahead, behind = [], [], []
    for row in ROWS:
        for metric in metrics:
            if (f"{row.title}, {AS}", metric) not in found.values:
                continue
            ours, theirs = (found(f"{row.title}, {method}", metric) for method in (AS, SOFT))
            told = f"{row.title} {metric} {ours.mean:.4g} against {theirs.mean:.4g} ({ours.versus(theirs)})"
            lower = MetricColumn(metric, "").better == "lower"
            if not ours.differs(theirs):
                not_ahead.append(told)
            elif (ours.mean < theirs.mean) == lower:
                ahead.append(told)
            else:
                behind.append(told)
    if behind:
        return Verdict("disagrees", f"AS-IntroVAE is behind Soft-IntroVAE: {'; '.join(behind)}")
    if not_ahead or not ahead:
        return Verdict("unclear", f"no difference at p < .05: {'; '.join(not_ahead) or 'nothing'}")
    return Verdict("agrees", f"AS-IntroVAE is ahead of Soft-IntroVAE: {'; '.join(ahead)}")


def _pub(
    titles: tuple[str, ...], metric: str, values: tuple[str, ...], row: ImageSet
) -> dict[tuple[str, str], str]:
    return {(f"{row.title}, {title}", metric): value for title, value in zip(titles, values, strict=True)}


def _published(realism: bool) -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    for row in ROWS:
        if realism:
            found |= {} if row.fid is None else _pub((WGAN, SOFT, AS), "fid", row.fid, row)
            continue
        for i, metric in enumerate(("psnr", "ssim", "mse_unit")):
            found |= _pub((SOFT, AS), metric, tuple(numbers[i] for numbers in row.rebuilt), row)
    return found


METHOD = f"""\
Paper scale: residual networks of Soft-IntroVAE's code, Adam(2e-4, 0.9), weights (beta_kl, beta_rec, beta_neg)
= (1, 1, 256) but for CelebA (beta_kl 0.5, and beta_neg 1024 at 256), as the published script has them, epochs
of the script, its last weights and the batch's statistics. Soft-IntroVAE is the script's baseline: beta_neg
0.5 on Oxford, a code of 128 on CelebA-128, batches of 16 on CelebA-256; WGAN-GP, which the script lacks, has
the code and the batch of the row. Quick scale: the settings of `--preset short`, convolutional networks of
width 16, {QUICK["steps"]:,} steps of 32 images for every row. `as published code` has the options in which
the code leaves the paper: tanh annealing, a sum over the encoder's distances, a squashed KL, reconstructions
that stay attached as targets of the encoder, and 1e-8 of the fakes' error for the decoder. `Oxford` is read
as the buildings, a folder of images."""

TABLE2 = Study(
    name="as-introvae-table2",
    about="Does AS-IntroVAE draw better images than Soft-IntroVAE and WGAN-GP?",
    source="Lu et al. 2022 (arXiv 2206.13903), table 2",
    method=METHOD
    + """ At paper scale 50,000 samples are compared with up to as many
training images, at quick scale 2,000 samples with as many test images. The published FIDs are
far above what these models normally have: the code that computes them lets BatchNorm use the statistics of
the batch, in the Inception network too. Their order is what can be compared. Run folders can be shared with
`as-introvae-table3` through `--out`. At quick scale Soft- and AS-IntroVAE draw CIFAR-10 as blurred colours
and outlines; WGAN-GP, with a critic of its own, draws texture. Neither draws objects in 3,000 steps.""",
    arms=arms,
    shows=GENERATION,
    verdict=lambda found: _verdict(found, ("fid", "fd_efficientnet", "fd_classifier")),
    published=_published(realism=True),
    pictures=("samples", "interpolation"),
    learning=True,
    columns=4,
    by_group=True,
)
TABLE3 = Study(
    name="as-introvae-table3",
    about="Does AS-IntroVAE reconstruct images better than Soft-IntroVAE?",
    source="Lu et al. 2022 (arXiv 2206.13903), table 3",
    method=METHOD
    + """ PSNR and MSE are of images in [0, 1], image by image. The source does not say which images it
rebuilds; ours are those of the test split.""",
    arms=lambda scale: tuple(arm for arm in arms(scale) if arm.name != WGAN),
    shows=RECONSTRUCTION,
    verdict=lambda found: _verdict(found, ("psnr", "ssim", "mse_unit")),
    published=_published(realism=False),
    pictures=("reconstructions",),
    columns=4,
    by_group=True,
)

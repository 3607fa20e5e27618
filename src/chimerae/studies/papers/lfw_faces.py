"""Faces: six ways to encode and to draw, one budget, and measures of both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chimerae.recipes.build import build
from chimerae.recipes.short import short_arch, short_settings
from chimerae.studies.columns import columns
from chimerae.studies.papers.earlier import EARLIER
from chimerae.studies.study import Arm, MetricColumn, Scale, Study, StudyResults, Verdict

VAE, GAN, VAE_GAN, BIGAN, AVAE = "VAE", "GAN", "VAE/GAN", "BiGAN", "AVAE"
DECODER, GENERATOR = f"{AVAE}: decoder", f"{AVAE}: generator"
LABELS = "cifar10"
"""Data set of the classifier's labels. Names of faces do not suit it: one picture is too few to learn one."""
NEIGHBOURHOODS = ("precision", "recall", "density", "coverage")
OF_CLASSIFIER = tuple(f"{name}_classifier[{LABELS}]" for name in ("fd", "kd", *NEIGHBOURHOODS))
REALISM = ("swd", "fd_efficientnet", *OF_CLASSIFIER, "fid", "kid", *NEIGHBOURHOODS)
FIDELITY = ("mse_signed", "psnr", "ssim", "lpips")
"""Measures that count, as far as they could be computed: some need published weights."""

SHAPE = (3, 64, 64)
SAME: Mapping[str, Any] = {
    "method.z_dim": 64,
    "training.save_every": 1_000,
    "evaluation.labels": LABELS,
}
QUICK: Mapping[str, Any] = {"steps": 3_000, "training.picture_every": 300}
"""96,000 images with the settings and the narrow networks of short runs."""
PAPER: Mapping[str, Any] = {
    "arch.width": 64,
    "training.batch_size": 64,
    "training.picture_every": 5_000,
    "steps": 50_000,
}
"""3.2 million images with networks of DCGAN's width."""
OWN: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    VAE: ("vae", {}),
    GAN: ("gan", {}),
    VAE_GAN: ("vae-gan", {"method.beta": 5.0}),
    BIGAN: ("bigan", {}),
    AVAE: ("avae", {}),
    "Soft-IntroVAE": ("soft-introvae", {"method.beta_kl": 0.5}),
    "WAE-MMD": ("wae-mmd", {}),
}
"""The sources' settings for faces: VAE/GAN's beta in the AVAE paper's comparison, Soft-IntroVAE's beta_kl."""


def arms(scale: Scale) -> tuple[Arm, ...]:
    """One row per method; the AVAE has two, of its decoder and of its generator."""
    return tuple(_arm(title, scale) for title in OWN)


def _arm(title: str, scale: Scale) -> Arm:
    name, own = OWN[title]
    if scale == "quick":
        row = {"method.recon_code": "sample"} if title == AVAE else {}  # as all others reconstruct
        settings = {**short_settings(name, SHAPE), **SAME, **QUICK, **row}
        run = build(name, data="lfw", arch=short_arch(name), settings=settings)
    else:
        run = build(name, data="lfw", arch="dcgan", settings={**SAME, **PAPER, **own})
    networks = ("decoder", "generator") if title == AVAE else ()
    return Arm(title, run, networks=networks, recorded=EARLIER.get(name, {}))


def verdict(found: StudyResults) -> Verdict:
    """The promise of an AVAE: its generator draws better than a VAE, and reconstructs better than a BiGAN.

    A measure that only one of the two has is lost, or cannot be judged.
    """
    judged = [m for m in (*REALISM, *FIDELITY) if any(_has(found, row, m) for row in (GENERATOR, _rival(m)))]
    alone = [m for m in judged if not _has(found, _rival(m), m)]
    if alone or not judged:
        return Verdict(
            "unclear", f"nothing to compare AVAE's generator with in: {', '.join(alone) or 'anything'}"
        )
    lost = [m for m in judged if not _better(found, m)]
    if not lost:
        return Verdict(
            "agrees",
            "AVAE's generator is at p < .05 more real than the VAE on every measure of samples, and "
            f"nearer to the originals than BiGAN on every measure of reconstructions ({len(judged)} in all)",
        )
    won = f"AVAE's generator is better at p < .05 in {len(judged) - len(lost)} of {len(judged)} measures"
    told = ", ".join(f"{m} ({_told(found, m)})" for m in lost)
    behind = any(not _has(found, GENERATOR, m) or _differ(found, m) for m in lost)
    return Verdict("disagrees" if behind else "unclear", f"{won}, not in: {told}")


def _rival(metric: str) -> str:
    return BIGAN if metric in FIDELITY else VAE


def _has(found: StudyResults, row: str, metric: str) -> bool:
    return (row, metric) in found.values


def _differ(found: StudyResults, metric: str) -> bool:
    return found(GENERATOR, metric).differs(found(_rival(metric), metric))


def _better(found: StudyResults, metric: str) -> bool:
    if not _has(found, GENERATOR, metric):
        return False
    lower = MetricColumn(metric, "").better == "lower"
    ahead = (found(GENERATOR, metric).mean < found(_rival(metric), metric).mean) == lower
    return ahead and _differ(found, metric)


def _told(found: StudyResults, metric: str) -> str:
    theirs = found(_rival(metric), metric)
    against = f"against {_rival(metric)}'s {theirs.mean:.3g}"
    if not _has(found, GENERATOR, metric):
        return f"nothing {against}"
    ours = found(GENERATOR, metric)
    return f"{ours.mean:.3g} {against} ({ours.versus(theirs)})"


STUDY = Study(
    name="lfw-faces",
    about="Which methods reconstruct faces, which sample them, and does an AVAE do both?",
    source="the comparison of Plumerault et al. 2020 (arXiv 2012.11551), table 1, on other faces",
    method=f"""\
Labeled Faces in the Wild at 64x64, nobody in both splits. One budget for all: the same convolutional
networks (`dcgan`), a code of 64 numbers, the same number of images. At paper scale each method keeps the
optimiser and the weights that its source has for faces; at quick scale all have the settings of `--preset
short`, and decoders upsample bilinearly where a critic judges their images. The table has both axes:
reconstructions of test images, and samples against as many test images. The labels of these faces, a name
each, cannot be learnt, so most distances, precision and recall are taken on the features of a classifier of
{LABELS} at 64x64: they see texture and shape, not likeness. Precision and density count samples that lie
among the data: means of many faces do, so a VAE has much of both, and little recall and coverage. The first
row of the AVAE is its decoder, a VAE's; the second its generator, which draws from the same code.""",
    arms=arms,
    shows=(
        *columns("mse_signed", "psnr", "ssim", "lpips", "swd", "fd_efficientnet"),
        MetricColumn(f"fd_classifier[{LABELS}]", f"FD, classifier of {LABELS}"),
        MetricColumn(f"kd_classifier[{LABELS}]", f"KD, classifier of {LABELS}"),
        *(MetricColumn(f"{name}_classifier[{LABELS}]", name) for name in NEIGHBOURHOODS),
        *columns("sharpness", "ms_ssim", "fid", "kid"),
        *(MetricColumn(name, f"VGG16 {name}") for name in NEIGHBOURHOODS),
    ),
    verdict=verdict,
    pictures=("reconstructions", "samples", "neighbours"),
    learning=True,
    columns=4,
)

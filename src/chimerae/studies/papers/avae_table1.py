"""Table 1 of the AVAE paper: reconstruction and realism of five models on five data sets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chimerae.recipes.build import build
from chimerae.recipes.short import short_arch, short_settings
from chimerae.studies.columns import columns
from chimerae.studies.papers.earlier import EARLIER
from chimerae.studies.study import Arm, Scale, Study, StudyResults, Verdict

VAE, GAN, VAE_GAN, BIGAN = "VAE", "GAN", "VAE/GAN", "BiGAN"
XI_A, PAPER_A, PAPER_B, CODE = "AVAE xi, L^a", "AVAE, L^a", "AVAE, L^b", "AVAE as published code"
REBUILT = f"{PAPER_B}: generator"


@dataclass(frozen=True)
class TableSet:
    """A data set of the table."""

    title: str
    data: str
    beta: float
    """VAE/GAN's, which the paper chose so that its KL is near the VAE's."""
    published: Mapping[str, tuple[str, str, str]]
    """MSE, LPIPS and FID of a row, as they are printed."""


ROWS = (VAE, GAN, VAE_GAN, BIGAN, XI_A, PAPER_A, PAPER_B)


def _column(title: str, data: str, beta: float, mse: str, lpips: str, fid: str) -> TableSet:
    """Numbers in the order of `ROWS`, a dash where the source has none."""
    numbers = zip(ROWS, mse.split(), lpips.split(), fid.replace("±", " ± ").split(", "), strict=True)
    return TableSet(title, data, beta, {row: (a, b, c) for row, a, b, c in numbers})


COLUMNS = (
    TableSet("MNIST", "mnist", 10.0, {}),
    _column(
        "CIFAR10",
        "cifar10",
        10.0,
        ".05 - .14 .31 .09 .09 .09",
        ".26 - .08 .14 .10 .10 .10",
        "136.75±.57, 32.01±.41, 39.04±2.42, 34.61±1.29, 33.65±.28, 33.49±.50, 33.67±.61",
    ),
    _column(
        "CIFAR100",
        "cifar100",
        10.0,
        ".05 - .15 .33 .09 .09 .09",
        ".25 - .08 .16 .11 .11 .11",
        "129.71±1.01, 34.51±.59, 40.03±.71, 35.40±1.23, 39.81±.60, 38.69±.62, 38.35±.57",
    ),
    _column(
        "SVHN",
        "svhn-extra",
        20.0,
        ".02 - .06 .12 .04 .04 .04",
        ".08 - .08 .12 .10 .09 .08",
        "68.16±2.10, 23.83±3.99, 17.02±2.58, 27.77±2.96, 27.64±2.41, 28.47±8.24, 21.11±.42",
    ),
    _column(
        "CELEBA",
        "celeba-crop70",
        5.0,
        ".03 - .07 .18 .05 .05 .05",
        ".18 - .09 .16 .11 .11 .11",
        "60.04±.47, 14.54±.41, 26.45±4.66, 18.49±5.06, 16.99±.58, 16.23±.50, 15.01±.82",
    ),
    _column(
        "BEDROOM",
        "lsun-bedroom",
        4.0,
        ".06 - .18 .42 .12 .12 .12",
        ".58 - .26 .44 .36 .35 .35",
        "229.75±1.45, 110.59±19.55, 60.02±2.36, 91.72±18.10, 85.11±2.87, 84.29±5.28, 80.99±1.82",
    ),
)
"""MNIST is added to the source's data, because it is available everywhere."""

PAPER: Mapping[str, Any] = {
    "arch.width": 128,
    "steps": 50_000,
    "training.picture_every": 5_000,
    "training.ema": 0.0,
    "evaluation.bn": "batch",
    "evaluation.batch_size": 64,
    "evaluation.samples": 50_000,
    "evaluation.n": 50_000,
    "evaluation.real": "train",
}
"""The paper's size, with its BatchNorm and without an average."""
SHAPE = (3, 32, 32)
SHOWS = columns("mse_signed", "lpips", "label_agreement", "fid", "fd_efficientnet", "fd_classifier", "swd")
QUICK: Mapping[str, Any] = {
    "steps": 3_000,
    "training.picture_every": 300,
    "evaluation.n": 2_000,
    "evaluation.metrics": tuple(shown.metric for shown in SHOWS),
}
"""Length of a short run for two cores, with the settings of `--preset short`, and its evaluation."""
OWN: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    VAE: ("vae", {"method.sigma": "shared"}),
    GAN: ("gan", {"method.adv_loss": "linear"}),
    VAE_GAN: ("vae-gan", {}),
    BIGAN: ("bigan", {}),
    XI_A: ("avae", {"method.latent_loss": "paper_a", "method.use_xi": True}),
    PAPER_A: ("avae", {"method.latent_loss": "paper_a"}),
    PAPER_B: ("avae", {"method.latent_loss": "paper_b"}),
    CODE: ("avae", {"method.latent_loss": "official", "method.use_xi": True}),
}


def arms(scale: Scale) -> tuple[Arm, ...]:
    """All rows for every data set."""
    return tuple(_arm(column, title, scale) for column in COLUMNS for title in OWN)


def _arm(column: TableSet, title: str, scale: Scale) -> Arm:
    name, own = OWN[title]
    more = {"prepare.size": 32, "prepare.fit": "pad"} if column.data == "mnist" else {}
    if scale == "quick":
        row = {**own, "method.recon_code": "sample"} if name == "avae" else {}
        settings = {**short_settings(name, SHAPE), **QUICK, **row, **more}
        run = build(name, data=column.data, arch=short_arch(name), settings=settings)
    else:
        beta = {"method.beta": column.beta} if title == VAE_GAN else {}
        run = build(name, data=column.data, arch="dcgan", settings={**PAPER, **own, **beta, **more})
    networks = ("decoder", "generator") if name == "avae" else ()
    return Arm(title, run, column.title, networks, recorded=EARLIER.get(name, {}))


def verdict(found: StudyResults) -> Verdict:
    """The order of the rows, in MSE and in realism, for every data set that is finished."""
    wrong: list[str] = []
    titles = [column.title for column in COLUMNS if (f"{column.title}, {VAE}", "mse_signed") in found.values]
    if not titles:
        return Verdict("unclear", "no data set has the MSE of the VAE")
    for title in titles:
        order = [f"{title}, {row}" for row in (VAE, REBUILT, VAE_GAN, BIGAN)]
        mse = [found(row, "mse_signed").mean for row in order]
        if mse != sorted(mse):
            wrong.append(f"{title}: MSE of VAE, AVAE, VAE/GAN, BiGAN is {', '.join(f'{v:.3f}' for v in mse)}")
        for metric in ("fid", "fd_classifier"):
            if (f"{title}, {VAE}", metric) in found.values:
                ours, theirs = (found(f"{title}, {row}", metric) for row in (REBUILT, VAE))
                if not ours.below(theirs):
                    told = f"{ours.mean:.3g} of AVAE, {theirs.mean:.3g} of VAE ({ours.versus(theirs)})"
                    wrong.append(f"{title}: {metric} {told}")
    if wrong:
        return Verdict("disagrees", "; ".join(wrong))
    return Verdict(
        "agrees",
        f"on {', '.join(titles)} the MSE grows from VAE to AVAE to VAE/GAN to BiGAN, and AVAE's samples are "
        "nearer to the data than the VAE's",
    )


def _published() -> dict[tuple[str, str], str]:
    metrics = ("mse_signed", "lpips", "fid")
    return {
        (f"{column.title}, {row}" + (": generator" if row.startswith("AVAE") else ""), metric): value
        for column in COLUMNS
        for row, numbers in column.published.items()
        for metric, value in zip(metrics, numbers, strict=True)
        if value != "-"
    }


STUDY = Study(
    name="avae-table1",
    about="Does an AVAE sample like a GAN and reconstruct almost like a VAE?",
    source="Plumerault et al. 2020 (arXiv 2012.11551), table 1",
    method="""\
Paper scale: encoder, decoder, generator and critic of the paper's figure 5, 128 channels, Adam(2e-4, 0.5)
falling to 2 percent, 50,000 steps of 64 images, codes of 100 numbers, beta 1 but for VAE/GAN, no average of
weights, BatchNorm with the statistics of the batch, 50,000 samples against the training split. Quick scale:
the settings of `--preset short`, 16 channels, 3,000 steps of 32 images for every row, codes of 64 numbers,
2,000 test images. There the rows of AVAE differ from its recipe in their latent loss alone, which counts a
tenth and rises over the first half of the run. With the paper's settings and 2,000 steps GAN, VAE/GAN, BiGAN
and AVAE with L^b drew one digit of MNIST for every code (`docs/decisions.md`). MSE is of images in [-1, 1]
from sampled codes. The source's FID is of another network (Inception of TensorFlow Hub), so its numbers stand
beside ours for their order only. `as published code`: the latent loss of the code, which is neither L^a nor
L^b, with xi. MNIST is not in the source.""",
    arms=arms,
    shows=SHOWS,
    verdict=verdict,
    published=_published(),
    pictures=("reconstructions", "samples", "manifold"),
    learning=True,
    columns=4,
    by_group=True,
    paper_seeds=5,
)

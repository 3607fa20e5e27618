"""Wasserstein autoencoders beside IntroVAE: reconstruction, diversity, and IntroVAE's tuning."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from chimerae.recipes.build import build
from chimerae.runs.run import Run
from chimerae.studies.columns import columns
from chimerae.studies.study import Arm, Scale, Study, StudyResults, Verdict
from chimerae.tables import Values

INTRO, MMD, GAN = "IntroVAE", "WAE-MMD", "WAE-GAN"
IMPROVED = ", improved"
SETS = {"CELEBA": "celeba-crop140", "LFW": "lfw"}
"""The source's faces, and some that are easier to get; both at 64 pixels."""
SOURCE = "Bongini et al. 2021, a comparison of WAE and IntroVAE"
MARGINS, BETAS = (60.0, 120.0, 240.0), (0.05, 0.1, 0.5)
SIZE: Mapping[Scale, Mapping[str, Any]] = {
    "quick": {
        "arch.width": 16,
        "steps": 1_500,
        "training.picture_every": 150,
        "evaluation.n": 1_000,
        "evaluation.samples": 1_000,
        "evaluation.rebuild_train": True,
    },
    "paper": {
        "arch.width": 128,
        "steps": 90_000,
        "training.picture_every": 9_000,
        "evaluation.samples": 10_000,
        "evaluation.rebuild_train": True,
    },
}
"""WAE's networks; 50 epochs of 182,599 images in batches of 100, or narrow ones for a short while. The source
improves 10,000 samples; a tenth of them is enough for an order.
"""
TRAINED = "rmse_255[train]"
PAPER = "IntroVAE paper"
"""A row of the source that cites another paper; it has no runs of ours."""
UNMEASURED = Verdict("unclear", "no set of faces has the metric")


def arms(scale: Scale) -> tuple[Arm, ...]:
    """The three methods on each set of faces; for the autoencoders, improved samples too."""
    return tuple(arm for group, data in SETS.items() for arm in _arms_of(group, data, scale))


def _arms_of(group: str, data: str, scale: Scale) -> tuple[Arm, ...]:
    size = SIZE[scale]
    wae = {**size, "evaluation.improve": True}
    networks = ("decoder", f"decoder{IMPROVED}")
    return (
        Arm(INTRO, _intro(data, scale), group),
        Arm(MMD, build("wae-mmd", data=data, arch="wae", settings=wae), group, networks),
        Arm(GAN, build("wae-gan", data=data, arch="wae", settings=wae), group, networks),
    )


def _intro(data: str, scale: Scale, m: float = 120.0, beta: float = 0.1) -> Run:
    """IntroVAE with the weights that its code has at 256 pixels, and as many halvings as 64 pixels have."""
    width = 32 if scale == "paper" else 8
    settings: Mapping[str, Any] = {
        **SIZE[scale],
        "arch.width": width,
        "arch.block_bn": "after_add",
        "method.m": m,
        "method.beta": beta,
        "training.batch_size": 64,
    }
    return build("introvae", data=data, arch="residual", settings=settings)


def tuning_arms(scale: Scale) -> tuple[Arm, ...]:
    """IntroVAE with every pair of margin and weight of the reconstruction."""
    return tuple(
        Arm(f"m {m:g}, beta {beta:g}", _intro(data, scale, m, beta), group)
        for group, data in SETS.items()
        for m in MARGINS
        for beta in BETAS
    )


def rmse_verdict(found: StudyResults) -> Verdict:
    """The source's order: both autoencoders reconstruct better than IntroVAE."""

    def better(group: str, name: str, intro: Values) -> tuple[bool, str]:
        ours = found(f"{group}, {name}", "rmse_255")
        told = f"{group}: {name} {ours.mean:.1f}, IntroVAE {intro.mean:.1f} ({ours.versus(intro)})"
        return ours.below(intro), told

    return _judged(found, "rmse_255", better)


def diversity_verdict(found: StudyResults) -> Verdict:
    """The source's order: improving makes samples more diverse, and IntroVAE's are the most diverse."""

    def ordered(group: str, name: str, intro: Values) -> tuple[bool, str]:
        plain, improved = (found(f"{group}, {name}: decoder{s}", "ms_ssim") for s in ("", IMPROVED))
        told = f"{group}: {name} {plain.mean:.3f}, improved {improved.mean:.3f}, IntroVAE {intro.mean:.3f}"
        return improved.below(plain) and intro.mean < improved.mean, told

    return _judged(found, "ms_ssim", ordered)


def tuning_verdict(found: StudyResults) -> Verdict:
    """Always unclear, since the figures of the source cannot be read."""
    told = []
    for group in _there(found, "rmse_255", f"m {MARGINS[0]:g}, beta {BETAS[0]:g}"):
        names = [f"m {m:g}, beta {beta:g}" for m in MARGINS for beta in BETAS]
        best = min(names, key=lambda name: found(f"{group}, {name}", "rmse_255").mean)
        told.append(f"{group}: the least error has {best}")
    if not told:
        return UNMEASURED
    return Verdict("unclear", f"the source's figures cannot be read; {'; '.join(told)}")


def _judged(
    found: StudyResults, metric: str, compared: Callable[[str, str, Values], tuple[bool, str]]
) -> Verdict:
    """Disagreement if any autoencoder of any group disagrees; without any comparison nothing is judged.

    `compared` takes a group, the name of an autoencoder and IntroVAE's values, and tells whether the order of
    the source holds, and the numbers in words.
    """
    every = [
        compared(group, name, found(f"{group}, {INTRO}", metric))
        for group in _there(found, metric)
        for name in (MMD, GAN)
    ]
    if not every:
        return UNMEASURED
    wrong = [told for holds, told in every if not holds]
    if wrong:
        return Verdict("disagrees", "; ".join(wrong))
    return Verdict("agrees", "; ".join(told for _, told in every))


def _there(found: StudyResults, metric: str, name: str = INTRO) -> list[str]:
    return [group for group in SETS if (f"{group}, {name}", metric) in found.values]


METHOD = """\
Faces at 64x64: CelebA's central 140x140 pixels, as the published WAE code cuts them, and Labeled Faces in
the Wild. WAE with its own networks, codes of 64 numbers, batches of 100, 50 epochs. The source wrote IntroVAE
anew and does not describe it; ours has the paper's losses with the weights of the published code at 256
pixels (m 120, alpha 0.25, beta 0.1), a code of 128 and batches of 64. At quick scale narrow networks and
1,500 steps."""

RMSE = Study(
    name="wae-introvae-rmse",
    about="Do Wasserstein autoencoders reconstruct faces better than IntroVAE?",
    source=SOURCE,
    method=METHOD
    + """ The error is each image's, in grey levels, then the mean, on the test split and on the training
split (of each up to 1,000 images at quick scale). The verdict reads the test split. The source's code
writes pictures with a white border (59 percent of their area is image), which makes errors smaller by 0.77
if they were computed on these: 15.4 would be 20.1.""",
    arms=arms,
    shows=columns("rmse_255", TRAINED, "interpolation_rmse"),
    verdict=rmse_verdict,
    published={
        (f"CELEBA, {INTRO}", "rmse_255"): "27.50",
        (f"CELEBA, {MMD}: decoder", "rmse_255"): "15.44",
        (f"CELEBA, {GAN}: decoder", "rmse_255"): "16.12",
        (f"CELEBA, {INTRO}", TRAINED): "23.39",
        (f"CELEBA, {MMD}: decoder", TRAINED): "11.70",
        (f"CELEBA, {GAN}: decoder", TRAINED): "13.64",
    },
    pictures=("reconstructions", "train-reconstructions"),
    by_group=True,
)
DIVERSITY = Study(
    name="wae-introvae-diversity",
    about="How much alike are the faces that are drawn, and does improving the codes help?",
    source=SOURCE,
    method=METHOD
    + """ Similarity (MS-SSIM) of pairs of samples at 64x64; the source has 128x128, so its numbers stand
beside ours for their order. Codes are improved by up to 200 steps of Adam(1e-3), WAE-MMD's rate in training;
the source would have WAE-GAN's, 3e-4. They stop earlier, as in the published code, once their cost changes by
less than a tenth in 50 steps. Noise lowers it too: the row of the data says what faces have.""",
    arms=arms,
    shows=columns("ms_ssim", "swd", "sharpness"),
    verdict=diversity_verdict,
    published={
        (f"CELEBA, {PAPER}", "ms_ssim"): "0.2989",
        (f"CELEBA, {INTRO}", "ms_ssim"): "0.3042",
        (f"CELEBA, {MMD}: decoder", "ms_ssim"): "0.5178",
        (f"CELEBA, {MMD}: decoder{IMPROVED}", "ms_ssim"): "0.3719",
        (f"CELEBA, {GAN}: decoder", "ms_ssim"): "0.4488",
        (f"CELEBA, {GAN}: decoder{IMPROVED}", "ms_ssim"): "0.3159",
    },
    cited=(("CELEBA", PAPER),),
    pictures=("samples",),
    learning=True,
    by_group=True,
)
TUNING = Study(
    name="wae-introvae-tuning",
    about="What do IntroVAE's margin and weight of the reconstruction trade?",
    source=SOURCE,
    method=METHOD,
    arms=tuning_arms,
    shows=columns("rmse_255", "ms_ssim", "swd", "sharpness"),
    verdict=tuning_verdict,
    pictures=("samples",),
    by_group=True,
)

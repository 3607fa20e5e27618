"""Images of a biadversarial VAE: its source promises sharper ones than a VAE's."""

from __future__ import annotations

from collections.abc import Mapping
from math import log
from typing import Any

from chimerae.recipes.build import build
from chimerae.recipes.short import SHORT
from chimerae.studies.columns import columns
from chimerae.studies.study import Arm, Scale, Study, StudyResults, Verdict
from chimerae.tables import Values

VAE, PAPER, ERROR = "VAE", "as in the paper", "exact pairing, with squared error"
DIGITS, FACES = "Digits", "LFW"
SIZE: Mapping[Scale, Mapping[str, Any]] = {
    "quick": {"arch.width": 16, "steps": 3_000},
    "paper": {"arch.width": 64, "steps": 50_000},
}
DATA: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    DIGITS: ("digits", {"method.z_dim": 16}),
    FACES: ("lfw", {"method.z_dim": 64}),
}
"""Data and size of the code by group."""
SIDE: Mapping[Scale, int] = {"quick": 32, "paper": 64}
"""Side of faces in pixels."""
ADAM: Mapping[str, Any] = {
    "training.batch_size": 64,
    "training.optimizer.lr": 3e-4,
    "training.optimizer.beta1": 0.5,
    "training.optimizer.schedule": "exponential",
    "training.optimizer.final": 0.02,
}
"""The published code's rate and batch for all players; its critics' rate is a tenth."""
SHARP = "sharpness"


def arms(scale: Scale) -> tuple[Arm, ...]:
    """A VAE, the method as its paper has it, and the settings with which its short runs learn."""
    return tuple(arm for group in DATA for arm in _arms_of(group, scale))


def _arms_of(group: str, scale: Scale) -> tuple[Arm, ...]:
    data, own = DATA[group]
    same = {**ADAM, **SIZE[scale], "training.picture_every": SIZE[scale]["steps"] // 10, **own}
    if group == FACES:
        same["prepare.size"] = SIDE[scale]
    error = {name: value for name, value in SHORT["biadversarial"].items() if name.startswith("method.")}
    rows: tuple[tuple[str, str, Mapping[str, Any]], ...] = (
        (VAE, "vae", {"method.likelihood": "estimated"}),
        (PAPER, "biadversarial", {}),
        (ERROR, "biadversarial", {**error, **own}),
    )
    return tuple(
        Arm(title, build(name, data=data, arch="dcgan", settings={**same, **more}), group)
        for title, name, more in rows
    )


def verdict(found: StudyResults) -> Verdict:
    """The paper's method is sharper than a VAE, and not farther from the sharpness of the data by excess."""
    groups = [group for group in DATA if (f"{group}, {VAE}", SHARP) in found.values]
    blurred, noisy, told = [], [], []
    for group in groups:
        vae, ours = (found(f"{group}, {title}", SHARP) for title in (VAE, PAPER))
        if (data := _data(found, group)) is None:
            return Verdict("unclear", f"{group}: the sharpness of the data is not known")
        line = f"{group}: {ours.mean:.3g}, the VAE {vae.mean:.3g}, the data {data.mean:.3g}"
        told.append(line := f"{line} ({ours.versus(vae)})")
        if not ours.above(vae):
            blurred.append(line)
        elif _away(ours.mean, data.mean) >= _away(vae.mean, data.mean):
            noisy.append(line)
    if blurred:
        return Verdict("disagrees", f"sharpness is not above the VAE's; {'; '.join(blurred)}")
    if noisy or not told:
        far = "sharper than the data, by a larger factor than the VAE is blurred, as noise is"
        return Verdict("unclear", f"{far}; {'; '.join(noisy)}" if noisy else "nothing was measured")
    return Verdict("agrees", f"sharpness is nearer to the data's; {'; '.join(told)}")


def _data(found: StudyResults, group: str) -> Values | None:
    """The data's own sharpness, None where it was not measured; the row of a single group is that of all."""
    return found.values.get((f"{group}, data", SHARP)) or found.values.get(("data", SHARP))


def _away(sharpness: float, data: float) -> float:
    """Distance of two sharpnesses: the logarithm of their ratio, without its sign."""
    return abs(log(max(sharpness, 1e-12) / max(data, 1e-12)))


STUDY = Study(
    name="biadversarial",
    about="Are the images of a biadversarial VAE sharper than a VAE's?",
    source="Fickinger 2019 (arXiv 1902.03517); the source has no numbers",
    method="""\
The source expects sharper images from a likelihood that is a network's instead of a Gaussian. Sharpness is
the variance of an image's Laplacian: blur makes it smaller than the data's, noise larger. The verdict reads
the method `as in the paper` (conditional and joint critics, f-GAN's bound): it has to be sharper than a VAE
and nearer to the data, by ratio. That row may lose the code (see `biadversarial-posterior`); the third row
has the exact pairing and a squared error, with the settings of [short runs](../../../short-runs.md). Digits
of 8x8 pixels, and faces, of 32 pixels at quick scale and of 64 at paper scale; the source has 128x128 faces
in nine orientations, which are not to be had. `dcgan` networks, Adam(3e-4, 0.5) for all players, whose rate
falls to 2 percent; the published code's critics have a tenth of the rate, at which ours stay blind. The VAE
estimates the variance of its decoder.""",
    arms=arms,
    shows=columns(SHARP, "fvu", "mse_unit", "swd", "fd_efficientnet", "variety_efficientnet"),
    verdict=verdict,
    pictures=("samples", "reconstructions"),
    learning=True,
    by_group=True,
    columns=3,
)

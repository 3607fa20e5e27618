"""A posterior with two modes: what an encoder fed with noise learns, and what a pairing makes it unlearn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chimerae.data.toys import FOLD_NOISE
from chimerae.recipes.build import build
from chimerae.studies.columns import columns
from chimerae.studies.study import Arm, Scale, Study, StudyResults, Verdict

STEPS: Mapping[Scale, int] = {"quick": 4_000, "paper": 20_000}
KNOWN, LEARNED = "decoder known", "both games learned"
SAME: Mapping[str, Any] = {
    "arch.width": 64,
    "method.z_dim": 1,
    "training.batch_size": 256,
    "training.optimizer.lr": 1e-3,
    "training.ema": 0.0,
    "training.picture_every": 10_000,
    "training.save_every": 10_000,
}
PRECISION = FOLD_NOISE**-2
"""Precision 1 / s^2 of the decoder N((|z|, 0), s^2)."""
GAUSSIAN, IMPLICIT = "Gaussian posterior (VAE)", "implicit posterior"
CONDITIONAL, MARGINAL = "conditional T1 (paper)", "marginal T1 (exact)"
WITH_ERROR = ", with squared error"


def arms(scale: Scale) -> tuple[Arm, ...]:
    """Two posteriors of a known decoder, and both pairings with everything learned."""
    same = {**SAME, "steps": STEPS[scale]}
    known = {**same, "arch.decoder_kind": "fold"}
    implicit = {
        "method.noise": 8,
        "method.generative_disc": "none",
        "method.recon_weight": PRECISION,
        "method.recon_warmup": 2 / 3,
    }
    learned = {**same, "method.noise": 8}
    return (
        Arm(GAUSSIAN, build("vae", data="folded", settings={**known, "method.beta": 1 / PRECISION}), KNOWN),
        Arm(IMPLICIT, build("biadversarial", data="folded", settings={**known, **implicit}), KNOWN),
        *(
            Arm(
                name + error,
                build(
                    "biadversarial",
                    data="folded",
                    settings={**learned, "method.inference_disc": kind, "method.recon_weight": weight},
                ),
                LEARNED,
            )
            for error, weight in (("", 0.0), (WITH_ERROR, 1.0))
            for name, kind in ((CONDITIONAL, "conditional"), (MARGINAL, "marginal"))
        ),
    )


def verdict(found: StudyResults) -> Verdict:
    """The expected result: only the implicit posterior has mass on both signs, with informative codes. The
    conditional pairing loses the code; with a squared error beside it, the exact one keeps the code.
    """
    one, two = (found(f"{KNOWN}, {name}", "both_signs") for name in (GAUSSIAN, IMPLICIT))
    meant = found(f"{KNOWN}, {IMPLICIT}", "code_information").mean
    alone = [found(f"{LEARNED}, {name}", "code_information") for name in (CONDITIONAL, MARGINAL)]
    lost, kept = (
        found(f"{LEARNED}, {name}{WITH_ERROR}", "code_information") for name in (CONDITIONAL, MARGINAL)
    )
    told = (
        f"mass on both signs: Gaussian {one.mean:.2f}, implicit {two.mean:.2f} (true 1; {two.versus(one)}); "
        f"information of the code: conditional {alone[0].mean:.2f}, exact {alone[1].mean:.2f}; with a "
        f"squared error of weight 1 conditional {lost.mean:.2f}, exact {kept.mean:.2f} ({kept.versus(lost)})"
    )
    if not two.above(one) or alone[0].mean > 0.5:
        return Verdict("disagrees", told)
    if min(two.mean, meant) < 0.5 or alone[0].mean > 0.1:
        return Verdict("unclear", told)
    if not kept.above(lost):
        return Verdict("unclear", told)
    return Verdict("agrees", told)


STUDY = Study(
    name="biadversarial-posterior",
    about="Does a network fed with noise find both modes of a posterior, and which pairing keeps the code?",
    source="Fickinger 2019 (arXiv 1902.03517); the source has no numbers",
    method="""\
Points x = (|z|, 0) plus noise of deviation 0.2: a code of either sign explains a point equally well, so the
true posterior has two equal modes. With the *decoder known*, only the posterior is learned: a Gaussian one
(a VAE whose beta is the variance of the noise) against one that is a network fed with noise, compared with
the prior by a critic that sees points and codes. The weight of the misfit rises over the first two thirds
of the run, so that the posterior begins as the prior: a reverse KL sees no reason to leave a mode that it
has fallen into. With *both games learned*, the conditional pairing of the paper has its optimum where the
code tells nothing: its first game counts the information between point and code as a cost, and its second
does not pay it back. The sum of the exact pairing, whose first critic sees codes alone, is the ELBO, which
does not ask for that. Whether it finds a code from scratch is another question, so both are also trained
with a squared error of weight 1 in the encoder's loss, which asks for a code a little. Both signs prove
nothing there: a code that tells nothing has them too. Tried before, with another seed: `8gaussians` and the
logistic ratio; in 4,000 steps neither pairing found much of a code without the squared error (information
.09 at most).""",
    arms=arms,
    shows=columns("both_signs", "code_information", "prior_mmd", "mse_points", "jsd_nats"),
    verdict=verdict,
    pictures=("codes", "scatter"),
)

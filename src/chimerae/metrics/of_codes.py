"""Metrics of codes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from chimerae.errors import InputError
from chimerae.metrics import edges, latent, probe, units
from chimerae.metrics.encoded import Latent, LatentMetric
from chimerae.metrics.kinds import Fact, Subject


def _folded(subject: Subject) -> str | None:
    is_it = subject.toy is not None and subject.toy.name == "folded"
    return None if is_it else "it is for the toy folded"


def _has_means(subject: Subject) -> str | None:
    return "its posteriors are drawn, not described" if subject.posterior == "drawn" else None


def _has_density(subject: Subject) -> str | None:
    return None if subject.posterior == "density" else "its posteriors have no density"


def _probe_accuracy(codes: Latent) -> float:
    if codes.lesson is None:
        raise InputError("the data have no labels")
    return probe.probe_accuracy(codes.lesson.codes, codes.lesson.classes, codes.codes, codes.lesson.asked)


_KERNEL: Final[Mapping[str, Fact]] = {"kernel": "imq", "codes": latent.MOST}

CODES: Final[tuple[LatentMetric, ...]] = (
    LatentMetric(
        name="prior_mmd",
        better="lower",
        unit="squared kernel distance, about 0 for the prior itself",
        facts=_KERNEL,
        measure=lambda c: latent.prior_mmd(c.codes, c.prior),
        about="unbiased kernel distance (MMD) of the codes of the data and as many prior draws",
    ),
    LatentMetric(
        name="prior_p",
        better="higher",
        unit="(0, 1]",
        facts={**_KERNEL, "permutations": latent.PERMUTATIONS},
        measure=lambda c: latent.prior_test(c.codes, c.prior, c.seed),
        about="p-value of the two-sample test of the codes of the data against the prior",
    ),
    LatentMetric(
        name="code_information",
        better="higher",
        unit="[0, 1]",
        facts={"neighbours": latent.NEIGHBOURS, "codes": latent.MOST},
        measure=lambda c: latent.code_information(c.codes, c.samples),
        about="share of the variance of samples that their nearest codes explain (collapse: 0)",
    ),
    LatentMetric(
        name="active_units",
        better="higher",
        unit="dimensions of the code",
        facts={"above": units.ACTIVE, "codes": latent.MOST},
        suits=_has_means,
        measure=lambda c: units.active_units(c.means),
        about="dimensions whose posterior mean has a variance above 0.01 over the data (collapse: 0)",
    ),
    LatentMetric(
        name="kl_per_sample",
        better="lower",
        unit="nats",
        facts={"codes": latent.MOST},
        suits=_has_density,
        measure=lambda c: float(c.kl.double().sum(1).mean()),
        about="KL(posterior || prior), summed over dimensions, then mean over samples (collapse: 0)",
    ),
    LatentMetric(
        name="probe_accuracy",
        better="higher",
        unit="[0, 1]",
        facts={
            "classifier": "logistic regression of standardised codes",
            "code": "sample",
            "l2": probe.L2,
            "codes": latent.MOST,
        },
        learns=True,
        suits=lambda subject: probe.unsuited(subject.labelled, subject.classes),
        measure=_probe_accuracy,
        about="share of test samples whose class a linear classifier reads from their codes",
    ),
    LatentMetric(
        name="edge_open",
        better="lower",
        unit="pixels",
        facts={"neighbours": edges.NEIGHBOURS, "widths": edges.WIDTHS, "place_step": edges.PLACE_STEP},
        suits=edges.unsuited,
        measure=lambda c: edges.open_width(c.codes, c.prior, c.samples),
        about="width of the edge in the mean of the images that a prior code may stand for",
    ),
    LatentMetric(
        name="both_signs",
        better="higher",
        unit="[0, 1]",
        facts={"above": latent.RARE},
        suits=_folded,
        measure=lambda c: latent.both_signs(c.samples, c.redrawn),
        about="twice the mass that a posterior has on the rarer sign of its code (the true one: 1)",
    ),
)
"""In the order in which they are listed."""

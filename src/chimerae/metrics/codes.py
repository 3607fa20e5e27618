"""Metrics of codes, and their inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Final, final

from torch import Tensor

from chimerae.errors import InputError
from chimerae.metrics import edges, latent, probe
from chimerae.metrics.kinds import Fact, Metric, MetricContext, Needs, no_codes
from chimerae.metrics.scales import NATS, PIXELS, SHARE, higher, lower


@dataclass(frozen=True, kw_only=True)
class ProbeData:
    """Codes of training samples, and the classes of those and of the test samples."""

    codes: Tensor
    """One draw from the posterior of each, `[m, z]`."""
    classes: Tensor
    """Their classes, `[m]`, int64."""
    asked: Tensor
    """Classes of the test samples of `Latent`, `[n]`, int64."""


@dataclass(frozen=True, kw_only=True)
class Latent:
    """Codes of test samples, in units of the prior's deviation."""

    codes: Tensor
    """One draw from the posterior of each sample, `[n, z]`: draws from the aggregate posterior."""
    prior: Tensor
    """The same number of draws from the prior, `[n, z]`."""
    samples: Tensor
    """The encoded samples, `[n, ...]`."""
    resampled: Tensor
    """Repeated draws from the posteriors of the first few samples, `[m, draws, z]`."""
    seed: int
    """Seed of permutations."""
    means: Tensor
    """Means of the posteriors, `[n, z]`; where a posterior is a single code, that code."""
    kl: Tensor
    """KL of each posterior to the prior in nats, dimension by dimension, `[n, z]`; meaningful only for
    posteriors with a density.
    """
    probe_data: ProbeData | None = None
    """Training and test data of a classifier of codes; None where there are no labels."""


@final
@dataclass(frozen=True, kw_only=True)
class LatentMetric(Metric):
    """Judges codes: against the prior, or by their information on samples."""

    needs: ClassVar[Needs] = "latent"
    measure: Callable[[Latent], float]
    learns: bool = False
    """True: it needs `Latent.probe_data`."""
    resamples: bool = False
    """True: it needs `Latent.resampled`, for which samples are encoded many times."""

    def why_not(self, context: MetricContext) -> str | None:
        """The reason why it does not apply to `context`; None when it applies."""
        if not context.encodes:
            return "it needs an encoder"
        return no_codes(context) or self.suits(context)

    def protocol(self, context: MetricContext) -> Mapping[str, Fact]:
        """Facts that give its value a meaning."""
        learnt: dict[str, Fact] = {"train": context.labelled} if self.learns else {}
        return {**self.facts, **learnt}


ACTIVE: Final = 0.01
"""Variance above which a dimension is active (Burda, Grosse, Salakhutdinov 2016)."""


def active_units(means: Tensor) -> float:
    """Number of dimensions of `means` `[n, z]` with a variance over samples above 0.01, 0 to z.

    Means of posteriors in units of the prior's deviation, n 2 or more (Burda et al. 2016, importance weighted
    autoencoders, arXiv 1509.00519, section 5.2: `A_u = Cov_x(E[u|x]) > 0.01`).

    >>> import torch
    >>> active_units(torch.tensor([[1.0, 0.0, 0.01], [-1.0, 0.0, -0.01]]))
    1.0
    """
    return float((means.double().var(0) > ACTIVE).sum())


def _folded(context: MetricContext) -> str | None:
    is_it = context.toy is not None and context.toy.name == "folded"
    return None if is_it else "it is for the toy folded"


def _has_means(context: MetricContext) -> str | None:
    return "its posteriors are drawn, not described" if context.posterior == "implicit" else None


def _has_density(context: MetricContext) -> str | None:
    return None if context.posterior == "density" else "its posteriors have no density"


def _probe_accuracy(codes: Latent) -> float:
    if codes.probe_data is None:
        raise InputError("the data have no labels")
    return probe.probe_accuracy(
        codes.probe_data.codes, codes.probe_data.classes, codes.codes, codes.probe_data.asked
    )


_KERNEL: Final[Mapping[str, Fact]] = {"kernel": "imq", "codes": latent.MOST}

CODE_METRICS: Final[tuple[LatentMetric, ...]] = (
    LatentMetric(
        name="prior_mmd",
        **lower("squared kernel distance, about 0 for the prior itself"),
        facts=_KERNEL,
        measure=lambda c: latent.prior_mmd(c.codes, c.prior),
        about="unbiased kernel distance (MMD) of the codes of the data and as many prior draws",
    ),
    LatentMetric(
        name="prior_p",
        **higher("(0, 1]"),
        facts={**_KERNEL, "permutations": latent.PERMUTATIONS},
        measure=lambda c: latent.prior_test(c.codes, c.prior, c.seed),
        about="p-value of the two-sample test of the codes of the data against the prior",
    ),
    LatentMetric(
        name="code_information",
        **SHARE,
        facts={"neighbours": latent.NEIGHBOURS, "codes": latent.MOST},
        measure=lambda c: latent.code_information(c.codes, c.samples),
        about="share of the variance of samples that their nearest codes explain (collapse: 0)",
    ),
    LatentMetric(
        name="active_units",
        **higher("dimensions of the code"),
        facts={"above": ACTIVE, "codes": latent.MOST},
        suits=_has_means,
        measure=lambda c: active_units(c.means),
        about="dimensions whose posterior mean has a variance above 0.01 over the data (collapse: 0)",
    ),
    LatentMetric(
        name="kl_per_sample",
        **NATS,
        facts={"codes": latent.MOST},
        suits=_has_density,
        measure=lambda c: float(c.kl.double().sum(1).mean()),
        about="KL(posterior || prior), summed over dimensions, then mean over samples (collapse: 0)",
    ),
    LatentMetric(
        name="probe_accuracy",
        **SHARE,
        facts={
            "classifier": "logistic regression of standardised codes",
            "code": "sample",
            "l2": probe.L2,
            "codes": latent.MOST,
        },
        learns=True,
        suits=lambda context: probe.why_not(context.labelled, context.classes),
        measure=_probe_accuracy,
        about="share of test samples whose class a linear classifier reads from their codes",
    ),
    LatentMetric(
        name="edge_open",
        **PIXELS,
        facts={"neighbours": edges.NEIGHBOURS, "widths": edges.WIDTHS, "place_step": edges.PLACE_STEP},
        suits=edges.why_not,
        measure=lambda c: edges.open_width(c.codes, c.prior, c.samples),
        about="width of the edge in the mean of the images that a prior code may stand for",
    ),
    LatentMetric(
        name="both_signs",
        **SHARE,
        facts={"above": latent.RARE},
        suits=_folded,
        resamples=True,
        measure=lambda c: latent.both_signs(c.samples, c.resampled),
        about="twice the mass that a posterior has on the rarer sign of its code (the true one: 1)",
    ),
)
"""Tables and lists keep this order."""

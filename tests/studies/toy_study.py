"""A study that takes a moment: two arms of tiny networks."""

from __future__ import annotations

from pathlib import Path

from chimerae.config import override
from chimerae.studies import Arm, Cell, MetricColumn, Scale, Study, StudyResults, Verdict, cells_of
from tests.helpers.runs import tiny_run

STEPS = 6
METRICS = ("kl_nats", "modes_covered", "mse_points")


def arms(scale: Scale) -> tuple[Arm, ...]:
    """A VAE and a GAN on points."""
    steps = STEPS if scale == "quick" else 3 * STEPS
    more = {"data": "8gaussians", "steps": steps, "evaluation.metrics": METRICS}
    return (
        Arm("VAE", override(tiny_run("vae"), more), "tiny"),
        Arm("AVAE", override(tiny_run("avae"), more), "tiny", networks=("decoder", "generator")),
    )


def verdict(found: StudyResults) -> Verdict:
    """Whatever was measured, the source is right."""
    return Verdict("agrees", f"{found('tiny, VAE', 'kl_nats').n} seeds were run")


TOY = Study(
    name="toy",
    about="Does it run?",
    source="nobody",
    method="One paragraph with `code`.\n\nAnother.",
    arms=arms,
    shows=(
        MetricColumn("kl_nats", "KL"),
        MetricColumn("modes_covered", "modes"),
        MetricColumn("mse_points", "MSE"),
    ),
    verdict=verdict,
    published={("tiny, VAE", "kl_nats"): "1.0"},
)


def cells(folder: Path, *, seeds: int = 2, **more: object) -> list[Cell]:
    """Its cells at the quick scale."""
    return cells_of(TOY, folder, scale="quick", seeds=seeds, device="cpu", **more)  # type: ignore[arg-type]

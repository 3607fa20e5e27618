"""Three betas, one table and one report: what a dearer code costs in reconstruction."""

from __future__ import annotations

from pathlib import Path

import chimerae
from chimerae.report import write_report
from chimerae.runs.evaluate import evaluate_run

BETAS = (0.5, 1.0, 4.0)


def main(out: Path = Path("runs/beta-sweep"), steps: int = 1500) -> None:
    """A run folder for every beta in `out`, and a page that sets them side by side."""
    runs = []
    for beta in BETAS:
        settings = {"method.beta": beta, "method.z_dim": 16, "arch.width": 16}
        runs.append(
            chimerae.train("vae", data="digits", steps=steps, out=out / f"beta-{beta:g}", settings=settings)
        )

    print("beta   " + "  ".join(f"{name:>8}" for name in ("mse_unit", "psnr", "ssim")))
    for beta, run in zip(BETAS, runs, strict=True):
        scores = {score.metric: score.value for score in evaluate_run(run).scores}
        print(f"{beta:<5g}  " + "  ".join(f"{scores[name]:8.4g}" for name in ("mse_unit", "psnr", "ssim")))

    page = out / "report.html"
    write_report(runs, page)
    print(f"report: {page}")


if __name__ == "__main__":
    main()

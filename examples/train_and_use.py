"""Train an AVAE on real digits (some minutes on a CPU), then encode, reconstruct, sample and interpolate."""

from __future__ import annotations

from pathlib import Path

import chimerae
from chimerae import pictures
from chimerae.data import prepare


def main(out: Path = Path("runs/train-and-use"), steps: int = 3000) -> None:
    """Everything that is made goes into `out`, beside the run."""
    settings = {"arch.width": 32, "method.z_dim": 16}
    run = chimerae.train("avae", data="digits", steps=steps, out=out, settings=settings)

    model = chimerae.load(run)  # averaged weights; no training settings or data needed
    x = prepare("digits").test.take(range(16))  # [16, 1, 8, 8] in [0, 1]

    q = model.encode(x)  # a Gaussian over codes: q.mu [16, 16], q.sigma [16], the same for every image
    print(f"{len(q.mu)} codes of {q.mu.shape[1]}; deviations {[round(s, 2) for s in q.sigma.tolist()]}")

    by_decoder = model.reconstruct(x, network="decoder")  # blurred, nearer in pixels
    by_generator = model.reconstruct(x)  # sharp, from the same codes
    rows = {"originals": x, "decoder": by_decoder, "generator": by_generator}
    pictures.save(pictures.rows(rows), out / "rows.png")

    samples = model.sample(64, seed=1)  # the same seed gives the same samples
    pictures.save(pictures.grid(samples), out / "samples.png")

    way = model.interpolate(x[:4], x[4:8], steps=9)  # [4, 9, 1, 8, 8], along the great circle between codes
    pictures.save(pictures.grid(way.flatten(0, 1), columns=9), out / "way.png")
    print(f"pictures: {out}/rows.png, samples.png, way.png")


if __name__ == "__main__":
    main()

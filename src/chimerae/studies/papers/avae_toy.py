"""Figure 6 of the AVAE paper: two branches, a one-dimensional code."""

from __future__ import annotations

from chimerae.recipes.build import build
from chimerae.studies.columns import columns
from chimerae.studies.study import Arm, Scale, Study, StudyResults, Verdict

LOSSES = {"L^a": "paper_a", "L^b": "paper_b", "published": "official"}
PLAIN, NOISY = "deterministic", "with xi"
QUICK_STEPS = 5_000
REACHED = 0.6
"""Share of points on the branches above which an arm has left the middle (data: .85)."""


def arms(scale: Scale) -> tuple[Arm, ...]:
    """VAE, GAN, and AVAE with each latent loss, without and with noise beside the code."""
    more = {"steps": QUICK_STEPS} if scale == "quick" else {}
    toy = build("avae-toy")
    same = {
        "arch.activation": "tanh",
        "method.z_dim": 1,
        "training.batch_size": toy.training.batch_size,
        "training.optimizer.lr": toy.training.optimizer.lr,
        "training.ema": toy.training.ema,
        "training.picture_every": toy.training.picture_every,
        "training.save_every": toy.training.save_every,
        "steps": toy.steps,
    }
    others = [
        Arm(name.upper(), build(name, data="avae-sine", settings=same | more)) for name in ("vae", "gan")
    ]
    ours = [
        Arm(
            f"AVAE {title}, {kind}",
            build(
                "avae-toy",
                settings={"method.latent_loss": loss, "method.use_xi": kind == NOISY, **more},
            ),
        )
        for kind in (PLAIN, NOISY)
        for title, loss in LOSSES.items()
    ]
    return (*others, *ours)


def verdict(found: StudyResults) -> Verdict:
    """A VAE stays between the branches, an AVAE does not; with noise a code reaches both."""
    middle = found("VAE", "on_branches")
    names = [f"AVAE {title}, {kind}" for kind in (PLAIN, NOISY) for title in LOSSES]
    low = [name for name in names if not _left(found, name)]
    noisy = [f"AVAE {title}, {NOISY}" for title in LOSSES]
    single = [name for name in noisy if found(name, "both_branches").mean < 0.5]
    lost = [name for name in ["VAE", *names] if found(name, "code_rank").mean < 0.9]
    misses = [
        *([f"the VAE leaves the middle ({middle.mean:.2f} on the branches)"] if middle.mean > 0.1 else []),
        *([f"on the branches less than {REACHED}: {', '.join(low)}"] if low else []),
        *([f"most codes reach one branch only: {', '.join(single)}"] if single else []),
        *([f"the code does not order the points: {', '.join(lost)}"] if lost else []),
    ]
    if not misses:
        return Verdict(
            "agrees", "the VAE runs between the branches, every AVAE on them, and with xi a code reaches both"
        )
    if len(low) == len(names) or middle.mean > 0.1:
        return Verdict("disagrees", "; ".join(misses))
    return Verdict("unclear", "the VAE runs between the branches, but " + "; ".join(misses))


def _left(found: StudyResults, name: str) -> bool:
    """True when an arm is on the branches, and at p < .05 more often than the VAE."""
    ours, vae = found(name, "on_branches"), found("VAE", "on_branches")
    return ours.mean > REACHED and ours.differs(vae)


STUDY = Study(
    name="avae-toy",
    about="Does the AVAE's generator leave the VAE's mean curve for the branches of the data?",
    source="Plumerault et al. 2020 (arXiv 2012.11551), section 4.1 and figure 6",
    method="""\
Points scattered around two branches of a cosine, and a one-dimensional code. A VAE with a Gaussian decoder
can only draw the mean of both branches; a generator should run on the branches, along one at a time when
the code is all it is given, on both when noise xi stands beside the code. Latent losses L^a and L^b are the
paper's, `published` is that of its code. The paper says nothing about optimiser and steps: all arms use the
recipe `avae-toy`. `code rank` tells whether the code orders points along the first coordinate; a GAN has no
reason to.""",
    arms=arms,
    shows=columns("on_branches", "both_branches", "code_rank", "kl_nats", "jsd_nats", "mse_points"),
    verdict=verdict,
)

"""The number that a search makes small."""

from __future__ import annotations

import pytest

from chimerae.config import override
from chimerae.errors import InputError
from chimerae.evaluation import Results
from chimerae.recipes.build import build
from chimerae.run_folder.scores import Score
from chimerae.tuning.objective import Objective, objective_of

AVAE = build("avae", data="digits", preset="short")


def results(**values: float) -> Results:
    scores = [
        Score(metric=name.partition("_of_")[0], of=name.partition("_of_")[2], value=value, n=9, better="")
        for name, value in values.items()
    ]
    return Results(scores=tuple(scores), absent={"fid": "no weights"})


@pytest.mark.parametrize(
    ("name", "data", "terms"),
    [
        ("avae", "digits", ("fd_efficientnet@generator", "fvu@generator")),
        ("vae", "digits", ("fd_efficientnet@decoder", "fvu@decoder")),
        ("gan", "digits", ("fd_efficientnet@generator",)),
        ("kl-gan", "digits", ("perceptual_efficientnet@decoder",)),
        ("avae-toy", "avae-sine", ("jsd_nats@generator",)),
    ],
)
def test_defaults(name, data, terms):
    assert objective_of(build(name, data=data, preset="short"), ()).names == terms


def test_points_of_a_file_have_a_default_only_with_an_encoder(tmp_path, monkeypatch):
    import numpy as np

    monkeypatch.setenv("CHIMERAE_CACHE", str(tmp_path / "cache"))
    np.save(tmp_path / "p.npy", np.random.default_rng(0).normal(size=(50, 3)))
    source = str(tmp_path / "p.npy")
    assert objective_of(build("vae", data=source), ()).names == ("mse_points@decoder",)
    with pytest.raises(InputError, match="--objective"):
        objective_of(build("gan", data=source), ())


def test_networks_can_be_named():
    assert objective_of(AVAE, ["fvu@decoder", "fvu"]).terms == (("fvu", "decoder"), ("fvu", "generator"))
    assert objective_of(AVAE, ["active_units"]).terms == (("active_units", "encoder"),)
    for word, told in (
        ("fvu@critic", "network 'critic'"),
        ("fvuu", "unknown metric"),
        ("sharpness", "no direction"),
    ):
        with pytest.raises(InputError, match=told):
            objective_of(AVAE, [word])


def test_one_term_is_its_value_and_higher_is_negative():
    found = results(fvu_of_decoder=0.25, psnr_of_decoder=20.0)
    for metric, cost in (("fvu", 0.25), ("psnr", -20.0)):
        objective = Objective(((metric, "decoder"),))
        assert objective.cost(objective.values(found)) == cost


def test_several_terms_are_a_geometric_mean():
    objective = Objective((("fvu", "decoder"), ("fd_efficientnet", "decoder"), ("psnr", "decoder")))
    values = objective.values(
        results(fvu_of_decoder=0.5, fd_efficientnet_of_decoder=4.0, psnr_of_decoder=16.0, swd_of_decoder=9.0)
    )
    assert objective.cost(values) == pytest.approx((0.5 * 4.0 / 16.0) ** (1 / 3), rel=1e-14)


def test_what_cannot_be_judged_is_told():
    one, two = (
        Objective((("kd_efficientnet", "decoder"),)),
        Objective((("fvu", "a"), ("kd_efficientnet", "a"))),
    )
    assert one.cost({"kd_efficientnet@decoder": -0.1}) == -0.1
    with pytest.raises(InputError, match="above 0"):
        two.cost({"fvu@a": 1.0, "kd_efficientnet@a": -0.1})
    with pytest.raises(InputError, match="nan"):
        one.cost({"kd_efficientnet@decoder": float("nan")})
    with pytest.raises(InputError, match="fid of decoder is not measured: no weights"):
        Objective((("fid", "decoder"),)).values(results())
    with pytest.raises(InputError, match="there are decoder"):
        Objective((("fvu", "generator"),)).values(results(fvu_of_decoder=1.0))
    assert override(AVAE, {}) == AVAE

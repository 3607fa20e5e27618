from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal, final

import pytest
import torch
from torch import nn

from chimerae.evaluation import Evaluation, Results, evaluate
from chimerae.evaluation.seeded_codec import SeededCodec, noise_rows, spread
from chimerae.methods import Biadversarial
from chimerae.nets import Nets
from chimerae.networks import MLP
from chimerae.shapes import SIGNED
from tests.evaluation.evaluation_stubs import IMAGE, Sampler, Twin, _Plays, built, images

IMAGE_METRICS = {"mse_signed", "mse_unit", "rmse_255", "psnr", "ssim"}
OF_IMAGES = Evaluation(metrics=tuple(sorted(IMAGE_METRICS)))


def table(results: Results) -> dict[tuple[str, str], float]:
    return {(score.metric, score.of): score.value for score in results.scores}


def test_every_network_gets_every_image_metric_with_its_protocol():
    method, data = Twin(), images()
    results = evaluate(method, built(method, IMAGE), data, OF_IMAGES)
    assert set(table(results)) == {(m, of) for m in IMAGE_METRICS for of in ("decoder", "generator")}
    assert results.absent == {}
    for score in results.scores:
        assert score.n == score.protocol["n"] == 50
        assert score.std is not None
        facts = {
            "split": "test",
            "bn": "running",
            "seed": 0,
            "code": "sample",
            "reduction": "per sample, then mean",
        }
        assert facts.items() <= score.protocol.items()
    ssim = next(score for score in results.scores if score.metric == "ssim")
    assert (ssim.better, ssim.protocol["window"], ssim.protocol["range"]) == ("higher", 11, "[0,1]")


def test_reconstructions_of_the_training_split_have_scores_of_their_own():
    method, data = Twin(), images()
    nets = built(method, IMAGE)
    plain, both = (
        evaluate(method, nets, data, replace(OF_IMAGES, n=20, rebuild_train=more)) for more in (False, True)
    )
    swapped = replace(data, test=data.train, train=data.test)
    train = table(evaluate(method, nets, swapped, replace(OF_IMAGES, n=20)))
    assert table(both) == table(plain) | {(f"{m}[train]", of): v for (m, of), v in train.items()}
    assert {s.protocol["split"] for s in both.scores if s.metric.endswith("[train]")} == {data.train.name}
    assert not plain.shown.learnt
    assert both.shown.originals is not None
    torch.testing.assert_close(both.shown.originals, plain.shown.originals)
    x = data.train.take(spread(len(data.train), 16))
    assert list(both.shown.learnt) == ["originals", "decoder", "generator"]
    torch.testing.assert_close(both.shown.learnt["originals"], x)
    assert not torch.equal(both.shown.learnt["decoder"], plain.shown.reconstructions["decoder"])


def test_scores_are_those_of_the_plain_way():
    method, data = Twin(xi=2), images()
    nets = built(method, IMAGE)
    scores = table(evaluate(method, nets, data, Evaluation(seed=3)))
    x = data.test.take(range(50))
    with nets.evaluating():
        q = method.encode(nets, SIGNED.from_unit(x))
        z = q.sample(noise_rows(0, 50, 4, 3, "eps"))
        made = method.decode(nets, torch.cat([z, noise_rows(0, 50, 2, 3, "xi")], 1))
    for network, y in made.items():
        signed = (2 * x - 1 - y).square().flatten(1).mean(1)
        assert scores["mse_signed", network] == pytest.approx(float(signed.mean()), rel=1e-5)
        assert scores["mse_unit", network] == pytest.approx(float(signed.mean()) / 4, rel=1e-5)
        spread = 4 * (x - x.mean(0)).square().mean()
        assert scores["fvu", network] == pytest.approx(float(signed.mean() / spread), rel=1e-5)
        assert scores["psnr", network] == pytest.approx(float((-10 * (signed / 4).log10()).mean()), rel=1e-5)


def test_batch_size_changes_nothing():
    method, data = Twin(xi=2), images(70)
    nets = built(method, IMAGE)
    small, large = (table(evaluate(method, nets, data, Evaluation(batch_size=b))) for b in (7, 64))
    assert_alike(small, large)


@pytest.mark.parametrize(("n", "metrics"), [(40, None), (300, ("mse_unit", "prior_mmd"))])
def test_batch_size_changes_nothing_of_posteriors_that_are_drawn(n, metrics):
    method, data = Biadversarial(z_dim=3), images(n)
    nets = Nets(method.networks(IMAGE, MLP(width=8)))
    small, large = (
        table(evaluate(method, nets, data, Evaluation(metrics=metrics, batch_size=b))) for b in (7, n)
    )
    assert ("mse_unit", "decoder") in small
    assert_alike(small, large)


def assert_alike(one: dict[tuple[str, str], float], other: dict[tuple[str, str], float]) -> None:
    """Assert that two tables are equal to rounding.

    That of kernel distances and SSIM is absolute: they are means of numbers near 1 of both signs, and as near
    to 0 as chance has it.
    """
    assert one.keys() == other.keys()
    for key, value in one.items():
        near_zero = key[0].startswith(("kd_", "ssim"))
        assert value == pytest.approx(other[key], rel=1e-5, abs=1e-6 if near_zero else 0.0), key


def test_repeats_to_the_last_digit_and_leaves_everything_as_it_was():
    method, data = Twin(xi=2), images()
    nets = built(method, IMAGE)
    nets.modules["encoder"].train()
    nets.modules["decoder"].eval()
    before = {name: value.clone() for name, value in nets.modules["encoder"].state_dict().items()}
    state = torch.get_rng_state()
    first, second = (evaluate(method, nets, data, Evaluation(bn="batch")) for _ in range(2))
    assert first.scores == second.scores
    assert torch.equal(torch.get_rng_state(), state)
    assert nets.modules["encoder"].training
    assert not nets.modules["decoder"].training
    after = nets.modules["encoder"].state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_seed_and_batch_norm_matter_and_are_stated():
    method, data = Twin(), images()
    nets = built(method, IMAGE)
    plain, other = evaluate(method, nets, data), evaluate(method, nets, data, Evaluation(seed=1))
    batch = evaluate(method, nets, data, Evaluation(bn="batch", batch_size=49))
    assert table(plain) != table(other)
    psnr = [table(results)["psnr", "decoder"] for results in (plain, batch)]
    assert abs(psnr[0] - psnr[1]) > 1e-4
    assert {"bn": "batch", "batch_size": 49}.items() <= batch.scores[0].protocol.items()


def test_n_takes_samples_from_all_over_the_split():
    method, data = Twin(), images()
    data.test.stored[:25] = 0  # sorted by class, as many sets are
    results = evaluate(method, built(method, IMAGE), data, replace(OF_IMAGES, n=10))
    assert {score.n for score in results.scores if score.of != "data"} == {10}
    assert results.shown.originals is not None
    assert 0 < int((results.shown.originals.flatten(1).sum(1) == 0).sum()) < 16


def test_without_encoder_reconstruction_is_absent_and_pictures_are_there():
    method, data = Sampler(), images()
    results = evaluate(method, built(method, IMAGE), data, OF_IMAGES)
    assert results.scores == ()
    assert results.absent == dict.fromkeys(IMAGE_METRICS, "sampler has no encoder: it cannot reconstruct")
    assert results.shown.originals is None
    assert results.shown.samples["generator"].shape == (64, *IMAGE)
    assert results.shown.interpolation is not None


def test_small_images_lose_ssim_alone():
    method, data = Twin(), images(shape=(1, 2, 2))
    results = evaluate(method, built(method, (1, 2, 2)), data, OF_IMAGES)
    assert {score.metric for score in results.scores} == IMAGE_METRICS - {"ssim"}
    assert results.absent == {"ssim": "images of 2x2 are too small for SSIM; it needs 3 px or more"}


def test_a_broken_network_is_named_and_the_other_scored():
    method, data = Twin(), images()
    nets = built(method, IMAGE)
    with torch.no_grad():
        nets.modules["generator"].line.bias[3] = float("nan")
    results = evaluate(method, nets, data, OF_IMAGES)
    assert {score.of for score in results.scores} == {"decoder"}
    assert results.absent == dict.fromkeys(
        IMAGE_METRICS, "generator: 50 of 50 reconstructions are not finite"
    )


def test_data_of_another_size_is_one_clear_line():
    method = Twin()
    results = evaluate(method, built(method, IMAGE), images(shape=(3, 16, 16)))
    assert results.scores == ()
    assert "it makes 12x12x1, the data are 16x16x3; prepare them as in training" in results.absent["psnr"]
    assert results.shown.samples["generator"].shape == (64, *IMAGE)


def test_an_empty_split_is_one_clear_line():
    method = Twin()
    results = evaluate(method, built(method, IMAGE), images(0))
    assert "the test split is empty" in results.absent["psnr"]
    assert results.shown.originals is None


def test_one_test_image_is_enough_even_for_batch_statistics_of_pairs():
    method = Sampler()
    assert evaluate(method, built(method, IMAGE), images(1), Evaluation(bn="batch")).shown.samples
    twin = Twin()
    results = evaluate(twin, built(twin, IMAGE), images(1))
    assert {score.std for score in results.scores} == {None}


def test_of_one_image_no_variance_can_be_explained():
    method = Twin()
    results = evaluate(method, built(method, IMAGE), images(1), Evaluation(metrics=("fvu", "psnr")))
    assert {score.metric for score in results.scores} == {"psnr"}
    assert results.absent == {"fvu": "all originals are alike"}


def test_chosen_metrics_and_those_that_do_not_apply():
    method, data = Twin(), images()
    results = evaluate(method, built(method, IMAGE), data, Evaluation(metrics=("psnr", "kl_published")))
    assert {score.metric for score in results.scores} == {"psnr"}
    assert results.absent == {"kl_published": "it needs a toy density, whose points can be drawn"}


def test_progress_reaches_the_end():
    seen: list[tuple[int, int, str]] = []
    method, data = Twin(), images()
    evaluate(
        method,
        built(method, IMAGE),
        data,
        Evaluation(batch_size=20),
        progress=lambda done, total, what: seen.append((done, total, what)),
    )
    for what in ("test samples", "samples of the generator", "codes"):
        counts = [done for done, _, of in seen if of == what]
        assert counts == sorted(counts)
        assert counts[-1] == 50


def test_code_kind_is_stated_when_the_method_has_one():
    @final
    @dataclass(frozen=True, kw_only=True)
    class Mean(_Plays):
        name: ClassVar[str] = "mean"
        players: ClassVar = {"all": ("encoder", "decoder")}
        exported: ClassVar = ("encoder", "decoder")
        z_dim: int = 4
        recon_code: Literal["mean"] = "mean"

        networks, encode = Twin.networks, Twin.encode
        xi: int = 0

        def generate(self, nets, z):
            return nets.decoder(z)

        def reconstruction_code(self, q, eps):
            return q.mu

    method = Mean()
    nets = built(method, IMAGE)
    first, second = (evaluate(method, nets, images(), replace(OF_IMAGES, seed=s)) for s in (0, 1))
    assert first.scores[0].protocol["code"] == "mean"
    assert table(first) == table(second)


def test_bench_finds_the_device_and_draws_prior_codes_of_their_own():
    method = Twin(xi=2)
    codec = SeededCodec(method, built(method, IMAGE), IMAGE, 0, 8)
    assert codec.device == torch.device("cpu")
    prior = codec.prior(0, 10)
    assert prior.shape == (10, 6)
    assert not torch.equal(prior[:, :4], noise_rows(0, 10, 4, 0, "eps"))
    assert not torch.equal(prior[:, 4:], noise_rows(0, 10, 2, 0, "xi"))


def test_infinite_images_are_not_mistaken_for_white_ones():
    class Bright(nn.Module):
        def forward(self, z: torch.Tensor) -> torch.Tensor:
            return torch.full((len(z), *IMAGE), float("inf"))

    method = Twin()
    nets = Nets({**built(method, IMAGE).modules, "generator": Bright()})
    results = evaluate(method, nets, images(), OF_IMAGES)
    assert {score.of for score in results.scores} == {"decoder"}
    assert results.absent["psnr"] == "generator: 50 of 50 reconstructions are not finite"

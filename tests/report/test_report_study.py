from __future__ import annotations

from chimerae.report.protocol import protocols, unlike
from chimerae.run_folder.scores import Score

TITLES = {"cost": "cost", "kl": "KL"}


def score(metric: str, of: str, **protocol: str | int | float) -> Score:
    return Score(
        metric=metric,
        of=of,
        value=1.0,
        n=10,
        std=None,
        better="lower",
        protocol={"bn": "running", **protocol},
    )


def test_what_all_values_share_is_said_once():
    told = protocols({"": [score("cost", "decoder", toy="rings"), score("kl", "decoder", bins=9)]}, TITLES)
    assert told == ["All values: n 10; bn running.", "cost: toy rings.", "KL: bins 9."]


def test_networks_may_be_measured_each_in_its_own_way():
    """Improved samples are beside plain ones to be compared with them."""
    measured = [
        score("cost", of, toy="rings", **facts)
        for _seed in range(2)
        for of, facts in (
            ("decoder", {"code": "prior"}),
            ("decoder, improved", {"code": "improved", "lr": 0.1}),
        )
    ]
    assert protocols({"": measured}, TITLES)[1:] == [
        "cost: decoder: code prior; decoder, improved: code improved; lr 0.1."
    ]


def test_runs_may_not():
    measured = [score("cost", "decoder", toy="rings", bins=bins) for bins in (9, 10)]
    assert protocols({"": measured}, TITLES)[1:] == [
        "cost: † measured differently from run to run: these values do not compare."
    ]


def test_what_runs_measured_differently_is_told_apart():
    measured = [score("cost", "decoder", bins=bins) for bins in (9, 10)]
    assert unlike({"": measured}, "cost") == {""}
    assert not unlike({"a": measured[:1], "b": measured[1:]}, "cost")
    assert unlike({"a": measured, "b": measured[:1]}, "cost") == {"a"}


def test_networks_cannot_be_compared_on_other_data():
    measured = [score("cost", of, data=data) for of, data in (("decoder", "a"), ("generator", "b"))]
    assert unlike({"": measured}, "cost") == {""}
    coded = [score("cost", of, code=code) for of, code in (("decoder", "sample"), ("generator", "mean"))]
    assert not unlike({"": coded}, "cost")


def test_sets_have_protocols_of_their_own():
    """Tables on several data sets: values are compared within each."""
    sets = {
        name: [score("cost", of, toy="rings", labels=name) for of in ("decoder", "generator")]
        for name in ("MNIST", "CIFAR10")
    }
    told = protocols(sets | {"SVHN": [score("kl", "decoder")]}, TITLES)
    assert told == [
        "All values: n 10; bn running.",
        "cost: toy rings; MNIST: labels MNIST; CIFAR10: labels CIFAR10.",
    ]

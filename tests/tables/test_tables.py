from __future__ import annotations

import csv
import math
from io import StringIO
from statistics import fmean, stdev

import numpy as np
import pytest
from scipy.stats import ttest_ind

from chimerae.tables import Column, TableRow, Values, best, csv_text, filled, latex, markdown
from tests.helpers.rows import through

KL, N = Column("KL", "lower"), Column("modes", "higher")


def lines() -> list[TableRow]:
    return [
        TableRow(
            "soft", "one", {"KL": Values((5.0, 5.2, 5.1)), "modes": Values((6.0, 8.0, 7.0))}, {"KL": "50.2"}
        ),
        TableRow(
            "as", "one", {"KL": Values((1.0, 1.2, 1.1)), "modes": Values((7.0, 8.0, 7.5))}, {"KL": "3.4"}
        ),
        TableRow("soft", "two", {"KL": Values((9.0, 11.0, 10.0))}),
        TableRow("as", "two", {}),
        TableRow("data", "", {"KL": Values((0.01,)), "modes": Values((8.0,))}, competes=False),
    ]


def test_mean_and_deviation_are_those_of_the_textbook():
    values = Values((0.3, 1.7, 2.2))
    assert (values.mean, values.spread, values.n) == (fmean(values.each), stdev(values.each), 3)
    assert math.isnan(Values((1.0,)).spread)
    assert math.isnan(Values((1.0, math.inf)).spread)


@through(
    "a, b, better, winner",
    [
        ((1.0, 1.1, 1.2), (2.0, 2.1, 2.2), "lower", "a"),
        ((1.0, 1.1, 1.2), (2.0, 2.1, 2.2), "higher", "b"),
        ((1.0, 1.1, 1.2), (2.0, 2.1, 2.2), "", None),  # neither way is better
        ((1.0, 2.0, 3.0), (2.5, 3.5, 4.0), "lower", None),  # p = .24
        ((1.0, 1.001), (2.0, 2.001), "lower", None),  # two seeds are too few, however small the p
        ((1.0,), (2.0,), "lower", None),  # no spread is known
        ((1.0, math.nan, 1.1), (2.0, 2.1, 2.2), "lower", None),
        ((1.0, 1.0, 1.0), (2.0, 2.0, 2.0), "lower", "a"),
        ((1.0, 1.0, 1.0), (1.0, 1.0, 1.0), "lower", None),
    ],
)
def test_best_differs_from_the_second(a, b, better, winner):
    assert best({"a": Values(a), "b": Values(b)}, better) == winner


def test_p_is_that_of_scipy():
    """Of sets that differ in size and spread, in float64."""
    generator = np.random.default_rng(0)
    for n, m, scale in ((2, 2, 1.0), (3, 3, 0.1), (3, 7, 10.0), (20, 4, 1.0)):
        a, b = generator.normal(size=n), 1.0 + scale * generator.normal(size=m)
        ours = Values(tuple(a.tolist())).p_value(Values(tuple(b.tolist())))
        assert ours == pytest.approx(ttest_ind(a, b, equal_var=False).pvalue, rel=1e-9)


@through("n", [3, 5])
def test_equal_laws_are_called_different_at_most_as_often_as_is_said(n):
    """The rule before, means farther apart than the larger deviation, did so in .21 and .10 of cases."""
    generator = np.random.default_rng(1)
    draws = generator.normal(size=(4000, 2, n))
    wrong = np.mean([Values(tuple(a)).differs(Values(tuple(b))) for a, b in draws])
    assert 0.01 < wrong < 0.06


def test_unknown_deviations_have_no_p():
    assert math.isnan(Values((1.0,)).p_value(Values((1.0, 2.0))))
    assert Values((1.0,)).versus(Values((1.0, 2.0))) == "n = 1 and 2"
    assert Values((1.0, 1.1, 1.2)).versus(Values((9.0, 9.1, 9.2))) == "p < 0.001, n = 3"


def test_nobody_is_the_best_of_one():
    assert best({"a": Values((1.0, 1.1))}, "lower") is None


def test_groups_compete_apart_and_data_never():
    table = filled([KL, N], lines())
    assert [[entry.bold for entry in row] for row in table.entries] == [
        [False, False],
        [True, False],
        [False, False],
        [False, False],
        [False, False],
    ]
    assert [entry.text for entry in table.entries[1]] == ["1.10 ± 0.10", "7.500 ± 0.500"]
    assert [(lead.column, lead.group) for lead in table.leads] == [("KL", "one")]
    assert table.leads[0].versus == Values((1.0, 1.2, 1.1)).versus(Values((5.0, 5.2, 5.1)))
    assert table.entries[4][0].text == "0.01"
    assert table.entries[3][0].text == "–"


def test_markdown_shows_sets_counts_and_the_source():
    told = markdown(filled([KL, N], lines())).splitlines()
    assert told[0] == "| set |  | n | KL ↓ | source | modes ↑ |"
    assert told[3] == "|  | as | 3 | **1.10** ± 0.10 | 3.4 | 7.500 ± 0.500 |"
    assert told[5] == "|  | as | 0 | – |  | – |"
    assert len({line.count("|") for line in told}) == 1


def test_a_table_without_sets_has_no_column_for_them():
    told = markdown(filled([KL], [TableRow("a|b", values={"KL": Values((1.0,))})])).splitlines()
    assert told[0] == "|  | n | KL ↓ |"
    assert told[2] == "| a\\|b | 1 | 1.000 |"


def test_csv_keeps_every_digit():
    rows = list(csv.DictReader(StringIO(csv_text(filled([KL, N], lines())))))
    assert float(rows[0]["KL, mean"]) == fmean([5.0, 5.2, 5.1])
    assert float(rows[0]["KL, deviation"]) == stdev([5.0, 5.2, 5.1])
    assert (rows[0]["set"], rows[0]["row"], rows[0]["KL, n"], rows[0]["KL, source"]) == (
        "one",
        "soft",
        "3",
        "50.2",
    )
    assert (rows[3]["KL, mean"], rows[3]["KL, n"]) == ("", "0")
    assert rows[4]["KL, deviation"] == ""


def test_latex_escapes_what_tex_would_take_for_its_own():
    made = latex(
        filled([Column("50% of x_1")], [TableRow("A & B", values={"50% of x_1": Values((1.0, 2.0))})])
    )
    assert r"50\% of x\_1" in made
    assert r"A \& B & 2 & 1.500 $\pm$ 0.707 \\" in made
    assert made.count("{") == made.count("}")


def test_latex_emphasises_the_best():
    assert r"\textbf{1.10} $\pm$ 0.10" in latex(filled([KL, N], lines()))


@through("unlike, leaders", [((), 1), (("two",), 1), (("one",), 0), (("",), 0)])
def test_nothing_leads_where_values_do_not_compare(unlike: tuple[str, ...], leaders: int):
    table = filled([Column("KL", "lower", unlike), N], lines())
    assert sum(row[0].bold for row in table.entries) == leaders
    mark = "KL †" if unlike else "KL"
    assert f"| {mark} ↓ |" in markdown(table)
    assert f",{mark.replace(' ', ' ')}, mean" in csv_text(table).replace('"', "")
    assert ("KL \\dag{}" in latex(table)) == bool(unlike)

from __future__ import annotations

import numpy as np

from chimerae.report.charts import Curve, Panel, svg
from chimerae.report.compare import NOT_SET, Setting
from tests.helpers.rows import through


@through(
    "values, differs",
    [
        (("1", "1"), False),
        (("1", "2"), True),
        (("none", NOT_SET), False),
        (("64", "none"), True),
        (("64", NOT_SET), True),
    ],
)
def test_what_is_left_open_does_not_differ_from_what_there_is_not(values: tuple[str, ...], differs: bool):
    assert Setting("x", values).differs == differs


def test_axes_say_the_values_themselves():
    """Not their differences from some number that is written above the axis."""
    values = np.array([1.0, 0.99994, 0.99995, 0.999935, 0.99995])
    page = svg(Panel("sigma", (Curve(np.arange(5.0), values, "#123456"),)), "c0")
    assert ">0.99994<" in page
    assert "+9.999e" not in page

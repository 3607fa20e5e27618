"""Studies: a named grid of runs, the table that it fills, and the rule that reads a verdict from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from chimerae.files import slug
from chimerae.metrics import METRICS
from chimerae.runs.run import Run
from chimerae.tables import Better, Values

Scale = Literal["quick", "paper"]
SCALES: tuple[Scale, ...] = get_args(Scale)


@dataclass(frozen=True)
class Arm:
    """One row of the grid: a run that is repeated with every seed."""

    name: str
    run: Run
    """Its settings; the seed is set by the study."""
    group: str = ""
    """The set of rows it competes with."""
    networks: tuple[str, ...] = ()
    """Networks that get a row each; none: one row, of the network that samples."""
    seconds: float | None = None
    """Time that a run learns, from its start on; its steps follow from it. None: the run's own steps."""
    recorded: Mapping[str, Any] = field(default_factory=dict)
    """Other values of settings, by dotted path, with which committed records of this row were made. Such
    records count, and the page names them.
    """

    @property
    def title(self) -> str:
        """Its name among all arms of the study; verdicts look it up by this name."""
        return f"{self.group}, {self.name}" if self.group else self.name

    @property
    def slug(self) -> str:
        """Its name as part of a folder name.

        >>> from chimerae.recipes.build import build
        >>> Arm("AVAE, L^a", build("avae", data="avae-sine"), "with xi").slug
        'with-xi-avae-l-a'
        """
        return slug(self.title)


@dataclass(frozen=True)
class MetricColumn:
    """A column of the study's table: one metric."""

    metric: str
    title: str

    @property
    def better(self) -> Better:
        """Direction in which the metric improves; empty where the best value is that of the data."""
        name = self.metric.partition("[")[0]  # FD-classifier of other labels is named after them
        better = next(metric.better for metric in METRICS if metric.name == name)
        return "" if better == "data" else better


@dataclass(frozen=True)
class Verdict:
    """A judgement of the source's claim by the numbers, and its reason, in one line."""

    word: Literal["agrees", "disagrees", "unclear"]
    why: str


@dataclass(frozen=True)
class StudyResults:
    """The values of all finished runs, by row and metric.

    A row is an arm's title, `title: network`, or `data`; `group, data` where groups have data of their own.
    """

    values: Mapping[tuple[str, str], Values]

    def __call__(self, row: str, metric: str) -> Values:
        """The values of a row; `KeyError` when no run of it is finished."""
        return self.values[row, metric]


@dataclass(frozen=True)
class Map:
    """A picture of all rows of a study: one metric against another, a panel for each group."""

    x: MetricColumn
    y: MetricColumn
    centre: float
    """Value of the mean of the data on the axis of `x`."""
    y_of: Mapping[str, MetricColumn] = field(default_factory=dict)
    """Metrics in place of `y`, by group."""

    def vertical(self, group: str) -> MetricColumn:
        """The metric on the vertical axis of a group's panel."""
        return self.y_of.get(group, self.y)


@dataclass(frozen=True)
class Study:
    """A question, the runs that answer it, and the rule that reads the answer from their scores."""

    name: str
    about: str
    """The question, in a line."""
    source: str
    """Paper and table or figure."""
    method: str
    """Data, settings, and differences from the source. A few sentences of Markdown."""
    arms: Callable[[Scale], tuple[Arm, ...]]
    shows: tuple[MetricColumn, ...]
    verdict: Callable[[StudyResults], Verdict]
    """Called when every cell is finished."""
    published: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """The source's numbers by row and metric, as it prints them."""
    cited: tuple[tuple[str, str], ...] = ()
    """Groups and names of rows with numbers of the source alone; `group, name` in `published`."""
    pictures: tuple[str, ...] = ("scatter",)
    """Pictures of evaluation that the page puts side by side, one per arm."""
    map: Map | None = None
    """The picture on top of the page."""
    learning: bool = False
    """True: the page shows samples of every arm as a film, from the first step to the last: a quarter of each
    sheet, or the last panel of a plot."""
    columns: int = 4
    """Pictures side by side."""
    paper_seeds: int = 3
    """Default runs of each arm at paper scale: as many as in the source, where it gives a number."""
    by_group: bool = False
    """True: groups of arms are independent, and a group that is finished is judged without the rest."""

"""An executor that trains nothing: its jobs end as they are told, one at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chimerae.studies.executors import End, Resources


@dataclass
class Told:
    """A job that has ended when it is looked at."""

    ending: End
    seen: bool = False

    def end(self) -> End:
        self.seen = True
        return self.ending


@dataclass
class StandIn:
    """`ends` has the ends of the cell of each label in turn; after them it is finished."""

    ends: Mapping[str, list[End]] = field(default_factory=dict)
    every: float = 0.0
    queues: bool = False
    started: list[tuple[str, Resources]] = field(default_factory=list)
    stopped: int = 0
    _jobs: list[Told] = field(default_factory=list)

    def fits(self, wanted: Resources) -> bool:
        return all(job.seen for job in self._jobs)

    def start(self, task: Mapping[str, Any], wanted: Resources) -> Told:
        self.started.append((task["label"], wanted))
        left = self.ends.get(task["label"], [])
        self._jobs.append(Told(left.pop(0) if left else End()))
        return self._jobs[-1]

    def stop(self) -> None:
        self.stopped += 1

    @property
    def labels(self) -> Sequence[str]:
        return [label for label, _ in self.started]

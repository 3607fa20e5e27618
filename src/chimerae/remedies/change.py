"""A measure against a fault: words, and the settings to change, compared with those of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Change:
    """A setting to change: its flag, the value to try, and the values that make the change useless."""

    flag: str
    """Path of the setting as on the command line, without dashes in front."""
    value: float | str = ""
    """Value to try; '': any other one, in the direction that the words give."""
    past: Literal["equal", "least", "most"] = "equal"
    """The change is useless if the run has this very value, a value of at least this, or at most this."""

    def __str__(self) -> str:
        return f"--{self.flag} {self.value}".strip()

    def missing(self, settings: Mapping[str, Any]) -> bool:
        """True unless `settings`, those of a run as a tree, have it already."""
        there = _value(settings, self.flag.replace("-", "_"))
        if there is None or self.value == "":
            return True
        if isinstance(self.value, str) or isinstance(there, str):
            return str(there) != str(self.value)
        if self.past == "equal":
            return bool(there != self.value)
        return bool(there < self.value if self.past == "least" else there > self.value)


def _value(settings: Mapping[str, Any], path: str) -> Any:
    """The value of a setting by its dotted path; of a player's optimiser what holds for this player."""
    found: Any = settings
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    room, _, name = path.partition(".players.")
    if found is None and name:
        return _value(settings, f"{room}.optimizer.{name.partition('.')[2]}")
    return found


@dataclass(frozen=True)
class Remedy:
    """One measure in words, and the changes of settings that it consists of."""

    words: str
    changes: tuple[Change, ...] = ()

    def told(self, settings: Mapping[str, Any]) -> str:
        """The measure with those changes that `settings` lack; '' when they have them all."""
        lacking = [change for change in self.changes if change.missing(settings)]
        if self.changes and not lacking:
            return ""
        flags = f" ({' '.join(map(str, lacking))})" if lacking else ""
        return self.words + flags

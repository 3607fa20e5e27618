"""Health word of a run. `docs/health.md` has the rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import exp, inf, isfinite, log1p

from chimerae.run_folder.log import OK

Values = Mapping[str, float]

HUGE = 1e6
ALIKE_VARIETY = 0.02
FEW_VARIETY = 0.1
ALIKE_IN_CLASS = 0.05
FAINT_VARIETY = 0.12
FAINT_TOTAL = 0.25
MEAN_ERROR = 0.95
LOST_RETURN = 0.2
UNRELATED_ERROR = 2.0
FAR_OFFSET = 0.5
UNUSED_SHARE = 0.1
UNREAD = 0.1
HARDLY_READ = 0.2
DISPLACED = 0.1
RUNAWAY_LOGIT = 50.0
SATURATED_COST = 0.05
UNUSED_NATS = 0.05
WILD_PENALTY = 10.0
BLIND_GAP = 1e-3
PASSING_SHARE = 0.9
FAR_AHEAD = 5.0
UNREPELLED = 0.99
UNDERFLOW = 1e-4
MOSTLY_KL = 0.9


def _softplus(u: float) -> float:
    return max(u, 0.0) + log1p(exp(-abs(u)))


def _not_finite(values: Values) -> bool:
    return not all(map(isfinite, values.values()))


def _huge(values: Values) -> bool:
    return max(map(abs, values.values()), default=0.0) > HUGE


def _runs_away(values: Values) -> bool:
    return max(abs(values.get("c_real", 0.0)), abs(values.get("c_fake", 0.0))) > RUNAWAY_LOGIT


def _logistic(values: Values) -> bool:
    return "c_real" in values and "c_fake" in values and "penalty" not in values


def _saturated(values: Values) -> bool:
    return _logistic(values) and _softplus(-values["c_real"]) + _softplus(values["c_fake"]) < SATURATED_COST


def _blind(values: Values) -> bool:
    return _logistic(values) and abs(values["c_real"] - values["c_fake"]) < BLIND_GAP


def _faint(values: Values) -> bool:
    """Each sample lies near the mean of the data: samples vary little, and their own mean is near it."""
    variety = values.get("variety", inf)
    return variety < FAINT_VARIETY and variety + values.get("offset", inf) < FAINT_TOTAL


def _few(values: Values) -> bool:
    """Samples vary little, or they vary without telling their codes, and have another mean than the data:
    a few patterns in other tones.
    """
    untold = values.get("read_back", inf) < HARDLY_READ and values.get("offset", -inf) > DISPLACED
    return values.get("variety", inf) < FEW_VARIETY or untold


def _lost(values: Values) -> bool:
    """Reconstructions are farther than the mean image and hardly follow their originals, or are farther than
    another image of the data. Sharp ones that follow their originals may have errors between these two.
    """
    error, returned = values.get("rec_error", 0.0), values.get("returned", 0.0)
    return error > UNRELATED_ERROR or (error > MEAN_ERROR and returned < LOST_RETURN)


def _far_ahead(values: Values) -> bool:
    return values.get("kl_fake", 0.0) > FAR_AHEAD * values.get("kl", inf)


def _pass_as_data(values: Values) -> bool:
    """Samples have a clearly smaller KL than data, and the game is mostly about the KL (`c`)."""
    smaller = values.get("kl_fake", inf) < PASSING_SHARE * values.get("kl", 0.0)
    return smaller and values.get("c", 1.0) > MOSTLY_KL


def _above(name: str, threshold: float) -> Callable[[Values], bool]:
    return lambda values: values.get(name, -inf) > threshold


def _below(name: str, threshold: float) -> Callable[[Values], bool]:
    return lambda values: values.get(name, inf) < threshold


@dataclass(frozen=True)
class Rule:
    """A health word, its condition, and the share of the run from which on it applies."""

    word: str
    holds: Callable[[Values], bool]
    after: float = 0.0


RULES: tuple[Rule, ...] = (
    Rule("not finite", _not_finite),
    Rule("a value is huge", _huge),
    Rule("samples alike", _below("variety", ALIKE_VARIETY), after=0.1),
    Rule("samples faint", _faint, after=0.5),
    Rule("few patterns", _few, after=0.5),
    Rule("samples of a class alike", _below("class_variety", ALIKE_IN_CLASS), after=0.5),
    Rule("no better than the mean", _lost, after=0.2),
    Rule("off the data", _above("offset", FAR_OFFSET), after=0.2),
    Rule("code unused", _below("kl", UNUSED_NATS)),
    Rule("code mostly unused", _below("used_codes", UNUSED_SHARE), after=0.2),
    Rule("code not read back", _below("read_back", UNREAD), after=0.5),
    Rule("critic runs away", _runs_away),
    Rule("critic saturated", _saturated),
    Rule("critic blind", _blind),
    Rule("penalty too large", _above("penalty", WILD_PENALTY)),
    Rule("hinge inactive", lambda values: values.get("hinge", 1.0) <= 0.0),
    Rule("exponent saturated", _below("exp_elbo", UNDERFLOW)),
    Rule("fakes not repelled", _above("exp_elbo", UNREPELLED)),
    Rule("fakes pass as data", _pass_as_data),
    Rule("encoder far ahead", _far_ahead, after=0.5),
)
"""Rules, worst first: the first rule that holds gives the word, `ok` when none does."""


def health(values: Values, progress: float = 1.0) -> str:
    """Return the health word for losses, logged means (`kl`, `c_real`, ...) and measurements of `Probe`.

    Args:
        values: all of these by name.
        progress: share of the run that is done, in [0, 1].

    >>> health({"kl": 12.0, "c_real": 1.0, "c_fake": -1.0})
    'ok'
    >>> health({"kl": 12.0, "c_real": 9.0, "c_fake": -9.0})
    'critic saturated'
    >>> health({"kl": 12.0, "c_real": 9.0, "c_fake": -9.0, "variety": 0.001})
    'samples alike'
    """
    said = (rule.word for rule in RULES if progress >= rule.after and rule.holds(values))
    return next(said, OK)

"""One word about how a run is doing. The rules are written out in `docs/health.md`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import exp, inf, isfinite, log1p

Values = Mapping[str, float]

RUNAWAY_LOGIT = 50.0
SATURATED_COST = 0.05
UNUSED_NATS = 0.05
WILD_PENALTY = 10.0
BLIND_GAP = 1e-3
PASSING_SHARE = 0.9
UNREPELLED = 0.99
UNDERFLOW = 1e-4
MOSTLY_KL = 0.9


def _softplus(u: float) -> float:
    return max(u, 0.0) + log1p(exp(-abs(u)))


def _not_finite(values: Values) -> bool:
    return not all(map(isfinite, values.values()))


def _runs_away(values: Values) -> bool:
    return max(abs(values.get("c_real", 0.0)), abs(values.get("c_fake", 0.0))) > RUNAWAY_LOGIT


def _logistic(values: Values) -> bool:
    return "c_real" in values and "c_fake" in values and "penalty" not in values


def _saturated(values: Values) -> bool:
    return _logistic(values) and _softplus(-values["c_real"]) + _softplus(values["c_fake"]) < SATURATED_COST


def _blind(values: Values) -> bool:
    return _logistic(values) and abs(values["c_real"] - values["c_fake"]) < BLIND_GAP


def _pass_as_data(values: Values) -> bool:
    """Samples have a clearly smaller KL than data, and (`c`) it is their KL that the players fight about."""
    smaller = values.get("kl_fake", inf) < PASSING_SHARE * values.get("kl", 0.0)
    return smaller and values.get("c", 1.0) > MOSTLY_KL


RULES: tuple[tuple[str, Callable[[Values], bool]], ...] = (
    ("not finite", _not_finite),
    ("critic runs away", _runs_away),
    ("critic saturated", _saturated),
    ("critic blind", _blind),
    ("penalty too large", lambda values: values.get("penalty", 0.0) > WILD_PENALTY),
    ("code unused", lambda values: values.get("kl", UNUSED_NATS) < UNUSED_NATS),
    ("hinge inactive", lambda values: values.get("hinge", 1.0) <= 0.0),
    ("exponent saturated", lambda values: values.get("exp_elbo", 1.0) < UNDERFLOW),
    ("fakes not repelled", lambda values: values.get("exp_elbo", 0.0) > UNREPELLED),
    ("fakes pass as data", _pass_as_data),
)
"""Words and their conditions on the watched means; the first that holds is said, `ok` when none does."""


def health(values: Values) -> str:
    """The health word for the means that a method watches (`kl`, `c_real`, `c_fake`, `penalty`, ...).

    >>> health({"kl": 12.0, "c_real": 1.0, "c_fake": -1.0})
    'ok'
    >>> health({"kl": 12.0, "c_real": 9.0, "c_fake": -9.0})
    'critic saturated'
    """
    return next((word for word, holds in RULES if holds(values)), "ok")

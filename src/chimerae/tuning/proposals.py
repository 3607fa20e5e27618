"""Optuna's part of a search: settings of the next trial, whether it is hopeless, importance of settings.

Every proposal comes from a study that is made anew from the record of the search, and from a sampler whose
seed is a function of the search's seed and the number of the trial. So nothing but the record is stored, and
a stopped search resumes as if it had never stopped.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from chimerae import noise
from chimerae.extras import quiet
from chimerae.run_folder.search import Choice, Range, Search, Trial, Value
from chimerae.tuning.ranges import tidy

if TYPE_CHECKING:
    from optuna import Study
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial

RANDOM: Final = 5
"""Trials at random, before the others learn from them."""
COMPARED: Final = 4
"""Trials that were looked at, from which on others are compared with their median."""
WEIGHED: Final = 6
"""Trials that are done, from which on the importance of settings is computed."""


def proposed(search: Search, seed: int) -> dict[str, Value]:
    """Settings of the next trial, from all trials so far."""
    number = len(search.trials)
    with quiet("optuna"):
        study = _study(search, noise.key(seed, "trial", number) % 2**32)
        params = study.ask(_distributions(search)).params
    return {path: tidy(search.space[path], value) for path, value in params.items()}


def hopeless(search: Search, trial: Trial) -> bool:
    """True when a trial's objective at its last look is worse than the median of the other trials there."""
    others = tuple(each for each in search.trials if each.number != trial.number)
    with quiet("optuna"):
        study = _study(replace(search, trials=others), 0)
        asked = study.ask()
        for look, cost in trial.seen:
            asked.report(cost, look)
        stop: bool = asked.should_prune()
        return stop


def importance(search: Search) -> dict[str, float]:
    """Share of each setting in the quality of the best tenth of the trials (PED-ANOVA, Watanabe et al. 2023);
    empty while there are few trials.
    """
    if sum(trial.state == "done" for trial in search.trials) < WEIGHED or len(search.space) < 2:
        return {}
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

    with quiet("optuna"):
        study = _study(search, 0)
        shares: dict[str, float] = get_param_importances(study, evaluator=PedAnovaImportanceEvaluator())
        return shares


def _study(search: Search, seed: int) -> Study:
    from optuna import create_study
    from optuna.pruners import MedianPruner, NopPruner
    from optuna.samplers import TPESampler

    study = create_study(
        direction="minimize",
        sampler=TPESampler(seed=seed, multivariate=True, n_startup_trials=RANDOM),
        pruner=MedianPruner(n_startup_trials=COMPARED) if search.prune else NopPruner(),
    )
    for trial in search.trials:
        if trial.state != "running" and (told := _told(search, trial)) is not None:
            study.add_trial(told)
    return study


def _told(search: Search, trial: Trial) -> FrozenTrial | None:
    """A trial as Optuna sees it; None when its settings lie outside the ranges, as the recipe's own may.

    A trial that failed counts as one that was stopped: as worse than all others.
    """
    from optuna.trial import TrialState, create_trial

    if not all(
        path in trial.settings and of.holds(trial.settings[path]) for path, of in search.space.items()
    ):
        return None
    return create_trial(
        params=dict(trial.settings),
        distributions=_distributions(search),
        state=TrialState.COMPLETE if trial.state == "done" else TrialState.PRUNED,
        value=trial.cost,
        intermediate_values=dict(trial.seen),
    )


def _distributions(search: Search) -> dict[str, BaseDistribution]:
    return {path: _distribution(of) for path, of in search.space.items()}


def _distribution(of: Range | Choice) -> BaseDistribution:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(of, Choice):
        return CategoricalDistribution(of.values)
    if of.whole:
        return IntDistribution(int(of.low), int(of.high), log=of.log)
    return FloatDistribution(of.low, of.high, log=of.log)

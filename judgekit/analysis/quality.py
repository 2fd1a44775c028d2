"""How good one version is on one criterion, in the experts' units: mean or share, and pass^k over trials.

Estimators stand in one table, by name; each gets the same evidence and gives rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from judgekit.analysis.agreement import Measuring
from judgekit.analysis.evidence import Evidence, Trials
from judgekit.records.report import Counts, Row
from judgekit.stats.estimate import Estimate, UndefinedCode, undefined
from judgekit.stats.pass_hat import pass_hat
from judgekit.stats.population_mean import Drawn, population_mean, population_share
from judgekit.stats.unit_sums import Resampling

Estimator = Callable[[Evidence, Measuring], list[Row]]
"""Evidence on a version to its rows."""


def quality_rows(evidence: Evidence, measuring: Measuring) -> list[Row]:
    """Return the rows of every estimator."""
    return [row for estimator in ESTIMATORS.values() for row in estimator(evidence, measuring)]


def quality_counts(found: Sequence[Evidence]) -> Counts:
    """Return where one criterion's sessions went, all versions together."""
    dropped: Counter[str] = sum((Counter(each.dropped) for each in found), Counter())
    return Counts(
        criterion=found[0].criterion.id,
        n_targets=sum(len(each.sessions) for each in found),
        n_used=sum(0 if each.sampling.refused else len(each.labelled) for each in found),
        dropped=dict(sorted((dropped + Counter(no_probability=_n_refused(found))).items())),
    )


def labels_only(evidence: Evidence, measuring: Measuring) -> list[Row]:
    """Return mean or share, and pass^k where there are trials: from labels alone, as they were sampled."""
    metric = "share" if evidence.criterion.scale.type == "binary" else "mean"
    refused = evidence.sampling.refused
    if refused or not evidence.labelled:
        code: UndefinedCode = "unknown_probability" if refused else "no_data"
        words = refused or f"no labelled session of {evidence.name}"
        nothing = undefined(code, words, level=measuring.level, dropped=evidence.dropped)
        return [evidence.row(metric, nothing, "labels_only")]
    if metric == "mean":
        resampling = Resampling(measuring.fresh_rng(), measuring.level, measuring.n_resamples)
        return [evidence.row(metric, population_mean(averaged(evidence), resampling), "labels_only")]
    share = population_share(averaged(evidence), measuring.level)
    passed = _pass_hat(evidence, measuring.level)
    return [
        evidence.row("share", share, "labels_only"),
        *(evidence.row(f"pass_hat_{k}", estimate, "labels_only") for k, estimate in passed.items()),
    ]


ESTIMATORS: dict[str, Estimator] = {"labels_only": labels_only}
"""Name in reports -> what makes its rows."""


def averaged(evidence: Evidence) -> Drawn:
    """Return inputs with their trials averaged; sessions one by one where they stand for different numbers."""
    alone = [(each,) for each in evidence.labelled]
    rows = alone if evidence.sampling.is_weighted else evidence.inputs
    means = [np.mean([evidence.number(each) for each in trials]) for trials in rows]
    return _drawn(evidence, rows, np.array(means), evidence.dropped)


def _pass_hat(evidence: Evidence, level: float) -> dict[int, Estimate]:
    """Return pass^k of inputs with trials; nothing where no input was tried twice."""
    whole = {each.id: evidence.number(each) for each in evidence.labelled if evidence.number(each) in (0, 1)}
    tried = [trials for trials in evidence.inputs if trials[0].input is not None]
    rows = [own for trials in tried if (own := tuple(each for each in trials if each.id in whole))]
    if not any(len(own) > 1 for own in rows):
        return {}
    left_out = {
        "between_levels": len(evidence.labelled) - len(whole),
        "no_input": len(whole) - sum(map(len, rows)),
    }
    dropped = {**evidence.dropped, **{cause: n for cause, n in left_out.items() if n}}
    lacking = _lone_trials(rows) or _torn_trials(rows, evidence.sampling.weights)
    if lacking:
        return {2: undefined(*lacking, n=sum(map(len, rows)), level=level, dropped=dropped)}
    n_successes = np.array([sum(whole[each.id] for each in own) for own in rows], dtype=np.int64)
    return pass_hat(n_successes, _drawn(evidence, rows, np.zeros(len(rows)), dropped), level)


def _drawn(evidence: Evidence, rows: Sequence[Trials], values: np.ndarray, dropped: Mapping[str, int]) -> Drawn:
    weights = evidence.sampling.weights
    return Drawn(
        values=values,
        n_sessions=np.array([len(trials) for trials in rows], dtype=np.int64),
        units=np.array([evidence.units[trials[0].id] for trials in rows], dtype=np.int64),
        weights=np.array([weights.get(trials[0].id, 1.0) for trials in rows]),
        dropped=dropped,
    )


def _lone_trials(rows: Sequence[Trials]) -> tuple[UndefinedCode, str] | None:
    lone = [own[0].input for own in rows if len(own) < 2]
    if not lone:
        return None
    return "too_few", (
        f"pass^2 needs two labelled trials of every input, and {len(lone)} of {len(rows)} have one, such as {lone[0]!r}"
    )


def _torn_trials(rows: Sequence[Trials], weights: Mapping[str, float]) -> tuple[UndefinedCode, str] | None:
    torn = [own[0].input for own in rows if len({round(weights.get(each.id, 1.0), 9) for each in own}) > 1]
    if not torn:
        return None
    return "unknown_probability", (
        f"pass^k needs inputs that were drawn with all their trials, and the trials of {len(torn)} inputs were drawn "
        f"with different probabilities, such as those of {torn[0]!r}"
    )


def _n_refused(found: Sequence[Evidence]) -> int:
    return sum(len(each.labelled) for each in found if each.sampling.refused)

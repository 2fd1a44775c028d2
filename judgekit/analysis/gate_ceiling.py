"""What a version's sessions cost or took, for a ceiling: what they record themselves, without judge and labels.

Bounds of a median or a 95th percentile hold whatever the tail. Those of a mean cannot, where nothing says how dear a
session may be: they reckon with sessions as dear as the dearest seen, and say so.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from judgekit.analysis.agreement import Measuring
from judgekit.analysis.gate_reading import RECORDED, Reading
from judgekit.records.dataset import Dataset
from judgekit.records.gate import RuleWord
from judgekit.records.policy import Ceiling
from judgekit.records.session import Session
from judgekit.stats.careful import careful_mean, labels_alone
from judgekit.stats.estimate import Estimate
from judgekit.stats.population_mean import Drawn, population_mean
from judgekit.stats.quantile import quantile
from judgekit.stats.sample import FloatArray, IntArray
from judgekit.stats.unit_sums import MIN_UNITS, Resampling

QUANTILES = {"p50": 0.5, "p95": 0.95}
"""Statistic of a ceiling -> share of sessions below it."""


def ceiling_reading(
    dataset: Dataset, sessions: Sequence[Session], rule: Ceiling, name: str, *, max_missing: float
) -> Reading:
    """Return what is known of the cost or latency of a version's sessions.

    Args:
        dataset: Knows the independent units.
        sessions: Of the candidate, whole or on a slice.
        rule: Which quantity, and which statistic of it.
        name: The version's name.
        max_missing: Share of sessions that may record nothing before nothing is decided.
    """
    if not sessions:
        return Reading(stop=("missing", f"no session of {name} is here"))
    known = [(each, value) for each in sessions if (value := getattr(each, rule.quantity)) is not None]
    if not known:
        return Reading(stop=("missing", f"no session of {name} records {rule.quantity}"))
    n_missing = len(sessions) - len(known)
    values = np.array([float(value) for _, value in known])
    names = {unit: place for place, unit in enumerate(sorted({dataset.unit(each.id) for each, _ in known}))}
    units = np.array([names[dataset.unit(each.id)] for each, _ in known], dtype=np.int64)
    stop: tuple[RuleWord, str] | None = None
    if n_missing > max_missing * len(sessions):
        words = f"{n_missing} of {len(sessions)} sessions of {name} record no {rule.quantity}"
        stop = ("incomplete", f"{words} (at most {max_missing:.0%} may)")

    def at(how: Measuring) -> Estimate:
        dropped = {"not_recorded": n_missing} if n_missing else {}
        if rule.statistic != "mean":
            return replace(quantile(values, units, QUANTILES[rule.statistic], how.level), dropped=dropped)
        return _mean(values, units, dropped, how)

    cautions = []
    if n_missing:
        cautions.append(f"{n_missing} of {len(sessions)} sessions record none, and count for nothing")
    if rule.statistic == "mean":
        most = f"the largest seen ({values.max():.3g})"
        cautions.append(f"no error rate is claimed of sessions beyond {most}: p50 and p95 have one")
    return Reading(RECORDED, at, stop, cautions=tuple(cautions))


def _mean(values: FloatArray, units: IntArray, dropped: Mapping[str, int], how: Measuring) -> Estimate:
    """Return the mean; each bound as if sessions as dear as the dearest seen, or for nothing, had been missed."""
    drawn = Drawn(values, np.ones(len(values), dtype=np.int64), units, np.ones(len(values)), dropped)
    found = population_mean(drawn, Resampling(how.fresh_rng(), how.level, how.n_resamples))
    if found.n_clusters < MIN_UNITS:
        return found
    if not np.ptp(values):
        return replace(found, low=found.value, high=found.value, method="every session alike")
    alone, middle = labels_alone(values, units, np.ones(len(values))), float(np.median(values))
    ends = (min(0.0, float(values.min())), math.inf)
    low = careful_mean(alone, how.level, reach=middle - ends[0], ends=ends, has_judge=False)
    high = careful_mean(alone, how.level, reach=float(values.max()) - middle, ends=ends, has_judge=False)
    return replace(found, low=low.low, high=high.high, method=high.method)

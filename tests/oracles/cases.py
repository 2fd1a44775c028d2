"""Random ratings to hold judgekit and the reference packages against each other, and judgekit's side of it.

Not collected by pytest: `make oracles` runs it (see `run`), the frozen results are a test in `tests/stats`.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from judgekit.stats import chance
from judgekit.stats.alpha import weighted_alpha
from judgekit.stats.chance import Weighting
from judgekit.stats.dawid_skene import DawidSkeneRule, dawid_skene
from judgekit.stats.metric import METRICS, measure
from judgekit.stats.patterns import distinct_rows
from judgekit.stats.sample import Sample
from judgekit.stats.standard_error import Coefficient, agreement_error, kappa_error

Case = dict[str, Any]
"""`id`, `levels`, `ratings` (a row a target, a column a rater, None missing); one has `probabilities` and `truth`."""

_COEFFICIENTS = {
    "gwet": chance.gwet_ac2,
    "brennan_prediger": chance.brennan_prediger,
    "fleiss": chance.fleiss_kappa,
    "conger": chance.conger_kappa,
    "alpha": weighted_alpha,
}


def drawn_cases(seed: int) -> list[Case]:
    """Return ratings of two to five raters on even and uneven levels, complete and with a share missing."""
    rng = np.random.default_rng(seed)
    shapes = [
        ("two raters", [1, 2, 3, 4], 2, 0.0),
        ("three raters", [1, 2, 3, 4, 5], 3, 0.0),
        ("two levels", [0, 1], 4, 0.0),
        ("missing", [1, 2, 3, 4, 5], 4, 0.25),
        ("mostly missing", [1, 2, 3], 5, 0.55),
        ("two levels missing", [0, 1], 3, 0.3),
        ("uneven levels", [1, 2, 4, 8], 3, 0.2),
        ("two raters missing", [1, 2, 3, 5], 2, 0.3),
    ]
    return [_drawn(rng, *shape, n_rows=int(rng.integers(25, 50))) for shape in shapes] + [
        _drawn(rng, "five raters of many", [1, 2, 3], 5, 0.2, n_rows=150),
        _probable(rng),
    ]


def _drawn(
    rng: np.random.Generator, name: str, levels: list[int], n_raters: int, missing: float, *, n_rows: int
) -> Case:
    truth = rng.integers(0, len(levels), size=(n_rows, 1))
    noise = rng.integers(0, len(levels), size=(n_rows, n_raters))
    places = np.where(rng.random((n_rows, n_raters)) < 0.6, truth, noise)
    is_missing = rng.random((n_rows, n_raters)) < missing
    ratings = [
        [None if gone else levels[place] for place, gone in zip(row, lost, strict=True)]
        for row, lost in zip(places.tolist(), is_missing.tolist(), strict=True)
    ]
    return {"id": name, "levels": levels, "ratings": ratings}


def _probable(rng: np.random.Generator) -> Case:
    truth = rng.integers(0, 2, size=60)
    probabilities = np.clip(0.3 + 0.4 * truth + rng.normal(0, 0.25, size=60), 0, 1).round(1)  # with ties
    return {"id": "probabilities", "truth": truth.tolist(), "probabilities": probabilities.tolist()}


def ours(case: Case, asked: str) -> list[float]:
    """Return judgekit's figures under a package's question.

    Args:
        case: One of `drawn_cases`.
        asked: A metric's name, its interval as `interval NAME`, `value COEFFICIENT WEIGHTING`, `error COEFFICIENT
            WEIGHTING`, `kappa error`, or `dawid_skene`.
    """
    words = asked.split()
    if words[0] in METRICS:
        return [_measured(case, words[0]).value]
    if words[0] == "interval":
        found = _measured(case, words[1])
        return [found.low, found.high]
    if asked == "kappa error":
        return [kappa_error(_sample(case, 2))]
    if asked == "dawid_skene":
        fitted = dawid_skene(_sample(case).ratings, case["levels"], rule=DawidSkeneRule(tolerance=1e-9))
        return [float(each) for each in fitted.probabilities[~np.isnan(fitted.probabilities)]]
    return [_weighted(case, *words)]


def _weighted(case: Case, kind: str, named: str, weighted: str) -> float:
    coefficient, weighting = cast("Coefficient", named), cast("Weighting", weighted)
    if kind == "error":
        return agreement_error(_sample(case), coefficient, weighting=weighting)
    patterns = distinct_rows(_sample(case), n_ratings_min=2 if coefficient == "alpha" else 1, by_rater=True)
    return float(_COEFFICIENTS[coefficient](patterns, patterns.counts[None, :], weighting=weighting)[0])


def _measured(case: Case, metric: str) -> Any:
    sample = _sample(case, 2 if METRICS[metric].raters == "two" else None)
    return measure(metric, sample, rng=np.random.default_rng(0), n_resamples=100)


def _sample(case: Case, n_raters: int | None = None) -> Sample:
    if "truth" in case:
        columns = np.column_stack([case["probabilities"], case["truth"]])
        return Sample(columns, levels=np.array([0.0, 1.0]), positive=1.0)
    ratings = np.array(case["ratings"], dtype=np.float64)[:, :n_raters]
    levels = np.array(case["levels"], dtype=np.float64)
    return Sample(ratings, levels=levels, positive=levels[-1] if len(levels) == 2 else None)

"""A judge asked several times: the first samples of each verdict, how they become one, and how often all agree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from judgekit.analysis.agreement import Measuring
from judgekit.analysis.judged import Judged, columns, rows_between
from judgekit.analysis.rating import Target, unit_codes
from judgekit.analysis.verdict_table import Use, combining, number_of
from judgekit.errors import InputError
from judgekit.records.judge import Combine
from judgekit.records.report import Row
from judgekit.records.rubric import Criterion
from judgekit.records.verdict import Failure, Verdict
from judgekit.stats.estimate import Estimate
from judgekit.stats.sample import Sample

METRIC = "sample_consistency"
SPREAD = "sample_sd"

Asked = tuple[Target, str | None]
"""A target, and the order it was shown in."""


def sample_numbers(outcomes: Sequence[Verdict | Failure]) -> list[int]:
    """Return which samples there are, in order."""
    return sorted({outcome.sample for outcome in outcomes})


def first_samples(outcomes: Sequence[Verdict | Failure], n: int) -> list[Verdict | Failure]:
    """Return the outcomes of the first samples; a target whose early sample failed gets no later one in its place.

    Raises:
        InputError: There are fewer samples than asked for, or fewer than one is asked for.
    """
    numbers = sample_numbers(outcomes)
    if not 1 <= n <= len(numbers):
        words = f"{n} samples of each verdict are asked for, and the verdicts have {len(numbers)}"
        raise InputError(words, where="--samples", hint=f"Ask for 1 to {len(numbers)}")
    kept = set(numbers[:n])
    return [outcome for outcome in outcomes if outcome.sample in kept]


def sample_words(criterion: Criterion, use: Use, n: int, n_given: int, combine: Combine | None = None) -> str:
    """Say how many samples a verdict rests on, and how they became one."""
    rule = combining(criterion, use, combine)
    how = "majority" if rule == "vote" else rule
    chosen = f"the first {n} of {n_given} samples" if n < n_given else f"{n} samples"
    one = f"the {how} of {chosen}" if n > 1 else f"the first of {n_given} samples"
    is_ranked = n > 1 and use == "value" and criterion.scale.type in ("binary", "ordinal", "numeric")
    return f"{criterion.id}: each verdict is {one}{'; where answers are ranked, their mean' if is_ranked else ''}"


def repetition_rows(
    judged: Judged, outcomes: Sequence[Verdict | Failure], measuring: Measuring, *, use: Use
) -> list[Row]:
    """Return the share of verdicts whose samples all say the same, and how far numbers spread; nothing for one sample.

    The spread is the mean over verdicts of their samples' standard deviation, on scales with an order. "Not applicable"
    is an answer like any other; a verdict with fewer than two answers is left out and counted.

    Args:
        judged: The criterion, and the units of its targets.
        outcomes: Of one judge; those on other criteria are passed over.
        measuring: Level, resamples, metrics.
        use: Whether samples are compared by their values or by their scores.
    """
    asked = [metric for metric in (METRIC, SPREAD) if not measuring.metrics or metric in measuring.metrics]
    if not asked or not any(each.sample for each in outcomes):
        return []
    n_asked: dict[Asked, int] = defaultdict(int)
    answers: dict[Asked, list[float | str]] = defaultdict(list)
    for outcome in outcomes:
        if outcome.criterion != judged.criterion.id:
            continue
        key = ((outcome.target, outcome.turn), outcome.order)
        n_asked[key] += 1
        answer = _answer(judged.criterion, outcome, use)
        if answer is not None:
            answers[key].append(answer)
    repeated = [key for key, n in n_asked.items() if n > 1]
    if not repeated:
        return []
    answered = [key for key in repeated if len(answers[key]) > 1]
    hits = np.array([len(set(answers[key])) == 1 for key in answered], dtype=float)
    n_short = len(repeated) - len(answered)
    units = unit_codes([target for target, _ in answered], judged.dataset.unit)
    estimates = {METRIC: measuring.share(hits, units, dropped={"fewer_than_two_answers": n_short} if n_short else {})}
    if judged.criterion.scale.measurement != "nominal":
        estimates[SPREAD] = _mean_deviation(judged, answers, repeated, measuring)
    return rows_between(
        judged.criterion, "judge", {metric: estimates[metric] for metric in asked if metric in estimates}
    )


def _mean_deviation(
    judged: Judged, answers: Mapping[Asked, Sequence[float | str]], repeated: Sequence[Asked], measuring: Measuring
) -> Estimate:
    """Return the mean of each verdict's standard deviation over its samples, as its mean distance from 0."""
    numbers = {key: [each for each in answers[key] if isinstance(each, float)] for key in repeated}
    measured = [key for key in repeated if len(numbers[key]) > 1]
    deviations = np.array([np.std(numbers[key], ddof=1) for key in measured], dtype=float)
    units = unit_codes([target for target, _ in measured], judged.dataset.unit)
    n_short = len(repeated) - len(measured)
    dropped = {"fewer_than_two_answers": n_short} if n_short else {}
    sample = Sample(columns(deviations, np.zeros(len(deviations))), units, dropped=dropped)
    return measuring.estimates(["mae"], sample)["mae"]


def _answer(criterion: Criterion, outcome: Verdict | Failure, use: Use) -> float | str | None:
    if isinstance(outcome, Failure):
        return None
    return number_of(criterion, outcome, use) if outcome.status == "ok" else outcome.status

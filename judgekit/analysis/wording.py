"""The verdict on judges in words, and what a reader must know before believing the numbers.

Words are chosen from intervals, not from point estimates alone. The experts' own agreement is in `agreement_wording`,
two versions are in `comparison_wording`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from judgekit.analysis.ceiling import DIFFERENCE
from judgekit.records.dataset import Dataset
from judgekit.records.report import Counts, Row
from judgekit.records.rubric import Criterion
from judgekit.records.score_report import AltTest
from judgekit.stats.estimate import Estimate
from judgekit.stats.metric import METRICS
from judgekit.stats.metric_words import metric_words

MIN_SESSIONS = 30
"""Below this many independent units the words say that there is little to go by."""


def score_summary(
    rows: Sequence[Row], counts: Sequence[Counts], judge: str, alt_tests: Sequence[AltTest] = ()
) -> tuple[str, ...]:
    """Return a few sentences a criterion: failures first, then agreement beside the ceiling and what must be beaten."""
    tests = {test.criterion: test for test in alt_tests}
    sentences = []
    for count in counts:
        failed = sum(count.failures.values())
        if failed:
            causes = ", ".join(f"{n} {status}" for status, n in sorted(count.failures.items()))
            sentences.append(f"{count.criterion}: {judge} gave no verdict {failed} times ({causes}).")
        own = [row for row in rows if row.criterion == count.criterion and row.slice is None]
        sentences += _judge_words(count.criterion, own, judge)
        if count.criterion in tests:
            sentences.append(alt_words(tests[count.criterion], judge))
    return tuple(sentences)


def score_warnings(dataset: Dataset, rows: Sequence[Row], causes: Counter[str]) -> tuple[str, ...]:
    """Return what limits the score: few sessions, one rater, no split, labels of the judge's own making."""
    warnings = []
    if causes["in_lineage"]:
        warnings.append(
            f"{causes['in_lineage']} labelled sessions were left out: their labels helped to make the judge"
        )
    if dataset.splits is None:
        warnings.append("the dataset declares no splits: every labelled session was used (judgekit split makes them)")
    if causes["unlabelled"]:
        warnings.append(f"{causes['unlabelled']} judged sessions carry no label and could not be scored")
    heads: dict[str, Row] = {}
    for row in rows:
        if row.between == "judge~reference":
            heads.setdefault(row.criterion, row)
    warnings += [
        f"{row.criterion}: only {row.estimate.n_clusters} independent units; intervals are rough"
        for row in heads.values()
        if 0 < row.estimate.n_clusters < MIN_SESSIONS
    ]
    for criterion in _criteria(dataset, rows):
        people = {label.rater for label in dataset.labels_by_criterion[criterion.id] if label.kind == "human"}
        if len(people - {None}) == 1:
            warnings.append(f"{criterion.id}: one rater only, so there is no human ceiling")
    return tuple(dict.fromkeys(warnings))


def _criteria(dataset: Dataset, rows: Iterable[Row]) -> list[Criterion]:
    named = {row.criterion for row in rows}
    return [criterion for criterion in dataset.rubric.criteria if criterion.id in named]


def _judge_words(criterion: str, rows: Sequence[Row], judge: str) -> list[str]:
    by_place = {(row.between, row.metric): row.estimate for row in rows}
    heads = [row for row in rows if row.between == "judge~reference"]
    if not heads:
        return []
    head = heads[0]
    if head.estimate.value is None:
        return [f"{criterion}: agreement of {judge} is undefined ({head.estimate.undefined})."]
    name = metric_words(head.metric)
    words = [f"{criterion}: {judge} agrees with the experts at {name} {figure(head.estimate)}."]
    judged, human = by_place.get(("judge~others", head.metric)), by_place.get(("rater~others", head.metric))
    if judged and human and judged.value is not None and human.value is not None:
        told = _told_apart(by_place.get((DIFFERENCE, f"{head.metric}_difference")), head.metric)
        words.append(
            f"{criterion}: on the {judged.n} ratings that other experts can be held against, {judge} reaches "
            f"{name} {figure(judged)} and an expert {figure(human)}{told}."
        )
    return words + _beaten_words(criterion, by_place, judge)


def _told_apart(difference: Estimate | None, metric: str) -> str:
    """Say what the difference to the ceiling, on the same rows and resamples, tells; nothing without an interval."""
    if difference is None or difference.low is None or difference.high is None:
        return ""
    words = f": the difference, {_signed(difference)}, "
    if difference.low <= 0 <= difference.high:
        return f"{words}does not tell the two apart"
    direction = METRICS[metric].direction
    if direction is None:
        return f"{words}tells the two apart"
    if (difference.low > 0) == (direction == "higher"):
        return f"{words}puts it closer to the others than an expert is, which can mean less noise, not more skill"
    return f"{words}leaves it short of the human ceiling"


def _beaten_words(criterion: str, by_place: Mapping[tuple[str, str], Estimate], judge: str) -> list[str]:
    """Say where one answer for all does at least as well."""
    words = []
    for (between, metric), constant in by_place.items():
        judged = by_place.get(("judge~reference", metric))
        if between != "majority~reference" or judged is None or judged.value is None or constant.value is None:
            continue
        gain = judged.value - constant.value
        if (gain if METRICS[metric].direction == "higher" else -gain) <= 0:
            name = metric_words(metric)
            words.append(
                f"{criterion}: one answer for all reaches {name} {constant.value:.2f}, "
                f"{judge} no better {judged.value:.2f}."
            )
    return words


def alt_words(test: AltTest, judge: str) -> str:
    """Return what the alternative annotator test says, in one sentence."""
    name = f"{test.criterion}: by the alternative annotator test at epsilon {test.epsilon:g}"
    if test.passes is None:
        return f"{name}, whether {judge} may stand in for an expert cannot be said ({test.winning_rate.undefined})."
    n_beaten = sum(each.is_beaten for each in test.raters)
    passed = "passes" if test.passes else "does not pass"
    return f"{name}, {judge} may stand in for {n_beaten} of {len(test.raters)} experts: it {passed}."


def figure(estimate: Estimate) -> str:
    """Return a value with its interval, to two places."""
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value:.2f} (no interval)"
    return f"{estimate.value:.2f} [{estimate.low:.2f}, {estimate.high:.2f}]"


def _signed(estimate: Estimate) -> str:
    return f"{estimate.value:+.2f} [{estimate.low:+.2f}, {estimate.high:+.2f}]"

"""The verdict in words, before any number, and what a reader must know before believing the numbers.

Words are chosen from intervals, not from point estimates alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import combinations

from judgekit.analysis.agreement import MAX_RATERS
from judgekit.records.dataset import Dataset
from judgekit.records.report import Counts, Row
from judgekit.records.rubric import Criterion
from judgekit.stats.estimate import Estimate
from judgekit.stats.metric import METRICS

MIN_SESSIONS = 30
"""Below this many independent units the words say that there is little to go by."""
LOW_ALPHA, FAIR_ALPHA = 0.667, 0.8
"""Krippendorff (2004), Content Analysis, 2nd ed., p. 241: 0.8 for conclusions, 0.667 for tentative ones."""


def agreement_summary(rows: Sequence[Row]) -> tuple[str, ...]:
    """Return one sentence a criterion on how far the experts agree."""
    heads: dict[str, Row] = {}
    for row in rows:
        if row.between == "raters" and row.metric.startswith("krippendorff_alpha"):
            heads.setdefault(row.criterion, row)
    return tuple(map(_alpha_words, heads.values()))


def agreement_warnings(dataset: Dataset, rows: Sequence[Row]) -> tuple[str, ...]:
    """Return what limits the agreement rows."""
    warnings = []
    for criterion in _criteria(dataset, rows):
        people = {label.rater for label in dataset.labels if label.criterion == criterion.id and label.kind == "human"}
        if people == {None}:
            warnings.append(f"{criterion.id}: labels are anonymous; rater-wise figures are refused")
        elif len(people) == 1:
            warnings.append(f"{criterion.id}: only one rater ({people.pop()}); agreement cannot be known")
        else:
            warnings += _unlisted_pairs(criterion, {name for name in people if name}, rows)
    return tuple(warnings)


def _unlisted_pairs(criterion: Criterion, raters: set[str], rows: Iterable[Row]) -> list[str]:
    """Say which pairs of raters have no rows: too many to list, or nothing in common."""
    if criterion.scale.measurement == "none":
        return []
    if len(raters) > MAX_RATERS:
        return [f"{criterion.id}: {len(raters)} raters; pairs are not listed one by one above {MAX_RATERS}"]
    pairs = {"~".join(pair) for pair in combinations(sorted(raters), 2)}
    absent = sorted(pairs - {row.between for row in rows if row.criterion == criterion.id})
    if not absent:
        return []
    words = "share nothing they both rated"
    return [f"{criterion.id}: {len(absent)} of {len(pairs)} pairs of raters {words}, such as {absent[0]}"]


def score_summary(rows: Sequence[Row], counts: Sequence[Counts], judge: str) -> tuple[str, ...]:
    """Return one or two sentences a criterion: failures first, then agreement beside the ceiling."""
    sentences = []
    for count in counts:
        failed = sum(count.failures.values())
        if failed:
            causes = ", ".join(f"{n} {status}" for status, n in sorted(count.failures.items()))
            sentences.append(f"{count.criterion}: {judge} gave no verdict {failed} times ({causes}).")
        own = [row for row in rows if row.criterion == count.criterion]
        sentences += _judge_words(count.criterion, own, judge)
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
        people = {label.rater for label in dataset.labels if label.criterion == criterion.id and label.kind == "human"}
        if len(people - {None}) == 1:
            warnings.append(f"{criterion.id}: one rater only, so there is no human ceiling")
    return tuple(dict.fromkeys(warnings))


def comparison_summary(rows: Sequence[Row], baseline: str, candidate: str) -> tuple[str, ...]:
    """Return one sentence a criterion and side (judge, experts) on the difference."""
    found = [row for row in rows if row.metric == "mean_difference"]
    return tuple(_difference_words(row, baseline, candidate) for row in found)


def comparison_warnings(rows: Sequence[Row]) -> tuple[str, ...]:
    """Return what limits the comparison."""
    warnings = ["judge only, not corrected: the judge may err differently on the two versions"]
    for row in rows:
        if row.metric == "mean_difference" and 0 < row.estimate.n_clusters < MIN_SESSIONS:
            side = row.judge or "experts"
            warnings.append(f"{row.criterion} ({side}): only {row.estimate.n_clusters} independent units")
    return tuple(warnings)


def _criteria(dataset: Dataset, rows: Iterable[Row]) -> list[Criterion]:
    named = {row.criterion for row in rows}
    return [criterion for criterion in dataset.rubric.criteria if criterion.id in named]


def _alpha_words(row: Row) -> str:
    estimate = row.estimate
    if estimate.value is None:
        return f"{row.criterion}: how far the experts agree is undefined ({estimate.undefined})."
    if estimate.low is None or estimate.high is None:
        return (
            f"{row.criterion}: how well the experts agree is not settled (Krippendorff's alpha {estimate.value:.2f}, "
            f"{estimate.n_clusters} units; {estimate.method.replace('none', 'no interval')})."
        )
    if estimate.low >= FAIR_ALPHA:
        words = "the experts agree well enough for firm conclusions"
    elif estimate.low >= LOW_ALPHA:
        words = "the experts agree well enough for tentative conclusions"
    elif estimate.value >= LOW_ALPHA:
        words = "the experts seem to agree fairly, but the interval reaches too low to be sure"
    elif estimate.high >= LOW_ALPHA:
        words = "the experts agree only in part"
    else:
        words = "the experts do not agree well enough for conclusions; look at the rubric before any judge"
    return f"{row.criterion}: {words} (Krippendorff's alpha {_figure(estimate)}, {estimate.n_clusters} units)."


def _judge_words(criterion: str, rows: Sequence[Row], judge: str) -> list[str]:
    by_place = {(row.between, row.metric): row.estimate for row in rows}
    heads = [row for row in rows if row.between == "judge~reference"]
    if not heads:
        return []
    head = heads[0]
    if head.estimate.value is None:
        return [f"{criterion}: agreement of {judge} is undefined ({head.estimate.undefined})."]
    name = head.metric.replace("_", " ")
    words = [f"{criterion}: {judge} agrees with the experts at {name} {_figure(head.estimate)}."]
    judged, human = by_place.get(("judge~others", head.metric)), by_place.get(("rater~others", head.metric))
    if judged and human and judged.value is not None and human.value is not None:
        words.append(
            f"{criterion}: on the {judged.n} ratings that other experts can be held against, {judge} reaches "
            f"{name} {_figure(judged)} and an expert {_figure(human)}{_overlap(judged, human, head.metric)}."
        )
    return words


def _overlap(judged: Estimate, human: Estimate, metric: str) -> str:
    if judged.low is None or judged.high is None or human.low is None or human.high is None:
        return ""
    if judged.high >= human.low and judged.low <= human.high:
        return ": the intervals overlap, so the two are not told apart"
    direction = METRICS[metric].direction
    if direction is None:
        return ": the intervals do not overlap"
    is_better = (judged.low > human.high) == (direction == "higher")
    if is_better:
        return ": closer to the others than an expert is, which can mean less noise, not more skill"
    return ": short of the human ceiling"


def _difference_words(row: Row, baseline: str, candidate: str) -> str:
    who = f"by {row.judge} ({row.engine or 'engine not named'})" if row.judge else "by the experts' own labels"
    estimate = row.estimate
    if estimate.value is None:
        return f"{row.criterion}, {who}: the difference is undefined ({estimate.undefined})."
    if estimate.low is None or estimate.high is None:
        return f"{row.criterion}, {who}: {candidate} minus {baseline} is {estimate.value:+.2f}, without an interval."
    if estimate.low > 0:
        words = f"{candidate} scores higher than {baseline}"
    elif estimate.high < 0:
        words = f"{candidate} scores lower than {baseline}"
    else:
        words = f"{candidate} and {baseline} are not told apart"
    return f"{row.criterion}, {who}: {words} ({_signed(estimate)}, {estimate.n} inputs)."


def _figure(estimate: Estimate) -> str:
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value:.2f} (no interval)"
    return f"{estimate.value:.2f} [{estimate.low:.2f}, {estimate.high:.2f}]"


def _signed(estimate: Estimate) -> str:
    return f"{estimate.value:+.2f} [{estimate.low:+.2f}, {estimate.high:+.2f}]"

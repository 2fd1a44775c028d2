"""The experts' agreement in words: the verdict, what the rows are read beside, and what the labels cannot carry.

Words are chosen from intervals, not from point estimates alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations

import numpy as np

from judgekit.analysis.agreement import MAX_RATERS
from judgekit.analysis.rating import RatingTable, sample_of
from judgekit.analysis.wording import MIN_SESSIONS, figure
from judgekit.records.dataset import Dataset
from judgekit.records.label import Label
from judgekit.records.report import Row
from judgekit.records.rubric import Criterion, level_text
from judgekit.stats.classification import confusion
from judgekit.stats.metric import METRICS
from judgekit.stats.metric_words import metric_words
from judgekit.stats.prevalence import bias_index, prevalence_index

LOW_ALPHA, FAIR_ALPHA = 0.667, 0.8
"""Krippendorff (2004), Content Analysis, 2nd ed., p. 241: 0.8 for conclusions, 0.667 for tentative ones."""
SKEWED = 0.8
"""Share of one level above which coefficients are watched for the kappa paradox (Feinstein and Cicchetti 1990)."""
PARADOX = 0.2
"""Gwet's AC1 above alpha by this much is called the paradox: skew alone explains the low alpha."""
NEUTRAL_DESIGNS = ("random", "census")
"""Ways of picking sessions after which plain figures hold for the frame; all others need weights."""


def agreement_summary(rows: Sequence[Row]) -> tuple[str, ...]:
    """Return one sentence a criterion on how far the experts agree."""
    heads: dict[str, Row] = {}
    for row in rows:
        if row.between == "raters" and row.metric.startswith("krippendorff_alpha"):
            heads.setdefault(row.criterion, row)
    return tuple(map(_alpha_words, heads.values()))


def agreement_warnings(dataset: Dataset, rows: Sequence[Row]) -> tuple[str, ...]:
    """Return what limits the agreement rows, and what no label here can carry."""
    named = {row.criterion for row in rows}
    warnings: list[str] = []
    for criterion in (each for each in dataset.rubric.criteria if each.id in named):
        own = [row for row in rows if row.criterion == criterion.id]
        labels = [label for label in dataset.labels_by_criterion[criterion.id] if label.kind == "human"]
        warnings += _rater_warnings(criterion, labels, own)
        warnings += _few_units(own)
        warnings += _skewed(criterion, labels, own)
        warnings += _no_ceiling(own)
        warnings += not_random(criterion, labels)
    return tuple(warnings)


def agreement_notes(dataset: Dataset, table: RatingTable) -> tuple[str, ...]:
    """Return what the rows of one criterion are read beside."""
    labels = [each for each in dataset.labels_by_criterion[table.criterion.id] if each.kind == "human"]
    notes = list(_pair_indices(table))
    if labels and all(label.design is None for label in labels):
        notes.append("How these sessions were picked is not recorded: the figures hold for them, not for the traffic.")
    return tuple(notes)


def not_random(criterion: Criterion, labels: Iterable[Label]) -> list[str]:
    """Say how many labels are of sessions that were picked neither at random nor all together."""
    held = list(labels)
    methods = Counter(each.design.method for each in held if each.design and each.design.method)
    picked = {method: n for method, n in sorted(methods.items()) if method not in NEUTRAL_DESIGNS}
    if not picked:
        return []
    how = ", ".join(f"{method} {n}" for method, n in picked.items())
    return [
        f"{criterion.id}: {sum(picked.values())} of {len(held)} labels are of sessions not picked at random ({how}); "
        "unweighted figures hold for the labelled sessions, not for the traffic"
    ]


def _rater_warnings(criterion: Criterion, labels: Sequence[Label], rows: Sequence[Row]) -> list[str]:
    people = {label.rater for label in labels}
    if people == {None}:
        return [f"{criterion.id}: labels are anonymous; rater-wise figures are refused"]
    if len(people) == 1:
        return [f"{criterion.id}: only one rater ({people.pop()}); agreement cannot be known"]
    return _unlisted_pairs(criterion, {name for name in people if name}, rows)


def _unlisted_pairs(criterion: Criterion, raters: set[str], rows: Iterable[Row]) -> list[str]:
    """Say which pairs of raters have no rows: too many to list, or nothing in common."""
    if criterion.scale.measurement == "none":
        return []
    if len(raters) > MAX_RATERS:
        return [f"{criterion.id}: {len(raters)} raters; pairs are not listed one by one above {MAX_RATERS}"]
    pairs = {"~".join(pair) for pair in combinations(sorted(raters), 2)}
    absent = sorted(pairs - {row.between for row in rows})
    if not absent:
        return []
    words = "share nothing they both rated"
    return [f"{criterion.id}: {len(absent)} of {len(pairs)} pairs of raters {words}, such as {absent[0]}"]


def _few_units(rows: Sequence[Row]) -> list[str]:
    """Say that there is little to go by; of the headline over all raters."""
    head = next((row for row in rows if row.between == "raters"), None)
    if head is None or not 0 < head.estimate.n_clusters < MIN_SESSIONS:
        return []
    return [f"{head.criterion}: only {head.estimate.n_clusters} independent units; intervals are rough"]


def _skewed(criterion: Criterion, labels: Iterable[Label], rows: Sequence[Row]) -> list[str]:
    """Say that one level is so common that chance-corrected figures fall whatever the raters do."""
    together = {row.metric: row.estimate.value for row in rows if row.between == "raters"}
    alpha, ac1 = together.get("krippendorff_alpha_nominal"), together.get("gwet_ac1")
    levels = Counter(level_text(label.value) for label in labels if label.status == "ok")
    if alpha is None or ac1 is None or not levels:
        return []
    level, n = min(levels.items(), key=lambda item: (-item[1], item[0]))
    share = n / levels.total()
    if share < SKEWED or ac1 - alpha < PARADOX:
        return []
    agreed = together.get("percent_agreement")
    though = f" though two experts agree on {agreed:.0%}" if agreed is not None else ""
    return [
        f"{criterion.id}: {share:.0%} of the labels are {level}; on labels so skewed alpha and kappa stay low "
        f"(alpha {alpha:.2f}){though} (Gwet AC1 {ac1:.2f}): collect more of the rarer answer before concluding"
    ]


def _no_ceiling(rows: Sequence[Row]) -> list[str]:
    """Say that an expert against the others cannot be told from chance: no judge can be held against such labels."""
    head = next((row for row in rows if row.between == "rater~others"), None)
    if head is None or head.estimate.value is None or METRICS[head.metric].low >= 0:
        return []
    low = head.estimate.value if head.estimate.low is None else head.estimate.low
    if low > 0:
        return []
    name = metric_words(head.metric)
    return [
        f"{head.criterion}: an expert cannot be shown to agree with the others beyond chance "
        f"({name} {figure(head.estimate)}); these labels cannot carry a conclusion about a judge"
    ]


def _pair_indices(table: RatingTable) -> Iterator[str]:
    """Give prevalence and bias index of each pair of raters, on two levels."""
    criterion = table.criterion
    positive = criterion.scale.positive_level
    if positive is None or not table.is_named or not 2 <= len(table.raters) <= MAX_RATERS:
        return
    found = {}
    for first, second in combinations(table.raters, 2):
        counts = _two_by_two(table, first, second)
        prevalence, bias = prevalence_index(counts), bias_index(counts)
        if prevalence is not None and bias is not None:
            found[f"{first}~{second}"] = f"{prevalence:+.2f} and {bias:+.2f}"
    if found:
        yield (
            f"Prevalence index (above 0: {level_text(positive)} is the commoner answer) and bias index (above 0: the "
            f"first of the two gives it more often), which move kappa: {_listed(found)}."
        )


def _two_by_two(table: RatingTable, first: str, second: str) -> np.ndarray:
    """Return rows by both raters' level, the negative first."""
    columns = np.column_stack([table.column(first), table.column(second)])
    counts = confusion(sample_of(table.criterion, columns, table.units))
    is_reversed = table.criterion.scale.positive_level == table.criterion.scale.levels[0]
    return counts[::-1, ::-1] if is_reversed else counts


def _listed(found: Mapping[str, str]) -> str:
    return "; ".join(f"{name} {words}" for name, words in found.items())


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
        words = "the experts do not agree well enough for conclusions: the rubric, not the judge, is the problem"
    return f"{row.criterion}: {words} (Krippendorff's alpha {figure(estimate)}, {estimate.n_clusters} units)."

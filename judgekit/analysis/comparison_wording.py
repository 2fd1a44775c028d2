"""Two versions in words: which figure stands first and what it says, what stands beside it, and what limits it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from judgekit.analysis.contrast import Contrast
from judgekit.analysis.wording import MIN_SESSIONS
from judgekit.records.comparison_report import LabelFree, Place
from judgekit.records.report import Row
from judgekit.stats.estimate import Estimate

LEADS = ("mean_difference", "win_rate")
"""Metrics that say which version is better."""


def comparison_summary(
    rows: Sequence[Row],
    headline: Mapping[str, str],
    free: Sequence[LabelFree] = (),
    *,
    unpaired: Collection[str] = (),
) -> tuple[str, ...]:
    """Return a sentence an estimator on each criterion, the one that stands first first; then on what has no labels.

    Args:
        rows: Of all criteria.
        headline: Criterion -> the estimator that stands first.
        free: What was said without labels.
        unpaired: Criteria on which sessions were compared, not inputs.
    """
    found: list[str] = []
    for criterion in dict.fromkeys(row.criterion for row in rows):
        own = [row for row in rows if row.criterion == criterion and row.metric in LEADS]
        own.sort(key=lambda row: row.estimator != headline.get(criterion))
        found += [_lead_words(row, "sessions, unpaired" if criterion in unpaired else "inputs") for row in own]
        found += [line for each in free if each.criterion == criterion for line in _free_words(each)]
    return tuple(found)


def comparison_warnings(rows: Sequence[Row], headline: Mapping[str, str]) -> tuple[str, ...]:
    """Return what limits the comparison: what is not corrected, and few units."""
    warnings = []
    bare = [name for name, estimator in headline.items() if estimator == "judge_raw"]
    if bare:
        warnings.append(
            f"judge only, not corrected ({', '.join(bare)}): the judge may err differently on the two versions"
        )
    elif any(row.estimator == "judge_raw" for row in rows):
        warnings.append("rows by the judge alone are judge only, not corrected: it may err differently on each version")
    warnings += [
        f"{row.criterion} ({_who(row)}): only {row.estimate.n_clusters} independent units"
        for row in rows
        if row.metric in LEADS and 0 < row.estimate.n_clusters < MIN_SESSIONS
    ]
    return tuple(dict.fromkeys(warnings))


def contrast_warnings(contrast: Contrast, judge: str, *, is_corrected: bool) -> list[str]:
    """Return what limits one criterion's corrected figure: how inputs were picked, what stands aside."""
    found, name = [], contrast.criterion.id
    sampling, n_judged = contrast.sampling, len(contrast.asked.inputs if contrast.judged.inputs else ())
    if sampling.chosen:
        how = ", ".join(f"{method} {n}" for method, n in sorted(sampling.chosen.items()))
        found.append(
            f"{name}: the labelled inputs are not a random sample ({how}): labels alone describe these inputs only, "
            "and correct nothing"
        )
    elif is_corrected and sampling.n_unknown and len(contrast.usable) < n_judged:
        found.append(
            f"{name}: how {sampling.n_unknown} of {sampling.n} labelled inputs were picked is not recorded; the "
            f"corrected figure supposes a random sample of the {n_judged} judged ones"
        )
    n_aside = n_judged - len(contrast.sampled) if n_judged else 0
    if is_corrected and n_aside:
        found.append(
            f"{name}: {n_aside} judged inputs stand aside: labels of their groups helped to make {judge}, or lie in "
            "the same split as those; the corrected figure is of the others"
        )
    return found


def unpaired_words(criterion: str) -> str:
    """Say that nothing pairs the two versions."""
    return (
        f"{criterion}: unpaired: no input joins a session of one version to one of the other, so the difference "
        "is that of two samples, with a wider interval, and what the sessions were about may differ too"
    )


def ranking_words(places: Sequence[Place]) -> list[str]:
    """Return the order of several versions on one criterion, and which are not separated."""
    if not places:
        return []
    order = ", ".join(f"{each.version} ({each.lead:+.2f})" for each in places)
    found = [f"{places[0].criterion}: in order, with the mean lead over the others: {order}."]
    pairs = [
        (one.version, other.version)
        for place, one in enumerate(places)
        for other in places[place + 1 :]
        if other.version in one.not_separated_from
    ]
    if pairs:
        named = "; ".join(f"{one} and {other}" for one, other in pairs)
        found.append(f"{places[0].criterion}: not separated, after Holm over all pairs: {named}.")
    else:
        found.append(f"{places[0].criterion}: all are separated, after Holm over all pairs.")
    return found


def bare_order_words(criterion: str, pairs: Collection[str]) -> list[str]:
    """Say that the judge alone orders the versions, though labels correct some of the pairs.

    Args:
        criterion: Which was ranked.
        pairs: Those that labels correct, each `candidate~baseline`.
    """
    named = ", ".join(" and ".join(_ends(pair)) for pair in pairs)
    return [
        f"{criterion}: in order by the judge alone, so that all pairs are measured alike: labels correct only {named}."
    ]


def _who(row: Row) -> str:
    by_judge = f"{row.judge} ({row.engine or 'engine not named'})"
    if row.estimator == "ppi":
        return f"{by_judge} corrected by labels"
    return f"{by_judge} alone" if row.judge else "experts' own labels"


def _lead_words(row: Row, counted: str) -> str:
    who = f"{row.criterion}, by {'the ' if not row.judge else ''}{_who(row)}"
    estimate, (candidate, baseline) = row.estimate, _ends(row.between)
    if estimate.value is None:
        return f"{who}: not given ({(estimate.undefined or '').partition(': ')[2]})."
    centre = 0.5 if row.metric == "win_rate" else 0.0
    said = _figure(estimate, row.metric)
    if estimate.low is None or estimate.high is None:
        return f"{who}: {candidate} against {baseline} is {said}, without an interval."
    if estimate.low > centre:
        words = f"{candidate} scores higher than {baseline}"
    elif estimate.high < centre:
        words = f"{candidate} scores lower than {baseline}"
    else:
        words = f"{candidate} and {baseline} are not told apart"
    if row.metric == "win_rate":
        words = words.replace("scores higher than", "is preferred to").replace("scores lower than", "loses to")
    return f"{who}: {words} ({said}, {estimate.n} {'pairs' if row.metric == 'win_rate' else counted})."


def _figure(estimate: Estimate, metric: str) -> str:
    if metric == "win_rate":
        ends = f" [{estimate.low:.0%}, {estimate.high:.0%}]" if estimate.low is not None else ""
        return f"wins {estimate.value:.0%}{ends}, ties half"
    ends = f" [{estimate.low:+.2f}, {estimate.high:+.2f}]" if estimate.low is not None else ""
    return f"{estimate.value:+.2f}{ends}"


def _ends(between: str) -> tuple[str, str]:
    candidate, _, baseline = between.partition("~")
    return candidate, baseline


def _free_words(free: LabelFree) -> Iterator[str]:
    candidate, baseline = _ends(free.between)
    name = f"{free.criterion}, no labels on {candidate}"
    span, told = free.range, f"delta {free.delta:.3g}, {free.delta_from}" if free.delta is not None else "no delta"
    if span.low is None or span.high is None:
        yield f"{name}: {free.word}: {free.why}."
        return
    margin = f", not worse by more than {free.margin:g}" if free.margin else ""
    yield (
        f"{name}: {free.word}{margin}: in the experts' units {candidate} minus {baseline} is between {span.low:+.2f} "
        f"and {span.high:+.2f} ({told}): {free.why}."
    )
    tipping = free.tipping_point or 0.0
    if tipping > 0:
        yield (
            f"{name}: the answer flips once the judge's rates differ by {tipping:.3f} between the versions; without "
            "labels nobody knows whether they do, and no error rate is claimed."
        )
    else:
        yield f"{name}: inconclusive even if the judge errs alike on both versions; no error rate is claimed."

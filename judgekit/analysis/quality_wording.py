"""The quality of versions in words: what the labels may speak for first, then each figure, then its limits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from judgekit.analysis.evidence import Evidence
from judgekit.analysis.sampling import weight_words
from judgekit.analysis.wording import MIN_SESSIONS, figure
from judgekit.records.report import Row
from judgekit.records.rubric import level_text
from judgekit.stats.metric_words import subject_of


def not_random_words(criterion: str, found: Sequence[Evidence]) -> list[str]:
    """Say that a criterion's labels are no random sample, and what that means; nothing where they may be one."""
    chosen: Counter[str] = sum((Counter(each.sampling.chosen) for each in found), Counter())
    if not chosen:
        return []
    how = ", ".join(f"{method} {n}" for method, n in sorted(chosen.items()))
    return [
        f"{criterion}: the labels are not a random sample: {chosen.total()} of "
        f"{sum(each.sampling.n for each in found)} labelled sessions were picked for what they are ({how}), and with "
        "which probability is not recorded. The figures describe these sessions only; the quality of all sessions may "
        "be higher or lower, by any amount."
    ]


def quality_summary(found: Sequence[Evidence], rows: Sequence[Row]) -> tuple[str, ...]:
    """Return a sentence or two on each version of one criterion.

    Args:
        found: The evidence on each version.
        rows: Of this criterion.
    """
    sentences: list[str] = []
    for each in found:
        own = [row for row in rows if row.between == each.name]
        sentences += [_quality_words(each, row) for row in own if row.metric in ("mean", "share")]
        sentences += _trial_words(each, [row for row in own if subject_of(row.metric) == "pass_hat"])
    return tuple(sentences)


def quality_warnings(found: Sequence[Evidence], rows: Sequence[Row]) -> tuple[str, ...]:
    """Return what limits the figures of one criterion: sessions picked nobody knows how, and few units."""
    warnings = []
    for each in found:
        name = f"{each.criterion.id}, {each.name}"
        n_unknown = each.sampling.n_unknown
        if n_unknown and each.dropped.get("unlabelled"):
            warnings.append(
                f"{name}: how {n_unknown} of {each.sampling.n} labelled sessions were picked is not recorded, and "
                f"{each.dropped['unlabelled']} carry no label: the figures hold for those labelled, not for the others"
            )
        if each.dropped.get("labelled_by_turn"):
            warnings.append(f"{name}: {each.dropped['labelled_by_turn']} sessions are labelled turn by turn, not whole")
    for row in rows:
        if row.metric in ("mean", "share") and 0 < row.estimate.n_clusters < MIN_SESSIONS:
            words = f"only {row.estimate.n_clusters} independent units"
            warnings.append(f"{row.criterion}, {row.between}: {words}; intervals are rough")
    return tuple(warnings)


def quality_notes(found: Sequence[Evidence], rows: Sequence[Row]) -> tuple[str, ...]:
    """Return what one criterion's rows are read beside: which level is counted, weights, what pass^k is."""
    notes = []
    positive = found[0].criterion.scale.positive_level
    if positive is not None:
        notes.append(f"Share: of the sessions, those that are {level_text(positive)}.")
    weighted = [each for each in found if each.sampling.is_weighted]
    notes += [f"{each.name}: {weight_words(each.sampling)}." for each in weighted]
    if any(len(trials) > 1 for each in found if not each.sampling.is_weighted for trials in each.inputs):
        notes.append("Trials of one input are averaged first.")
    if any(subject_of(row.metric) == "pass_hat" for row in rows):
        notes.append("pass^k: the mean over inputs of the chance that k of its trials, drawn at random, all succeed.")
    return tuple(notes)


def _quality_words(evidence: Evidence, row: Row) -> str:
    positive, estimate = evidence.criterion.scale.positive_level, row.estimate
    what = "mean" if positive is None else f"share of {level_text(positive)}"
    name = f"{row.criterion}, {row.between}"
    if estimate.value is None:
        return f"{name}: the {what} is not given ({(estimate.undefined or '').partition(': ')[2]})."
    units = f", {estimate.n_clusters} independent units" if estimate.n_clusters < estimate.n else ""
    return f"{name}: {what} {figure(estimate)}, from labels only ({estimate.n} sessions{units})."


def _trial_words(evidence: Evidence, rows: Sequence[Row]) -> Iterator[str]:
    """Say how much is lost when every trial must succeed; nothing where pass^k is undefined (its row says why)."""
    defined = [row for row in rows if row.estimate.value is not None]
    if not defined:
        return
    last, k = defined[-1], len(defined)
    name = f"{last.criterion}, {evidence.name}"
    yield f"{name}: {k} trials of one input all succeed in {figure(last.estimate)} (pass^{k})."

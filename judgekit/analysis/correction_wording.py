"""Corrected figures in words: what stands first, what labels and judge say alone, and what the judge saved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from judgekit.analysis.judged_version import JudgedVersion
from judgekit.analysis.sampling import BY_CLASS
from judgekit.analysis.wording import figure
from judgekit.records.report import Row
from judgekit.records.rubric import level_text
from judgekit.stats.estimate import Estimate

METHODS = {
    "post_stratification": "smoothed post-stratification",
    "ppi": "prediction-powered (PPI++)",
    "rogan_gladen": "Rogan-Gladen",
    "labels_only": "labels only",
}
"""Estimators in words."""


def design_words(judged: Sequence[JudgedVersion]) -> list[str]:
    """Return what must be read before any figure of one criterion: what its corrections take for granted."""
    found = []
    for each in judged:
        sampling, name = each.sampling, f"{each.evidence.criterion.id}, {each.evidence.name}"
        if sampling.is_by_class:
            found.append(
                f"{name}: sessions were labelled by class ({BY_CLASS} {sampling.n}): labels alone say nothing of the "
                "whole, and the corrected figure supposes that the judge errs on all sessions as on these."
            )
        elif sampling.n_unknown and each.method != "labels_only":
            found.append(
                f"{name}: how {sampling.n_unknown} of {sampling.n} labelled sessions were picked is not recorded; "
                "corrected figures suppose a random sample of the judged ones."
            )
    return found


def correction_summary(judged: JudgedVersion, rows: Sequence[Row], first: str) -> tuple[str, ...]:
    """Return the sentences on one version: the figure that stands first, then what stands beside it.

    Args:
        judged: The version.
        rows: All its rows, labels only among them.
        first: The estimator that stands first.
    """
    by_place = {(row.estimator, row.metric): row.estimate for row in rows}
    metric = "share" if judged.evidence.criterion.scale.type == "binary" else "mean"
    own = {estimator: found for (estimator, named), found in by_place.items() if named == metric}
    name = f"{judged.evidence.criterion.id}, {judged.evidence.name}"
    return (
        *(f"{name}: {words}" for words in _first_words(judged, own, first)),
        *(f"{name}: {words}" for words in _raw_words(judged, own, by_place.get(("judge_raw", "bias")))),
        *(f"{name}: {words}" for words in _saved_words(judged, by_place.get((first, "label_multiplier")))),
    )


def correction_warnings(judged: JudgedVersion) -> list[str]:
    """Return what limits a version's corrected figures: sessions not judged, verdicts that failed."""
    name, n_failed = f"{judged.evidence.criterion.id}, {judged.evidence.name}", sum(judged.failures.values())
    found = []
    if judged.dropped.get("not_judged"):
        found.append(
            f"{name}: {judged.dropped['not_judged']} sessions were not judged: corrected figures are of the "
            f"{len(judged.asked)} that were"
        )
    if judged.dropped.get("in_lineage"):
        found.append(
            f"{name}: {judged.dropped['in_lineage']} judged sessions stand aside: labels of their groups helped to "
            f"make {judged.judge}, or lie in the same split as those"
        )
    if judged.dropped.get("label_in_other_split"):
        found.append(
            f"{name}: {judged.dropped['label_in_other_split']} labels of splits that are locked or were not asked for "
            "correct nothing"
        )
    if n_failed:
        causes = ", ".join(f"{n} {cause}" for cause, n in judged.failures.items())
        found.append(
            f"{name}: {judged.judge} has no verdict on {n_failed} of {len(judged.asked)} sessions ({causes}); "
            "post-stratification and PPI++ speak for these too"
        )
    return found


def _first_words(judged: JudgedVersion, own: dict[str | None, Estimate], first: str) -> Iterator[str]:
    positive = judged.evidence.criterion.scale.positive_level
    what = "mean" if positive is None else f"share of {level_text(positive)}"
    labels = own.get("labels_only")
    if first != "labels_only":
        found = own[first]
        yield (
            f"{what} {figure(found)}, from {found.n} labels and the verdicts of {judged.judge} on {len(judged.asked)} "
            f"sessions ({METHODS[first]})."
        )
        if judged.sampling.is_by_class or labels is None or labels.value is None:
            return
        yield f"labels only {figure(labels)} ({labels.n} sessions)."
        return
    if judged.method != "labels_only":
        reason = _reason(own[judged.method])
        yield f"{METHODS[judged.method]} is the method of this design, and is not given ({reason})."
    elif not judged.beside:
        yield f"not corrected ({_reason(own['ppi'])})."
    if labels is None or labels.value is None:
        return
    yield f"{what} {figure(labels)}, from labels only ({labels.n} sessions)."


def _raw_words(judged: JudgedVersion, own: dict[str | None, Estimate], bias: Estimate | None) -> Iterator[str]:
    raw = own.get("judge_raw")
    if raw is None or raw.value is None:
        return
    words = f"{judged.judge} alone says {figure(raw)}, corrected by nothing"
    if bias is None or bias.value is None:
        yield f"{words}; its bias is not known."
        return
    held = f" [{bias.low:+.2f}, {bias.high:+.2f}]" if bias.low is not None and bias.high is not None else ""
    yield f"{words}; where experts answered too it is off by {bias.value:+.2f}{held} ({bias.n} sessions)."


def _saved_words(judged: JudgedVersion, saved: Estimate | None) -> Iterator[str]:
    if saved is None or saved.value is None:
        return
    if saved.value < 1.05:  # what rounds to nothing saved
        yield f"{judged.judge} saves hardly any label: it is worth {figure(saved)} times the labels."
        return
    n_like = round(saved.n * saved.value)
    yield f"{judged.judge} is worth {figure(saved)} times the labels: these {saved.n} do the work of about {n_like}."


def _reason(estimate: Estimate) -> str:
    return (estimate.undefined or "").partition(": ")[2]

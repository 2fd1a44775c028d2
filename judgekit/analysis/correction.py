"""Quality of one version from labels with a judge's help: corrected figures, the raw judge and its bias beside them.

Which figure stands first is fixed by how sessions were picked. A figure that this design, scale or number of labels
cannot carry keeps its row, with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from judgekit.analysis.agreement import Measuring
from judgekit.analysis.judged_version import JudgedVersion
from judgekit.analysis.sampling import BY_CLASS
from judgekit.records.report import Row
from judgekit.stats.estimate import Estimate, UndefinedCode, undefined
from judgekit.stats.population_mean import Drawn, population_mean, population_share
from judgekit.stats.post_stratification import post_stratified_mean
from judgekit.stats.prediction_powered import Ends, label_multiplier, prediction_powered_mean
from judgekit.stats.rogan_gladen import rogan_gladen
from judgekit.stats.unit_sums import Resampling

Correction = Callable[[JudgedVersion, Measuring], Estimate]
"""What is known of a judged version to the experts' mean over all its sessions."""


def correction_rows(judged: JudgedVersion, measuring: Measuring) -> list[Row]:
    """Return the rows of every correction, of the raw judge, and what the judge saved in labels."""
    metric = "share" if judged.evidence.criterion.scale.type == "binary" else "mean"
    rows = [
        judged.row(metric, corrected_mean(judged, name, measuring), name)
        for name in CORRECTIONS
        if not (name == "rogan_gladen" and metric == "mean")
    ]
    rows += [
        judged.row(metric, judge_raw(judged, measuring), "judge_raw"),
        judged.row("bias", judge_bias(judged, measuring), "judge_raw"),
    ]
    first = headline(judged, rows)
    if first in ("post_stratification", "ppi"):
        saved = label_multiplier(judged.sample, _resampling(measuring))
        rows.append(judged.row("label_multiplier", saved, first))
    return sorted(rows, key=lambda row: row.estimator != first)


def corrected_mean(judged: JudgedVersion, name: str, measuring: Measuring) -> Estimate:
    """Return the figure of one correction, a name of `CORRECTIONS`, or why this design or scale does not carry it."""
    unfit = _no_labels(judged) or _unfit_design(judged, name) or _unfit_scale(judged, name)
    if unfit is None:
        return CORRECTIONS[name](judged, measuring)
    n_units = judged.sample.n_units
    return undefined(*unfit, n=len(judged.beside), n_clusters=n_units, level=measuring.level, dropped=judged.dropped)


def headline(judged: JudgedVersion, rows: list[Row]) -> str:
    """Return the estimator that stands first: the design's, or labels alone where that one is not given."""
    given = {row.estimator for row in rows if row.metric in ("share", "mean") and row.estimate.is_defined}
    return judged.method if judged.method in given else "labels_only"


def judge_raw(judged: JudgedVersion, measuring: Measuring) -> Estimate:
    """Return the judge's own mean, corrected by nothing: its interval is about the judge, not about quality."""
    drawn = judge_drawn(judged)
    if not len(drawn.values):
        words = f"no verdict of {judged.judge} on {judged.evidence.name}"
        return undefined("no_data", words, level=measuring.level, dropped=drawn.dropped)
    if judged.evidence.criterion.scale.type == "binary":
        return population_share(drawn, measuring.level)
    return population_mean(drawn, _resampling(measuring))


def judge_drawn(judged: JudgedVersion) -> Drawn:
    """Return the judge's own numbers."""
    sample = judged.sample
    known = ~np.isnan(sample.judge)
    return Drawn(
        values=sample.judge[known],
        n_sessions=np.ones(int(known.sum()), dtype=np.int64),
        units=sample.units[known],
        weights=sample.counts[known],
        dropped={**judged.dropped, **judged.failures},
    )


def judge_bias(judged: JudgedVersion, measuring: Measuring) -> Estimate:
    """Return the judge's mean minus the experts' where both are known, as these sessions were picked."""
    sample = judged.sample
    both = sample.is_labelled & ~np.isnan(sample.judge)
    weights = sample.counts if sample.chances is None else sample.counts / sample.chances
    n_failed = int((sample.is_labelled & np.isnan(sample.judge)).sum())
    drawn = Drawn(
        values=(sample.judge - sample.human)[both],
        n_sessions=np.ones(int(both.sum()), dtype=np.int64),
        units=sample.units[both],
        weights=weights[both],
        dropped={**judged.dropped, **({"no_verdict": n_failed} if n_failed else {})},
    )
    return population_mean(drawn, _resampling(measuring))


def _post_stratification(judged: JudgedVersion, measuring: Measuring) -> Estimate:
    levels = np.array(judged.evidence.criterion.scale.numbers(), dtype=np.float64)
    return post_stratified_mean(judged.sample, levels, measuring.level)


def _ppi(judged: JudgedVersion, measuring: Measuring) -> Estimate:
    return prediction_powered_mean(judged.sample, measuring.level, ends=_ends(judged))


def _rogan_gladen(judged: JudgedVersion, measuring: Measuring) -> Estimate:
    return rogan_gladen(judged.sample, measuring.level)


CORRECTIONS: Mapping[str, Correction] = {
    "post_stratification": _post_stratification,
    "ppi": _ppi,
    "rogan_gladen": _rogan_gladen,
}
"""Name in reports -> what makes the figure."""


def _no_labels(judged: JudgedVersion) -> tuple[UndefinedCode, str] | None:
    if judged.beside:
        return None
    return "no_data", (
        f"no judged session of {judged.evidence.name} carries a label that may be used, and labels of other versions "
        "say nothing of how the judge errs on this one"
    )


def _unfit_design(judged: JudgedVersion, name: str) -> tuple[UndefinedCode, str] | None:
    """Say why the way in which sessions were picked does not carry a correction; None where it does."""
    sampling = judged.sampling
    if sampling.refused:
        return "unknown_probability", sampling.refused
    if sampling.is_by_class:
        words = f"the labels were drawn within each class ({BY_CLASS}): only rogan_gladen holds then"
        return None if name == "rogan_gladen" else ("not_for_this_design", words)
    if sampling.chosen:
        how = ", ".join(f"{method} {n}" for method, n in sorted(sampling.chosen.items()))
        return "unknown_probability", f"labelled sessions were picked for what they are ({how}), with unknown chances"
    if sampling.is_weighted and name != "ppi":
        return "not_for_this_design", "sessions were picked with different probabilities: only ppi weights them"
    return None


def _unfit_scale(judged: JudgedVersion, name: str) -> tuple[UndefinedCode, str] | None:
    if name == "ppi" or (judged.use == "value" and judged.evidence.criterion.scale.levels):
        return None
    return "not_for_this_scale", f"{name} needs verdicts that are levels, and these are numbers"


def _ends(judged: JudgedVersion) -> Ends | None:
    scale = judged.evidence.criterion.scale
    if scale.levels:
        return scale.numbers()[0], scale.numbers()[-1]
    return None if scale.min is None or scale.max is None else (scale.min, scale.max)


def _resampling(measuring: Measuring) -> Resampling:
    return Resampling(measuring.fresh_rng(), measuring.level, measuring.n_resamples)

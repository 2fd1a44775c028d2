"""Two versions that met inputs of their own, as live sessions do: differences of means that nothing pairs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from judgekit.analysis.agreement import Measuring
from judgekit.analysis.comparison import oriented_numbers
from judgekit.analysis.contrast import Contrast
from judgekit.analysis.rating import Target, unit_codes
from judgekit.analysis.sampling import sampling_of
from judgekit.records.label import LabelKind
from judgekit.records.report import Counts, Row
from judgekit.stats.estimate import Estimate, undefined
from judgekit.stats.paired_share import newcombe_unpaired
from judgekit.stats.partly_labelled import PartlyLabelled
from judgekit.stats.version_difference import OneVersion, unpaired_difference, unpaired_powered_difference


def unpaired_rows(contrast: Contrast, measuring: Measuring) -> list[Row]:
    """Return the difference by the judge alone, by labels alone, and corrected where some sessions carry no label.

    Args:
        contrast: Two versions of which no input joins any session.
        measuring: Level.
    """
    rows = []
    judged = _sessions(contrast, contrast.verdicts.numbers.keys())
    labelled = _sessions(contrast, contrast.experts.values.keys())
    usable = [contrast.labelled_of(side.sessions) for side in contrast.sides]
    if all(usable) and sum(map(len, usable)) < sum(map(len, judged)):
        rows.append(contrast.row("mean_difference", _corrected(contrast, judged, usable, measuring), "ppi"))
    for numbers, sessions, estimator in (
        (contrast.experts.values, labelled, "labels_only"),
        (contrast.verdicts.numbers, judged, "judge_raw"),
    ):
        if all(sessions):
            before, after = (_version(contrast, numbers, each) for each in sessions)
            rows.append(
                contrast.row("mean_difference", _difference(contrast, after, before, measuring.level), estimator)
            )
    return rows


def unpaired_counts(contrast: Contrast) -> Counts:
    """Return how many sessions of both versions have a verdict, or a label, and how many have neither."""
    there = {each for side in contrast.sides for each in side.sessions if each in contrast.dataset.session_by_id}
    used = {each for each in there if (each, None) in {**contrast.verdicts.numbers, **contrast.experts.values}}
    n_without = len(there) - len(used)
    return Counts(
        criterion=contrast.criterion.id,
        n_targets=len(there),
        n_used=len(used),
        dropped={"no_number": n_without} if n_without else {},
        failures=contrast.verdicts.failures_by_status,
    )


def _sessions(contrast: Contrast, targets: Iterable[Target]) -> list[list[str]]:
    known = {target for target, turn in targets if turn is None}
    return [sorted(side.sessions & known) for side in contrast.sides]


def _version(contrast: Contrast, numbers: Mapping[Target, float], sessions: Sequence[str]) -> OneVersion:
    values = np.array([numbers[each, None] for each in sessions], dtype=np.float64)
    return OneVersion(oriented_numbers(contrast.criterion, values), _units(contrast, sessions))


def _units(contrast: Contrast, sessions: Sequence[str]) -> np.ndarray:
    return unit_codes([(each, None) for each in sessions], contrast.dataset.unit)


def _difference(contrast: Contrast, after: OneVersion, before: OneVersion, level: float) -> Estimate:
    found = unpaired_difference(after, before, level)
    is_alone = all(len(np.unique(each.units)) == len(each.units) for each in (after, before))
    is_plain = is_alone and np.isin(np.concatenate([after.values, before.values]), (0.0, 1.0)).all()
    if contrast.criterion.scale.type != "binary" or not is_plain or not found.is_defined:
        return found
    n_passed = int(after.values.sum()), int(before.values.sum())
    ends = newcombe_unpaired(n_passed, (len(after.values), len(before.values)), level)
    return replace(found, low=ends.low, high=ends.high, method=ends.method)


def _corrected(
    contrast: Contrast, judged: Sequence[Sequence[str]], usable: Sequence[Sequence[str]], measuring: Measuring
) -> Estimate:
    kind: LabelKind = "gold" if contrast.experts.rule == "gold" else "human"
    labels = [each for each in contrast.dataset.labels_by_criterion[contrast.criterion.id] if each.kind == kind]
    parts = []
    for sessions, own in zip(judged, usable, strict=True):
        sampling = sampling_of(labels, own)
        if sampling.refused or sampling.chosen:
            words = sampling.refused or "labelled sessions were picked for what they are, with unknown chances"
            return undefined("unknown_probability", words, n=len(own), level=measuring.level)
        kept = [each for each in sessions if each not in contrast.barred]
        judge = np.array([contrast.verdicts.numbers[each, None] for each in kept], dtype=np.float64)
        held = set(own)
        human = [contrast.experts.values[each, None] if each in held else np.nan for each in kept]
        parts.append(
            PartlyLabelled(
                judge=oriented_numbers(contrast.criterion, judge),
                human=oriented_numbers(contrast.criterion, np.array(human, dtype=np.float64)),
                units=_units(contrast, kept),
                counts=np.ones(len(kept)),
                chances=np.array([1 / sampling.weights.get(each, 1.0) for each in kept])
                if sampling.is_weighted
                else None,
            )
        )
    before, after = parts
    return unpaired_powered_difference(after, before, measuring.level)

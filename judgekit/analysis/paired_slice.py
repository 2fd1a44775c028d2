"""The difference of two versions on each slice of the inputs, with p-values adjusted over all slices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from judgekit.analysis.agreement import Measuring
from judgekit.analysis.comparison import PairedInputs, comparison_rows
from judgekit.analysis.contrast import Contrast
from judgekit.analysis.slicing import MIN_UNITS_OF_SLICE, slice_values
from judgekit.records.comparison_report import SliceDifference
from judgekit.records.report import Row
from judgekit.stats.multiplicity import benjamini_hochberg, holm
from judgekit.stats.partly_labelled import PartlyLabelled
from judgekit.stats.sample import BoolArray
from judgekit.stats.version_difference import powered_difference, two_sided_p_value

Adjustment = Literal["holm", "bh"]
"""Holm: no false finding at all; bh (Benjamini-Hochberg): few among those found."""


@dataclass(frozen=True)
class SlicedDifference:
    """What slicing found.

    Attributes:
        found: One difference a slice and estimator.
        warnings: Slices that are too small, in words.
    """

    found: tuple[SliceDifference, ...] = ()
    warnings: tuple[str, ...] = ()


def slice_differences(
    contrast: Contrast, fields: Sequence[str], measuring: Measuring, *, adjustment: Adjustment = "bh"
) -> SlicedDifference:
    """Return the difference on every slice by the judge alone, by labels alone, and corrected where that is given.

    An input is in the slices of the baseline's session, since the candidate's may have what the version made.

    Args:
        contrast: Two versions on one criterion.
        fields: Fields of a session, as `score --slice` takes them.
        measuring: Level, resamples and randomness.
        adjustment: Over all slices of the criterion, by each estimator apart.

    Raises:
        UnknownName: There is no such field, or no session has such a key.
    """
    found: list[SliceDifference] = []
    small: list[str] = []
    for field in dict.fromkeys(fields):
        by_input = _by_input(contrast, field)
        for name in sorted({each for names in by_input.values() for each in names}):
            inside = {each for each, names in by_input.items() if name in names}
            rows = _rows(contrast, inside, measuring)
            found += [_difference(row, f"{field}={name}") for row in rows]
            small += [] if rows else [f"{field}={name}"]
    named = ", ".join(small[:3]) + (", ..." if len(small) > 3 else "")
    warnings = (
        (
            f"{contrast.criterion.id}: {len(small)} slices have under {MIN_UNITS_OF_SLICE} independent units and were "
            f"not compared ({named})",
        )
        if small
        else ()
    )
    return SlicedDifference(_adjusted(found, adjustment), warnings)


def _by_input(contrast: Contrast, field: str) -> dict[str, tuple[str, ...]]:
    """Return the slices of every input, by its baseline's first session."""
    members = {
        name: before[0]
        for paired in (contrast.asked, contrast.labelled)
        for name, (before, _) in zip(paired.inputs, paired.members, strict=True)
    }
    values = slice_values(contrast.dataset, field, [(each, None) for each in members.values()])
    return {name: values[each, None] for name, each in members.items()}


def _rows(contrast: Contrast, inside: set[str], measuring: Measuring) -> list[Row]:
    versions = (contrast.sides[0].name, contrast.sides[1].name)
    rows = []
    for paired, estimator in ((contrast.judged, "judge_raw"), (contrast.labelled, "labels_only")):
        own = _only(paired, np.array([name in inside for name in paired.inputs], dtype=bool))
        if len(np.unique(own.units)) >= MIN_UNITS_OF_SLICE:
            row = comparison_rows(contrast.criterion, own, versions, measuring)[0]
            rows.append(row.model_copy(update={"estimator": estimator}))
    if contrast.usable and not (contrast.sampling.refused or contrast.sampling.chosen):
        sample = _part_of(contrast, inside)
        estimate = powered_difference(sample, step=contrast.step, level=measuring.level)
        if estimate.is_defined and sample.n_units >= MIN_UNITS_OF_SLICE:
            rows.append(contrast.row("mean_difference", estimate, "ppi"))
    return rows


def _only(paired: PairedInputs, kept: BoolArray) -> PairedInputs:
    names = tuple(name for name, is_kept in zip(paired.inputs, kept, strict=True) if is_kept)
    return replace(
        paired,
        inputs=names,
        baseline=paired.baseline[kept],
        candidate=paired.candidate[kept],
        units=paired.units[kept],
        dropped={},
    )


def _part_of(contrast: Contrast, inside: set[str]) -> PartlyLabelled:
    sample = contrast.sample
    kept = np.array([name in inside for name in contrast.sampled], dtype=bool)
    chances = None if sample.chances is None else sample.chances[kept]
    return PartlyLabelled(sample.judge[kept], sample.human[kept], sample.units[kept], sample.counts[kept], chances)


def _difference(row: Row, name: str) -> SliceDifference:
    return SliceDifference(
        criterion=row.criterion,
        between=row.between,
        estimator=row.estimator,
        slice=name,
        difference=row.estimate,
        p_value=two_sided_p_value(row.estimate),
    )


def _adjusted(found: Sequence[SliceDifference], adjustment: Adjustment) -> tuple[SliceDifference, ...]:
    adjust = holm if adjustment == "holm" else benjamini_hochberg
    adjusted = dict(enumerate(found))
    for estimator in {each.estimator for each in found}:
        places = [place for place, each in enumerate(found) if each.estimator == estimator and each.p_value is not None]
        p_values = adjust([found[place].p_value or 0.0 for place in places])
        for place, p_value in zip(places, p_values, strict=True):
            adjusted[place] = found[place].model_copy(update={"p_adjusted": float(p_value)})
    return tuple(adjusted.values())

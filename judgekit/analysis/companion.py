"""What stands beside a paired difference: tests, another interval, shifts level by level, and what could be seen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from judgekit.analysis.agreement import Measuring
from judgekit.analysis.comparison import PairedInputs, four_cells
from judgekit.records.comparison_report import Companion, Detectable, LevelShift
from judgekit.records.report import Row
from judgekit.records.rubric import Criterion, level_text
from judgekit.stats.estimate import Estimate
from judgekit.stats.paired_share import FourCells, newcombe_paired, tango
from judgekit.stats.paired_test import PairedTest, mcnemar, sign_flip, wilcoxon
from judgekit.stats.sample import Sample
from judgekit.stats.version_difference import detectable_effect

MAX_LEVELS = 11
"""Levels of an ordinal scale up to which each is looked at."""


def companions(lead: Row, criterion: Criterion, paired: PairedInputs, measuring: Measuring) -> list[Companion]:
    """Return the tests and the further interval beside one difference.

    McNemar's tests and Newcombe's interval are for passes and fails of inputs that stand alone, one trial a version;
    the sign-flip test is for all, whole groups changing sign together; Wilcoxon's ranks groups' means.

    Args:
        lead: The row of the difference.
        criterion: The question.
        paired: What it was made of, oriented.
        measuring: Level, and randomness of the permutations.
    """
    if not paired.inputs:
        return []
    units = None if paired.is_alone else paired.units
    cells = four_cells(paired) if criterion.scale.type == "binary" else None
    found = []
    if cells is not None:
        found += [
            _tested(lead, "mcnemar", mcnemar(cells.first, cells.second)),
            _tested(lead, "mcnemar_mid_p", mcnemar(cells.first, cells.second, mid_p=True)),
        ]
    found.append(_tested(lead, "sign_flip", sign_flip(paired.differences, units, measuring.fresh_rng())))
    if criterion.scale.type != "binary":
        found.append(_tested(lead, "wilcoxon", wilcoxon(paired.differences, units)))
    if cells is not None:
        ends = newcombe_paired(cells, measuring.level)
        beside = _tested(lead, "newcombe", PairedTest(1.0, cells.first, cells.second, ends.method))
        found.append(beside.model_copy(update={"p_value": None, "low": ends.low, "high": ends.high}))
    return found


def level_shifts(lead: Row, criterion: Criterion, paired: PairedInputs, measuring: Measuring) -> list[LevelShift]:
    """Return how the share at each level or above moved; nothing for scales that are not ordinal.

    An input whose trials average between two levels is at the lower one.
    """
    levels, places = criterion.scale.levels, criterion.scale.numbers()
    if criterion.scale.type != "ordinal" or len(levels) > MAX_LEVELS or not paired.inputs:
        return []
    return [
        LevelShift(
            **_of(lead),
            level=level_text(level),
            baseline=float((paired.baseline >= place).mean()),
            candidate=float((paired.candidate >= place).mean()),
            difference=_share_difference(paired, place, measuring),
        )
        for level, place in zip(levels[1:], places[1:], strict=True)
    ]


def detectable(rows: Iterable[Row]) -> list[Detectable]:
    """Return what each difference's data could have shown; nothing for those without an interval."""
    found = []
    for row in rows:
        effect = detectable_effect(row.estimate) if row.metric == "mean_difference" else None
        if effect is not None:
            found.append(Detectable(**_of(row), effect=effect))
    return found


def _tested(lead: Row, name: str, test: PairedTest) -> Companion:
    told = {"name": name, "p_value": test.p_value, "n_up": test.n_up, "n_down": test.n_down, "method": test.method}
    return Companion.model_validate({**_of(lead), **told})


def _of(row: Row) -> dict[str, str]:
    named = {name: getattr(row, name) for name in ("criterion", "between", "judge", "estimator")}
    return {name: value for name, value in named.items() if value is not None}


def _share_difference(paired: PairedInputs, place: float, measuring: Measuring) -> Estimate:
    at = np.column_stack([paired.candidate >= place, paired.baseline >= place]).astype(np.float64)
    one, other = at.astype(bool).T
    if paired.is_alone:
        counts: Sequence[np.ndarray] = (one & other, one & ~other, ~one & other, ~one & ~other)
        cells = FourCells(*(int(each.sum()) for each in counts))
        ends, n = tango(cells, measuring.level), cells.n
        return Estimate(cells.difference, ends.low, ends.high, measuring.level, n, n, ends.method)
    return measuring.estimates(["bias"], Sample(at, paired.units))["bias"]

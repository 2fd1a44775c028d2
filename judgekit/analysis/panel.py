"""A panel beside its members: how many independent judges they are worth, and whether together they beat the best.

Members' answers are read from the panel's own verdicts, so that a file of them is enough. Units whose labels helped to
make a member are in the panel's lineage, and so not among what is measured.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import ValidationError

from judgekit.analysis.agreement import Measuring
from judgekit.analysis.baseline import rival_rows
from judgekit.analysis.judged import Judged, rows_between
from judgekit.analysis.metric_set import BESIDE_CEILING, counts_levels, metric_set
from judgekit.analysis.rating import Target, on_levels, sample_of, unit_codes
from judgekit.analysis.verdict_table import Use, VerdictTable, verdict_table
from judgekit.analysis.wording import figure
from judgekit.errors import InvalidRecord
from judgekit.records.report import Row
from judgekit.records.verdict import Failure, Verdict, outcome_from
from judgekit.stats.ceiling import ceiling_difference
from judgekit.stats.estimate import Estimate
from judgekit.stats.metric import METRICS
from judgekit.stats.metric_words import metric_words
from judgekit.stats.panel import PanelSize, effective_panel_size
from judgekit.stats.sample import FloatArray

EFFECTIVE = "effective_judges"
"""Metric of the row that says how many independent judges the members are worth."""
NOT_ASKED = "not_asked"
Outcomes = Sequence[Verdict | Failure]


@dataclass(frozen=True)
class PanelPart:
    """What is said of a panel on one criterion.

    Attributes:
        rows: Each member against the reference, the effective number of judges, panel minus best member.
        words: The same in sentences.
    """

    rows: tuple[Row, ...] = ()
    words: tuple[str, ...] = ()


def member_outcomes(outcomes: Iterable[Verdict | Failure]) -> dict[str, list[Verdict | Failure]]:
    """Return each member's answers, from what a panel's verdicts keep of them; empty where there is no panel.

    Raises:
        InvalidRecord: An entry is no answer; the message names the target.
    """
    found: dict[str, list[Verdict | Failure]] = defaultdict(list)
    for outcome in outcomes:
        entries = outcome.members if isinstance(outcome, Verdict) else outcome.metadata.get("members", ())
        for entry in entries if isinstance(entries, list | tuple) else ():
            if entry.get("status") != NOT_ASKED:
                found[str(entry.get("name"))].append(_answer(outcome, entry))
    return dict(sorted(found.items()))


def panel_part(judged: Judged, members: Mapping[str, Outcomes], measuring: Measuring, *, use: Use) -> PanelPart:
    """Return what is to be said of a panel where it was measured; nothing where it has no members.

    Args:
        judged: The panel's numbers and the reference.
        members: Member's name -> its answers.
        measuring: Level, resamples, metrics.
        use: What of an answer is measured.
    """
    tables = {name: verdict_table(judged.criterion, some, use=use) for name, some in members.items()}
    if len(tables) < 2 or not len(judged.targets):
        return PanelPart()
    rows = [row for name in tables for row in rival_rows(judged, name, tables[name], measuring, barred=set())]
    words = []
    size = _size(judged, tables, measuring)
    rows += rows_between(judged.criterion, "members", {EFFECTIVE: size.effective})
    words.append(f"{judged.criterion.id}: {_size_words(size)}")
    metric = metric_set(BESIDE_CEILING, judged.criterion, measuring.metrics)[:1]
    best = _best(rows, metric)
    if best is not None:
        gain = _gain(judged, tables[best], metric[0], measuring)
        rows += rows_between(judged.criterion, f"judge minus {best}", {f"{metric[0]}_difference": gain})
        words.append(f"{judged.criterion.id}: {_gain_words(best, metric[0], gain)}")
    return PanelPart(tuple(rows), tuple(words))


def _answer(outcome: Verdict | Failure, entry: Mapping[str, object]) -> Verdict | Failure:
    kept = {key: entry[key] for key in ("value", "score", "status", "sample", "detail") if entry.get(key) is not None}
    where = {"session": outcome.session, "pair": outcome.pair, "turn": outcome.turn, "order": outcome.order}
    try:
        return outcome_from({**where, "criterion": outcome.criterion, "judge": str(entry.get("name")), **kept})
    except ValidationError as error:
        told = error.errors()[0]["msg"]
        raise InvalidRecord(f"a member's answer does not fit: {told}", where=f"verdict on {outcome.target}") from error


def _numbers(targets: Iterable[Target], table: VerdictTable) -> FloatArray:
    return np.array([table.numbers.get(target, np.nan) for target in targets], dtype=np.float64)


def _size(judged: Judged, tables: Mapping[str, VerdictTable], measuring: Measuring) -> PanelSize:
    """Return the effective size by the errors on all that has a reference, also where the panel did not decide.

    On classes an error is being wrong: which way, the truth decides, so that signed errors of independent judges would
    seem to hang together. An error of the reference is one that all members share, and makes the size smaller.
    """
    is_of_classes = judged.criterion.scale.measurement == "nominal"
    targets = tuple(judged.truth.values)
    human = np.array([judged.truth.values[target] for target in targets], dtype=np.float64)
    return effective_panel_size(
        np.column_stack([_errors(_numbers(targets, table), human, is_of_classes) for table in tables.values()]),
        units=unit_codes(targets, judged.dataset.unit),
        rng=measuring.fresh_rng(),
        level=measuring.level,
        n_resamples=measuring.n_resamples,
    )


def _errors(numbers: FloatArray, human: FloatArray, is_of_classes: bool) -> FloatArray:  # noqa: FBT001  # one call, above
    return np.where(np.isnan(numbers), np.nan, numbers != human) if is_of_classes else numbers - human


def _best(rows: Sequence[Row], metric: Sequence[str]) -> str | None:
    """Return the member with the best value of the headline metric; of equals the first by name."""
    own = [row for row in rows if row.metric in metric and row.between.endswith("~reference")]
    known = [(row.estimate.value, row.between.removesuffix("~reference")) for row in own if row.estimate.is_defined]
    sign = -1 if metric and METRICS[metric[0]].direction == "lower" else 1
    return min(known, key=lambda each: (-sign * (each[0] or 0.0), each[1]))[1] if known else None


def _gain(judged: Judged, table: VerdictTable, metric: str, measuring: Measuring) -> Estimate:
    """Return panel minus member on the rows that both have, drawn on the same resamples."""
    member = _numbers(judged.targets, table)
    kept = ~np.isnan(member)
    if counts_levels(metric):
        kept &= on_levels(judged.criterion, judged.judge, member, judged.human)
    three = np.column_stack([judged.judge[kept], member[kept], judged.human[kept]])
    dropped = {"not_on_both": int((~kept).sum())} if not kept.all() else {}
    names = ("judge", "member", "reference")
    sample = sample_of(judged.criterion, three, judged.units[kept], names=names, dropped=dropped)
    found = ceiling_difference(
        [metric], sample, rng=measuring.fresh_rng(), level=measuring.level, n_resamples=measuring.n_resamples
    )
    return found[metric].difference


def _size_words(size: PanelSize) -> str:
    if size.effective.value is None:
        return f"how many judges the {size.n_members} members are worth is undefined ({size.effective.undefined})."
    return f"{size.n_members} members are worth {figure(size.effective)} independent judges, by their errors."


def _gain_words(best: str, metric: str, gain: Estimate) -> str:
    if gain.value is None:
        return f"whether the panel beats its best member, {best}, cannot be said ({gain.undefined})."
    if gain.low is None or gain.high is None:
        told = f"{metric_words(metric)} {gain.value:+.2f}, without an interval ({gain.method.removeprefix('none: ')})"
        return f"the panel is not shown to beat its best member, {best}: {told}."
    told = f"{metric_words(metric)} {gain.value:+.2f} [{gain.low:+.2f}, {gain.high:+.2f}]"
    is_better = gain.low > 0 if METRICS[metric].direction != "lower" else gain.high < 0
    is_worse = gain.high < 0 if METRICS[metric].direction != "lower" else gain.low > 0
    said = "beats its best member" if is_better else "is worse than its best member" if is_worse else None
    verb = said or "is not shown to beat its best member"
    return f"the panel {verb}, {best}: {told}. {best} was found best on these very sessions, which flatters it."

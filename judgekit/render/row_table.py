"""Rows of estimates as tables: metrics down, who is held against whom across. No row is left out."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence

from judgekit.records.report import Report, Row
from judgekit.render.number import (
    clusters_text,
    count_text,
    estimate_text,
    interval_reason,
    interval_text,
    is_shown,
    level_text,
    undefined_reason,
    value_text,
)
from judgekit.render.table import Cell, Table
from judgekit.render.words import (
    baseline_words,
    between_words,
    causes_text,
    difference_words,
    is_baseline,
    is_rival,
    judge_words,
    method_words,
)
from judgekit.stats.estimate import Estimate
from judgekit.stats.metric_words import metric_words, subject_of

HEADLINE = {
    "raters": "all raters",
    "judge~reference": "judge vs reference",
    "rater~others": "human ceiling",
    "judge~others": "judge on the same rows",
}
"""Columns of the headline table, in order; baselines and other judges follow."""
CEILING_NOTE = "Human ceiling: each rater vs the others; beside it the judge vs the same others, on the same rows."
EXPERTS = "experts' own labels"
ESTIMATORS = {
    "labels_only": "labels only",
    "post_stratification": "post-stratification",
    "ppi": "PPI++",
    "rogan_gladen": "Rogan-Gladen",
    "judge_raw": "the judge alone, not corrected",
}
"""Estimators in words."""
NO_CEILING_NOTE = "Human ceiling: each rater vs the others."
UNITS = {"groups": "group", "inputs": "input", "sessions": "session", "turns": "turn", "pairs": "pair"}


def unit_of(report: Report) -> str:
    """Return what was resampled, one of it: the settings' `unit`, else `unit`."""
    unit = str(report.settings.get("unit") or "unit")
    return UNITS.get(unit, unit)


def is_headline(row: Row) -> bool:
    """Whether a row stands in the headline table rather than among the pairs."""
    return row.between in HEADLINE or is_baseline(row.between) or is_rival(row.between)


def headline_table(rows: Sequence[Row], unit: str, judge: str | None) -> Table | None:
    """Return metrics down; judge, ceiling and baseline across. None when there is no such row."""
    kept = [row for row in rows if is_headline(row)]
    if not kept:
        return None
    columns = [name for name in HEADLINE if any(row.between == name for row in kept)]
    columns += list(dict.fromkeys(row.between for row in kept if is_baseline(row.between)))
    columns += list(dict.fromkeys(row.between for row in kept if is_rival(row.between)))
    heads = [HEADLINE.get(name) or _beside_head(name, columns) for name in columns]
    layers = _layers(kept, lambda row: (row.metric, row.between))
    table = tuple(line for layer in layers for line in _pivot(layer, columns, unit))
    ceiling = {"rater~others", "judge~others"} & set(columns)
    spoken = [CEILING_NOTE if len(ceiling) == 2 else NO_CEILING_NOTE] if "rater~others" in ceiling else []
    spoken += [f"Baseline: {baseline_words(name)}." for name in columns if is_baseline(name)]
    return Table(("metric", *heads, "n"), table, notes=(*spoken, *_notes(kept, unit, judge)))


def pair_table(rows: Sequence[Row], unit: str, judge: str | None) -> Table | None:
    """Return pairs of raters down, metrics across. None when there is no such row."""
    kept = [row for row in rows if not is_headline(row)]
    if not kept:
        return None
    metrics = tuple(dict.fromkeys(row.metric for row in kept))
    pairs = tuple(dict.fromkeys(row.between for row in kept))
    body = []
    for layer in _layers(kept, lambda row: (row.metric, row.between)):
        for pair in (pair for pair in pairs if any(row.between == pair for row in layer)):
            own = {row.metric: row for row in layer if row.between == pair}
            cells = [_cell(own.get(metric)) for metric in metrics]
            body.append((Cell(between_words(pair, judge)), *cells, _n_cell(list(own.values()), unit)))
    head = ("pair", *(metric_words(metric) for metric in metrics), "n")
    return Table(head, tuple(body), caption="Pairs of raters", notes=_notes(kept, unit, judge))


def comparison_table(rows: Sequence[Row], unit: str) -> Table:
    """Return what was measured down; by the judge and by the experts themselves across."""
    measured = tuple(dict.fromkeys((row.metric, row.between) for row in rows))
    makers = tuple(dict.fromkeys(map(_maker, sorted(rows, key=lambda row: row.judge is None))))
    body = []
    for layer in _layers(rows, lambda row: (row.metric, row.between, _maker(row))):
        for metric, between in (each for each in measured if any((row.metric, row.between) == each for row in layer)):
            own = {_maker(row): row for row in layer if (row.metric, row.between) == (metric, between)}
            found = [own.get(maker) for maker in makers]
            cells = [cell for row in found for cell in (_cell(row), _n_cell([row] if row else [], unit))]
            body.append((Cell(f"{metric_words(metric)}, {difference_words(between)}"), *cells))
    head = ["measure"]
    for maker in makers:
        head += [_maker_words(*maker), "n"]
    return Table(tuple(head), tuple(body), notes=_notes(rows, unit, None, say_n=False))


def difference_table(named: Sequence[tuple[Row, str]], unit: str) -> Table:
    """Return one line an estimate of two versions: what was measured, and by whom.

    Args:
        named: Rows, and whose each is in words.
        unit: What is independent.
    """
    body = tuple((Cell(_measured(row)), Cell(who), _cell(row), _n_cell([row], unit)) for row, who in named)
    notes = dict.fromkeys(_interval_note(row) for row, _ in named if row.estimate.low is not None)
    notes |= dict.fromkeys(reasons((f"{_measured(row)}, {who}", row.estimate) for row, who in named))
    left_out = ((who, causes_text(row.estimate.dropped)) for row, who in named if any(row.estimate.dropped.values()))
    notes |= dict.fromkeys(f"{who}, left out: {causes}." for who, causes in left_out)
    return Table(("measure", "by", "estimate", "n"), body, n_words=2, notes=tuple(notes))


def _measured(row: Row) -> str:
    """Return what was measured, and of which version; a difference says so by naming two."""
    subject = metric_words(row.metric)
    if row.metric != "mean_difference":
        subject = subject.removesuffix(", difference")
    return f"{subject}, {difference_words(row.between)}"


def estimator_table(rows: Sequence[Row], unit: str) -> Table:
    """Return one line an estimate of a version: what was measured, and by which estimator."""
    body = []
    for row in rows:
        measured = f"{metric_words(row.metric)}, {row.between}"
        body.append((Cell(measured), Cell(_estimator_words(row)), _cell(row), _n_cell([row], unit)))
    head = ("measure", "estimator", "estimate", "n")
    return Table(head, tuple(body), n_words=2, notes=_notes(rows, unit, None, say_n=False))


def _estimator_words(row: Row) -> str:
    return ESTIMATORS.get(row.estimator or "", (row.estimator or EXPERTS).replace("_", " "))


def _maker(row: Row) -> tuple[str | None, str | None, str | None]:
    return row.judge, row.engine, row.estimator


def _maker_words(judge: str | None, engine: str | None, estimator: str | None) -> str:
    """Return whose figure of a version it is: an estimator's, a judge's alone, or the experts' own."""
    if estimator:
        return ESTIMATORS.get(estimator, estimator.replace("_", " "))
    return f"{judge_words(judge, engine)}, judge only" if judge else EXPERTS


def slice_table(rows: Sequence[Row], unit: str) -> Table:
    """Return one line per estimate of a slice."""
    body = tuple(
        (
            Cell(row.slice or "all"),
            Cell(metric_words(row.metric)),
            Cell(between_words(row.between, judge_words(row.judge, row.engine) if row.judge else None)),
            _cell(row),
            _n_cell([row], unit),
        )
        for row in rows
    )
    head = ("slice", "metric", "between", "estimate", "n")
    return Table(head, body, n_words=3, notes=_notes(rows, unit, None, say_n=False))


def estimate_cell(estimate: Estimate | None, metric: str) -> Cell:
    """Return a value over its interval; `-` where there is no estimate."""
    if estimate is None:
        return Cell("-")
    if not is_shown(estimate):
        return Cell("undefined")
    return Cell(value_text(estimate.value, metric), interval_text(estimate, metric))


def n_cell(estimates: Sequence[Estimate], unit: str) -> Cell:
    """Return how many rows entered, over how many independent units."""
    if not estimates:
        return Cell("-")
    counts = sorted({each.n for each in estimates})
    span = count_text(counts[0]) + (f" to {count_text(counts[-1])}" if len(counts) > 1 else "")
    clusters = {clusters_text(each, unit) for each in estimates}
    return Cell(span, f"({clusters.pop()})" if len(clusters) == 1 and any(clusters) else "")


def reasons(named: Iterable[tuple[str, Estimate]]) -> tuple[str, ...]:
    """Return why values or intervals are missing, one sentence a reason."""
    found: dict[str, list[str]] = {}
    for name, each in named:
        if not is_shown(each):
            found.setdefault(f"undefined, {undefined_reason(each)}", []).append(name)
        elif each.low is None:
            found.setdefault(f"no interval, {interval_reason(each)}", []).append(name)
    return tuple(f"{'; '.join(names)}: {reason}." for reason, names in found.items())


def _layers(rows: Sequence[Row], place_of: Callable[[Row], Hashable]) -> list[list[Row]]:
    """Return the rows such that no two of a layer want one place: what occurs twice is shown twice."""
    layers: list[dict[Hashable, Row]] = []
    for row in rows:
        free = next((layer for layer in layers if place_of(row) not in layer), None)
        if free is None:
            layers.append(free := {})
        free[place_of(row)] = row
    return [list(layer.values()) for layer in layers]


def _pivot(rows: Sequence[Row], columns: Sequence[str], unit: str) -> Iterable[tuple[Cell, ...]]:
    for metric in dict.fromkeys(row.metric for row in rows):
        own = {row.between: row for row in rows if row.metric == metric}
        cells = [_cell(own.get(name), is_bare=is_baseline(name)) for name in columns]
        lead = next(own[name] for name in columns if name in own)
        yield (Cell(metric_words(metric)), *cells, _n_cell([lead], unit))


def _cell(row: Row | None, *, is_bare: bool = False) -> Cell:
    if row is None:
        return Cell("-")
    cell = estimate_cell(row.estimate, row.metric)
    return Cell(cell.text) if is_bare and row.estimate.low is None else cell


def _n_cell(rows: Sequence[Row], unit: str) -> Cell:
    return n_cell([row.estimate for row in rows], unit)


def _notes(rows: Sequence[Row], unit: str, judge: str | None, *, say_n: bool = True) -> tuple[str, ...]:
    """Return what the cells had no room for: intervals' method, reasons, causes, and n of the other columns."""
    notes = list(dict.fromkeys(_interval_note(row) for row in rows if row.estimate.low is not None))
    told = (row for row in rows if not (is_baseline(row.between) and is_shown(row.estimate)))
    notes += reasons((_name(row, judge), row.estimate) for row in told)
    for side in dict.fromkeys(_side(row, judge) for row in rows):
        own = [row for row in rows if _side(row, judge) == side]
        notes += _of_one_side(own, side, unit, say_n and is_headline(own[0]))
    return tuple(notes)


def _is_of_versions(row: Row) -> bool:
    is_alone = (
        row.metric in ("mean", "share", "label_multiplier")
        or row.estimator is not None
        or subject_of(row.metric) == "pass_hat"
    )
    return is_alone or row.metric.endswith("difference")


def _side(row: Row, judge: str | None) -> str:
    """Return whose rows were left out together: a pair of raters, or whoever judged two versions."""
    if not _is_of_versions(row):
        return between_words(row.between, judge)
    if row.estimator:
        return f"{row.between}, {_maker_words(*_maker(row))}"
    return judge_words(row.judge, row.engine) if row.judge else EXPERTS


def _name(row: Row, judge: str | None) -> str:
    version = f"{difference_words(row.between)}, " if _is_of_versions(row) and not row.estimator else ""
    stratum = f"{row.slice}, " if row.slice else ""
    return f"{stratum}{metric_words(row.metric)}, {version}{_side(row, judge)}"


def _of_one_side(rows: Sequence[Row], name: str, unit: str, say_n: bool) -> Iterable[str]:  # noqa: FBT001  # one call, above
    causes = dict.fromkeys(causes_text(row.estimate.dropped) for row in rows if any(row.estimate.dropped.values()))
    if say_n and rows[0].between in ("rater~others", "judge~others"):
        yield f"{name}: n={_n_cell(rows, unit).joined}."
    for cause in causes:
        metrics = "; ".join(metric_words(row.metric) for row in rows if causes_text(row.estimate.dropped) == cause)
        yield f"{name}{f', {metrics}' if len(causes) > 1 else ''}, left out: {cause}."


def _interval_note(row: Row) -> str:
    return f"Intervals: {level_text(row.estimate.level)}, {method_words(row.estimate.method)}."


def _beside_head(between: str, columns: Sequence[str]) -> str:
    """Return what the column of a baseline or of another judge is called."""
    if is_rival(between):
        return f"{between.partition('~')[0]} vs reference"
    return "baseline" if sum(map(is_baseline, columns)) == 1 else between


def row_text(row: Row) -> str:
    """Return one row as one line, for a picture's description."""
    name = judge_words(row.judge, row.engine) if row.judge else None
    return f"{metric_words(row.metric)}, {between_words(row.between, name)}: {estimate_text(row.estimate, row.metric)}"

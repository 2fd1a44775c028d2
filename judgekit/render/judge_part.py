"""What a score says beyond its rows: the ceiling, who may be stood in for, slices, biases, limits of agreement."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from judgekit.records.report import Row
from judgekit.records.score_report import AltTest, BiasCheck, BlandAltman, Confusion, SliceTest
from judgekit.render import chart, plot
from judgekit.render.block import Block, Figure, Words
from judgekit.render.number import (
    count_text,
    estimate_text,
    is_shown,
    kind_of,
    p_text,
    size_text,
    undefined_reason,
    value_text,
)
from judgekit.render.plot import Line
from judgekit.render.row_table import estimate_cell, n_cell, reasons
from judgekit.render.table import Cell, Table
from judgekit.render.words import between_words
from judgekit.stats.metric_words import metric_words

FALSE_DISCOVERY_RATE = 0.05
"""Below this, an adjusted p-value is pointed out."""
MOST_CEILINGS = 8
"""Points on the picture against the ceiling; with more, each criterion's first metric alone."""
HABITS = {
    "length": "length of the session",
    "position": "place in the pair",
    "format": "format of the answer",
    "clumping": "few levels for all",
}
ADJUSTED_NOTE = "Adjusted p: after Benjamini and Hochberg over all slices of the criterion."
DETECTABLE_NOTE = "Could have been seen: the smallest effect that so many show four times in five (80% power)."


def ceiling_block(rows: Sequence[Row]) -> Figure | None:
    """Return the picture of judge against human ceiling, every criterion and metric that has both."""
    found = {(row.criterion, row.metric, row.between): row for row in rows if row.slice is None}
    pairs = [
        (row, found[row.criterion, row.metric, "rater~others"])
        for row in found.values()
        if row.between == "judge~others"
        and (row.criterion, row.metric, "rater~others") in found
        and kind_of(row.metric) in ("coefficient", "rate")
    ]
    if len(pairs) > MOST_CEILINGS:
        pairs = list({row.criterion: (row, other) for row, other in reversed(pairs)}.values())[::-1]
    is_alone = len({row.criterion for row, _ in pairs}) == 1
    lines = tuple((_ceiling_line(judge, is_alone), _ceiling_line(human, is_alone)) for judge, human in pairs)
    if not any(is_shown(judge.estimate) and is_shown(human.estimate) for judge, human in lines):
        return None
    caption = "Judge and expert, each against the other experts: on the line they agree alike"
    return Figure(caption, partial(plot.against_ceiling, lines))


def _ceiling_line(row: Row, is_alone: bool) -> Line:  # noqa: FBT001  # one call, above
    name = metric_words(row.metric)
    return Line(name if is_alone else f"{row.criterion}, {name}", row.estimate, row.metric)


def ceiling_differences(rows: Sequence[Row], unit: str) -> Iterator[Block]:
    """Give judge minus human ceiling, as a table and about zero."""
    if not rows:
        return
    body = tuple(
        (Cell(_subject(row.metric)), estimate_cell(row.estimate, row.metric), n_cell([row.estimate], unit))
        for row in rows
    )
    errors = dict.fromkeys(_subject(row.metric) for row in rows if kind_of(_bare(row.metric)) in ("error", "loss"))
    notes = tuple(f"{name}: an error, so above zero the judge is further off than an expert." for name in errors)
    notes += reasons((_subject(row.metric), row.estimate) for row in rows)
    caption = "Judge minus human ceiling, on the same rows"
    yield Table(("metric", "difference", "n"), body, caption=caption, notes=notes)
    lines = tuple(
        Line(_subject(row.metric), row.estimate, row.metric)
        for row in rows
        if kind_of(_bare(row.metric)) in ("coefficient", "rate")
    )
    if lines:
        draw = partial(plot.about_zero, lines, caption, ends=("below", "above"))
        yield Figure("Judge minus human ceiling: right of zero the judge is closer to the others", draw)


def is_difference(row: Row) -> bool:
    """Whether a row is a metric's distance to the human ceiling."""
    return row.metric.endswith("_difference")


def _bare(metric: str) -> str:
    return metric.removesuffix("_difference")


def _subject(metric: str) -> str:
    return metric_words(_bare(metric))


def alt_test_blocks(test: AltTest) -> Iterator[Block]:
    """Give the verdict in words first, what it assumes, then each rater's part."""
    yield Words(tuple(_alt_test_sentences(test)))
    if test.raters:
        body = tuple(
            (
                Cell(each.rater),
                Cell("yes" if each.is_beaten else "no"),
                Cell(value_text(each.winning_rate, "alt_test_winning_rate") if each.winning_rate is not None else "-"),
                Cell(p_text(each.p_value)),
                Cell(p_text(each.p_adjusted)),
                Cell(count_text(each.n)),
            )
            for each in test.raters
        )
        head = ("expert", "may be stood in for", "judge at least as close", "p", "adjusted p", "n")
        note = (
            f"p: how seldom the judge would win so often if the expert won by {test.epsilon:g} or more; "
            "adjusted after Benjamini and Yekutieli over the experts."
        )
        yield Table(head, body, n_words=2, notes=(note,))
    if test.assumes:
        yield Words((f"What this takes for granted: {test.assumes.rstrip('. ')}.",))


def _alt_test_sentences(test: AltTest) -> Iterator[str]:
    n_beaten, n_raters = sum(each.is_beaten for each in test.raters), len(test.raters)
    if test.passes is None or not is_shown(test.winning_rate):
        yield f"Whether the judge may stand in for an expert cannot be said: {undefined_reason(test.winning_rate)}."
    else:
        whom = (
            f"{n_beaten} of {n_raters} experts"
            if test.raters
            else f"{value_text(test.winning_rate.value, 'alt_test_winning_rate')} of the experts"
        )
        passed = "passes" if test.passes else "does not pass"
        yield (
            f"The judge may stand in for {whom} at epsilon {test.epsilon:g}: "
            f"the alternative annotator test {passed} (it asks for half of them or more)."
        )
    if is_shown(test.advantage):
        yield (
            "Held against the other experts, the judge is at least as close as the expert it replaces on "
            f"{estimate_text(test.advantage, 'alt_test_advantage')} of what they scored, on average."
        )
    if test.left_out:
        names = ", ".join(f"{rater} ({count_text(n)})" for rater, n in test.left_out.items())
        yield f"Not tested, for too few sessions: {names}."


def slice_blocks(tests: Sequence[SliceTest], rows: Sequence[Row], unit: str) -> Iterator[Block]:
    """Give which slices differ from the rest, then a table and a forest for each metric."""
    if not tests:
        return
    yield Words((_slice_sentence(tests),))
    for metric in dict.fromkeys(test.metric for test in tests):
        own = [test for test in tests if test.metric == metric]
        yield _slice_table(own, metric_words(metric), unit)
        lines = tuple(Line(test.slice, test.estimate, metric, is_marked=_stands_out(test)) for test in own)
        whole = next((row for row in rows if row.metric == metric and row.between == "judge~reference"), None)
        figure = _part_figure(lines, whole, f"{metric_words(metric)} by slice")
        if figure:
            yield figure


def _slice_table(tests: Sequence[SliceTest], metric: str, unit: str) -> Table:
    body = tuple(
        (
            Cell(test.slice),
            estimate_cell(test.estimate, test.metric),
            estimate_cell(test.difference, f"{test.metric}_difference"),
            Cell(p_text(test.p_value)),
            Cell(p_text(test.p_adjusted)),
            n_cell([test.estimate], unit),
        )
        for test in tests
    )
    head = ("slice", "on the slice", "minus the rest", "p", "adjusted p", "n")
    lacking = reasons((test.slice, test.estimate) for test in tests)
    return Table(head, body, caption=metric, notes=(ADJUSTED_NOTE, *lacking))


def _part_figure(lines: tuple[Line, ...], whole: Row | None, title: str) -> Figure | None:
    """Return a forest of parts over the whole; None when no part has a value."""
    if not any(is_shown(each.estimate) for each in lines):
        return None
    line = Line("all", whole.estimate, whole.metric) if whole else None
    legend = (("whole", "on everything"),) if whole and is_shown(whole.estimate) else ()
    return Figure(title, partial(plot.beside_whole, lines, line, title), legend=legend)


def _stands_out(test: SliceTest) -> bool:
    return test.p_adjusted is not None and test.p_adjusted <= FALSE_DISCOVERY_RATE


def _slice_sentence(tests: Sequence[SliceTest]) -> str:
    n_tested = sum(test.p_adjusted is not None for test in tests)
    if not n_tested:
        return "No slice could be tested against the rest."
    found = [test for test in tests if _stands_out(test)]
    share = f"{100 * FALSE_DISCOVERY_RATE:g}%"
    if not found:
        return (
            f"None of {n_tested} tests tells a slice from the rest (false discovery rate {share}); "
            "small slices would show only large differences."
        )
    named = "; ".join(
        f"{test.slice} ({metric_words(test.metric)} {value_text(test.difference.value, f'{test.metric}_difference')})"
        for test in found
    )
    return f"{len(found)} of {n_tested} tests tell a slice from the rest (false discovery rate {share}): {named}."


def strata_figures(rows: Sequence[Row], whole: Sequence[Row]) -> Iterator[Figure]:
    """Give a forest for each metric of rows that stand for a part of the data."""
    for metric, between in dict.fromkeys((row.metric, row.between) for row in rows):
        lines = tuple(
            Line(row.slice or "all", row.estimate, metric, who="judge" if row.judge else "human")
            for row in rows
            if (row.metric, row.between) == (metric, between)
        )
        of_all = next((row for row in whole if (row.metric, row.between) == (metric, between)), None)
        figure = _part_figure(lines, of_all, f"{metric_words(metric)}, {between_words(between)}, by stratum")
        if figure and len(lines) > 1:
            yield figure


def bias_blocks(checks: Sequence[BiasCheck], unit: str) -> Iterator[Block]:
    """Give what each check says, then its estimate beside what it could have seen."""
    if not checks:
        return
    said = tuple(check.words for check in checks if check.words)
    if said:
        yield Words(said)
    body = tuple(
        (
            Cell(HABITS[check.kind]),
            Cell(metric_words(check.metric)),
            estimate_cell(check.estimate, check.metric),
            Cell(size_text(check.detectable, f"{check.metric}_difference")),
            n_cell([check.estimate], unit),
        )
        for check in checks
    )
    lacking = reasons((f"{HABITS[check.kind]}, {metric_words(check.metric)}", check.estimate) for check in checks)
    head = ("judge's habit", "measured by", "estimate", "could have been seen", "n")
    yield Table(head, body, n_words=2, notes=(DETECTABLE_NOTE, *lacking))


def bland_altman_blocks(found: BlandAltman, unit: str) -> Iterator[Block]:
    """Give bias and limits of agreement, in words, in numbers and as dots or bars."""
    if is_shown(found.bias) and is_shown(found.low_limit) and is_shown(found.high_limit):
        limits = f"{value_text(found.low_limit.value, 'bias')} and {value_text(found.high_limit.value, 'bias')}"
        yield Words(
            (
                f"Judge minus reference is {value_text(found.bias.value, 'bias')} on average; for 95 sessions in 100 "
                f"it lies between {limits}, if the differences are about normal.",
            )
        )
    named = (
        ("bias", found.bias),
        ("lower limit of agreement", found.low_limit),
        ("upper limit of agreement", found.high_limit),
    )
    body = tuple((Cell(name), estimate_cell(each, "bias"), n_cell([each], unit)) for name, each in named)
    yield Table((between_words(found.between), "difference", "n"), body, notes=reasons(named))
    if chart.is_stepped(found):
        yield Figure("How often each difference occurs", partial(chart.differences, found))
    elif found.points:
        yield Figure("Difference against mean", partial(chart.bland_altman, found))


def confusion_figure(confusion: Confusion) -> Figure:
    """Return who said what against whom, as a heat map and as counts."""
    caption = between_words(confusion.between)
    return Figure(caption, partial(chart.confusion, confusion), table=confusion_table(confusion))


def confusion_table(confusion: Confusion) -> Table:
    """Return who said what against whom, as counts."""
    left, _, right = confusion.between.partition("~")
    rows = tuple(
        (Cell(level), *(Cell(count_text(n)) for n in counts), Cell(count_text(sum(counts))))
        for level, counts in zip(confusion.levels, confusion.counts, strict=True)
    )
    return Table((f"{left} (down), {right or 'reference'} (across)", *confusion.levels, "all"), rows)

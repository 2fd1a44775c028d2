"""What an agreement report says of single raters: how severe they are, how they use the scale, where they are alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from judgekit.records.agreement_report import RaterProfile
from judgekit.render import chart, plot
from judgekit.render.block import Block, Figure, Words
from judgekit.render.case import alone_cases
from judgekit.render.number import count_text, interval_text, is_shown, value_text
from judgekit.render.plot import Line
from judgekit.render.row_table import estimate_cell, reasons
from judgekit.render.table import Cell, Table
from judgekit.render.words import answer_words

SEVERITY_NOTE = (
    "Severity: how far a rater lies from the others on the same sessions, in points of the scale; below 0 is stricter."
)

ALONE_NOTE = (
    "Where each rater stands alone: sessions on which they lie furthest from the median of at least two others, or, "
    "where levels have no order, on which most others say something else."
)


def profile_blocks(profiles: Sequence[RaterProfile]) -> Iterator[Block]:
    """Give who is stricter or more lenient than the rest, in words, as a table and about zero; then who is alone."""
    if not profiles:
        return
    said = tuple(sentence for profile in profiles for sentence in _sentences(profile))
    yield Words(said or ("No rater can be told from the rest in severity.",))
    yield _profile_table(profiles)
    lines = tuple(Line(each.rater, each.severity, "severity", who="human") for each in profiles)
    if any(is_shown(each.estimate) for each in lines):
        draw = partial(plot.about_zero, lines, "Severity of each rater", ends=("stricter", "more lenient"))
        yield Figure("Severity of each rater, beside the others on the same sessions", draw)
    alone = [(each.rater, each.alone) for each in profiles if each.alone]
    if alone:
        yield Words((ALONE_NOTE,))
        yield alone_cases(alone)


def _sentences(profile: RaterProfile) -> Iterator[str]:
    severity, drift = profile.severity, profile.drift
    if _is_clear(severity.low, severity.high):
        words = "stricter" if (severity.value or 0) < 0 else "more lenient"
        yield (
            f"{profile.rater} is {words} than the rest: "
            f"{value_text(severity.value, 'severity')} {interval_text(severity, 'severity')} points."
        )
    if drift is not None and _is_clear(drift.low, drift.high):
        words = "stricter" if (drift.value or 0) < 0 else "more lenient"
        yield (
            f"{profile.rater} grows {words} over time: {value_text(drift.value, 'drift')} "
            f"{interval_text(drift, 'drift')} points in 30 days."
        )


def _is_clear(low: float | None, high: float | None) -> bool:
    return low is not None and high is not None and (low > 0 or high < 0)


def _profile_table(profiles: Sequence[RaterProfile]) -> Table:
    """Return one line a rater; columns that nobody has are left out."""
    optional = {
        "drift in 30 days": [(each.drift, "drift") for each in profiles],
        "labels at either end": [(each.extreme_share, "extreme_share") for each in profiles],
        "agreement with oneself": [(each.self_agreement, "percent_agreement") for each in profiles],
    }
    shown = {name: column for name, column in optional.items() if any(each is not None for each, _ in column)}
    body = tuple(
        (
            Cell(each.rater),
            Cell(", ".join(map(answer_words, each.unused_levels)) or "none"),
            Cell(count_text(each.n)),
            estimate_cell(each.severity, "severity"),
            *(estimate_cell(*column[place]) for column in shown.values()),
        )
        for place, each in enumerate(profiles)
    )
    named = [(f"severity, {each.rater}", each.severity) for each in profiles]
    for name, column in shown.items():
        named += [
            (f"{name}, {profile.rater}", each)
            for profile, (each, _) in zip(profiles, column, strict=True)
            if each is not None
        ]
    head = ("rater", "levels never used", "labels", "severity", *shown)
    return Table(head, body, n_words=2, notes=(SEVERITY_NOTE, *reasons(named)))


def level_figure(levels: Mapping[str, Mapping[str, int]]) -> Figure:
    """Return how often each rater gave each level, as bars and as counts."""
    drawn = tuple(
        (rater, tuple((answer_words(level), n) for level, n in counts.items())) for rater, counts in levels.items()
    )
    return Figure("Labels per level, by rater", partial(chart.levels, drawn), table=level_table(levels))


def level_table(levels: Mapping[str, Mapping[str, int]]) -> Table:
    """Return how often each rater gave each level."""
    names = tuple(dict.fromkeys(level for counts in levels.values() for level in counts))
    rows = tuple(
        (
            Cell(rater),
            *(Cell(count_text(counts.get(level, 0))) for level in names),
            Cell(count_text(sum(counts.values()))),
        )
        for rater, counts in levels.items()
    )
    return Table(("labels per level", *map(answer_words, names), "all"), rows)

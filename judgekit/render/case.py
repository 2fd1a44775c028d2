"""Sessions worth reading: who said what about them, worst first, and the groups they are looked through by."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import zip_longest

from judgekit.records.report import Disagreement, Rating
from judgekit.records.rubric import Value, level_text
from judgekit.render.block import Case, Cases, Section, Voice
from judgekit.render.words import cause_words

MOST_GAPS = 6
"""Sizes of gap listed one by one; more are gathered into bands."""


def case_section(
    title: str, found: Sequence[Disagreement], *, reference: str = "", judge: str | None = None
) -> Section:
    """Return the section of a list of cases; without blocks when there is none.

    Args:
        title: Its title.
        found: Worst first.
        reference: How the reference was made.
        judge: What the judge is called.
    """
    gaps = _gaps([each.distance for each in found])
    cases = tuple(_case(each, gaps[each.distance], reference, judge) for each in found)
    return Section(title, (Cases(cases),) if cases else ())


def alone_cases(found: Sequence[tuple[str, Sequence[Disagreement]]]) -> Cases:
    """Return where each rater stands alone, everybody's furthest first, grouped by rater.

    Args:
        found: (rater, where they stand alone, furthest first).
    """
    rounds = zip_longest(*([_alone(rater, each) for each in cases] for rater, cases in found))
    return Cases(tuple(case for each in rounds for case in each if case is not None))


def _alone(rater: str, each: Disagreement) -> Case:
    voices = tuple(map(_voice, each.ratings))
    facts = [f"{rater} {voice.answer}" for voice in voices[:1]]
    facts += [] if each.reference is None else [f"the others together {value_words(each.reference)}"]
    said = ", ".join([*facts, _apart(each.distance)])
    return Case(each.target, each.criterion, said, each.excerpt, voices, gap=f"where {rater} stands alone")


def _case(each: Disagreement, gap: str, reference: str, judge: str | None) -> Case:
    status = each.judge.status if each.judge else "ok"
    facts = [_apart(each.distance) if status == "ok" else cause_words(status)]
    if each.reference is not None:
        facts.append(f"reference {value_words(each.reference)}" + (f", {reference}" if reference else ""))
    voices = [_voice(rating) for rating in each.ratings]
    if each.judge is not None:
        spoken = _voice(each.judge)
        voices.insert(0, Voice(judge or spoken.name, spoken.answer, spoken.rationale, is_judge=True))
    return Case(
        each.target,
        each.criterion,
        ", ".join(facts),
        each.excerpt,
        tuple(voices),
        gap=gap if status == "ok" else facts[0],
    )


def _gaps(distances: Sequence[float]) -> dict[float, str]:
    """Return the name of each distance's band: the distance itself where there are few."""
    found = sorted({each for each in distances if math.isfinite(each)})
    names = dict.fromkeys(distances, "")
    if len(found) <= MOST_GAPS:
        return names | {each: _apart(each) for each in found}
    size = -(-len(found) // MOST_GAPS)
    for start in range(0, len(found), size):
        band = found[start : start + size]
        words = _apart(band[0]) if len(band) == 1 else f"{_short(band[0])} to {_apart(band[-1])}"
        names |= dict.fromkeys(band, words)
    return names


def _apart(distance: float) -> str:
    return f"{_short(distance)} apart"


def _short(distance: float) -> str:
    return f"{round(distance, 2):g}"


def _voice(rating: Rating) -> Voice:
    return Voice(rating.rater or "anonymous", _answer(rating), rating.rationale or "")


def _answer(rating: Rating) -> str:
    if rating.status == "ok":
        return "no value" if rating.value is None else value_words(rating.value)
    if rating.status in ("not_applicable", "cannot_judge"):
        return cause_words(rating.status)
    return f"no verdict: {cause_words(rating.status)}"


def value_words(value: Value) -> str:
    """Return an answer as people write it."""
    return ", ".join(value) if isinstance(value, tuple) else level_text(value)

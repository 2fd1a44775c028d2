"""Judges and sessions that the tests of this room share; all composed."""

from __future__ import annotations

from typing import Any

from judgekit.judging.scaffold import new_judge
from judgekit.records.judge import Judge, Pattern, Reading
from judgekit.records.rubric import Criterion, Scale
from judgekit.records.session import Session, Turn

QUALITY = Criterion(
    id="quality",
    question="How good is the help?",
    scale=Scale(type="ordinal", levels=(1, 2, 3, 4, 5)),
    anchors={"1": "None at all", "5": "All that was needed"},
    direction="higher",
)
BETTER = Criterion(id="better", question="Which is better?", scale=Scale(type="preference"))


def judge_of(criterion: Criterion = QUALITY, **changes: Any) -> Judge:
    """Return a default judge, with changes."""
    return new_judge(criterion, name="composed").model_copy(update=changes)


def judge_with_patterns(criterion: Criterion, *patterns: Pattern) -> Judge:
    """Return a judge that reads by a regex table."""
    return judge_of(criterion, reading=Reading(method="regex", patterns=patterns))


def session_of(*texts: str, name: str = "s") -> Session:
    """Return a session in which user and assistant take turns."""
    roles = ("user", "assistant")
    turns = tuple(Turn(id=f"t{place}", role=roles[place % 2], text=text) for place, text in enumerate(texts))
    return Session(id=name, turns=turns)

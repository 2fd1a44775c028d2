"""One reply answers several criteria: what is asked and what is read agree, and one broken part costs no other."""

from __future__ import annotations

import json
from typing import Any

import pytest

from judgekit.judging.answer_form import answer_format, reply_schema
from judgekit.judging.lint import lint
from judgekit.judging.prompt import Prompter
from judgekit.judging.reading import Answered, Unreadable, read_answers
from judgekit.judging.scaffold import new_judge
from judgekit.records.judge import Judge
from judgekit.records.rubric import Criterion, Scale
from tests.judging.composed_judges import QUALITY, session_of

POLITE = Criterion(
    id="polite", question="Was it polite?", scale=Scale(type="binary", levels=("no", "yes")), not_applicable=True
)
BOTH = new_judge(QUALITY, POLITE, name="both")


def reply(**parts: Any) -> str:
    return json.dumps({name: {"reasoning": f"on {name}", "value": value} for name, value in parts.items()})


def test_the_schema_holds_one_object_per_criterion_reason_first() -> None:
    """All are required, in the order asked, and nothing else is allowed."""
    schema = reply_schema(BOTH)
    assert schema is not None
    assert schema["required"] == list(schema["properties"]) == ["quality", "polite"]
    assert schema["additionalProperties"] is False
    for part in schema["properties"].values():
        assert part["required"] == list(part["properties"]) == ["reasoning", "value"]
        assert part["additionalProperties"] is False


def test_the_form_in_words_is_that_of_the_schema() -> None:
    """Both keys stand in the words with their levels, and who may answer "not applicable" is named."""
    words = answer_format(BOTH)
    assert words.index('"quality": {"reasoning"') < words.index('"polite": {"reasoning"')
    assert "one of 1, 2, 3, 4, 5" in words
    assert "(polite)" in words


def test_the_prompt_asks_every_question() -> None:
    """A new judge's templates show all questions, scales and anchors, and lint finds nothing missing."""
    text = Prompter(BOTH).request(session_of("Help", "Done.")).request.messages[0].content
    for words in ("How good is the help?", "Was it polite?", "All that was needed", 'one of "no", "yes"'):
        assert words in text
    assert [finding.code for finding in lint(BOTH) if finding.severity != "info"] == []


def test_a_prompt_that_leaves_a_question_out_is_found() -> None:
    """Templates of a judge for one criterion do not ask the others."""
    judge = new_judge(QUALITY, name="one").model_copy(update={"further_criteria": (POLITE,)})
    assert "no-criteria" in [finding.code for finding in lint(judge)]


def test_every_criterion_is_read_for_itself() -> None:
    """Values, reasons and other answers go to their own criterion."""
    found = read_answers(BOTH, reply(quality=4, polite="not_applicable"))
    assert found == {
        "quality": Answered(4, rationale="on quality"),
        "polite": Answered(None, "not_applicable", "on polite"),
    }


@pytest.mark.parametrize(
    "part",
    [{"polite": "perhaps"}, {"other": 1}, {"polite": None}, {}],
)
def test_an_unreadable_part_leaves_the_others_standing(part: dict[str, Any]) -> None:
    """Off the scale or not there: only that criterion is unread."""
    found = read_answers(BOTH, reply(quality=4, **part))
    assert found["quality"] == Answered(4, rationale="on quality")
    assert isinstance(found["polite"], Unreadable)
    assert found["polite"].status == "unparsed"


@pytest.mark.parametrize("text", ['{"quality": 4, "polite": "yes"}', '{"value": 4}', "4", '{"quality": {"value": 4}'])
def test_another_form_is_not_guessed_at(text: str) -> None:
    """Bare values, one value for all, and broken objects are read for no criterion."""
    assert all(isinstance(each, Unreadable) for each in read_answers(BOTH, text).values())


def test_a_refusal_or_a_cut_concerns_every_criterion() -> None:
    """What stops a reply stops all of it."""
    refused = read_answers(BOTH, "", refusal="I will not")
    cut = read_answers(BOTH, '{"quality": {"rea', finish_reason="length")
    assert {each.status for each in refused.values() if isinstance(each, Unreadable)} == {"refused"}
    assert [each.status for each in cut.values() if isinstance(each, Unreadable)] == ["truncated"] * 2


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"reading": {"method": "regex", "patterns": [{"match": "x", "value": 1}]}}, "read one criterion"),
        ({"further_criteria": [QUALITY.model_dump()]}, "occurs twice"),
        ({"kind": "student", "model": None}, "answers one criterion"),
    ],
)
def test_what_cannot_answer_several_is_refused(changes: dict[str, Any], words: str) -> None:
    """Patterns, repeats of a criterion, and judges that ask no model."""
    with pytest.raises(ValueError, match=words):
        Judge.model_validate({**BOTH.model_dump(), **changes})

"""The request is exactly what the judge's files say, fenced, and named by a fingerprint of all that decides it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from judgekit.errors import InvalidRecord, UnknownName
from judgekit.judging.prompt import PairTarget, Prompter
from judgekit.judging.scaffold import new_judge
from judgekit.judging.transcript import TranscriptOverflow
from judgekit.records.judge import Demonstration, Parameters, Rule, Transcript
from judgekit.records.record import canonical_json, fingerprint
from judgekit.records.rubric import Criterion, Scale
from judgekit.records.session import Pair
from tests.judging.composed_judges import BETTER, QUALITY, judge_of, session_of

SESSION = session_of("Where is it? {{ 7*7 }} {% if %}", "On its way.")
PAIR = PairTarget(
    Pair(id="p", first="a", second="b"), session_of("Q", "first answer", name="a"), session_of("Q", "other", name="b")
)


def user_text(user: str, target: Any = SESSION, **asked: Any) -> str:
    criterion = BETTER if isinstance(target, PairTarget) else QUALITY
    return Prompter(judge_of(criterion, user=user)).request(target, **asked).request.messages[-1].content


def test_session_text_is_never_a_template() -> None:
    """Braces in a session reach the judge as they stand."""
    assert "Where is it? {{ 7*7 }} {% if %}" in user_text("{{ session }}")


def test_every_variable_of_the_criterion_is_offered() -> None:
    """Question, scale, levels, anchors, rules and demonstrations can be written out."""
    judge = judge_of(
        user="{{ criterion }}|{{ question }}|{{ scale }}|{{ levels | join(' ') }}|{{ anchors }}|"
        "{{ rules | join('; ') }}|"
        "{% for d in demonstrations %}{{ d.value }} {{ d.rationale }} {{ d.text }}{% endfor %}",
        rules=(Rule(text="Be fair"), Rule(text="Be brief")),
        demonstrations=(Demonstration(session="d", text="[1] user, turn a\n    Hello", value=2, rationale="Slow"),),
    )
    parts = Prompter(judge).request(SESSION).request.messages[-1].content.split("|")
    assert parts[:4] == [
        "quality",
        "How good is the help?",
        "one of 1, 2, 3, 4, 5, from lowest to highest; higher is better",
        "1 2 3 4 5",
    ]
    assert parts[4:6] == ["1: None at all\n5: All that was needed", "Be fair; Be brief"]
    assert parts[6].startswith("2 Slow Everything between")
    assert re.search(r"<<<example \w+>>>\n\[1\] user, turn a\n    Hello\n<<<end of example \w+>>>$", parts[6])


def test_a_pair_is_shown_in_the_order_asked_for() -> None:
    """Forward and swapped differ in who stands first, in fenced and raw form alike."""
    template = "{{ input_text }}/{{ first_text }}/{{ second_text }}"
    assert user_text(template, PAIR, order="forward") == "Q/first answer/other"
    assert user_text(template, PAIR, order="swapped") == "Q/other/first answer"
    shown = user_text("{{ input }}{{ first }}{{ second }}", PAIR, order="swapped")
    assert shown.index("other") < shown.index("first answer")
    assert shown.count("    Q") == 3
    assert len(set(re.findall(r"marked (\w+)", shown))) == 1


def test_raw_texts_of_a_session_are_its_opening_and_last_answer() -> None:
    """Templates of other tools get the bare texts they expect."""
    session = session_of("Q", "draft", "more", "final")
    assert user_text("{{ input_text }}/{{ output_text }}", session) == "Q/final"


def test_a_turn_is_shown_in_its_session() -> None:
    """A judge of turns sees the session and its one turn, under the same number."""
    judge = new_judge(QUALITY, name="turns", target="turn")
    content = Prompter(judge).request(SESSION, turn="t1").request.messages[-1].content
    assert content.count("[2] assistant, turn t1") == 2
    with pytest.raises(UnknownName, match="t7"):
        Prompter(judge).request(SESSION, turn="t7")


def test_targets_of_the_wrong_kind_are_refused() -> None:
    """A judge of pairs takes pairs, one of turns needs a turn."""
    for judge, target, turn in (
        (judge_of(BETTER), SESSION, None),
        (judge_of(), PAIR, None),
        (judge_of(), SESSION, "t1"),
        (new_judge(QUALITY, name="turns", target="turn"), SESSION, None),
    ):
        with pytest.raises(InvalidRecord, match="was given"):
            Prompter(judge).request(target, turn=turn)


def test_the_key_names_all_that_decides_the_reply() -> None:
    """Another session, template, model, endpoint, parameter or form has another key; another sample has not."""
    judge = judge_of()
    plain = Prompter(judge).request(SESSION).request
    again = Prompter(judge).request(SESSION.model_copy(update={"tags": ("x",), "id": "other"}), sample=3).request
    assert plain.key == again.key
    assert (plain.sample, again.sample) == (0, 3)
    others = [
        judge.model_copy(update={"user": judge.user + "!"}),
        judge.model_copy(update={"system": ""}),
        judge.model_copy(update={"model": "openai/other"}),
        judge.model_copy(update={"base_url": "http://localhost:1/v1"}),
        judge.model_copy(update={"parameters": Parameters(temperature=0.5)}),
        judge.model_copy(update={"reading": judge.reading.model_copy(update={"method": "json"})}),
    ]
    keys = {Prompter(other).request(SESSION).request.key for other in others}
    keys.add(Prompter(judge).request(session_of("Another", "text")).request.key)
    assert len(keys | {plain.key}) == len(others) + 2


def test_parameters_that_are_not_set_are_not_sent() -> None:
    """None is left out, extra stands beside, and may not replace what judgekit sets."""
    parameters = Parameters(temperature=None, max_tokens=9, extra={"reasoning_effort": "low"})
    request = Prompter(judge_of(parameters=parameters)).request(SESSION).request
    assert dict(request.parameters) == {"max_tokens": 9, "reasoning_effort": "low"}
    with pytest.raises(InvalidRecord, match="messages"):
        Prompter(judge_of(parameters=Parameters(extra={"messages": []})))


def test_an_empty_system_prompt_is_not_sent() -> None:
    """Templates of one message make one message."""
    request = Prompter(judge_of(system="", user="{{ session }}")).request(SESSION).request
    assert [message.role for message in request.messages] == ["user"]


def test_a_system_prompt_may_show_the_session() -> None:
    """What is the same for all targets is rendered once; what is not, each time."""
    prompter = Prompter(judge_of(system="{{ output_text }}", user="{{ question }}"))
    contents = [prompter.request(session_of("Q", answer)).request.messages[0].content for answer in ("one", "two")]
    assert contents == ["one", "two"]


def test_wrong_judges_are_refused_before_any_target() -> None:
    """Unknown variables, empty templates and wrong patterns cost nothing."""
    with pytest.raises(InvalidRecord, match=r"user\.j2:2: unknown variable 'sesion'"):
        Prompter(judge_of(user="\n{{ sesion }}"))
    with pytest.raises(InvalidRecord, match=r"user\.j2: the template is empty"):
        Prompter(judge_of(user="  "))
    with pytest.raises(InvalidRecord, match=r"system\.j2:1"):
        Prompter(judge_of(system="{{ first }}"))


def test_what_is_left_out_is_counted_over_both_sessions() -> None:
    """The count of elided turns goes with the request, and an overflow is told as one."""
    long = session_of(*(["word " * 20] * 12))
    judge = judge_of(user="{{ session }}", transcript=Transcript(max_chars=600, elide="middle"))
    assert Prompter(judge).request(long).n_elided > 0
    with pytest.raises(TranscriptOverflow):
        Prompter(judge_of(transcript=Transcript(max_chars=600))).request(long)
    pair = PairTarget(Pair(id="p", first="a", second="b"), long, long.model_copy(update={"id": "b"}))
    both = judge_of(BETTER, user="{{ first }}{{ second }}", transcript=Transcript(max_chars=600, elide="middle"))
    assert Prompter(both).request(pair).n_elided == 2 * Prompter(judge).request(long).n_elided


def test_lone_surrogates_are_replaced() -> None:
    """What no encoding can carry does not reach an engine."""
    content = user_text("{{ session }}", session_of("bad \ud800 text", "fine"))
    assert "bad ? text" in content


@pytest.mark.parametrize(
    "text", ['say "no" \\ never\n\t\x01', "wörld \U0001f600 \u2028", "half \ud83d", "\ud83d", "{{ x }}"]
)
@pytest.mark.parametrize("user", ["{{ session }}", 'ü "{{ question }}"\n{{ output_text }}', "{{ session | upper }} é"])
@pytest.mark.parametrize("system", ["", "Wörter\n", "{{ session }}"])
def test_json_put_together_from_parts_is_that_of_the_whole(text: str, user: str, system: str) -> None:
    """Messages carry their content as JSON, and keys are taken over the canonical JSON of all that is asked."""
    judge = judge_of(QUALITY, user=user, system=system)
    request = Prompter(judge).request(session_of(text, text)).request
    assert [message.as_json for message in request.messages] == [canonical_json(m.content) for m in request.messages]
    asked = {
        "base_url": judge.base_url,
        "model": request.model,
        "messages": [[message.role, message.content] for message in request.messages],
        "parameters": request.parameters,
        "schema": request.schema,
    }
    assert request.key == fingerprint(asked)


@pytest.mark.parametrize(
    ("criterion", "value"),
    [
        (
            QUALITY,
            {"anyOf": [{"type": "integer", "enum": [1, 2, 3, 4, 5]}, {"type": "string", "enum": ["cannot_judge"]}]},
        ),
        (BETTER, {"type": "string", "enum": ["first", "second", "tie", "cannot_judge"]}),
        (
            Criterion(id="n", question="?", scale=Scale(type="numeric", min=0, max=10), not_applicable=True),
            {
                "anyOf": [
                    {"type": "number", "minimum": 0.0, "maximum": 10.0},
                    {"type": "string", "enum": ["not_applicable", "cannot_judge"]},
                ]
            },
        ),
        (
            Criterion(id="b", question="?", scale=Scale(type="binary", levels=(False, True))),
            {"anyOf": [{"type": "boolean", "enum": [False, True]}, {"type": "string", "enum": ["cannot_judge"]}]},
        ),
        (
            Criterion(id="m", question="?", scale=Scale(type="multi_select", levels=("a", "b"))),
            {
                "anyOf": [
                    {"type": "array", "items": {"type": "string", "enum": ["a", "b"]}},
                    {"type": "string", "enum": ["cannot_judge"]},
                ]
            },
        ),
        (Criterion(id="t", question="?", scale=Scale(type="text")), {"type": "string"}),
    ],
)
def test_the_schema_is_strict_and_asks_for_the_reason_first(criterion: Criterion, value: dict[str, Any]) -> None:
    """Every scale has a schema that strict modes take: all keys required, none added, one type to each enum."""
    target: Any = PAIR if criterion is BETTER else SESSION
    schema = Prompter(judge_of(criterion)).request(target).request.schema
    assert schema is not None
    assert list(schema["properties"]) == schema["required"] == ["reasoning", "value"]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["value"] == value
    json.dumps(schema)

"""Check judges decide what a program can decide, name turn and evidence, and say where a session holds too little."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from judgekit.errors import InputError
from judgekit.judging.check import check_options, check_outcomes
from judgekit.judging.check_rule import CHECKS
from judgekit.judging.lint import lint
from judgekit.judging.scaffold import new_check
from judgekit.records.judge import Judge
from judgekit.records.rubric import Criterion, Scale
from judgekit.records.session import Session, ToolCall, Turn
from judgekit.records.verdict import Failure, Verdict

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def check(function: str, target: Any = "session", **options: Any) -> Judge:
    """Return a check judge with these options."""
    judge = new_check(function, (), name="check", target=target)
    assert judge.check is not None
    return judge.model_copy(update={"check": judge.check.model_copy(update={"options": options})})


def chat(*turns: Any, **fields: Any) -> Session:
    """Return a session: a text is the user's, then the assistant's ...; a list is an assistant's turn with calls."""
    made = []
    for number, turn in enumerate(turns, 1):
        if isinstance(turn, list):
            calls = tuple(ToolCall(name=name, arguments=arguments) for name, arguments in turn)
            made.append(Turn(id=f"t{number}", role="assistant", tool_calls=calls))
        else:
            made.append(Turn(id=f"t{number}", role="user" if number % 2 else "assistant", text=turn))
    return Session(id="s", turns=tuple(made), **fields)


def said(judge: Judge, *sessions: Session, function: Any = None) -> list[Any]:
    """Return value or status, and rationale or detail, of each outcome."""
    found = check_outcomes(judge, sessions, function, now=NOW)
    return [
        (each.status, each.detail) if isinstance(each, Failure) else (each.value or each.status, each.rationale)
        for each in found
    ]


def verdict(judge: Judge, session: Session) -> tuple[Any, str]:
    """Return the one outcome's value and words."""
    ((value, words),) = said(judge, session)
    return value, words


A, B = ("find", {"id": 1}), ("open", {"id": 1})


def test_tools_are_held_against_lists() -> None:
    """Names may hold `*`; the first stray is quoted with its turn, the others are counted."""
    session = chat("hi", [A, ("delete_all", None)], "ok?", [("drop", {"x": "y"})])
    value, words = verdict(check("tool_allow_list", tools=["find*", "open"]), session)
    assert (value, words) == ("fail", "turn t2: delete_all is not on the list of allowed tools (1 more).")
    assert verdict(check("tool_allow_list", tools=["find*", "d*"]), session)[0] == "pass"
    value, words = verdict(check("tool_deny_list", tools=["dr*"]), session)
    assert (value, words) == ("fail", 'turn t4: drop {"x": "y"} is on the list of denied tools.')
    assert verdict(check("tool_deny_list", tools=["nothing"]), session)[0] == "pass"
    assert verdict(check("tool_deny_list", tools=["nothing"]), chat())[0] == "cannot_judge"


@pytest.mark.parametrize(
    ("calls", "options", "value"),
    [
        ([A, A, A], {}, "fail"),
        ([A, A, ("find", {"id": 2})], {}, "pass"),
        ([A, A], {}, "pass"),
        ([A, B, A, B, A, B], {}, "fail"),
        ([A, B, A, B, A], {}, "pass"),
        ([A, B, A, B, A, B], {"longest_cycle": 1}, "pass"),
        ([A, A, A], {"ignore": ["find"]}, "pass"),
        ([A, B, ("x", None), A, ("y", None), A], {"in_all": 3}, "fail"),
        ([A, B, ("x", None), A, ("y", None), A], {}, "pass"),
        ([B, A, A, B, A, A, B, A, A], {"times": 3, "longest_cycle": 3}, "fail"),
    ],
)
def test_loops_are_found_and_repeats_with_other_arguments_are_none(
    calls: list[Any], options: dict[str, Any], value: str
) -> None:
    """The same call so often in a row, or the same cycle of calls."""
    found, words = verdict(check("repeated_calls", **options), chat("go", calls))
    assert found == value, words


def test_a_loop_may_run_over_several_turns() -> None:
    """The turn where it begins is named."""
    words = verdict(check("repeated_calls"), chat("go", [B, A], "and?", [A], "and?", [A]))[1]
    assert words == "From turn t2: find, with the same arguments 3 times in a row."


ESCALATION = {"triggers": [r"\blawyer\b"], "tools": ["transfer*"], "phrases": [r"hand you over"]}


@pytest.mark.parametrize(
    ("turns", "value", "words"),
    [
        (("My LAWYER will call",), "fail", 'No escalation, though asked for: turn t1: "LAWYER".'),
        (("My lawyer", "I hand you over"), "pass", "hand you over"),
        (("My lawyer", [("transfer_to_human", None)]), "pass", "transfer_to_human"),
        (("hi", [("transfer_to_human", None)]), "fail", "Escalated without a trigger: turn t2: transfer_to_human"),
        (("hi", "ok", "my lawyer", "no"), "fail", "No escalation"),
        (("hi", "the lawyer is the user's word"), "pass", "Nothing asked"),
    ],
)
def test_escalation_follows_its_trigger_and_nothing_else(turns: tuple[Any, ...], value: str, words: str) -> None:
    """Triggers are the user's words; an escalation is a tool or the assistant's words."""
    found, told = verdict(check("escalation_policy", **ESCALATION), chat(*turns))
    assert found == value
    assert words in told


def test_an_escalation_without_trigger_may_be_allowed() -> None:
    """only_when_triggered = false."""
    judge = check("escalation_policy", **ESCALATION, only_when_triggered=False)
    assert verdict(judge, chat("hi", [("transfer_x", None)]))[0] == "pass"


def test_restricted_content_is_the_assistants_unless_said() -> None:
    """Whose turns are looked at, upper case or not; the evidence is quoted."""
    judge = check("restricted_content", patterns=[r"guaranteed returns?"])
    assert verdict(judge, chat("guaranteed return?", "Guaranteed RETURNS!"))[1] == (
        'Restricted content: turn t2: "Guaranteed RETURNS".'
    )
    assert verdict(judge, chat("guaranteed return?", "no"))[0] == "pass"
    assert verdict(check("restricted_content", patterns=["x"], roles=["user"]), chat("x", "y"))[0] == "fail"


def test_ceilings_need_what_they_measure() -> None:
    """Without a recorded latency or cost the check can't judge."""
    assert verdict(check("latency_ceiling", max_s=2), chat("a", latency_s=2.5))[1] == (
        "2.5 s is above the ceiling of 2 s."
    )
    assert verdict(check("latency_ceiling", max_s=2), chat("a", latency_s=2.0))[0] == "pass"
    assert verdict(check("latency_ceiling", max_s=2), chat("a"))[0] == "cannot_judge"
    assert verdict(check("cost_ceiling", max_usd=0.1), chat("a", cost_usd=0.2))[0] == "fail"
    assert verdict(check("cost_ceiling", max_usd=0.1), chat("a", "b"))[0] == "cannot_judge"


def test_turns_are_judged_one_by_one() -> None:
    """Each turn of the assistant has its verdict, on its own calls and words."""
    judge = check("tool_allow_list", target="turn", tools=["find"])
    found = list(check_outcomes(judge, [chat("hi", [A], "x", [B])], None, now=NOW))
    assert [(each.turn, each.value) for each in found if isinstance(each, Verdict)] == [("t2", "pass"), ("t4", "fail")]
    assert said(check("escalation_policy", target="turn", **ESCALATION), chat("lawyer", "no", "?", "I hand you over"))[
        0
    ] == ("fail", 'No escalation, though asked for: turn t1: "lawyer".')
    assert said(check("latency_ceiling", target="turn", max_s=2), chat("a", "b", latency_s=1.0))[0][0] == "cannot_judge"


def own(answer: Any, scale: Scale | None = None, target: Any = "session") -> Any:
    """Return what a judge with a function of one's own says of a two-turn session."""
    scale = scale or Scale(type="binary", levels=("bad", "good"))
    judge = Judge(
        name="own", kind="check", target=target, criterion=Criterion(id="c", question="?", scale=scale),
        check={"function": "mine:check", "options": {"k": 1}},
    )  # fmt: skip
    return said(judge, chat("a", "b", "c", "d"), function=answer)


def test_a_function_of_ones_own_may_say_a_level_a_truth_or_both_with_a_reason() -> None:
    """Its options are handed on; what it raises is that session's failure, in one line."""
    ordinal = Scale(type="ordinal", levels=(1, 2, 3))

    def raises(_session: Session, _options: Mapping[str, Any]) -> bool:
        raise RuntimeError("first\nsecond")

    assert own(lambda _s, options: options == {"k": 1}) == [("good", None)]
    assert own(lambda _s, _o: (False, "because")) == [("bad", "because")]
    assert own(lambda _s, _o: 2, ordinal) == [(2, None)]
    assert own(lambda _s, _o: "cannot_judge") == [("cannot_judge", None)]
    assert own(raises) == [("engine_error", "RuntimeError: first second")]
    assert own(lambda _s, _o: 7, ordinal)[0][0] == "engine_error"
    assert own(lambda _s, _o: None)[0] == (
        "engine_error",
        "InvalidRecord: the function returned nothing. Return cannot_judge where it cannot say",
    )
    assert own(lambda session, _o: len(session.turns) == 2, target="turn") == [("good", None), ("bad", None)]


@pytest.mark.parametrize(
    ("judge", "words"),
    [
        (check("tool_allow_list"), "check.options.tools"),
        (check("tool_allow_list", tools=[], tool=["x"]), "check.options.tool"),
        (check("repeated_calls", times=1), "greater than or equal to 2"),
        (check("escalation_policy", triggers=["x"]), "name the tools or the phrases"),
        (check("restricted_content", patterns=["("]), "no regular expression"),
        (check("restricted_content", patterns=["(a+)+$"]), "hours"),
        (check("cost_ceiling", max_usd="x"), "check.options.max_usd"),
    ],
)
def test_lint_finds_options_that_do_not_fit(judge: Judge, words: str) -> None:
    """And running says the same before the first session."""
    (finding,) = lint(judge)
    assert (finding.code, finding.severity) == ("bad-check", "error")
    assert words in finding.message
    with pytest.raises(InputError):
        list(check_outcomes(judge, [chat("a")], None, now=NOW))


def test_a_check_of_the_table_passes_or_fails() -> None:
    """So its criterion has two levels; an unknown check names the nearest."""
    ordinal = Criterion(id="c", question="?", scale=Scale(type="ordinal", levels=(1, 2, 3)))
    with pytest.raises(InputError, match="binary"):
        new_check("tool_allow_list", [ordinal], name="x")
    with pytest.raises(InputError, match="Did you mean 'tool_allow_list'"):
        new_check("tool_allowlist", (), name="x")


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_every_check_of_the_table_is_ready_to_edit(name: str) -> None:
    """A new judge of each passes its own lint, and judges an empty session without falling over."""
    judge = new_check(name, (), name="new")
    assert not lint(judge)
    assert check_options(judge) is not None
    assert said(judge, Session(id="empty"))[0][0] == "cannot_judge"

"""What the rules name leaves a session before anything is rendered: everywhere, counted, under stable names."""

from __future__ import annotations

import json
from typing import Any

import pytest

from judgekit.errors import InvalidRecord
from judgekit.judging.prompt import PairTarget, Prompter
from judgekit.judging.ready_rule import READY
from judgekit.judging.redaction import Redactor
from judgekit.records.judge import Demonstration, Judge, Rule
from judgekit.records.redaction import Redaction
from judgekit.records.session import Pair, Passage, Session, ToolCall, Turn
from tests.judging.composed_judges import BETTER, QUALITY, judge_of

EMAIL = Redaction(rule="email")
SHOWN_BY_NO_PROMPT = {
    "Session": {"id", "input", "version", "group", "tags", "trial", "started_at", "cost_usd", "latency_s"},
    "Turn": {"role"},
    "ToolCall": {"id"},
    "Passage": set(),
}


def texts(*rules: Redaction, said: str = "", **call: Any) -> tuple[str, Any, int]:
    """Return a turn's text and a tool call, redacted, and the number of places."""
    turn = Turn(id="1", role="user", text=said, tool_calls=(ToolCall(name="t", **call),) if call else ())
    done = Redactor(rules).sessions(Session(id="s", turns=(turn,)))
    found = done.sessions[0].turns[0]
    return found.text, found.tool_calls[0] if call else None, done.n


@pytest.mark.parametrize(
    ("rule", "secret"),
    [
        ("email", "bob.o'neil+x@mail.example.co.uk"),
        ("email", "zoë@exämple.org"),
        ("phone", "+49 (30) 123 45-67"),
        ("phone", "0301234567"),
        ("phone", "(555) 010-9999"),
        ("card", "4111 1111 1111 1111"),
        ("card", "378282246310005"),
        ("iban", "DE89 3704 0044 0532 0130 00"),
        ("iban", "gb82west12345698765432"),
        ("ip", "192.168.10.254"),
        ("ip", "2001:db8::ff00:42:8329"),
        ("key", "sk-proj-abcdefghijklmnop1234"),
        ("key", "AKIAIOSFODNN7EXAMPLE"),
        ("key", "ghp_0123456789abcdefghijklmnopqrstuvwxyz"),
        ("key", "Bearer abcdefghijklmnop.qrst"),
        ("key", "eyJhbGciOiJIUzI1NiJ9." + "e" * 2000 + ".sig-nature_1"),
        ("key", "-----BEGIN RSA PRIVATE KEY-----\n" + "MIIEow\n" * 300 + "-----END RSA PRIVATE KEY-----"),
    ],
)
def test_ready_rules_take_the_usual_secrets(rule: Any, secret: str) -> None:
    """All of it, also far down a long text."""
    for before in ("", "x " * 300, "word " * 79):
        found, _, n = texts(Redaction(rule=rule), said=f"{before}mine is {secret} yes")
        assert n == 1
        assert found in (
            f"{before}mine is [{rule} 1] yes",
            f"{before}mine is [{rule} 1]-----END RSA PRIVATE KEY----- yes",
        )


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("email", "user@home, @handle, a@b"),
        ("phone", "on 2026-11-23 at 12:30, order 12345678, 3.14159265, 49.99"),
        ("card", "4111 1111 1111 1112"),
        ("iban", "DE00 3704 0044 0532 0130 00"),
        ("ip", "version 1.2.3, 999.1.1.1, 12:30"),
        ("key", "risk-averse, sk-short"),
    ],
)
def test_ready_rules_leave_what_only_looks_alike(rule: Any, text: str) -> None:
    """Check digits, dates, versions."""
    assert texts(Redaction(rule=rule), said=text) == (text, None, 0)


def test_numbers_right_behind_each_other_are_all_found() -> None:
    """A card behind an amount, a card behind a card, an account number before words."""
    said = "pay 12 4111 1111 1111 1111 5500 0000 0000 0004 2026"
    assert texts(Redaction(rule="card"), said=said)[0] == "pay 12 [card 1] [card 2] 2026"
    said = "from DE89 3704 0044 0532 0130 00 to GB82 WEST 1234 5698 7654 32 now"
    assert texts(Redaction(rule="iban"), said=said)[0] == "from [iban 1] to [iban 2] now"


def test_the_same_text_has_the_same_name_all_over_a_session() -> None:
    """Others have the next number."""
    found, call, n = texts(EMAIL, said="a@x.de b@x.de a@x.de", arguments={"to": "b@x.de"}, result="sent to a@x.de")
    assert found == "[email 1] [email 2] [email 1]"
    assert (call.arguments, call.result, n) == ({"to": "[email 2]"}, "sent to [email 1]", 5)


def test_fields_are_replaced_at_any_depth_and_their_values_wherever_else_they_stand() -> None:
    """In arguments, in JSON inside of text, escaped or not, as number or object."""
    rule = Redaction(field="customer_id", replace="[customer]")
    inner = json.dumps({"q": json.dumps({"customer_id": "C-778"})})
    found, call, _ = texts(
        rule,
        said='I am C-9981 or C-778. {\\"customer_id\\": \\"K-5512\\"} and K-5512, {"customer_id": 4711, "x": 1}',
        arguments={"deep": [{"customer_id": "C-9981"}], "n": 4711, "customer_id_2": "kept"},
        result=inner,
    )
    for secret in ("C-9981", "C-778", "K-5512", "4711"):
        assert secret not in found + json.dumps(call.model_dump())
    assert call.arguments["deep"][0]["customer_id"] == "[customer 1]"
    assert found.startswith("I am [customer 1] or ")
    assert call.arguments["customer_id_2"] == "kept"
    assert texts(rule, said="7 times 7", arguments={"customer_id": "7"})[0] == "7 times 7"


def test_escapes_hide_nothing() -> None:
    """JSON text is read as JSON; keys and numbers are looked at too."""
    _, call, n = texts(
        EMAIL,
        Redaction(rule="card"),
        arguments={"bob@x.de": 4111111111111111, "list": [True, None, 1.5]},
        result='{"mail": "bob\\u0040x.de", "kept": 1}',
    )
    assert call.arguments == {"[email 1]": "[card 1]", "list": [True, None, 1.5]}
    assert json.loads(call.result) == {"mail": "[email 1]", "kept": 1}
    assert n == 3


def test_patterns_are_ones_own_and_overlaps_take_all_of_it() -> None:
    """The name is the first rule's; what one rule leaves over goes too."""
    ours = Redaction(pattern=r"ORD-\d{4,12}", replace="[order]")
    longer = Redaction(pattern=r"\d{4,12}/[A-Z]{2}")
    assert texts(ours, longer, said="see ORD-123456/DE!")[0] == "see [order 1]!"
    assert texts(ours, said="ORD-1 stays")[0] == "ORD-1 stays"


def test_what_any_field_of_a_session_says_is_redacted_if_a_prompt_can_show_it() -> None:
    """A text field that a later version adds to a record must be redacted, or be named here as never shown."""
    secret = "bob@x.de"
    call = ToolCall(name=secret, arguments={"a": [secret]}, result=secret, error=secret)
    passage = Passage(text=secret, source=secret)
    turn = Turn(id=secret, role="user", name=secret, text=secret, tool_calls=(call,), passages=(passage,),
                metadata={"k": secret})  # fmt: skip
    session = Session(id="s", turns=(turn,), reference=secret, metadata={"k": {"l": secret}})
    for record in (session, turn, call, passage):
        fields = set(type(record).model_fields) - SHOWN_BY_NO_PROMPT[type(record).__name__]
        assert all(getattr(record, name) for name in fields), f"give {type(record).__name__} a secret in each field"
    done = Redactor([EMAIL]).sessions(session)
    assert secret not in done.sessions[0].model_dump_json()
    assert done.turn(secret) == "[email 1]"


def test_demonstrations_and_rules_are_redacted_too() -> None:
    """They are of sessions as well."""
    judge = judge_of(
        redact=(EMAIL,),
        demonstrations=(Demonstration(session="x", text="write to eve@x.de", value=3, rationale="eve@x.de said so"),),
        rules=(Rule(text="Never give out eve@x.de"),),
    )
    session = Session(id="s", turns=(Turn(id="eve@x.de", role="assistant", text="eve@x.de"),))
    request = Prompter(judge).request(session).request
    assert "eve@x.de" not in "".join(message.content for message in request.messages)
    assert judge.demonstrations[0].text == "write to eve@x.de"


def test_both_sessions_of_a_pair_share_their_names() -> None:
    """So that a judge sees who is who."""
    first, second = (
        Session(id=name, turns=(Turn(id="1", role="user", text="a@x.de"), Turn(id="2", role="assistant", text=text)))
        for name, text in (("f", "b@x.de"), ("g", "a@x.de, b@x.de"))
    )
    judge = Judge(
        name="j", criterion=BETTER, target="pair", model="openai/m", redact=(EMAIL,), system="s",
        user="{{ first_text }}|{{ second_text }}|{{ input_text }}",
    )  # fmt: skip
    target = PairTarget(Pair(id="p", first="f", second="g"), first, second)
    rendered = Prompter(judge).request(target)
    assert rendered.request.messages[1].content == "[email 2]|[email 1], [email 2]|[email 1]"
    assert rendered.n_redacted == 5


def test_judges_of_turns_find_their_turn_under_its_new_name() -> None:
    """The id of a turn may be a secret as well."""
    judge = Judge(
        name="j", criterion=QUALITY, target="turn", model="openai/m", redact=(EMAIL,), user="{{ turn }}{{ session }}"
    )
    session = Session(id="s", turns=(Turn(id="a@x.de", role="assistant", text="hello"),))
    said = Prompter(judge).request(session, turn="a@x.de").request.messages[0].content
    assert "turn [email 1]" in said
    assert "a@x.de" not in said


@pytest.mark.parametrize(
    ("given", "words"),
    [({}, "exactly one"), ({"rule": "email", "field": "x"}, "rule and field"), ({"rule": "mail"}, "email")],
)
def test_a_rule_is_one_thing(given: dict[str, Any], words: str) -> None:
    """A ready rule, a pattern or a field."""
    with pytest.raises(ValueError, match=words):
        Redaction.model_validate(given)


@pytest.mark.parametrize(("pattern", "words"), [("x*", "empty text"), ("(", "no regular"), ("(a+)+", "hours")])
def test_patterns_that_cannot_be_used_are_told_with_their_row(pattern: str, words: str) -> None:
    """Before anything is sent."""
    with pytest.raises(InvalidRecord, match=words) as caught:
        Redactor([EMAIL, Redaction(pattern=pattern)])
    assert caught.value.where == "redact row 2"


def test_a_manifest_names_a_pattern_without_giving_it_away() -> None:
    """Names of ready rules and of fields, the fingerprint of a pattern."""
    assert [rule.name for rule in (EMAIL, Redaction(field="id"))] == ["email", "field id"]
    assert Redaction(pattern="secret-project").name.startswith("pattern sha256:")
    assert set(READY) == {"email", "phone", "card", "iban", "ip", "key"}

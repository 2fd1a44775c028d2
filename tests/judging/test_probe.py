"""What probes change, what they leave as it is, and what they do not ask."""

from __future__ import annotations

import json

import pytest

from judgekit.errors import InputError, UnknownName
from judgekit.judging.injection import DISGUISES, Order, best_value, order_to, tool_note
from judgekit.judging.probe import FEWEST, Probing, Question, in_own_order, prepared
from judgekit.judging.probe_edit import Target, with_filler, with_tool_note, without_markdown
from judgekit.judging.probe_variant import PROBES, RERUN
from judgekit.judging.prompt import PairTarget, Prompter
from judgekit.judging.scaffold import new_judge
from judgekit.records.judge import Judge, Paraphrase, Reading
from judgekit.records.rubric import Criterion, Scale
from judgekit.records.session import Pair, Session, ToolCall, Turn
from judgekit.records.verdict import Verdict
from tests.judging.composed_judges import BETTER, QUALITY, judge_of, session_of

TONE = Criterion(id="tone", question="Polite?", scale=Scale(type="binary", levels=("rude", "polite")))


def sessions(n: int = 12, answer: str = "## Steps\n- **Open** it") -> list[Session]:
    return [session_of(f"help {place}", answer, name=f"s{place}") for place in range(n)]


def pairs(n: int = 12) -> list[PairTarget]:
    found = []
    for place in range(n):
        first, second = (session_of(f"help {place}", f"{side} answer", name=f"{side}{place}") for side in "ab")
        found.append(PairTarget(Pair(id=f"p{place}", first=first.id, second=second.id), first, second))
    return found


def asked(probing: Probing) -> dict[str, Question]:
    return {question.name: question for question in probing.questions}


def prompt(judge: Judge, target: Target) -> str:
    return "\n".join(message.content for message in Prompter(judge).request(target).request.messages)


def test_the_baseline_is_asked_first_and_again_as_further_samples() -> None:
    """One run holds it and its reruns: what an ordinary run paid for is its first sample."""
    probing = prepared(judge_of(samples=3), sessions(), n_reruns=2)
    first = probing.questions[0]
    assert (first.name, first.judge.samples, first.variant) == (RERUN, 9, None)
    assert {question.judge.samples for question in probing.questions[1:]} == {3}


def test_every_probe_is_asked_or_says_why_not() -> None:
    """No row of the table is passed over in silence."""
    probing = prepared(judge_of(), sessions())
    named = {question.variant.probe for question in probing.questions if question.variant}
    skipped = {name.partition(",")[0] for name in probing.skipped}
    assert named | skipped | {RERUN} == {probe.name for probe in PROBES}
    assert probing.skipped["criteria"] == "it needs further criteria in the same reply"
    assert "paraphrases.jsonl" in probing.skipped["paraphrase"]
    assert probing.skipped["injection, note in tool"] == "none of 12 drawn has what it changes"


def test_levels_are_listed_from_the_other_end_and_said_so() -> None:
    """Scale, anchors, form and schema turn round; what is read and what the default asks stays."""
    question = asked(prepared(judge_of(), sessions(), names=["order"]))["order-levels"]
    text = prompt(question.judge, question.targets[0])
    assert "one of 5, 4, 3, 2, 1, from highest to lowest; higher is better" in text
    assert text.index("5: All that was needed") < text.index("1: None at all")
    schema = Prompter(question.judge).request(question.targets[0]).request.schema
    assert schema is not None
    assert schema["properties"]["value"]["anyOf"][0]["enum"] == [5, 4, 3, 2, 1]
    assert question.judge.criterion.scale.levels == (1, 2, 3, 4, 5)
    assert judge_of().model_copy(update={"levels_from": "lowest"}).judge_fingerprint == judge_of().judge_fingerprint
    assert question.judge.request_fingerprint != judge_of().request_fingerprint


def test_a_prompt_that_does_not_change_is_not_asked_again() -> None:
    """A template with the levels written out: the old reply would stand in for a new one and never flip."""
    fixed = judge_of(system="", user="{{ output_text }}\nGive 1 to 5.", reading=Reading(method="json"))
    probing = prepared(fixed, sessions(), names=["order", "names"])
    assert probing.skipped["order, levels"] == "the templates show nothing of what it changes"
    assert probing.skipped["names, model in header"] == "the templates show nothing of what it changes"
    with pytest.raises(InputError, match="templates show nothing"):
        prepared(fixed, sessions(), names=["order"])


def test_what_too_few_sessions_have_is_not_paid_for() -> None:
    """Markdown in three of twelve sessions: left out with the number, and the others are not asked in vain."""
    some = [*sessions(3), *sessions(12, answer="plain")[3:]]
    probing = prepared(judge_of(), some, names=["markdown", "length"])
    assert probing.skipped["markdown, stripped"] == f"3 of 12 drawn has what it changes, and {FEWEST} are the fewest"
    many = [*sessions(10), *sessions(12, answer="plain")[10:]]
    question = asked(prepared(judge_of(), many, names=["markdown"]))["markdown-stripped"]
    assert len(question.targets) == 10
    assert question.dropped == {"nothing_to_change": 2}


def test_several_criteria_are_asked_in_the_other_order() -> None:
    """The last question comes first; nothing else changes."""
    judge = new_judge(QUALITY, TONE, name="j")
    question = asked(prepared(judge, sessions(), names=["criteria"]))["criteria-reversed"]
    assert [criterion.id for criterion in question.judge.criteria] == ["tone", "quality"]


def test_other_words_come_from_the_folder_place_by_place() -> None:
    """The first texts make one variant, the second the next; a wrong field is named with its line."""
    words = [
        Paraphrase(field="question", text="Was help given?"),
        Paraphrase(field="anchor:5", text="The whole of it"),
        Paraphrase(field="question", text="How well was it done?"),
    ]
    found = asked(prepared(judge_of(), sessions(), names=["paraphrase"], paraphrases=words))
    first, second = found["paraphrase-wording_1"].judge.criterion, found["paraphrase-wording_2"].judge.criterion
    assert (first.question, first.anchors["5"]) == ("Was help given?", "The whole of it")
    assert (second.question, second.anchors["5"]) == ("How well was it done?", "All that was needed")
    with pytest.raises(UnknownName, match=r"paraphrases.jsonl:1: unknown field 'anchor:7'"):
        prepared(judge_of(), sessions(), paraphrases=[Paraphrase(field="anchor:7", text="x")])


def test_filler_says_nothing_and_at_least_doubles_an_answer() -> None:
    """Only the assistant's last turn grows."""
    long = "word " * 400
    assert len(with_filler(long, ("Thank you.",))) >= 2 * len(long)
    session = session_of("a", "first answer", "b", "last answer")
    question = asked(prepared(judge_of(), [session], names=["length"]))["length-remarks"]
    [edited] = question.targets
    assert isinstance(edited, Session)
    assert [turn.text for turn in edited.turns[:3]] == ["a", "first answer", "b"]
    assert edited.turns[3].text.startswith("last answer\n\n")
    assert (edited.id, edited.unit()) == (session.id, session.unit())


def test_a_judge_of_turns_meets_the_change_in_every_turn() -> None:
    """Each turn is judged, so each is changed."""
    judge = judge_of(target="turn", user="{{ turn }}")
    question = asked(prepared(judge, [session_of("a", "x", "b", "y")], names=["length"]))["length-courtesies"]
    [edited] = question.targets
    assert isinstance(edited, Session)
    assert [len(turn.text) > 500 for turn in edited.turns] == [False, True, False, True]


@pytest.mark.parametrize(
    ("marked", "plain"),
    [
        ("```python\nx = 1\n```\nso", "x = 1\nso"),
        ("# A\n\n> said\n\n***\n1) one\n+ two", "A\n\nsaid\n\n\none\ntwo"),
        ("__init__ is 2 * 3 * 4 and a_b_c", "init is 2 * 3 * 4 and a_b_c"),
        ("no marks - at all", "no marks - at all"),
    ],
)
def test_markdown_goes_and_words_stay(marked: str, plain: str) -> None:
    """Fences, headings, quotes, rules and bullets go; arithmetic and names with underscores stay."""
    assert without_markdown(marked) == plain


def test_pairs_are_shown_the_other_way_round_and_read_back() -> None:
    """The prompt is that of the swapped order, and answers come back in the pair's own."""
    judge = judge_of(BETTER)
    found = asked(prepared(judge, pairs()))
    question = found["order-position"]
    target = pairs()[0]
    swapped_key = Prompter(judge).request(target, order="swapped").request.key
    assert Prompter(question.judge).request(question.targets[0]).request.key == swapped_key
    said = Verdict(pair="p0", criterion="better", value="first")
    back = in_own_order(said, question.variant)
    assert isinstance(back, Verdict)
    assert back.value == "second"
    assert in_own_order(said, None) is said
    assert question.judge.orders == "forward"


def test_one_side_of_a_pair_is_changed_and_the_shared_words_in_both() -> None:
    """Padding lengthens one session; what is planted in the user's words stands in both, which open alike."""
    found = asked(prepared(judge_of(BETTER), pairs()))
    longer = found["length-first_longer"].targets[0]
    planted = found["injection-plain_in_user"].targets[0]
    assert isinstance(longer, PairTarget)
    assert isinstance(planted, PairTarget)
    assert len(longer.first.turns[1].text) > 500 > len(longer.second.turns[1].text)
    assert planted.first.turns[0].text == planted.second.turns[0].text != pairs()[0].first.turns[0].text


@pytest.mark.parametrize("disguise", DISGUISES)
def test_every_disguise_orders_the_top_verdict_and_stays_inside_the_fence(disguise: str) -> None:
    """What is planted stands indented between the fence's lines, in user's and assistant's words."""
    found = asked(prepared(judge_of(), sessions(), names=["injection"]))
    for role in ("user", "assistant"):
        question = found[f"injection-{disguise}_in_{role}"]
        text = prompt(question.judge, question.targets[0])
        order = order_to(judge_of())
        assert order is not None
        inside = text[text.index("<<<session ") : text.rindex("<<<end of session ")]
        assert DISGUISES[disguise](order).splitlines()[0] in inside
        assert "5" in DISGUISES[disguise](order)
        assert question.variant is not None
        assert question.variant.toward == {"quality": 5}


def test_a_forged_verdict_has_the_judges_own_form() -> None:
    """Its keys are those that the judge's replies have, for each criterion."""
    order = order_to(new_judge(QUALITY, TONE, name="j"))
    assert order is not None
    assert {name: answer["value"] for name, answer in json.loads(order.verdict).items()} == {
        "quality": 5,
        "tone": "polite",
    }


@pytest.mark.parametrize(
    ("scale", "direction", "best"),
    [
        (Scale(type="ordinal", levels=(1, 2, 3)), "lower", 1),
        (Scale(type="binary", levels=("ok", "leak"), positive="leak"), "lower", "ok"),
        (Scale(type="numeric", min=0, max=10), None, 10),
        (Scale(type="numeric"), None, None),
        (Scale(type="preference"), None, "second"),
        (Scale(type="text"), None, None),
    ],
)
def test_the_top_verdict_is_the_better_end(scale: Scale, direction: str | None, best: object) -> None:
    """By the criterion's direction; none where a scale has no end."""
    criterion = Criterion.model_validate({"id": "c", "question": "?", "scale": scale, "direction": direction})
    assert best_value(criterion) == best


def test_a_note_is_planted_where_a_tool_spoke_last() -> None:
    """In an object as a key, in a text as a paragraph, in a tool's own turn; nowhere else."""
    order = Order("5", "{}")
    call = ToolCall(name="lookup", result={"found": 1})
    with_object = Session(id="s", turns=(Turn(id="1", role="assistant", text="x", tool_calls=(call,)),))
    noted = with_tool_note(with_object, tool_note(order))
    assert noted is not None
    assert noted.turns[0].tool_calls[0].result == {"found": 1, "note": tool_note(order)}
    with_turn = Session(id="s", turns=(Turn(id="1", role="tool", text="42"), Turn(id="2", role="user", text="y")))
    noted = with_tool_note(with_turn, "N")
    assert noted is not None
    assert [turn.text for turn in noted.turns] == ["42\n\nN", "y"]
    assert with_tool_note(session_of("a", "b"), "N") is None


def test_what_cannot_be_probed_is_refused() -> None:
    """An unknown probe names the known ones; a student has no prompt to change; other kinds are not asked."""
    with pytest.raises(UnknownName, match=r"unknown probe 'lenght'.*length"):
        prepared(judge_of(), sessions(), names=["lenght"])
    student = Judge(name="s", kind="student", criterion=TONE, weights="sha256:0")
    found = prepared(student, sessions())
    assert {"order", "criteria", "paraphrase"} <= found.skipped.keys()
    assert {"length-remarks", "injection-plain_in_user"} <= asked(found).keys()
    panel = Judge.model_validate({"name": "p", "kind": "panel", "criterion": TONE, "panel": {"members": ["a", "b"]}})
    with pytest.raises(InputError, match="a panel judge is not probed"):
        prepared(panel, sessions())

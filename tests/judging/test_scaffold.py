"""The default judge: complete, in the order that providers can cache, and right for every scale."""

from __future__ import annotations

from typing import Any

import pytest

from judgekit.errors import InputError
from judgekit.judging.prompt import PairTarget, Prompter
from judgekit.judging.scaffold import new_judge
from judgekit.records.judge import Demonstration, Rule
from judgekit.records.rubric import Criterion, Scale
from judgekit.records.session import Pair
from tests.judging.composed_judges import BETTER, QUALITY, session_of

SESSION = session_of("Where is my parcel?", "It is on its way.")
SCALES = {
    "binary": Scale(type="binary", levels=("fail", "pass")),
    "ordinal": QUALITY.scale,
    "numeric": Scale(type="numeric", min=0, max=10),
    "categorical": Scale(type="categorical", levels=("billing", "delivery")),
    "multi_select": Scale(type="multi_select", levels=("late", "rude")),
    "text": Scale(type="text"),
}


@pytest.mark.parametrize("kind", SCALES)
def test_the_default_judge_suits_every_scale(kind: str) -> None:
    """Question, legal values and reply form are in the prompt, whatever the scale."""
    criterion = Criterion(id="c", question="What about it?", scale=SCALES[kind], not_applicable=True)
    messages = Prompter(new_judge(criterion, name="j")).request(SESSION).request.messages
    assert [message.role for message in messages] == ["system", "user"]
    system, user = (message.content for message in messages)
    assert "What about it?" in system
    assert all(str(level) in system for level in criterion.scale.levels)
    assert '{"reasoning": "<your reasons>", "value": <' in system
    assert '"not_applicable"' in system
    assert '"cannot_judge"' in system
    assert "    Where is my parcel?" in user
    assert not system.endswith("\n")
    assert "\n\n\n" not in system + user


def test_rules_and_demonstrations_stand_before_the_session() -> None:
    """What is the same for all sessions comes first, so that providers can reuse it."""
    judge = new_judge(QUALITY, name="j").model_copy(
        update={
            "rules": (Rule(text="A promise is no solution."),),
            "demonstrations": (
                Demonstration(session="d", text="[1] user, turn a\n    Help", value=2, rationale="Slow."),
            ),
        }
    )
    one, other = (Prompter(judge).request(session).request.messages for session in (SESSION, session_of("A", "B")))
    assert one[0] == other[0]
    assert "1. A promise is no solution." in one[0].content
    user = one[1].content
    assert user.index("The experts' reason: Slow.") < user.index("The experts' answer: 2") < user.index("Where is my")
    shared_start = user[: user.index("Everything between", user.index("# The session to judge"))]
    assert other[1].content.startswith(shared_start)
    assert "\n\n\n" not in user


def test_pairs_are_warned_against_the_order() -> None:
    """A judge of pairs hears that the order says nothing, one of sessions does not."""
    pair = PairTarget(Pair(id="p", first="a", second="b"), SESSION, session_of("Where is my parcel?", "Lost."))
    system = Prompter(new_judge(BETTER, name="j")).request(pair).request.messages[0].content
    assert "shown first says nothing" in system
    assert "shown first" not in Prompter(new_judge(QUALITY, name="j")).request(SESSION).request.messages[0].content


@pytest.mark.parametrize(("criterion", "target"), [(QUALITY, "pair"), (BETTER, "session"), (BETTER, "turn")])
def test_preference_and_pairs_go_together(criterion: Criterion, target: Any) -> None:
    """A preference needs pairs, and pairs a preference."""
    with pytest.raises(InputError, match="preference"):
        new_judge(criterion, name="j", target=target)

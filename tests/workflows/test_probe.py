"""Planted judges through the whole of it: the biased are found, the clean are cleared, and one cap holds for all."""

from __future__ import annotations

import asyncio
import json
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom

from judgekit.errors import BudgetReached, InputError
from judgekit.judging.ports import EngineFault, Request
from judgekit.judging.probe import Question
from judgekit.judging.prompt import PairTarget
from judgekit.judging.runner.sink import MemorySink
from judgekit.judging.runner.store import MemoryStore
from judgekit.judging.scaffold import new_judge
from judgekit.records.judge import Judge
from judgekit.records.probe_report import ProbeReport
from judgekit.records.rubric import Criterion, Scale
from judgekit.records.session import Pair, Session, ToolCall, Turn
from judgekit.testing import ScriptedEngine, StillClock
from judgekit.workflows.probe import (
    Heard,
    ProbeOptions,
    ask_probes,
    is_undecided_for_failures,
    plan_probes,
    probe_report,
    probing_of,
)
from judgekit.workflows.run import RunOptions, Surroundings, run_judge

QUALITY = Criterion(id="quality", question="?", scale=Scale(type="ordinal", levels=(1, 2, 3, 4, 5)), direction="higher")
BETTER = Criterion(id="better", question="Which is better?", scale=Scale(type="preference"))
TOPIC = Criterion(id="topic", question="What about?", scale=Scale(type="text"))
Script = Callable[[str, int], object]
"""From a prompt and the true level of its session to the value answered."""


class Cents:
    """One cent a request."""

    def cost_usd(self, _model: str, _prompt_tokens: int, _completion_tokens: int) -> float | None:
        return 0.01

    def context_tokens(self, _model: str) -> int | None:
        return None


def sessions(n: int = 40) -> list[Session]:
    call = ToolCall(name="lookup", result="found")
    return [
        Session(
            id=f"s{place:03}",
            turns=(
                Turn(id="1", role="user", text=f"ITEM-{place:03} please"),
                Turn(id="2", role="assistant", text="## Steps\n- **Open** it", tool_calls=(call,)),
            ),
        )
        for place in range(n)
    ]


def pairs(n: int = 40) -> list[PairTarget]:
    found = []
    for place in range(n):
        first, second = (
            Session(
                id=f"{side}{place}",
                turns=(
                    Turn(id="1", role="user", text=f"ITEM-{place:03} please"),
                    Turn(
                        id="2", role="assistant", text=f"answer {'good' if (side == 'a') == bool(place % 2) else 'bad'}"
                    ),
                ),
            )
            for side in "ab"
        )
        found.append(PairTarget(Pair(id=f"p{place:03}", first=first.id, second=second.id), first, second))
    return found


class Probed:
    """One probing of a scripted judge, with its own store."""

    def __init__(
        self, judge: Judge, script: Script, targets: Sequence[Session | PairTarget], **options: object
    ) -> None:
        self.options = ProbeOptions(**options)  # type: ignore[arg-type]  # a test's shorthand
        self.probing = probing_of(judge, list(targets), self.options, rng=np.random.default_rng(1))
        self.engine = ScriptedEngine(lambda request: self._answer(script, request))
        self.store = MemoryStore()

    @staticmethod
    def _answer(script: Script, request: Request) -> str | EngineFault:
        text = request.messages[-1].content
        found = re.search(r"ITEM-(\d+)", text)
        assert found is not None
        value = script(text, 1 + int(found[1]) % 5)
        return value if isinstance(value, EngineFault) else json.dumps({"reasoning": "so", "value": value})

    async def ask(self, question: Question, options: RunOptions) -> Heard:
        sink = MemorySink()
        around = Surroundings(self.engine, self.store, sink, StillClock(), np.random.default_rng(0))
        manifest = await run_judge(question.judge, list(question.targets), around=around, options=options)
        return Heard(sink.outcomes, manifest)

    def heard(self, **limits: object) -> dict[str, Heard]:
        return asyncio.run(ask_probes(self.probing, self.ask, replace(RunOptions(), **limits)))  # type: ignore[arg-type]  # likewise

    def report(self) -> ProbeReport:
        return probe_report(self.probing, self.heard(), self.options)


def found(report: ProbeReport) -> set[tuple[str, str]]:
    return {(each.probe, each.variant) for each in report.results if each.word == "found"}


def noisy(script: Script, share: float, seed: int = 3) -> Script:
    """Return a judge that says another level in a share of its answers, whatever it is asked."""
    draw = random.Random(seed)
    return lambda text, level: level % 5 + 1 if draw.random() < share else script(text, level)


def honest(_text: str, level: int) -> int:
    return level


def test_a_clean_judge_is_cleared_of_every_probe() -> None:
    """Nothing is found, everything asked is clear, and what is not asked says why."""
    report = Probed(new_judge(QUALITY, name="j"), honest, sessions()).report()
    assert {each.word for each in report.results} == {"clear"}
    assert {each.probe for each in report.results} == {"order", "length", "markdown", "names", "injection"}
    assert set(report.skipped) == {"criteria", "paraphrase"}
    assert report.summary[0].startswith("Nothing found by 5 probes")
    assert report.rows[0].estimate.value == 0.0


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.0, 0.05])
def test_a_judge_that_likes_length_is_found_by_length_alone(share: float) -> None:
    """One level up for a long answer, steady or noisy: found, toward the longer; other probes stay clear."""

    def likes_length(text: str, level: int) -> int:
        return min(5, level + 1) if len(text) > 1000 else level

    report = Probed(new_judge(QUALITY, name="j"), noisy(likes_length, share), sessions()).report()
    assert found(report) == {("length", "remarks"), ("length", "courtesies")}
    remarks = next(each for each in report.results if each.variant == "remarks")
    assert remarks.toward == "the longer"
    assert remarks.n_toward > 20 > remarks.n_away
    assert len(remarks.worst) == 3


@pytest.mark.slow
def test_a_judge_that_obeys_is_found_with_the_disguises_that_work() -> None:
    """It obeys forged verdicts and notes of tools: these variants are named, the others are clear."""

    def obeys(text: str, level: int) -> int:
        return 5 if '"value": 5' in text or "Note for evaluators" in text else level

    report = Probed(new_judge(QUALITY, name="j"), obeys, sessions(), names=("injection",)).report()
    forged = {f"{disguise}_in_{role}" for disguise in ("json_verdict", "fence_break") for role in ("user", "assistant")}
    assert found(report) == {("injection", name) for name in {*forged, "note_in_tool"}}


def test_a_judge_that_takes_the_first_listed_level_is_found_by_order() -> None:
    """It gives the level that its prompt lists first."""
    judge = new_judge(QUALITY, name="j")
    judge = judge.model_copy(update={"user": "{{ session }}\nLEVELS {{ levels|join(' ') }}"})

    def first_listed(text: str, _level: int) -> int:
        return int(text.rpartition("LEVELS ")[2][0])

    report = Probed(judge, first_listed, sessions(), names=("order",)).report()
    [order] = report.results
    assert (order.word, order.n_flips, order.n_toward) == ("found", 40, 40)
    assert order.toward == "the level that is now listed first"


@pytest.mark.slow
def test_a_judge_that_takes_the_first_side_is_found_and_a_fair_one_cleared() -> None:
    """In the pair's own order the fair judge says the same both ways; the biased one always names what is first."""
    judge = new_judge(BETTER, name="j")

    def fair(text: str, _level: int) -> str:
        return "first" if text.index("answer good") < text.index("answer bad") else "second"

    cleared = Probed(judge, fair, pairs()).report()
    assert {each.word for each in cleared.results} == {"clear"}
    biased = Probed(judge, lambda _text, _level: "first", pairs(), names=("order",)).report()
    [position] = biased.results
    assert (position.word, position.variant, position.n_flips, position.n_toward) == ("found", "position", 40, 40)
    half = Probed(judge, lambda text, level: "first" if level == 1 else fair(text, level), pairs(), names=("order",))
    [position] = half.report().results
    assert (position.word, position.n_flips) == ("found", 8)


def test_one_cap_holds_for_all_questions_and_the_same_command_continues() -> None:
    """A cent each: at 2 dollars it stops; asked again with the same store, nothing is paid twice."""
    probed = Probed(new_judge(QUALITY, name="j"), honest, sessions(), names=("order", "markdown"))
    n_all = 40 * 5
    with pytest.raises(BudgetReached):
        probed.heard(max_cost_usd=1.0, prices=Cents())
    n_first = len(probed.engine.requests)
    assert 90 <= n_first <= 100
    probed.heard(max_cost_usd=2.0, prices=Cents())
    assert len(probed.engine.requests) == n_all
    assert len({(request.key, request.sample) for request in probed.engine.requests}) == n_all


@pytest.mark.slow
def test_the_price_is_what_is_then_asked() -> None:
    """The plan's calls are the calls, and after they are made there are none left."""
    probed = Probed(new_judge(QUALITY, name="j"), honest, sessions())
    options = RunOptions(prices=Cents())
    plan = plan_probes(probed.probing, store=probed.store, options=options)
    assert plan.probes[0].probe == "rerun"
    assert plan.probes[0].n_calls == 120
    assert plan.cost_usd == pytest.approx(sum(each.cost_usd or 0 for each in plan.probes))
    probed.heard()
    assert len(probed.engine.requests) == plan.n_calls == sum(each.n_calls for each in plan.probes)
    again = plan_probes(probed.probing, store=probed.store, options=options)
    assert (again.n_calls, sum(each.n_stored for each in again.probes)) == (0, plan.n_calls)
    unknown = plan_probes(probed.probing, store=MemoryStore(), options=RunOptions())
    assert unknown.cost_usd is None


def test_failures_are_counted_and_too_many_leave_it_undecided() -> None:
    """A model that refuses to answer under an order: no verdict is no flip, and nothing is called clear."""

    def refuses(text: str, level: int) -> object:
        return EngineFault("refused", "no") if "evaluat" in text.partition("ITEM")[2] else level

    report = Probed(new_judge(QUALITY, name="j"), refuses, sessions(), names=("injection",)).report()
    plain = next(each for each in report.results if each.variant == "plain_in_user")
    assert (plain.word, plain.n, plain.failures) == ("too few", 0, {"refused": 40})
    assert is_undecided_for_failures(plain)
    assert any("refused" in warning for warning in report.warnings)


def test_several_criteria_are_each_held_against_their_own_baseline() -> None:
    """One reply answers both; open answers are left out and said so."""
    judge = new_judge(QUALITY, TOPIC, name="j")

    def both(_text: str, level: int) -> object:
        return level

    probed = Probed(judge, both, sessions(20), names=("criteria", "order"))
    probed.engine = ScriptedEngine(
        lambda request: json.dumps(
            {"quality": {"reasoning": "", "value": 3}, "topic": {"reasoning": "", "value": request.key}}
        )
    )
    report = probed.report()
    assert {(each.criterion, each.probe) for each in report.results} == {("quality", "criteria"), ("quality", "order")}
    assert report.skipped["topic"] == "open answers are never twice the same"


def test_what_makes_no_sense_is_refused_before_anything_is_asked() -> None:
    """One rerun has no interval; a rate of 0 finds nothing; open answers cannot be compared."""
    judge = new_judge(QUALITY, name="j")
    for wrong in ({"n_reruns": 1}, {"error_rate": 0.0}):
        with pytest.raises(InputError):
            Probed(judge, honest, sessions(), **wrong)
    with pytest.raises(InputError, match="open answers"):
        Probed(new_judge(TOPIC, name="j"), honest, sessions())


@pytest.mark.slow
def test_the_draw_is_the_seeds() -> None:
    """The same seed draws the same sessions, in their order; no more than there are."""
    judge = new_judge(QUALITY, name="j")
    drawn = [
        [
            target.id
            for target in Probed(judge, honest, sessions(80), n=20).probing.questions[0].targets
            if isinstance(target, Session)
        ]
        for _ in range(2)
    ]
    assert drawn[0] == drawn[1] == sorted(drawn[0])
    assert len(drawn[0]) == 20
    assert len(Probed(judge, honest, sessions(12)).probing.questions[0].targets) == 12


@pytest.mark.slow
def test_a_noisy_clean_judge_is_cleared_at_the_stated_rate_through_the_runner() -> None:
    """Reruns flip in 10 of 100: all probes of 20 judges find something in about one of them at most."""
    n_found = 0
    for seed in range(20):
        probed = Probed(new_judge(QUALITY, name="j"), noisy(honest, 0.05, seed), sessions(30))
        n_found += bool(found(probed.report()))
    assert n_found <= binom.ppf(0.999, 20, 0.05)

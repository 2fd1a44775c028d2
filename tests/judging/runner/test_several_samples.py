"""Several samples in one answer: one prompt paid for, each sample kept, read and found again by itself."""

from __future__ import annotations

from typing import Any

import pytest

from judgekit.judging.ports import Reply, Request
from judgekit.judging.runner.budget import Budget
from judgekit.records.run import Run
from judgekit.testing import ScriptedEngine, StillClock
from tests.judging.runner.test_loop import GOOD, Shelf, TokenPrices, item, judge, run

SAID = [f'{{"reasoning": "r", "value": {value}}}' for value in (1, 2, 3)]


class Several(ScriptedEngine):
    """Answers with as many samples as are asked for, or at most `most` of them; the whole price on the first."""

    gives_several = True

    def __init__(self, *, most: int = 3, said: Any = None) -> None:
        super().__init__(lambda _: GOOD, clock=StillClock())
        self._most = most
        self._said = said or (lambda _, sample: SAID[sample])

    async def complete(self, request: Request) -> Reply:
        await super().complete(request)
        n = min(self._most, request.n_at_once)
        texts = [self._said(item(request), request.sample + place) for place in range(n)]
        further = tuple(Reply(text=text, model="m", finish_reason="stop") for text in texts[1:])
        told: dict[str, Any] = {
            "finish_reason": "stop",
            "prompt_tokens": 10,
            "completion_tokens": 2 * n,
            "latency_s": 0.1,
        }
        return Reply(text=texts[0], model="m", further=further, **told)


def asked(n: int, engine: Several, *, shelf: Shelf | None = None, **options: Any) -> Run:
    done, _, _ = run(None, n, engine=engine, shelf=shelf, judge_=judge(samples=3), **options)
    return done


@pytest.mark.parametrize("max_in_flight", [1, 2, 16])
def test_three_samples_cost_one_request(max_in_flight: int) -> None:
    """However many are in flight, each session is asked once, and its samples are those of the answer, in order."""
    engine = Several()
    done = asked(20, engine, max_in_flight=max_in_flight, prices=TokenPrices())
    assert len(engine.requests) == done.manifest.n_requests == 20
    assert done.manifest.n_reused == 0
    assert [verdict.value for verdict in done.verdicts] == [1, 2, 3] * 20
    assert len(done.calls) == len({call.id for call in done.calls}) == 60
    assert {verdict.call for verdict in done.verdicts} == {call.id for call in done.calls}
    assert done.manifest.cost_usd == pytest.approx(20 * 0.006)
    assert sum(call.cost_usd or 0 for call in done.calls) == pytest.approx(20 * 0.006)
    assert sum(call.completion_tokens or 0 for call in done.calls) == done.manifest.completion_tokens == 120
    assert done.manifest.spending is not None
    assert (done.manifest.spending.n_sent, done.manifest.spending.n_answered) == (20, 20)


def test_an_engine_that_gives_fewer_is_asked_for_the_rest() -> None:
    """Two at a time: the third sample takes a request of its own; nothing is asked twice."""
    engine = Several(most=2)
    done = asked(5, engine)
    assert [(request.sample, request.n_at_once) for request in engine.requests].count((2, 1)) == 5
    assert len(engine.requests) == 10
    assert [verdict.value for verdict in done.verdicts] == [1, 2, 3] * 5


def test_samples_that_are_kept_are_not_asked_again() -> None:
    """With the first of each in the store only the others are asked for, and all of it is found the next time."""
    shelf = Shelf()
    asked(4, Several(), shelf=shelf)
    for place in [place for place in shelf.replies if place[1] > 0]:
        del shelf.replies[place]
    engine = Several()
    done = asked(4, engine, shelf=shelf)
    assert sorted((request.sample, request.n_at_once) for request in engine.requests) == [(1, 2)] * 4
    assert done.manifest.n_reused == 4
    engine = Several()
    assert asked(4, engine, shelf=shelf).manifest.n_reused == 12
    assert not engine.requests


def test_a_sample_in_the_store_is_never_replaced_by_one_that_came_along() -> None:
    """The first is lost and asked again with the others beside it: those that are kept stand."""
    shelf = Shelf()
    asked(1, Several(), shelf=shelf)
    first = next(place for place in shelf.replies if place[1] == 0)
    del shelf.replies[first]
    done = asked(1, Several(said=lambda *_: SAID[0]), shelf=shelf)
    assert [verdict.value for verdict in done.verdicts] == [1, 2, 3]


def test_an_unreadable_sample_is_mended_by_itself() -> None:
    """One of three cannot be read: that one is asked again, alone, and the others stand."""
    mended: list[int] = []

    class Mending(Several):
        async def complete(self, request: Request) -> Reply:
            if len(request.messages) > 1:
                mended.append(request.n_at_once)
                return Reply(text=SAID[1], model="m", finish_reason="stop")
            return await super().complete(request)

    done = asked(1, Mending(said=lambda _, sample: "no idea" if sample == 1 else SAID[sample]))
    assert mended == [1]
    assert [verdict.value for verdict in done.verdicts] == [1, 2, 3]


def test_retrying_failures_asks_for_the_failed_sample_alone() -> None:
    """What could not be read is asked anew by itself: its neighbours were answered and stay."""
    shelf = Shelf()
    broken = Several(said=lambda _, sample: "no idea" if sample == 0 else SAID[sample])
    once = judge(samples=3, reading={"retries": 0})
    failed, _, _ = run(None, 1, engine=broken, shelf=shelf, judge_=once)
    assert [failure.status for failure in failed.failures] == ["unparsed"]
    engine = Several()
    done, _, _ = run(None, 1, engine=engine, shelf=shelf, judge_=once, is_retrying_failures=True)
    assert [(request.sample, request.n_at_once) for request in engine.requests] == [(0, 1)]
    assert [verdict.value for verdict in done.verdicts] == [1, 2, 3]


def test_the_guess_counts_every_sample() -> None:
    """Under a cap, an answer of three is reserved at three replies and one prompt."""
    budget = Budget(1.0, TokenPrices())
    one = Request("k", "openai/m", (), {"max_tokens": 10})
    three = Request("k", "openai/m", (), {"max_tokens": 10}, n_samples=3)
    assert budget.guess(one).usd == pytest.approx(0.01)
    assert budget.guess(three).usd == pytest.approx(0.03)

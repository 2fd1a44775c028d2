"""Parts of a run: each target is dealt to one, and only all of them together are taken for the whole."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from judgekit.errors import InputError
from judgekit.judging.prompt import PairTarget
from judgekit.records.run import RunManifest, SampleSpread, Spending
from judgekit.records.session import Pair, Session
from judgekit.workflows.shard import Part, Shard, merged, part_sizes

NOW = datetime(2026, 11, 1, tzinfo=UTC)
SESSIONS = [Session.model_validate({"id": f"s{i}", "turns": []}) for i in range(200)]


def part(index: int, n: int = 3, **changes: Any) -> tuple[str, RunManifest]:
    """Return the manifest of a complete part of ten verdicts, and where it lies."""
    fields = {
        "judge": "j",
        "criterion": "ok",
        "judge_fingerprint": "sha256:a",
        "request_fingerprint": "sha256:b",
        "engine": "replay",
        "shard": f"{index}/{n}",
        "dealt_from": "sha256:c",
        "sessions": f"sha256:{index:064x}",
        "n_targets": 10,
        "n_expected": 10,
        "n_verdicts": 10,
        "state": "complete",
        "started_at": NOW,
        "cost_usd": 0.25,
    }
    return f"p{index}", RunManifest.model_validate(fields | changes)


@pytest.mark.parametrize("text", ["", "1", "0/4", "5/4", "1/0", "-1/4", "1/4/2", "a/b", "1.5/4"])
def test_what_is_no_part_is_refused(text: str) -> None:
    """Parts are counted from 1, and there are no more than all."""
    with pytest.raises(InputError, match="is no part of a run"):
        Shard.read(text)


def test_each_target_is_in_exactly_one_part() -> None:
    """Whatever their number; and parts are about as large as each other."""
    for n in (1, 2, 3, 7):
        parts = [Part(SESSIONS, Shard(i, n)) for i in range(1, n + 1)]
        dealt = [target.id for some in parts for target in some if isinstance(target, Session)]
        assert sorted(dealt) == sorted(session.id for session in SESSIONS)
        assert [len(some) for some in parts] == [len(list(some)) for some in parts] == list(part_sizes(SESSIONS, n))
        assert max(map(len, parts)) - min(map(len, parts)) < 30


def test_dealing_is_the_same_everywhere_and_in_every_version() -> None:
    """Parts made on different machines, or a year apart, fit together: these places never change."""
    assert [next(i for i in range(1, 5) if Shard(i, 4).holds(f"s{n}")) for n in range(8)] == [4, 1, 1, 4, 3, 1, 4, 3]


def test_pairs_are_dealt_by_their_own_ids() -> None:
    """A pair goes where its id sends it, whatever its sessions are."""
    first, second = SESSIONS[:2]
    pair = PairTarget(Pair(id="p", first=first.id, second=second.id), first, second)
    assert [len(Part([pair], Shard(i, 2))) for i in (1, 2)] == [Shard(i, 2).holds("p") for i in (1, 2)]


def test_a_part_knows_what_it_was_dealt_from() -> None:
    """The fingerprint is the same for all parts of the same ids, in any order, and another for others."""
    whole = {Part(some, Shard(i, 3)).dealt_from for i in (1, 2, 3) for some in (SESSIONS, SESSIONS[::-1])}
    assert len(whole) == 1
    assert Part(SESSIONS[1:], Shard(1, 3)).dealt_from not in whole


def test_the_whole_is_the_sum_of_its_parts() -> None:
    """Counts, causes, dollars and fingerprints add up; times span all parts."""
    late = NOW.replace(hour=5)
    parts = [
        part(
            3, failures={"timeout": 2, "refused": 1}, n_verdicts=7, n_failures=3, models=("b",), first_failure="s1: x"
        ),
        part(1, failures={"refused": 4}, n_verdicts=6, n_failures=4, models=("a", "b"), ended_at=late),
        part(2, spending=Spending(n_sent=5, n_answered=4, cost_usd=0.5, possible_usd=0.125)),
    ]
    whole = merged(parts)
    assert (whole.shard, whole.dealt_from, whole.n_expected, whole.n_verdicts, whole.n_failures) == (
        None, None, 30, 23, 7,
    )  # fmt: skip
    assert list(whole.failures.items()) == [("refused", 5), ("timeout", 2)]
    assert whole.sessions == f"sha256:{6:064x}"
    assert (whole.models, whole.first_failure, whole.cost_usd) == (("a", "b"), "s1: x", 0.75)
    assert (whole.started_at, whole.ended_at) == (NOW, late)
    assert whole.spending == Spending(n_sent=5, n_answered=4, cost_usd=0.5, possible_usd=0.125)


def test_one_unknown_price_makes_the_sum_unknown() -> None:
    """Never 0."""
    assert merged([part(1), part(2, cost_usd=None), part(3)]).cost_usd is None


def test_spread_of_samples_counts_each_part_for_its_sessions() -> None:
    """Shares and means are those of all sessions together."""
    few = SampleSpread(criterion="ok", n_samples=3, n=1, share_disagreeing=1.0, mean_sd=2.0, n_measured=1)
    many = SampleSpread(criterion="ok", n_samples=3, n=9, share_disagreeing=0.0, mean_sd=0.0, n_measured=3)
    (spread,) = merged([part(1, spread=(few,)), part(2, spread=(many,)), part(3)]).spread
    assert (spread.n, spread.share_disagreeing, spread.mean_sd, spread.n_measured) == (10, 0.1, 0.5, 4)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([], "no runs to merge"),
        ([part(1), part(3)], "missing: 2/3"),
        ([part(1), part(2), part(2), part(3)], "p2: part 2/3 is also p2"),
        ([part(1), part(2, state="stopped"), part(3)], "p2: part 2/3 is stopped"),
        ([part(1), part(2, state="running"), part(3)], "p2: part 2/3 is running"),
        ([part(1), part(2, n_verdicts=9), part(3)], "p2: holds 9 of 10 outcomes"),
        ([part(1), part(2, judge_fingerprint="sha256:x"), part(3)], "p2: judge_fingerprint is sha256:x"),
        ([part(1), part(2, engine="litellm"), part(3)], "p2: engine is litellm, and replay in p1"),
        ([part(1), part(2, n=4), part(3)], "parts of runs of 3 and 4 parts"),
        ([part(1), part(2, dealt_from="sha256:x"), part(3)], "p2: this part was dealt from other sessions than p1"),
        ([part(1), part(2, shard=None), part(3)], "p2: it is no part of a run"),
    ],
)
def test_what_is_not_the_whole_is_refused(parts: list[tuple[str, RunManifest]], message: str) -> None:
    """Missing, twice there, unfinished, of another judge, engine or number, dealt from other sessions."""
    with pytest.raises(InputError) as error:
        merged(parts)
    assert str(error.value).startswith(message)
    assert error.value.hint

"""What the stages of an experiment share: joined sessions, inputs held against them, and what its head says."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from judgekit.errors import InputError, UnknownName
from judgekit.records.dataset import Dataset, DatasetCard
from judgekit.records.experiment import Experiment
from judgekit.records.experiment_report import PlanEntry, VersionOrigin
from judgekit.records.gate import GateReport
from judgekit.records.rubric import Criterion, Rubric, Scale
from judgekit.records.run import RunManifest, Spending
from judgekit.records.session import Session
from judgekit.render.text import render_text
from judgekit.workflows.experiment import missing_inputs, origin_of, require_plan, require_versions, with_sessions
from judgekit.workflows.experiment_report import Course, experiment_report, held_to_inputs, judge_used

NOW = datetime(2026, 11, 1, tzinfo=UTC)
KEPT = Criterion(id="kept", question="?", scale=Scale(type="binary", levels=("fail", "pass"), positive="pass"))


def session(name: str, version: str, text: str = "hello", **more: object) -> Session:
    turns = [{"id": "1", "role": "user", "text": text}]
    return Session.model_validate({"id": name, "input": name[-1], "version": version, "turns": turns, **more})


def dataset(*sessions: Session) -> Dataset:
    return Dataset(card=DatasetCard(name="d"), rubric=Rubric(name="r", criteria=(KEPT,)), sessions=sessions)


def experiment(**more: object) -> Experiment:
    return Experiment.model_validate({"name": "e", "dataset": "d", "baseline": "v1", "candidate": "v2", **more})


def test_sessions_are_joined_once_and_another_of_the_same_id_is_refused() -> None:
    """The same session counts once, as the dataset has it; other content, version or group under its id is refused."""
    old = session("s-1", "v1", group="ben")
    joined = with_sessions(dataset(old), [session("s-1", "v1", cost_usd=2.0, tags=("new",)), session("s-2", "v2")])
    assert [each.id for each in joined.sessions] == ["s-1", "s-2"]
    assert joined.session_by_id["s-1"] is old
    for other in (session("s-1", "v1", "bye"), session("s-1", "v2"), session("s-1", "v1", group="ana")):
        with pytest.raises(InputError, match="'s-1'"):
            with_sessions(dataset(old), [other])
    with pytest.raises(InputError, match="'s-3'"):
        with_sessions(dataset(), [session("s-3", "v1"), session("s-3", "v2")])


def test_inputs_are_found_under_either_of_their_names() -> None:
    """A row's id or its input may be what sessions carry; what neither names is missing."""
    sessions = [session("a", "v2"), session("b", "v2")]
    assert missing_inputs(sessions, [("a",), ("row-2", "b"), ("c", "d")]) == ("c",)
    origin = VersionOrigin(version="v2", source="command", n_sessions=0)
    found = origin_of(origin, [*sessions, session("z", "v2", cost_usd=1.0)], [("a",), ("b",), ("c",)])
    assert (found.n_sessions, found.n_inputs, found.missing, found.n_unasked) == (3, 3, ("c",), 1)
    assert found.cost_usd is None, "one session that says nothing makes the sum unknown"
    with pytest.raises(InputError, match=r"none of them has an `input`"):
        origin_of(origin, [session("a", "v2", input=None)], [("a",)])
    from_dataset = origin_of(origin.model_copy(update={"source": "dataset"}), sessions, [("x",)])
    assert from_dataset.missing == ("x",)


def test_what_is_declared_must_be_there() -> None:
    """A version from nowhere, two sides that are one, calibration without splits, an unknown criterion of a rule."""
    data = dataset(session("a", "v1"), session("b", "v2"))
    require_versions(data, experiment())
    require_versions(dataset(session("a", "v1")), experiment(versions={"v2": {"sessions": "x"}}))
    with pytest.raises(UnknownName, match="'v2'"):
        require_versions(dataset(session("a", "v1")), experiment())
    with pytest.raises(InputError, match="both 'v1'"):
        require_versions(data, experiment(candidate="v1"))
    with pytest.raises(InputError, match="there are no splits"):
        require_plan(data, experiment(plan={"calibrate": True}))
    for rule in ({"kind": "better", "criterion": "kindness"}, {"kind": "better", "criterion": "kept", "slices": ["q"]}):
        with pytest.raises(UnknownName):
            require_plan(data, experiment(gate={"rules": [rule]}))
    require_plan(data, experiment(gate={"rules": [{"kind": "ceiling", "quantity": "cost_usd", "at_most": 1}]}))


def gate_report(word: str) -> GateReport:
    return GateReport(
        title="g", experiment="e", baseline="v1", candidate="v2", policy_hash="sha256:0", word=word,
        summary=("The gate says so.", "a rule"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("word", "n_inputs", "told"),
    [("pass", 4, "incomplete"), ("fail", 4, "incomplete"), ("inconclusive", 4, "incomplete"), ("pass", 2, "pass"),
     ("missing", 4, "missing"), ("untrusted", 4, "untrusted"), ("pass", 0, "pass")],
)  # fmt: skip
def test_a_gate_does_not_decide_over_inputs_left_out(word: str, n_inputs: int, told: str) -> None:
    """Too many inputs without a session of either version: no word that speaks of all of them stands."""
    data = dataset(session("a", "v1"), session("b", "v1"), session("va", "v2"), session("vb", "v2"))
    declared = experiment(
        gate={"rules": [{"kind": "better", "criterion": "kept"}]}, versions={"v2": {"sessions": "v2.jsonl"}}
    )
    found = held_to_inputs(gate_report(word), declared, data, [(name,) for name in "abcd"[:n_inputs]])
    assert found.word == told
    assert found.summary[-1] == "a rule"
    assert ("Not decided" in found.summary[0]) == (told != word)
    assert found.exit_code == {"incomplete": 3, "pass": 0, "missing": 2, "untrusted": 5}[told]


def manifest(**more: object) -> RunManifest:
    return RunManifest.model_validate(
        {"judge": "j", "criterion": "kept", "judge_fingerprint": "sha256:1", "request_fingerprint": "sha256:2",
         "engine": "e", "n_targets": 2, "n_expected": 2, "state": "complete", "started_at": NOW, "n_verdicts": 2,
         **more}
    )  # fmt: skip


def test_what_a_judge_cost_is_summed_over_its_runs() -> None:
    """Money and sends add up over commands and runs; one unknown price makes the sum unknown."""
    first = manifest(spending=Spending(n_sent=3, n_answered=3, cost_usd=0.5, possible_usd=0.1))
    found = judge_used(manifest(spending=Spending()), [manifest(spending=Spending()), first], is_calibrated=True)
    assert (found.n_sent, found.cost_usd, found.possible_usd, found.is_calibrated) == (3, 0.5, 0.1, True)
    unknown = manifest(spending=Spending(n_sent=1, cost_usd=None, possible_usd=None))
    assert judge_used(first, [first, unknown], is_calibrated=False).cost_usd is None
    assert judge_used(manifest(), [manifest()], is_calibrated=False).cost_usd == 0.0


def test_the_head_tells_of_every_plan_that_held() -> None:
    """What changed, when, and whether a report was there to choose by, stand in warnings and on the page."""
    one = PlanEntry(hash="sha256:aaaaaaaaaaaaaaaa", inputs="sha256:1", judges={"j": "x"}, at=NOW)
    two = one.model_copy(update={"hash": "sha256:bbbbbbbbbbbbbbbb", "had_report": True})
    three = two.model_copy(update={"inputs": None, "judges": {"k": "x"}, "had_report": False})
    origin = VersionOrigin(version="v2", source="file", path="x", n_sessions=1, n_inputs=9, missing=tuple("abcdefg"))
    course = Course((one, two, three), (origin,), (), skipped=("nothing else",))
    head = experiment_report(experiment(question="Better?"), dataset(), course, gate=None, settings={})
    changed, again, missing = head.warnings
    assert "the plan changed (sha256:aaaaaaaaaaaa, then sha256:bbbbbbbbbbbb)" in changed
    assert "after its report was written" in changed
    assert "the inputs changed (sha256:1, then none) and judges changed (j, k)" in again
    assert "before any report was written" in again
    assert "7 of 9 inputs (a, b, c, d, e, ...)" in missing
    assert head.plan_hash == three.hash
    shown = render_text(head)
    assert max(map(len, shown.splitlines())) <= 80
    for said in ("Better?", "nothing was decided", "7 of 9", "nothing else", "never opened"):
        assert said in shown

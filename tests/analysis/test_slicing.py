"""Slices: which sessions are in which, what is tested, what is too small, and what is done about looking at many."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from judgekit.analysis.judged import Judged
from judgekit.analysis.reference import reference
from judgekit.analysis.slicing import MIN_UNITS_OF_SLICE, require_fields, slice_tests, slice_values
from judgekit.analysis.verdict_table import verdict_table
from judgekit.errors import UnknownName
from judgekit.records.session import Session, ToolCall, Turn
from judgekit.stats.multiplicity import benjamini_hochberg
from tests.analysis.composed_data import BETTER, PASSED, QUALITY, TOPIC, dataset, labels, measuring, pair, verdict


def told(name: str, **fields: Any) -> Session:
    """Return a session of one question and one answer."""
    turns = (Turn(id="1", role="user", text="hello"), Turn(id="2", role="assistant", text=fields.pop("text", "yes")))
    return Session.model_validate({"id": name, "turns": fields.pop("turns", turns), **fields})


SESSIONS = [
    told("a", version="v1", tags=("late", "refund"), latency_s=1.0, metadata={"lang": "de", "items": 3}),
    told("b", version="v2", latency_s=2.0, metadata={"lang": "en"}, text="one two three four"),
    told("c", latency_s=9.0, turns=tuple(Turn(id=str(i), role="user", text="?") for i in range(12))),
    told("d", turns=(Turn(id="1", role="assistant", tool_calls=(ToolCall(name="find", error="no such order"),)),)),
]


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("version", [("v1",), ("v2",), (), ()]),
        ("tags", [("late", "refund"), (), (), ()]),
        ("turns", [("1-2",), ("1-2",), ("11+",), ("1-2",)]),
        ("tools", [(), (), (), ("find",)]),
        ("tool_errors", [("no",), ("no",), ("no",), ("yes",)]),
        ("passages", [("no",), ("no",), ("no",), ("no",)]),
        ("metadata.lang", [("de",), ("en",), (), ()]),
        ("metadata.items", [("3",), (), (), ()]),
        ("latency_s", [("up to 1",), ("above 1 to 2",), ("above 2",), ()]),
        ("words", [("above 0 to 1",), ("above 1",), ("up to 0",), ("up to 0",)]),
        ("cost_usd", [(), (), (), ()]),
        ("trial", [(), (), (), ()]),
    ],
)
def test_every_field_of_a_session_slices(field: str, expected: list[tuple[str, ...]]) -> None:
    """Plain values as they stand, lists into several, numbers in thirds, nothing where the session has nothing."""
    data = dataset(sessions=SESSIONS)
    found = slice_values(data, field, [(name, None) for name in "abcd"])
    assert list(found.values()) == expected


def test_many_numbers_of_metadata_are_cut_into_thirds_and_few_are_not() -> None:
    """Twelve different numbers: thirds; a list of words: each; true: a word."""
    many = [told(f"s{i}", metadata={"n": i, "few": i % 2, "kinds": ["x", "y"], "late": True}) for i in range(12)]
    data, targets = dataset(sessions=many), [(f"s{i}", None) for i in range(12)]
    assert set(slice_values(data, "metadata.n", targets).values()) == {("up to 3",), ("above 3 to 7",), ("above 7",)}
    assert set(slice_values(data, "metadata.few", targets).values()) == {("0",), ("1",)}
    assert set(slice_values(data, "metadata.kinds", targets).values()) == {("x", "y")}
    assert set(slice_values(data, "metadata.late", targets).values()) == {("true",)}


def test_pairs_have_fields_of_their_own() -> None:
    """A pair's group is its own; it has no version, turns or tools of one session."""
    data = dataset(pairs=[pair("p", group="g")])
    assert slice_values(data, "group", [("p", None)]) == {("p", None): ("g",)}
    for field in ("version", "turns", "tools", "tool_errors", "passages", "words"):
        assert slice_values(data, field, [("p", None)]) == {("p", None): ()}


def test_a_field_that_nobody_has_is_refused_with_those_there_are() -> None:
    """A slip of the pen is named."""
    data = dataset(sessions=SESSIONS)
    require_fields(data, ["version", "metadata.lang"])
    with pytest.raises(UnknownName, match=r"--slice: unknown field to slice by 'metadata.langg'. Did you mean"):
        require_fields(data, ["metadata.langg"])
    with pytest.raises(UnknownName, match="Did you mean 'version'"):
        require_fields(data, ["versoin"])


def judged_by(criterion, answers, references, **fields) -> Judged:
    """Return a judge's answers beside one rater's, a session each, with fields of sessions given as lists."""
    names = [f"s{i:03d}" for i in range(len(answers))]
    sessions = [told(name, **{key: column[i] for key, column in fields.items()}) for i, name in enumerate(names)]
    data = dataset(
        labels(criterion, {n: {"ana": v} for n, v in zip(names, references, strict=True)}), sessions=sessions
    )
    table = verdict_table(criterion, [verdict(n, criterion, v) for n, v in zip(names, answers, strict=True)])
    return Judged.of(data, criterion, table, reference(data, criterion, "majority"), set(names))


def noisy(n: int, share_right: float, seed: int) -> tuple[list[str], list[str]]:
    """Return answers that are right on about a share of the references."""
    draw = random.Random(seed)
    truth = [draw.choice(("pass", "fail")) for _ in range(n)]
    return [t if draw.random() < share_right else draw.choice(("pass", "fail")) for t in truth], truth


def test_a_slice_on_which_the_judge_fails_is_found() -> None:
    """Right on v1, lenient at random on v2: kappa lower, bias seen; both versions tell the same from two sides."""
    first, truth = noisy(80, 0.95, 1)
    _, other = noisy(80, 0.95, 2)
    judged = judged_by(PASSED, first + ["pass"] * 60 + other[60:], truth + other, version=["v1"] * 80 + ["v2"] * 80)
    found = slice_tests(judged, ["version"], measuring())
    tests: dict[Any, Any] = {(test.slice, test.metric): test for test in found.tests}
    assert list(tests) == [
        ("version=v1", "cohen_kappa"), ("version=v2", "cohen_kappa"), ("version=v1", "bias"), ("version=v2", "bias"),
    ]  # fmt: skip
    kappa, mirrored = tests["version=v1", "cohen_kappa"], tests["version=v2", "cohen_kappa"]
    assert kappa.difference.low is not None
    assert kappa.difference.low > 0.2
    assert (mirrored.difference.low, mirrored.difference.high) == (-(kappa.difference.high or 0), -kappa.difference.low)
    assert mirrored.p_value == kappa.p_value
    assert tests["version=v2", "bias"].difference.value > 0.3
    assert found.warnings == ()


def test_p_values_are_adjusted_over_all_slices_of_the_criterion() -> None:
    """Benjamini and Hochberg over what has a p-value, whatever field it came from."""
    answers, truth = noisy(120, 0.7, 4)
    judged = judged_by(
        PASSED, answers, truth, version=[f"v{i % 3}" for i in range(120)], tags=[("t",) * (i % 2) for i in range(120)]
    )
    tests = slice_tests(judged, ["version", "tags"], measuring()).tests
    p_values = [test.p_value for test in tests]
    assert len(p_values) == 8
    assert None not in p_values
    adjusted: Any = [test.p_adjusted for test in tests]
    known: Any = p_values
    assert adjusted == pytest.approx(benjamini_hochberg(known).tolist())


def test_small_slices_and_sessions_without_the_field_are_counted() -> None:
    """19 units are one too few, in the slice or in the rest; five sessions have no version."""
    answers, truth = noisy(60, 0.8, 5)
    few = MIN_UNITS_OF_SLICE - 1
    versions = ["v1"] * 36 + ["v2"] * few + [None] * 5
    found = slice_tests(judged_by(PASSED, answers, truth, version=versions), ["version"], measuring())
    assert {test.slice for test in found.tests} == {"version=v1"}
    assert found.warnings == (
        "passed: 1 slices by version were not tested: under 20 independent units in them or in the rest (v2)",
        "passed: 5 scored targets have no version; they are in the rest of each slice by it",
    )
    everywhere = slice_tests(judged_by(PASSED, answers, truth, version=["v1"] * 60), ["version"], measuring())
    assert everywhere.tests == ()
    assert "not tested" in everywhere.warnings[0]


def test_only_metrics_that_fit_or_were_asked_for_are_tested() -> None:
    """Names have no bias; --metric mae tests mae alone; a median between levels enters bias, not kappa."""
    topics = [random.Random(6).choice("abc") for _ in range(60)]
    versions = [f"v{i % 2}" for i in range(60)]
    tests = slice_tests(judged_by(TOPIC, topics, topics[::-1], version=versions), ["version"], measuring()).tests
    assert {test.metric for test in tests} == {"cohen_kappa"}
    draw = random.Random(7)
    grades = [draw.randint(1, 5) for _ in range(60)]
    graded = judged_by(QUALITY, grades, [max(1, g - draw.randint(0, 1)) for g in grades], version=versions)
    asked = slice_tests(graded, ["version"], measuring(metrics=["mae"])).tests
    assert {test.metric for test in asked} == {"mae"}
    halved = Judged(**{**vars(graded), "human": graded.human + np.where(np.arange(60) < 4, 0.5, 0)})
    between = {
        t.metric: t.estimate for t in slice_tests(halved, ["version"], measuring()).tests if t.slice == "version=v0"
    }
    assert (between["cohen_kappa_quadratic"].n, between["bias"].n) == (28, 30)
    assert between["cohen_kappa_quadratic"].dropped == {"between_levels": 2}


def test_pairs_are_sliced_on_their_own_metric() -> None:
    """Preferences have kappa and no bias."""
    names = [f"p{i:02d}" for i in range(60)]
    draw = random.Random(8)
    data = dataset(
        labels(BETTER, {n: {"ana": draw.choice(("first", "second", "tie"))} for n in names}),
        pairs=[pair(n, group=f"g{i}", metadata={"kind": f"k{i % 2}"}) for i, n in enumerate(names)],  # type: ignore[arg-type]
    )
    table = verdict_table(BETTER, [verdict(n, BETTER, draw.choice(("first", "second"))) for n in names])
    judged = Judged.of(data, BETTER, table, reference(data, BETTER, "majority"), set(names))
    tests = slice_tests(judged, ["metadata.kind"], measuring()).tests
    assert [(test.slice, test.metric) for test in tests] == [
        ("metadata.kind=k0", "cohen_kappa"), ("metadata.kind=k1", "cohen_kappa"),
    ]  # fmt: skip

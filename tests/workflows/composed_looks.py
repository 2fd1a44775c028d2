"""Two versions on many inputs, as a gate that looks as it goes meets them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from judgekit.records.certificate import Standing
from judgekit.records.dataset import Dataset
from judgekit.records.experiment import Experiment
from judgekit.records.gate import GateReport
from judgekit.records.label import Design, Label
from judgekit.records.policy import Policy, Rule, Sequential
from judgekit.records.rubric import Criterion
from judgekit.workflows.looking import Looking, gate_by_looks
from judgekit.workflows.score import Scoring
from tests.analysis.composed_data import PASSED, dataset, label, measuring, session, verdict

JUDY = Scoring(judge="judy", engine="replay")
VERSIONS = ("v1", "v2")
DRAWN = Design(method="random", probability=0.4)


def sessions(n: int, *, trials: int = 1, groups: Sequence[str] | None = None, **fields: Any) -> list[Any]:
    """Return `v1-000` and `v2-000` on input `i000`, and so on; trials end in a letter."""
    return [
        session(name_of(version, i, t), input=f"i{i:03d}", version=version, **_group(groups, i), **fields)
        for i in range(n)
        for version in VERSIONS
        for t in range(trials)
    ]


def name_of(version: str, place: int, trial: int = 0) -> str:
    return f"{version}-{place:03d}" + ("" if trial == 0 else chr(ord("a") + trial))


def verdicts(before: Iterable[Any], after: Iterable[Any], criterion: Criterion = PASSED) -> list[Any]:
    """Return the judge's values of both versions; True is a pass, None no verdict at all."""
    return [
        verdict(name_of(version, i), criterion, _level(value))
        for version, values in zip(VERSIONS, (before, after), strict=True)
        for i, value in enumerate(values)
        if value is not None
    ]


def labelled(
    before: Any,
    after: Any,
    places: Iterable[int],
    *,
    design: Design | None = DRAWN,
    criterion: Criterion = PASSED,
) -> tuple[Label, ...]:
    """Return one expert's labels of both versions on some inputs."""
    return tuple(
        label(name_of(version, i), criterion, "ana", _level(values[i]), design=design)
        for i in places
        for version, values in zip(VERSIONS, (before, after), strict=True)
    )


def experiment(*rules: Rule, **policy: Any) -> Experiment:
    """Return one that looks after every 20 inputs unless told otherwise."""
    looks = Sequential(**{key: policy.pop(key) for key in ("inputs_per_look", "max_inputs", "seed") if key in policy})
    told = Policy(rules=rules, sequential=looks, **{"certificate": "not_needed", **policy})
    return Experiment(name="prompt-2", dataset="composed", baseline="v1", candidate="v2", gate=told)


def looked(
    data: Dataset, outcomes: Sequence[Any], asked: Experiment, *, standings: Sequence[Standing] = (), by: Scoring = JUDY
) -> GateReport:
    """Return the report of a gate whose verdicts are all there."""
    judged = [(outcomes, by)] if outcomes else []
    return gate_by_looks(data, judged, asked, measuring=measuring(), standings=standings)


def looking(data: Dataset, asked: Experiment, *, judges: dict[str, Scoring] | None = None) -> Looking:
    """Return a gate before its first look."""
    policy = asked.gate
    assert policy is not None
    return Looking(data, asked, policy, (), judges=judges or {"passed": JUDY}, measuring=measuring())


def composed(n: int, drop: float, *, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return passes of both versions: 85%, and of these all but `drop`; 5% of others pass anew."""
    draw = np.random.default_rng(seed)
    before = draw.random(n) < 0.85
    after = np.where(before, draw.random(n) >= drop / 0.85, draw.random(n) < 0.05)
    return before, after


def data(n: int, given: Iterable[Label] = (), **fields: Any) -> Dataset:
    return dataset(given, sessions=sessions(n, **fields))


def _group(groups: Sequence[str] | None, place: int) -> dict[str, str]:
    return {} if groups is None else {"group": groups[place]}


def _level(value: Any) -> Any:
    return ("pass" if value else "fail") if isinstance(value, bool | np.bool_) else value

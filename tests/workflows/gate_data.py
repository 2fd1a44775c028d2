"""Composed experiments for the gate: 200 inputs on two versions, and what experts and a judge say of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from judgekit.analysis.agreement import Measuring
from judgekit.records.certificate import Standing
from judgekit.records.experiment import Experiment, Plan
from judgekit.records.policy import Policy
from judgekit.workflows.gate import gate
from judgekit.workflows.score import Scoring
from tests.analysis.composed_data import PASSED, label, session, verdict

N = 200
JUDY = Scoring(judge="judy", engine="replay")
VALID = [
    Standing(judge="judy", criterion=each, word="valid", why="until 2027")
    for each in ("passed", "quality", "length", "harm")
]
WORDS = {True: "pass", False: "fail"}


def place(version: str, i: int) -> str:
    """Return the id of a version's session on an input."""
    return f"{version}-{i:03d}"


def sessions(n: int = N, **fields: Any) -> list[Any]:
    """Return the sessions of v1 and v2 on n inputs, the even ones by mail and the odd ones by chat."""
    by: Any = [{"metadata": {"by": name}} for name in ("mail", "chat")]
    return [
        session(place(v, i), input=f"i{i:03d}", version=v, **fields, **by[i % 2])
        for i in range(n)
        for v in ("v1", "v2")
    ]


def truth(before: float, after: float, n: int = N) -> dict[str, bool]:
    """Return which sessions pass: the first of the inputs, as many as the shares say."""
    shares = {"v1": before, "v2": after}
    return {place(v, i): (i * 37) % n < share * n for v, share in shares.items() for i in range(n)}


def labels(passing: dict[str, bool], n: int | None = None, criterion: Any = PASSED, **fields: Any) -> list[Any]:
    """Return ana's labels of sessions on the first n inputs; of all without n."""
    kept = [each for each in passing if n is None or int(each.rpartition("-")[2]) < n]
    return [label(each, criterion, "ana", WORDS[passing[each]], **fields) for each in kept]


def verdicts(passing: dict[str, bool], *, wrong: float = 0.1, seed: int = 3) -> list[Any]:
    """Return a judge's verdicts, a share of them wrong at random."""
    rng = np.random.default_rng(seed)
    return [verdict(each, PASSED, WORDS[is_good != (rng.random() < wrong)]) for each, is_good in passing.items()]


def decided(
    data: Any,
    outcomes: Any,
    *rules: dict[str, Any],
    plan: dict[str, Any] | None = None,
    standings: Any = VALID,
    scoring: Scoring = JUDY,
    measuring: Measuring | None = None,
    **policy: Any,
) -> Any:
    """Return what the gate says."""
    experiment = Experiment(
        name="trial",
        dataset="composed",
        baseline="v1",
        candidate="v2",
        plan=Plan.model_validate(plan or {}),
        gate=Policy.model_validate({"rules": rules, **policy}),
    )
    judged = [(outcomes, scoring)] if outcomes else []
    how = measuring or Measuring(np.random.default_rng(1), n_resamples=200)
    return gate(data, judged, experiment, measuring=how, standings=standings)


def only(report: Any) -> Any:
    """Return the one rule of a report."""
    (found,) = report.rules
    return found


def not_worse(margin: float = 0.05, criterion: str = "passed", **fields: Any) -> dict[str, Any]:
    """Return a rule."""
    return {"kind": "not_worse", "criterion": criterion, "margin": margin, **fields}


def floor(at_least: float, criterion: str = "passed", **fields: Any) -> dict[str, Any]:
    """Return a rule."""
    return {"kind": "floor", "criterion": criterion, "at_least": at_least, **fields}


def better(by: float = 0.0, criterion: str = "passed", **fields: Any) -> dict[str, Any]:
    """Return a rule."""
    return {"kind": "better", "criterion": criterion, "by": by, **fields}


def ceiling(at_most: float, quantity: str = "cost_usd", **fields: Any) -> dict[str, Any]:
    """Return a rule."""
    return {"kind": "ceiling", "quantity": quantity, "at_most": at_most, **fields}

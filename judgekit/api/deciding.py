"""`judgekit.gate`: what the command does once over everything, over records or rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from judgekit.api.given import RESAMPLES, SEED, Outcomes, judged, measuring_by

if TYPE_CHECKING:
    from judgekit.analysis.verdict_table import Use
    from judgekit.records.certificate import Standing
    from judgekit.records.dataset import Dataset
    from judgekit.records.gate import GateReport
    from judgekit.records.policy import Policy


def gate(
    dataset: Dataset,
    outcomes: Outcomes | Mapping[str, Outcomes] | None,
    policy: Policy | Mapping[str, Any],
    baseline: str,
    candidate: str,
    *,
    judge: str | None = None,
    standings: Sequence[Standing] = (),
    reference: str | None = None,
    use: Use = "value",
    delta: float | None = None,
    seed: int = SEED,
    n_resamples: int = RESAMPLES,
) -> GateReport:
    """Return whether the candidate shows what a policy asks: its `word`, its `rules`, and the `exit_code` of CI.

    Args:
        dataset: Sessions, with their inputs and versions, and labels.
        outcomes: A run, verdicts or rows, with sessions of both versions; several judges by name, of one criterion the
            first speaks; None: labels stand alone.
        policy: What must hold, as `[gate]` of `experiment.toml` says it.
        baseline: Version compared against.
        candidate: Version under test.
        judge: The judge's name, where the outcomes do not say.
        standings: What judges' certificates are worth; a policy with `certificate = "not_needed"` asks for none.
        reference: `majority`, `mean`, `median`, `adjudicated`, `gold`, `rater:NAME` or `group:NAME`.
        use: What of a verdict counts: its value, or its finer score.
        delta: Without labels on the candidate: how far the judge may err otherwise on it.
        seed: Of the resampling.
        n_resamples: Bootstrap resamples.

    Raises:
        InputError: The policy does not fit, or verdicts are on sessions of elsewhere.
        LeakError: Labels that helped to make a judge would correct it.

    Example:
        >>> import judgekit
        >>> sessions = [{"id": f"{v}-{i}", "input": f"i{i}", "version": v} for i in range(100) for v in ("v1", "v2")]
        >>> labels = [{"session": s["id"], "criterion": "ok", "rater": "ana", "value": "pass"} for s in sessions]
        >>> data = judgekit.make_dataset(labels, scales={"ok": "binary:fail,pass"}, sessions=sessions)
        >>> rule = {"kind": "not_worse", "criterion": "ok", "margin": 0.05}
        >>> report = judgekit.gate(data, None, {"rules": [rule]}, "v1", "v2")
        >>> report.word, report.exit_code, report.rules[0].why
        ('pass', 0, '0 [-0.0319, +0.0319] lies above -0.05 (n=100)')
    """
    from dataclasses import replace

    from judgekit.adapters.store.files import validated
    from judgekit.records.experiment import Experiment, Plan
    from judgekit.records.policy import Policy
    from judgekit.workflows.gate import gate as decide
    from judgekit.workflows.looking import gate_by_looks

    rules = policy if isinstance(policy, Policy) else validated(Policy, dict(policy), "policy")
    plan = Plan(seed=seed, resamples=n_resamples, reference=reference, delta=delta)
    asked = Experiment(name="gate", dataset=dataset.name, baseline=baseline, candidate=candidate, plan=plan, gate=rules)
    told = [
        (given, replace(scoring, use=use, reference=reference, settings={"seed": seed}))
        for given, scoring in _heard(outcomes, judge)
    ]
    measuring = measuring_by(seed, n_resamples=n_resamples)
    run = decide if rules.sequential is None else gate_by_looks
    return run(dataset, told, asked, measuring=measuring, standings=standings)


def _heard(outcomes: Outcomes | Mapping[str, Outcomes] | None, judge: str | None) -> list[Any]:
    """Return each judge's outcomes, and how it is named."""
    if outcomes is None:
        return []
    if isinstance(outcomes, Mapping):
        return [judged(each, name) for name, each in outcomes.items()]
    return [judged(outcomes, judge)]

"""A panel's run, once its members' runs are there: their verdicts combined, what they cost, how many they are worth."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from judgekit.judging.panel import panel_outcomes
from judgekit.judging.runner.interview import Targets
from judgekit.records.judge import Judge
from judgekit.records.run import MemberRun, PanelWorth, RunManifest
from judgekit.records.verdict import Failure, Verdict
from judgekit.stats.panel import effective_panel_size
from judgekit.workflows.run import RunSink, keep_outcomes

if TYPE_CHECKING:
    from judgekit.judging.ports import Clock

MOST_ROWS = 20_000
"""Targets that the effective number of judges rests on, the first ones: more would only cost time."""


def combine_runs(
    judge: Judge,
    targets: Targets,
    members: Mapping[str, tuple[RunManifest, Iterable[Verdict | Failure]]],
    *,
    sink: RunSink,
    clock: Clock,
    worth: PanelWorthOf | None = None,
) -> RunManifest:
    """Record the panel's verdicts as a run, with its members' costs and failures.

    Args:
        judge: The panel.
        targets: What its members were asked about.
        members: Name -> its manifest, and its outcomes in the order of a complete run.
        sink: Where the panel's outcomes go.
        clock: For the times in the manifest.
        worth: How many independent judges they are worth; None: not asked.
    """
    watched = worth.watched(judge) if worth is not None else (lambda _, outcomes: outcomes)
    outcomes = panel_outcomes(judge, {name: watched(name, some) for name, (_, some) in members.items()})
    manifest = keep_outcomes(judge, targets, outcomes, sink=sink, clock=clock)
    manifests = {name: manifest for name, (manifest, _) in members.items()}
    told = _sums(list(manifests.values())) | {
        "members": tuple(_member_run(manifest) for _, manifest in sorted(manifests.items())),
        "worth": worth.estimate() if worth is not None else None,
    }
    manifest = manifest.model_copy(update=told)
    sink.write_manifest(manifest)
    return manifest


class PanelWorthOf:
    """Estimates a panel's effective size from how its members' numbers correlate, as their outcomes go by."""

    def __init__(self, unit_of: Callable[[str], str], rng: np.random.Generator) -> None:
        """Take how targets hang together, and the source of the resamples."""
        self._unit_of = unit_of
        self._rng = rng
        self._numbers: dict[str, dict[tuple[str, str | None, str | None], list[float]]] = {}

    def watched(self, judge: Judge) -> Callable[[str, Iterable[Verdict | Failure]], Iterator[Verdict | Failure]]:
        """Return what takes note of each member's outcomes as they are read."""
        scale = judge.criterion.scale

        def through(name: str, outcomes: Iterable[Verdict | Failure]) -> Iterator[Verdict | Failure]:
            own = self._numbers.setdefault(name, {})
            for outcome in outcomes:
                place = (outcome.target, outcome.turn, outcome.order)
                has_number = isinstance(outcome, Verdict) and outcome.status == "ok" and outcome.value is not None
                if has_number and outcome.criterion == judge.criterion.id and (place in own or len(own) < MOST_ROWS):
                    own.setdefault(place, []).append(scale.code(outcome.value))  # type: ignore[union-attr,arg-type]  # checked above
                yield outcome

        return through if scale.type in ("binary", "ordinal", "numeric") else lambda _, outcomes: iter(outcomes)

    def estimate(self) -> PanelWorth | None:
        """Return the effective number of judges; None where values have no order."""
        places = sorted({place for own in self._numbers.values() for place in own}, key=str)[:MOST_ROWS]
        if len(self._numbers) < 2 or not places:
            return None
        columns = [
            [float(np.mean(own[place])) if place in own else np.nan for place in places]
            for _, own in sorted(self._numbers.items())
        ]
        units = np.unique([self._unit_of(target) for target, _, _ in places], return_inverse=True)[1]
        size = effective_panel_size(np.array(columns).T, units=units, rng=self._rng)
        return PanelWorth(n_members=size.n_members, correlation=size.correlation, effective=size.effective)


def _member_run(manifest: RunManifest) -> MemberRun:
    return MemberRun(
        judge=manifest.judge,
        judge_fingerprint=manifest.judge_fingerprint,
        engine=manifest.engine,
        models=manifest.models,
        n_verdicts=manifest.n_verdicts,
        n_failures=manifest.n_failures,
        failures=manifest.failures,
        cost_usd=manifest.cost_usd,
    )


def _sums(manifests: Sequence[RunManifest]) -> dict[str, object]:
    """Return what the members' runs come to together; what is unknown of one is unknown of all."""
    names = ("n_requests", "n_reused", "n_asked_again", "n_redacted", "prompt_tokens", "completion_tokens")
    costs = [manifest.cost_usd for manifest in manifests]
    return {
        **{name: sum(getattr(manifest, name) for manifest in manifests) for name in names},
        "cost_usd": None if None in costs else sum(cost for cost in costs if cost is not None),
        "models": tuple(sorted({model for manifest in manifests for model in manifest.models})),
        "redaction": tuple(dict.fromkeys(name for manifest in manifests for name in manifest.redaction)),
    }

"""`gate` that looks while it judges: inputs in a drawn order, a word after each look, an end at the first decision.

However often one looks, a candidate just at its line passes a rule with at most the error rate that the policy grants
(`stats.betting`). The gate ends when every rule has passed, when one has failed, or when inputs run out. Inputs are
taken for draws from the traffic that they stand for, as in a gate of one look; a unit of several inputs comes whole.

A rule speaks of the experts only where every look holds labels that were drawn at random with known chances, or all
inputs carry them; a judge may help there, and may err as it likes. Elsewhere it is not decided. What the judge alone
prefers is told apart, and its failures count for whatever is worst: against passing, and against failing.

Cost and latency have no upper end that such a bound could rest on. They need no judge either, and are measured before
the first look, as in a gate of one look, on all of the candidate's sessions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import accumulate, groupby

from judgekit.analysis.agreement import Measuring
from judgekit.analysis.gate_rule import Case, cases_of
from judgekit.analysis.look_evidence import Evidence
from judgekit.analysis.look_input import input_order
from judgekit.analysis.verdict_table import VerdictTable, verdict_table
from judgekit.errors import InputError
from judgekit.records.certificate import Standing
from judgekit.records.dataset import Dataset
from judgekit.records.experiment import Experiment
from judgekit.records.gate import GateReport, Look, RuleWord
from judgekit.records.policy import Policy, Sequential
from judgekit.workflows.gate_case import Found
from judgekit.workflows.gate_ground import Ground as OneLook
from judgekit.workflows.gate_ground import JudgedOutcomes, PairGround
from judgekit.workflows.gate_whole import whole_of
from judgekit.workflows.look_case import Ground, opened, settled
from judgekit.workflows.look_report import LookedAt, case_name, look_report
from judgekit.workflows.score import Scoring, refuse_strangers


def gate_by_looks(
    dataset: Dataset,
    judged: Sequence[JudgedOutcomes],
    experiment: Experiment,
    *,
    measuring: Measuring,
    standings: Sequence[Standing],
) -> GateReport:
    """Return what a gate that looks as it goes says, where all verdicts are there already.

    Args:
        dataset: Sessions of both versions, and labels.
        judged: Each judge's outcomes; of several judges of one criterion the first speaks.
        experiment: Names the versions; its policy says how to look.
        measuring: Resamples and randomness, for cost and latency.
        standings: What each judge's certificate is worth, a criterion each.

    Raises:
        InputError: As for `Looking`.
        LeakError: Likewise.
    """
    if experiment.gate is None:
        raise InputError("the experiment has no [gate]", where=experiment.name, hint="Declare its rules first")
    judges: dict[str, Scoring] = {}
    for outcomes, scoring in judged:
        for name in sorted({outcome.criterion for outcome in outcomes}):
            judges.setdefault(name, scoring)
    looking = Looking(dataset, experiment, experiment.gate, standings, judges=judges, measuring=measuring)
    while looking.next_inputs():
        looking.look(judged, dataset)
    return looking.report()


class Looking:
    """A gate between its looks: which inputs are wanted next, and what was seen so far."""

    def __init__(
        self,
        dataset: Dataset,
        experiment: Experiment,
        policy: Policy,
        standings: Sequence[Standing],
        *,
        judges: Mapping[str, Scoring],
        measuring: Measuring,
    ) -> None:
        """Draw the order, and see which rules can be decided at all, before anything is judged.

        Args:
            dataset: Sessions of both versions, and labels with how they were drawn.
            experiment: Names the versions, and holds the plan.
            policy: What is asked, and how to look.
            standings: What each judge's certificate is worth, a criterion each.
            judges: Criterion -> the judge that speaks on it.
            measuring: Resamples and randomness, for cost and latency.

        Raises:
            InputError: The policy does not say how to look, both versions are one, or a unit is larger than may be
                looked at.
            LeakError: Labels that helped to make a judge would correct it.
        """
        self._how = _how_to_look(policy, experiment)
        self._whole = whole_of(dataset, (), experiment.model_copy(update={"gate": policy}), measuring, standings)
        self._inputs = input_order(dataset, self._whole.slices.sides, self._how.seed)
        self._ends = list(accumulate(len(list(own)) for _, own in groupby(self._inputs.units)))
        most = self._how.max_inputs or len(self._inputs.inputs)
        self._n_most = max((end for end in self._ends if end <= most), default=0)
        if self._ends and not self._n_most:
            hint = "Raise max_inputs: a unit is looked at whole"
            raise InputError(f"the first unit has {self._ends[0]} inputs", where=experiment.name, hint=hint)
        self._judges = dict(judges)
        self._cases = cases_of(policy, self._whole.slices.named)
        ground = Ground(self._whole, self._inputs, self._judges, len(self._cases))
        self._settled: dict[Case, tuple[Found, RuleWord]] = {}
        self._evidence: dict[Case, Evidence] = {}
        for case in self._cases:
            known = settled(self._whole, case, len(self._cases))
            if known is not None:
                self._settled[case] = known
            else:
                self._evidence[case] = opened(ground, case)
        self._n_seen = self._n_wanted = 0
        self._looks: list[Look] = []
        self._judged: dict[str, JudgedOutcomes] = {}

    @property
    def order(self) -> tuple[str, ...]:
        """Inputs in the drawn order, as far as looking may go."""
        return self._inputs.inputs[: self._n_most]

    @property
    def seen(self) -> tuple[str, ...]:
        """Inputs looked at so far."""
        return self._inputs.inputs[: self._n_seen]

    @property
    def looks(self) -> tuple[Look, ...]:
        """Looks so far."""
        return tuple(self._looks)

    @property
    def needed(self) -> frozenset[str]:
        """Criteria on which a judge's verdicts are wanted: of rules that are not decided yet."""
        held = [each for each in self._evidence.values() if each.needs_judge and each.is_open]
        return frozenset(each.measure.criterion.id for each in held)

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to look at, or to decide."""
        words = set(self._words().values())
        held = [each for each in self._evidence.values() if each.is_open]
        rest = self.order[self._n_seen :]
        if words & {"fail", "missing", "untrusted"} or not any(each.has_label(rest) for each in held if rest):
            return True
        return any(each.is_lost(self._n_sessions(each)) for each in held)

    def sessions_of(self, inputs: Sequence[str]) -> frozenset[str]:
        """Return the sessions of both versions on some inputs."""
        return frozenset(each for name in inputs for side in self._inputs.members[name] for each in side)

    def next_inputs(self) -> tuple[str, ...]:
        """Return the inputs to judge before the next look, in both versions; none where the gate is over.

        A look goes on until it holds a drawn label for every rule that needs one and may still get one. Where it ends
        hangs on which inputs were drawn so far, never on what they will show.
        """
        if self.is_over:
            return ()
        order = self.order
        for end in (each for each in self._ends if self._n_seen < each <= self._n_most):
            self._n_wanted = end
            if end - self._n_seen >= self._how.inputs_per_look and not self._lacks_label(order, end):
                break
        return order[self._n_seen : self._n_wanted]

    def look(self, judged: Sequence[JudgedOutcomes], dataset: Dataset) -> Look:
        """Take what was judged since the last look, and say what all of it shows.

        Args:
            judged: Each judge's outcomes so far; those on other inputs than the ones wanted are passed over.
            dataset: What they are of.

        Raises:
            InputError: Nothing was wanted, or verdicts are on sessions of elsewhere.
        """
        if self._n_wanted <= self._n_seen:
            raise InputError("no look is due", where=self._whole.experiment.name, hint="Ask for next_inputs first")
        for outcomes, scoring in judged:
            refuse_strangers(dataset, outcomes)
            self._judged[scoring.judge] = (outcomes, scoring)
        new = slice(self._n_seen, self._n_wanted)
        inputs, units = self._inputs.inputs[new], self._inputs.units[new]
        sessions = self.sessions_of(inputs)
        tables = {name: self._table(name, judged, sessions) for name in sorted(self.needed)}
        for each in self._evidence.values():
            table = tables.get(each.measure.criterion.id) if each.needs_judge else None
            each.look(self._inputs, inputs, units, table)
        self._n_seen = self._n_wanted
        found = Look(
            n_inputs=self._n_seen,
            n_labels=max((each.n_labels for each in self._evidence.values()), default=0),
            words={case_name(case): word for case, word in self._words().items()},
            evidence={case_name(case): each.shown for case, each in self._evidence.items()},
        )
        self._looks.append(found)
        return found

    def report(self, *, is_out_of_budget: bool = False, cost_usd: float | None = None) -> GateReport:
        """Return what the gate says as it stands.

        Args:
            is_out_of_budget: Whether it had to end since the cap on money was met.
            cost_usd: What the judges' calls cost, where known.
        """
        found = LookedAt(
            whole=self._whole,
            how=self._how,
            inputs=self._inputs,
            judges=self._judges,
            cases=self._cases,
            settled=self._settled,
            evidence=self._evidence,
            looks=self._looks,
            n_seen=self._n_seen,
            grounds=self._grounds(),
        )
        return look_report(found, is_out_of_budget=is_out_of_budget, cost_usd=cost_usd)

    def _grounds(self) -> tuple[OneLook | PairGround, ...]:
        """Return what judges said on the inputs looked at, a criterion each, as a gate of one look knows it."""
        whole = replace(self._whole, judged=tuple(self._judged.values()), grounds={})
        seen = self.sessions_of(self.seen)
        names = dict.fromkeys(each.measure.criterion.id for each in self._evidence.values())
        known = (whole.ground(name) for name in names)
        return tuple(each.on(seen) for each in known if each is not None)

    def _lacks_label(self, order: Sequence[str], end: int) -> bool:
        held = [each for each in self._evidence.values() if each.is_open]
        new, rest = order[self._n_seen : end], order[end:]
        return any(not each.has_label(new) and each.has_label(rest) for each in held)

    def _n_sessions(self, evidence: Evidence) -> tuple[int, int]:
        kept = [self._inputs.members[name] for name in self.order if name in evidence.kept]
        return sum(len(before) for before, _ in kept), sum(len(after) for _, after in kept)

    def _table(self, name: str, judged: Sequence[JudgedOutcomes], sessions: frozenset[str]) -> VerdictTable:
        """Return one judge's numbers on a look's sessions; none where it has not judged them."""
        speaks = self._judges[name].judge
        for outcomes, scoring in judged:
            if scoring.judge == speaks and any(outcome.criterion == name for outcome in outcomes):
                self._judges[name] = scoring
                own = [each for each in outcomes if each.session in sessions and each.criterion == name]
                criterion = self._whole.dataset.rubric.criterion(name)
                return verdict_table(criterion, own, use=scoring.use, combine=scoring.combine)
        return VerdictTable({}, {}, (), {}, {})

    def _words(self) -> dict[Case, RuleWord]:
        known = {case: word for case, (_, word) in self._settled.items()}
        known |= {case: each.word for case, each in self._evidence.items()}
        return {case: known[case] for case in self._cases}


def _how_to_look(policy: Policy, experiment: Experiment) -> Sequential:
    if policy.sequential is None:
        hint = "Declare [gate.sequential], or hold the gate in one look"
        raise InputError("the policy does not look as it goes", where=experiment.name, hint=hint)
    return policy.sequential

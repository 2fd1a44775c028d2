"""What all rules of one gate share, and what no gate can be held on: refused before anything is measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from judgekit.analysis.agreement import Measuring
from judgekit.analysis.comparison import version_side
from judgekit.analysis.gate_rule import two_sided
from judgekit.analysis.gate_slice import SlicedInputs
from judgekit.errors import InputError
from judgekit.records.certificate import Standing
from judgekit.records.dataset import Dataset
from judgekit.records.experiment import Experiment
from judgekit.records.policy import FROM_EVEN, Ceiling, Floor, NotWorse, Policy, refuse_off_scale
from judgekit.records.verdict import Failure, Verdict
from judgekit.workflows.gate_ground import ORDERED, Ground, JudgedOutcomes, PairGround, ground_of
from judgekit.workflows.score import refuse_strangers


@dataclass
class Whole:
    """What every rule of one gate shares.

    Attributes:
        dataset: Sessions of both versions, and labels.
        experiment: Names the versions, and holds the plan.
        policy: What is asked.
        judged: Each judge's outcomes.
        measuring: At the level whose interval's ends are one-sided bounds at the policy's.
        standings: Judge and criterion -> what its certificate is worth.
        slices: Sessions by slices of their inputs.
        grounds: Criterion -> what is known on it, as it is asked for.
    """

    dataset: Dataset
    experiment: Experiment
    policy: Policy
    judged: Sequence[JudgedOutcomes]
    measuring: Measuring
    standings: Mapping[tuple[str, str], Standing]
    slices: SlicedInputs
    grounds: dict[str, Ground | PairGround | None] = field(default_factory=dict)

    @property
    def versions(self) -> tuple[str, str]:
        """Baseline and candidate."""
        return self.experiment.baseline, self.experiment.candidate

    def ground(self, name: str) -> Ground | PairGround | None:
        """Return what is known on one criterion; None where the rubric has no such one, or nothing is better on it."""
        if name not in self.grounds:
            known = {each.id: each for each in self.dataset.rubric.criteria}
            is_fit = name in known and known[name].scale.type in (*ORDERED, "preference")
            self.grounds[name] = self._ground(name) if is_fit else None
        return self.grounds[name]

    def _ground(self, name: str) -> Ground | PairGround:
        rule = self.experiment.plan.reference
        return ground_of(self.dataset, self.dataset.rubric.criterion(name), self.slices.sides, self.judged, rule)


def whole_of(
    dataset: Dataset,
    judged: Sequence[JudgedOutcomes],
    experiment: Experiment,
    measuring: Measuring,
    standings: Sequence[Standing],
) -> Whole:
    """Return what every rule shares; refuse what no gate can be held on.

    Raises:
        InputError: The experiment has no policy, both versions are one, a rule asks for what no scale can show, or
            verdicts are on sessions of elsewhere, or on what they held before they were changed.
    """
    if experiment.gate is None:
        raise InputError("the experiment has no [gate]", where=experiment.name, hint="Declare its rules first")
    if experiment.baseline == experiment.candidate:
        what = f"baseline and candidate are both {experiment.baseline!r}"
        raise InputError(what, where=experiment.name, hint="Name two versions")
    _refuse_off_scale(dataset, experiment.gate, experiment.name)
    for outcomes, scoring in judged:
        refuse_strangers(dataset, outcomes)
        _refuse_stale(dataset, outcomes, scoring.judge)
    dataset = _as_seen(dataset)
    before, after = (version_side(dataset, each) for each in (experiment.baseline, experiment.candidate))
    return Whole(
        dataset=dataset,
        experiment=experiment,
        policy=experiment.gate,
        judged=judged,
        measuring=replace(measuring, level=two_sided(experiment.gate.level)),
        standings={(each.judge, each.criterion): each for each in standings},
        slices=SlicedInputs(dataset, (before, after)),
    )


def _refuse_off_scale(dataset: Dataset, policy: Policy, where: str) -> None:
    """Refuse rules that no candidate could fail, or none pass.

    Raises:
        InputError: There is one.
    """
    known = {each.id: each.scale for each in dataset.rubric.criteria}
    for place, rule in enumerate(policy.rules, 1):
        if isinstance(rule, Ceiling) or rule.criterion not in known:
            continue
        scale = known[rule.criterion]
        if isinstance(rule, Floor):
            key, value = "at_least", rule.at_least
        else:
            key, value = ("margin", rule.margin) if isinstance(rule, NotWorse) else ("by", rule.by)
        if scale.type in ORDERED:
            refuse_off_scale(key, value, rule.criterion, scale.ends, where=where, rule=f"rule {place}: ")
        elif scale.type == "preference" and key != "at_least":
            refuse_off_scale(key, value, rule.criterion, FROM_EVEN, where=where, rule=f"rule {place}: ")


def _as_seen(dataset: Dataset) -> Dataset:
    """Return the dataset without the answers of experts who saw other content than their sessions have now."""
    told = [each for each in dataset.labels if each.seen and each.session and each.turn is None]
    known = dataset.session_by_id
    now = {each: known[each].seen_fingerprint for each in {label.session for label in told} if each in known}
    stale = {each.id: each.session for each in told if each.session in now and now[each.session] != each.seen}
    if not stale:
        return dataset
    labels = tuple(each for each in dataset.labels if each.id not in stale)
    settled = tuple(each for each in dataset.adjudications if each.session not in stale.values())
    n_settled = len(dataset.adjudications) - len(settled)
    beside = f" and {n_settled} adjudications" if n_settled else ""
    note = f"{len(stale)} labels{beside} count for nothing here: their sessions have changed since"
    return dataset.model_copy(update={"labels": labels, "adjudications": settled, "notes": (*dataset.notes, note)})


def _refuse_stale(dataset: Dataset, outcomes: Iterable[Verdict | Failure], judge: str) -> None:
    """Refuse verdicts on sessions whose content is another one by now: a version made anew, under the same ids.

    Raises:
        InputError: There are such.
    """
    told = {outcome.session: outcome.seen for outcome in outcomes if outcome.session and outcome.seen is not None}
    stale = sorted(each for each, seen in told.items() if dataset.session_by_id[each].seen_fingerprint != seen)
    if stale:
        words = f"{len(stale)} sessions have other content than {judge} saw, such as {stale[0]!r}"
        raise InputError(words, where=dataset.name, hint="Run the judge again on the sessions as they are now")


def certificate_words(whole: Whole, judge: str, criterion: str) -> str:
    """Return what a judge's certificate is worth here, in words."""
    standing = whole.standings.get((judge, criterion))
    words = "absent: no certificate is known" if standing is None else f"{standing.word}: {standing.why}"
    if standing is not None and standing.is_provisional:
        words += " (provisional: under 100 test labels)"
    return words if whole.policy.certificate == "required" else f"not needed by the policy; {words}"

"""`score --certify` as a whole: refuse everything or nothing, then open, certify and keep a criterion at a time.

The opening stands in the ledger before anything is computed: from there on the look counts, whatever becomes of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from judgekit.analysis.agreement import Measuring
from judgekit.errors import InputError
from judgekit.records.certificate import Certificate
from judgekit.records.dataset import Dataset
from judgekit.records.judge import Calibrated, Judge
from judgekit.records.label import Entry, Opening
from judgekit.records.probed import Probed
from judgekit.records.run import Run
from judgekit.records.score_report import ScoreReport
from judgekit.records.verdict import Failure, Verdict
from judgekit.workflows.certify import certify
from judgekit.workflows.opening import Exam, exam, heads_of, opening_of, toml_key, unopened_units
from judgekit.workflows.score import Scoring, judged_criteria, score

SUGGESTED = {
    "binary": "min_youden_j = 0.6\nmax_bias = 0.1",
    "ordinal": "min_kappa = 0.6\nmax_bias = 0.25",
}
"""Type of scale -> lines of a rule to begin with; other scales get `min_kappa` alone."""


class Opened(Protocol):
    """A dataset whose openings are written down before they are looked at."""

    def load(self) -> Dataset:
        """Return the dataset as it is now."""

    def write_opening(self, opening: Opening, *, now: datetime) -> Sequence[Entry]:
        """Write an opening into the ledger and return every entry of it, this one among them."""


@dataclass(frozen=True)
class Candidate:
    """Who is to be certified.

    Attributes:
        judge: As its folder holds it now.
        run: Its run.
        where: The run's place, for messages.
        probed: What the last probing of this very judge found; None where it was not probed.
    """

    judge: Judge
    run: Run
    where: str
    probed: Probed | None = None


@dataclass(frozen=True)
class Sitting:
    """What is to be opened, by whom, and where what comes of it goes.

    Attributes:
        new_id: Returns an id for an event that no other event has.
        keep: Takes each certificate as soon as it is made.
        say: Takes lines for people.
        criteria: Only these; empty: all that were judged and have a rule.
        is_unopened: Only on units that no opening has covered.
        by: Who opens the test split.
    """

    new_id: Callable[[], str]
    keep: Callable[[Certificate], object]
    say: Callable[[str], None]
    criteria: tuple[str, ...] = ()
    is_unopened: bool = False
    by: str | None = None


def certify_run(
    dataset: Opened, candidate: Candidate, options: Scoring, measuring: Measuring, *, sitting: Sitting, now: datetime
) -> ScoreReport:
    """Open the test split for one run's judge, certify it, and return its report with the certificates.

    Everything that refuses it does so before the opening is written; once that stands in the ledger, the look counts.

    Args:
        dataset: Where sessions, labels and openings are.
        candidate: The judge and its run.
        options: Reference, slices, epsilon and settings; what the run says of the judge goes before.
        measuring: Resamples and randomness.
        sitting: What is opened.
        now: The present moment.

    Raises:
        InputError: Nothing may be certified: the run is not complete, or of another judge than this one; or as
            `opening.exam`.
        LeakError: Labels that helped to make the judge would certify it.
    """
    data = dataset.load()
    outcomes, scoring = list(candidate.run.outcomes), scoring_of(candidate, options, data)
    exams = [  # all of them are refused, or none, before anything is opened
        exam(
            data,
            name,
            rule=data.card.certify[name],
            judged=(outcomes, scoring),
            measuring=measuring,
            units=unopened_units(data, name) if sitting.is_unopened else None,
        )
        for name in _criteria(sitting, data, outcomes, candidate.where)
    ]
    certificates: list[Certificate] = []
    for one in exams:
        certificate = _certified(dataset, one, (outcomes, scoring), measuring, sitting=sitting, now=now)
        sitting.keep(certificate)
        certificates.append(certificate)
    return _report(dataset.load(), exams, (outcomes, scoring), measuring, certificates=certificates)


def scoring_of(candidate: Candidate, options: Scoring, data: Dataset) -> Scoring:
    """Return what is known of a judge from its run, which must be complete and its own.

    Args:
        candidate: The judge and its run.
        options: What else is asked.
        data: Names the dataset of which the judge's own folder may bar units that the run's copy lacks.

    Raises:
        InputError: The run is not complete, or another judge made it, or some of it.
    """
    judge, manifest = candidate.judge, candidate.run.manifest
    if manifest.state != "complete":
        raise InputError(
            f"the run is {manifest.state}", where=candidate.where, hint="The same `judgekit run` completes it"
        )
    if judge.judge_fingerprint != manifest.judge_fingerprint:
        was, now = (manifest.judge_fingerprint or "unknown")[:19], judge.judge_fingerprint[:19]
        what = f"the run was made by another judge than {judge.name} is now ({was}, now {now})"
        raise InputError(what, where=candidate.where, hint="Run the judge as it is now, and certify that run")
    _refuse_strange_verdicts(candidate)
    lineage = candidate.run.lineage
    barred = tuple(sorted(judge.verdict_lineage.barred(data.name)))
    if barred:
        added = Calibrated(dataset=data.name, units=barred)
        lineage = lineage.model_copy(update={"calibrated": (*lineage.calibrated, added)})
    return replace(
        options,
        judge=manifest.judge,
        engine=manifest.engine,
        model=manifest.model,
        judge_fingerprint=manifest.judge_fingerprint,
        lineage=lineage,
        combine=manifest.combine,
        probed=candidate.probed,
    )


def rule_lines(criterion: str, scale: str) -> str:
    """Return the lines of `dataset.toml` that declare a rule, to be pasted and thought over.

    Example:
        >>> print(rule_lines("tone of voice", "ordinal"))
        [certify."tone of voice"]
        min_kappa = 0.6
        max_bias = 0.25
        max_failure_rate = 0.05
        level = 0.95
        expires_days = 90
    """
    asked = SUGGESTED.get(scale, "min_kappa = 0.6")
    return f"[certify.{toml_key(criterion)}]\n{asked}\nmax_failure_rate = 0.05\nlevel = 0.95\nexpires_days = 90"


def _refuse_strange_verdicts(candidate: Candidate) -> None:
    """Refuse a run that holds verdicts of some other judge."""
    judge = candidate.judge
    own = {None, judge.judge_fingerprint, judge.raw_fingerprint}
    strange = next((each for each in candidate.run.outcomes if each.judge_fingerprint not in own), None)
    if strange is not None:
        what = f"the verdict on {strange.target!r} is by another judge ({str(strange.judge_fingerprint)[:19]})"
        raise InputError(what, where=candidate.where, hint=f"Run {judge.name} again into a new folder")


def _criteria(sitting: Sitting, data: Dataset, outcomes: Iterable[Verdict | Failure], where: str) -> list[str]:
    """Return the criteria to certify: those asked for, else all that were judged and have a rule.

    Raises:
        InputError: One of them has no rule, or none has; the lines to paste were said.
    """
    judged = [criterion.id for criterion in judged_criteria(data, outcomes)]
    asked = [data.rubric.criterion(name).id for name in dict.fromkeys(sitting.criteria)]
    for name in asked:
        if name not in judged:
            raise InputError(f"no verdict is on criterion {name}", where=where, hint="Name one that was judged")
    ruled = [name for name in asked or judged if name in data.card.certify]
    passed_over = [name for name in judged if not asked and name not in ruled]
    lacking = [name for name in asked if name not in ruled] or ([] if ruled else judged)
    if not lacking:
        if passed_over:
            sitting.say(f"not certified, since no rule is declared for it: {', '.join(passed_over)}")
        return ruled
    for name in lacking:
        if data.rubric.criterion(name).scale.levels:
            sitting.say(rule_lines(name, data.rubric.criterion(name).scale.type))
    tables = ", ".join(f"[certify.{toml_key(name)}]" for name in lacking)
    hint = f"Declare {tables} in its dataset.toml, with numbers of your own, before anything is opened"
    raise InputError(f"no rule is declared for {', '.join(lacking)}", where=data.name, hint=hint)


def _certified(
    dataset: Opened,
    one: Exam,
    judged: tuple[Sequence[Verdict | Failure], Scoring],
    measuring: Measuring,
    *,
    sitting: Sitting,
    now: datetime,
) -> Certificate:
    """Write the opening into the ledger, and only then compute what it shows."""
    outcomes, scoring = judged
    opening = opening_of(one, scoring, name=sitting.new_id(), by=sitting.by, now=now)
    entries = dataset.write_opening(opening, now=now)
    return certify(
        dataset.load(),
        outcomes,
        scoring,
        measuring,
        rule=one.rule,
        criterion=one.criterion.id,
        opening=opening,
        n_openings=one.opening,
        heads=heads_of(entries),
        now=now,
    )


def _report(
    data: Dataset,
    exams: Sequence[Exam],
    judged: tuple[Sequence[Verdict | Failure], Scoring],
    measuring: Measuring,
    *,
    certificates: Sequence[Certificate],
) -> ScoreReport:
    """Return the score report on what was opened, each criterion on its own sessions, the certificates with it."""
    outcomes, scoring = judged
    opened = {one.criterion.id: one.targets for one in exams}
    own = [each for each in outcomes if each.target in opened.get(each.criterion, ())]
    told = replace(scoring, splits=("test",), opened=frozenset().union(*opened.values()))
    report = score(data, own, told, measuring)
    words = tuple(line for each in certificates for line in (*each.words, *each.probes))
    return report.model_copy(update={"certificates": tuple(certificates), "summary": (*words, *report.summary)})

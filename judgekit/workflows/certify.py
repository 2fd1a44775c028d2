"""`score --certify`: what a judge proved on the locked test split, by the rule that was declared before it was opened.

The opening stands in the ledger before this is called, so that a look counts even where its certificate was lost. What
may be opened, and how often it was, is in `opening`; what a certificate is worth later, in `standing`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from judgekit.analysis.agreement import Measuring
from judgekit.analysis.agreement_wording import not_random
from judgekit.analysis.alt_test import alt_test
from judgekit.analysis.judged import Judged
from judgekit.analysis.pass_rule import ceiling_rows, checks_of, kappa_of, without_number
from judgekit.analysis.rating import Target
from judgekit.analysis.reference import reference
from judgekit.analysis.slicing import slice_tests
from judgekit.analysis.verdict_table import verdict_table
from judgekit.analysis.wording import alt_words, figure
from judgekit.errors import InputError
from judgekit.records.certificate import Certificate, CertifiedCheck, LedgerHead, PassRule
from judgekit.records.dataset import Dataset
from judgekit.records.label import Adjudication, Label, Opening
from judgekit.records.score_report import AltTest
from judgekit.records.verdict import Failure, Verdict
from judgekit.stats.estimate import Estimate
from judgekit.stats.metric_words import metric_words
from judgekit.workflows.opening import (
    Exam,
    covers,
    exam,
    kind_of,
    level_spent,
    require_reachable,
    resamples_for,
    units_opened,
)
from judgekit.workflows.probed import of_this_judge, probe_words
from judgekit.workflows.score import Scoring
from judgekit.workflows.standing import evidence_fingerprint

MIN_LABELS = 100
"""Labelled test sessions below which a certificate is provisional."""
CHECK_WORDS = {
    "youden_j": "J (TPR + TNR - 1)",
    "kappa": "kappa",
    "ceiling_gap": "gap to the experts' own kappa",
    "bias": "bias",
    "failure_rate": "share of failures",
}


def certify(
    dataset: Dataset,
    outcomes: Sequence[Verdict | Failure],
    scoring: Scoring,
    measuring: Measuring,
    *,
    rule: PassRule,
    criterion: str,
    opening: Opening,
    n_openings: int,
    heads: Mapping[str, LedgerHead],
    now: datetime,
) -> Certificate:
    """Return what one judge proved on one criterion: each line of the rule, and whether all of them hold.

    Args:
        dataset: Sessions, rubric, labels, splits and openings, this one's ledger event among them.
        outcomes: The judge's verdicts and failures.
        scoring: Names the judge, its fingerprint and lineage; `reference`, `combine`, `slices`, `epsilon` apply.
        measuring: Resamples and randomness; its level applies to what stands beside the rule, not to the rule's bounds.
        rule: What must be shown, as it was declared.
        criterion: The question.
        opening: The event in the ledger; only the units it lists are looked at.
        n_openings: Which opening of these labels it is, from 1; where the dataset's openings say more, that counts.
        heads: The ends of the ledger that this rests on.
        now: The present moment.

    Raises:
        InputError: As `opening.exam`; or the opening is not of the test split, this criterion and this judge.
        LeakError: Labels that helped to make the judge would certify it.
    """
    _require_opened(opening, criterion, rule, scoring)
    judged_by = (outcomes, scoring)
    before = replace_openings(dataset, opening)
    one = exam(before, criterion, rule=rule, judged=judged_by, measuring=measuring, units=units_opened(opening))
    k = max(n_openings, one.opening)
    require_reachable(rule, k, f"{dataset.name}, criterion {criterion}")
    spent = level_spent(rule.level, k)
    at_bounds = replace(
        measuring, level=1 - 2 * (1 - spent), n_resamples=resamples_for(measuring, spent), metrics=(), generalise="rows"
    )
    plain = replace(measuring, metrics=(kappa_of(one.criterion),), generalise="rows")
    judged = judged_on(dataset, one, outcomes, scoring)
    checks = checks_of(judged, outcomes, rule, at_bounds)
    labels, settled = evidence(dataset, one, scoring)
    tested = alt_test(judged, plain, epsilon=scoring.epsilon)
    ceiling = ceiling_rows(judged, plain)
    probed = of_this_judge(scoring.probed, scoring.judge_fingerprint, criterion)
    bare = Certificate(
        judge=scoring.judge,
        judge_fingerprint=scoring.judge_fingerprint or "",
        engine=scoring.engine,
        model=scoring.model,
        dataset=dataset.name,
        criterion=criterion,
        criterion_fingerprint=one.criterion.fingerprint(),
        rule=rule,
        rule_hash=rule.fingerprint(),
        holds=all(check.holds for check in checks),
        is_provisional=len(judged.truth.values) < MIN_LABELS,
        checks=checks,
        n_labels=len(judged.truth.values),
        opening=k,
        level_spent=spent,
        opening_id=opening.id,
        ceiling=ceiling.get(("rater~others", kappa_of(one.criterion))),
        alt_test=alt_words(tested, scoring.judge) if isinstance(tested, AltTest) else tested,
        slices={
            each.slice: each.estimate
            for each in slice_tests(judged, scoring.slices, plain).tests
            if each.metric == kappa_of(one.criterion)
        },
        probes=probe_words(probed, scoring.judge, criterion),
        probed=probed,
        labels=tuple(sorted(each.id for each in (*labels, *settled))),
        labels_fingerprint=evidence_fingerprint(labels, settled),
        heads=dict(heads),
        at=now,
        expires=now + timedelta(days=rule.expires_days),
    )
    return bare.model_copy(update={"words": tuple(_words(bare, judged, one, ceiling, before))})


def judged_on(dataset: Dataset, one: Exam, outcomes: Sequence[Verdict | Failure], scoring: Scoring) -> Judged:
    """Return the judge beside the experts on what an exam covers."""
    own = [each for each in outcomes if each.criterion == one.criterion.id and (each.target, each.turn) in one.places]
    table = verdict_table(one.criterion, own, use="value", combine=scoring.combine)
    truth = reference(dataset, one.criterion, one.rule_of_reference, targets=one.targets)
    return Judged.of(dataset, one.criterion, table, truth, one.targets)


def evidence(dataset: Dataset, one: Exam, scoring: Scoring) -> tuple[list[Label], list[Adjudication]]:
    """Return the labels and adjudications of an exam's places: what a certificate rests on."""
    name, kinds = one.criterion.id, {kind_of(scoring.reference), "human"}
    labels = [each for each in dataset.labels_by_criterion[name] if each.kind in kinds and _is_in(each, one)]
    return labels, [each for each in dataset.adjudications if each.criterion == name and _is_in(each, one)]


def replace_openings(dataset: Dataset, opening: Opening) -> Dataset:
    """Return the dataset without the present opening among those made before."""
    others = tuple(each for each in dataset.openings if each.id != opening.id)
    return dataset.model_copy(update={"openings": others})


def _is_in(answer: Label | Adjudication, one: Exam) -> bool:
    place: Target = (answer.target, answer.turn)
    return place in one.places


def _require_opened(opening: Opening, criterion: str, rule: PassRule, scoring: Scoring) -> None:
    """Refuse an opening that was made for something else."""
    metadata = opening.metadata
    said = (opening.split, metadata.get("criterion", criterion), metadata.get("rule", rule.fingerprint()))
    if said != ("test", criterion, rule.fingerprint()) or opening.judge not in (None, scoring.judge_fingerprint):
        hint = "Open the test split for this judge, criterion and rule"
        raise InputError(
            f"opening {opening.id!r} was made for something else", where=f"criterion {criterion}", hint=hint
        )


def _words(
    held: Certificate,
    judged: Judged,
    one: Exam,
    ceiling: Mapping[tuple[str, str], Estimate],
    dataset: Dataset,
) -> list[str]:
    """Return the verdict for people: whether it holds, line by line, then what to know before believing it."""
    verb = "holds" if held.holds else "does not hold"
    which = f"opening {held.opening} of these labels, one-sided bounds at {100 * held.level_spent:.4g}%"
    words = [
        f"{held.criterion}: {held.judge} {verb} the declared rule on {held.n_labels} labelled test sessions ({which})."
    ]
    words += [f"{held.criterion}: {_check_words(check)}." for check in held.checks]
    if held.is_provisional:
        words.append(
            f"{held.criterion}: provisional, since it rests on fewer than {MIN_LABELS} labelled test sessions."
        )
    words += _ceiling_words(held, ceiling)
    words += _left_out(held, judged)
    words += [f"{each}." for each in not_random(one.criterion, _labels_of(dataset, one))]
    words += _rule_changes(held, one, dataset)
    return words


def _check_words(check: CertifiedCheck) -> str:
    found = check.estimate
    value = "undefined" if found.value is None else figure(found)
    return f"{CHECK_WORDS[check.name]} {value}: " + ("holds" if check.holds else f"does not hold, since {check.why}")


def _ceiling_words(held: Certificate, ceiling: Mapping[tuple[str, str], Estimate]) -> list[str]:
    kappa = next((metric for _, metric in ceiling if not metric.endswith("_difference")), "")
    judge, expert = ceiling.get(("judge~others", kappa)), ceiling.get(("rater~others", kappa))
    if judge is None or expert is None or judge.value is None or expert.value is None:
        return [f"{held.criterion}: no session shows how far experts agree with each other, so there is no ceiling."]
    name = metric_words(kappa)
    return [
        f"{held.criterion}: against the same other experts, {held.judge} reaches {name} {figure(judge)} "
        f"and an expert {figure(expert)}."
    ]


def _left_out(held: Certificate, judged: Judged) -> list[str]:
    """Say which labelled sessions agreement does not speak of: it may be higher without them."""
    causes = without_number(judged)
    if not causes:
        return []
    listed = ", ".join(f"{n} {cause.replace('_', ' ')}" for cause, n in causes.items())
    n_all = len(judged.truth.values) + len(judged.truth.missing)
    return [f"{held.criterion}: agreement leaves out {sum(causes.values())} of {n_all} labelled sessions ({listed})."]


def _labels_of(dataset: Dataset, one: Exam) -> list[Label]:
    return [
        each for each in dataset.labels_by_criterion[one.criterion.id] if each.kind == "human" and _is_in(each, one)
    ]


def _rule_changes(held: Certificate, one: Exam, dataset: Dataset) -> list[str]:
    """Say where the rule is not the one of an earlier look at these labels."""
    earlier = [each for each in dataset.openings if any(covers(each, held.criterion, unit) for unit in one.units)]
    others = [each for each in earlier if each.metadata.get("rule") not in (None, held.rule_hash)]
    if not others:
        return []
    when = others[-1].at.date().isoformat() if others[-1].at else "an unknown day"
    return [
        f"{held.criterion}: the rule is not that of the opening of {when}: it was changed after these labels were seen."
    ]

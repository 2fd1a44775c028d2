"""Opening the test split: what a judge may be certified on, how often that was looked at before, what that leaves.

Each look at the same labels spends half of what is left: the k-th opening has error rate (1 - level) / 2^k, so that
over all openings together, of whichever judges, a judge that is not good enough passes with at most 1 - level (a union
bound). Labels of units that no opening has covered start again at the first.

Whatever refuses a certification refuses it here, before anything is opened: sessions, splits, lineages and who answered
are looked at, and how far the experts agree with each other, as `agree` shows to anyone; how the judge agrees with them
is not.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from judgekit.analysis.agreement import Measuring
from judgekit.analysis.pass_rule import lines, unfit_line
from judgekit.analysis.rating import Target
from judgekit.analysis.reference import default_rule, reference
from judgekit.analysis.slicing import require_fields
from judgekit.analysis.verdict_table import verdict_table
from judgekit.errors import InputError, LeakError, UnknownName
from judgekit.judging.prompt import PairTarget
from judgekit.judging.runner.interview import seen_fingerprint
from judgekit.records.certificate import LedgerHead, PassRule
from judgekit.records.dataset import Dataset
from judgekit.records.label import Entry, LabelKind, Opening
from judgekit.records.rubric import Criterion
from judgekit.records.verdict import Failure, Verdict
from judgekit.workflows.expert_agreement import refuse_disagreeing
from judgekit.workflows.lineage import units_in_making
from judgekit.workflows.probed import not_clean, of_this_judge
from judgekit.workflows.score import Scoring, refuse_strangers

TEST = "test"
SMALLEST_TAIL = 5e-5
"""Error rate below which no bound is drawn: resamples do not reach so far out."""
N_IN_TAIL = 25
"""Resamples beyond a bound, at least."""
MIN_RESAMPLES = 2000
_N_NAMED = 5


@dataclass(frozen=True)
class Exam:
    """What a judge is to be certified on, before it is opened.

    Attributes:
        criterion: The question.
        rule: What must be shown, as declared.
        places: Labelled sessions or pairs of the test split, with their turns.
        units: The independent units of them, in order of their names.
        opening: Which opening of these labels it would be, from 1.
        rule_of_reference: How several raters become one.
    """

    criterion: Criterion
    rule: PassRule
    places: frozenset[Target]
    units: tuple[str, ...]
    opening: int
    rule_of_reference: str

    @property
    def targets(self) -> set[str]:
        """Sessions or pairs looked at."""
        return {target for target, _ in self.places}


def exam(
    dataset: Dataset,
    criterion: str,
    *,
    rule: PassRule | None,
    judged: tuple[Sequence[Verdict | Failure], Scoring],
    measuring: Measuring,
    units: Collection[str] | None = None,
) -> Exam:
    """Return what a judge would be certified on, or refuse.

    Args:
        dataset: Sessions, rubric, labels, splits and openings.
        criterion: The question.
        rule: What must be shown.
        judged: The judge's outcomes, and what is known of it.
        measuring: Randomness, for how far the experts agree.
        units: Only these units, such as those never opened; None: the whole test split.

    Raises:
        InputError: No rule is declared, or the scale cannot answer to it; who judged is not known; there is no test
            split, no label in it, or no verdict on some of it; verdicts are on other content; the experts barely
            agree; these labels were opened so often that no bound can be drawn; the rule asks for clean probes, and
            this very judge was not probed, or is not clear of all.
        LeakError: Labels that helped to make the judge would certify it.
        UnknownName: There is no such criterion.
    """
    outcomes, scoring = judged
    asked = dataset.rubric.criterion(criterion)
    where = f"{dataset.name}, criterion {criterion}"
    if rule is None:
        hint = "Declare what must be shown in its dataset.toml, and commit that before anything is opened"
        raise InputError(f"no rule is declared under [certify.{toml_key(criterion)}]", where=where, hint=hint)
    _require_fit(asked, rule, scoring, where)
    refuse_strangers(dataset, outcomes)
    places = _labelled_in_test(dataset, asked, scoring, units, where)
    targets = {target for target, _ in places}
    _refuse_own_labels(dataset, targets, scoring)
    _require_probes(rule, scoring, criterion, where)
    _require_verdicts(dataset, asked, outcomes, places, where)
    _require_readable(dataset, asked, outcomes, scoring, targets)
    refuse_disagreeing(dataset, asked, _open_targets(dataset, asked), measuring)
    refuse_disagreeing(dataset, asked, targets, measuring)  # a judge is as near to experts who guess as they are
    covered = tuple(sorted({dataset.unit(target) for target in targets}))
    opening = 1 + times_opened(dataset.openings, criterion, covered)
    require_reachable(rule, opening, where)
    return Exam(asked, rule, places, covered, opening, scoring.reference or default_rule(asked))


def opening_of(one: Exam, scoring: Scoring, *, name: str, by: str | None, now: datetime) -> Opening:
    """Return the ledger's event for an exam, to be written before anything is computed.

    Args:
        one: What is opened.
        scoring: The judge.
        name: The event's id, which no other event has.
        by: Who opens it.
        now: When.
    """
    n = len(one.places)
    purpose = f"certify {scoring.judge} on {n} labelled {'session' if n == 1 else 'sessions'}: {rule_words(one.rule)}"
    metadata = {
        "criterion": one.criterion.id,
        "rule": one.rule.fingerprint(),
        "judge": scoring.judge,
        "units": list(one.units),
    }
    return Opening(
        id=name, split=TEST, purpose=purpose, judge=scoring.judge_fingerprint, by=by, at=now, metadata=metadata
    )


def times_opened(openings: Iterable[Opening], criterion: str, units: Collection[str], *, but: str | None = None) -> int:
    """Return how often the most-opened of some units was opened for a criterion.

    Args:
        openings: The dataset's.
        criterion: The question; an opening that names none counts for all.
        units: Those looked at now; an opening that lists none counts for all.
        but: Id of an opening that does not count: the present one.
    """
    counts: Counter[str] = Counter()
    for opening in openings:
        if opening.id != but:
            counts.update(unit for unit in units if covers(opening, criterion, unit))
    return max(counts.values(), default=0)


def covers(opening: Opening, criterion: str, unit: str) -> bool:
    """Return whether an opening showed how a judge did on a unit's labels on a criterion."""
    units = units_opened(opening)
    return is_about(opening, criterion) and (units is None or unit in units)


def is_about(opening: Opening, criterion: str) -> bool:
    """Return whether an opening concerns the test split and a criterion; one that names no criterion concerns all."""
    return opening.split == TEST and opening.metadata.get("criterion") in (None, criterion)


def units_opened(opening: Opening) -> frozenset[str] | None:
    """Return the units that an opening lists; None where it lists none, and so may have covered any."""
    listed: Any = opening.metadata.get("units")
    return frozenset(map(str, listed)) if isinstance(listed, list | tuple) else None


def unopened_units(dataset: Dataset, criterion: str) -> frozenset[str]:
    """Return the units of the test split that no opening has covered for a criterion."""
    held = dataset.splits.units if dataset.splits is not None else {}
    in_test = {unit for unit, split in held.items() if split == TEST}
    return frozenset(u for u in in_test if not any(covers(each, criterion, u) for each in dataset.openings))


def level_spent(level: float, opening: int) -> float:
    """Return the level of one-sided bounds at the k-th opening: 1 - (1 - level) / 2^k.

    Example:
        >>> [round(level_spent(0.95, k), 5) for k in (1, 2, 3)]
        [0.975, 0.9875, 0.99375]
    """
    return 1 - (1 - level) / 2.0**opening


def require_reachable(rule: PassRule, opening: int, where: str) -> None:
    """Refuse an opening whose bounds lie further out than resamples reach.

    Raises:
        InputError: It does.
    """
    if (1 - rule.level) / 2**opening < SMALLEST_TAIL:
        raise InputError(
            f"these labels were opened {opening - 1} times, and no bound can be drawn at what is left",
            where=where,
            hint="Label new sessions, draw them with `judgekit split`, and certify with --unopened",
        )


def resamples_for(measuring: Measuring, spent: float) -> int:
    """Return how many resamples a one-sided bound takes: at least 25 beyond it."""
    return max(measuring.n_resamples, MIN_RESAMPLES, round(N_IN_TAIL / (1 - spent)))


def heads_of(entries: Iterable[Entry]) -> dict[str, LedgerHead]:
    """Return the last entry of each writer."""
    heads: dict[str, LedgerHead] = {}
    for entry in entries:
        held = heads.get(entry.writer)
        if held is None or entry.sequence > held.sequence:
            heads[entry.writer] = LedgerHead(sequence=entry.sequence, hash=entry.hash)
    return dict(sorted(heads.items()))


def rule_words(rule: PassRule) -> str:
    """Return what a rule asks for, in words."""
    words = {
        "youden_j": "J at least {:g}",
        "kappa": "kappa at least {:g}",
        "ceiling_gap": "kappa at most {:g} below the ceiling",
        "bias": "bias within {:g} either way",
        "failure_rate": "failures at most {:.3g}",
    }
    asked = [words[name].format(line) for name, line in lines(rule).items()]
    return ", ".join([*asked, *(["clear of all probes"] if rule.probes is not None else [])])


def toml_key(criterion: str) -> str:
    """Return a criterion's id as a key of TOML: bare where that is allowed, else quoted."""
    is_bare = criterion.isascii() and criterion.replace("_", "a").replace("-", "a").isalnum()
    return criterion if is_bare else json.dumps(criterion)


def _require_fit(criterion: Criterion, rule: PassRule, scoring: Scoring, where: str) -> None:
    unfit = unfit_line(rule, criterion)
    if unfit is not None:
        raise InputError(unfit, where=where, hint="Declare another rule in dataset.toml")
    if scoring.judge_fingerprint is None:
        hint = "Certify a run: judgekit run JUDGE DATASET -o RUN"
        raise InputError(f"which judge made the verdicts of {scoring.judge!r} is not known", where=where, hint=hint)
    if scoring.use != "value" or scoring.n_samples is not None or scoring.preference is not None:
        hint = "Leave out --use, --samples and --pairs"
        raise InputError("a certificate is about a judge's verdicts as it gives them", where=where, hint=hint)


def _labelled_in_test(
    dataset: Dataset, criterion: Criterion, scoring: Scoring, units: Collection[str] | None, where: str
) -> frozenset[Target]:
    """Return the labelled places of the test split, whatever the labels say.

    Raises:
        InputError: There is no test split, or nothing in it is labelled, or nothing that may be looked at.
    """
    if dataset.splits is None or TEST not in dataset.splits.units.values():
        hint = f"`judgekit split {dataset.name}` draws one; a judge testifies on sessions that chose nothing"
        raise InputError("there is no test split to certify on", where=where, hint=hint)
    labelled = {place for place in _places(dataset, criterion, scoring) if dataset.split_of(place[0]) == TEST}
    if not labelled:
        raise InputError("no session of the test split is labelled", where=where, hint="Label some of them first")
    kept = frozenset(place for place in labelled if units is None or dataset.unit(place[0]) in units)
    if not kept:
        hint = "Label new sessions and draw them with `judgekit split`, or certify on all, at a smaller error rate"
        raise InputError("every labelled session of the test split was opened before", where=where, hint=hint)
    return kept


def _places(dataset: Dataset, criterion: Criterion, scoring: Scoring) -> set[Target]:
    """Return what is labelled, of the kind that the reference is made of."""
    if scoring.reference == "adjudicated":
        settled = [each for each in dataset.adjudications if each.criterion == criterion.id]
        return {(each.target, each.turn) for each in settled if _is_known(dataset, each.target)}
    kind = kind_of(scoring.reference)
    labels = [each for each in dataset.labels_by_criterion[criterion.id] if each.kind == kind]
    return {(each.target, each.turn) for each in labels if _is_known(dataset, each.target)}


def kind_of(reference: str | None) -> LabelKind:
    """Return which kind of label a reference is made of."""
    return "gold" if reference == "gold" else "human"


def _is_known(dataset: Dataset, target: str) -> bool:
    return target in dataset.session_by_id or target in dataset.pair_by_id


def _refuse_own_labels(dataset: Dataset, targets: Iterable[str], scoring: Scoring) -> None:
    barred = units_in_making(dataset, scoring.lineage)
    reused = sorted(each for each in targets if dataset.unit(each) in barred)
    if reused:
        more = f" and {len(reused) - _N_NAMED} more" if len(reused) > _N_NAMED else ""
        raise LeakError(
            f"{len(reused)} labelled test sessions helped to make {scoring.judge}, and may not certify it: "
            f"{', '.join(map(repr, reused[:_N_NAMED]))}{more}",
            where=dataset.name,
            hint="Make the judge from train and dev, or certify it on sessions that were never used (--unopened)",
        )


def _require_probes(rule: PassRule, scoring: Scoring, criterion: str, where: str) -> None:
    """Refuse a judge that is not clear of all probes where the rule asks for that; no label is needed to know it.

    Raises:
        InputError: It was not probed as it is, or not clear of all.
    """
    if rule.probes is None:
        return
    why = not_clean(of_this_judge(scoring.probed, scoring.judge_fingerprint, criterion), criterion)
    if why is not None:
        hint = f"`judgekit judge probe {scoring.judge} SESSIONS`; a judge that was found with something is mended first"
        raise InputError(f'the rule asks for probes = "{rule.probes}", and {why}', where=where, hint=hint)


def _require_verdicts(
    dataset: Dataset,
    criterion: Criterion,
    outcomes: Iterable[Verdict | Failure],
    places: Collection[Target],
    where: str,
) -> None:
    """Refuse outcomes that leave out labelled places, or are on content that has since changed."""
    own = [each for each in outcomes if each.criterion == criterion.id and (each.target, each.turn) in places]
    missing = sorted({target for target, _ in {*places} - {(each.target, each.turn) for each in own}})
    hint = "Run the judge on the test split first; nothing was opened"
    if missing:
        what = f"the judge was not asked about {len(missing)} labelled test sessions, such as {missing[0]!r}"
        raise InputError(what, where=where, hint=hint)
    now: dict[str, str] = {}
    for each in own:
        if each.seen is not None and each.target not in now:
            now[each.target] = _seen_now(dataset, each.target)
    changed = sorted({each.target for each in own if each.seen is not None and each.seen != now[each.target]})
    if changed:
        what = f"{len(changed)} labelled test sessions changed after they were judged, such as {changed[0]!r}"
        raise InputError(what, where=where, hint=hint)


def _require_readable(
    dataset: Dataset, criterion: Criterion, outcomes: Iterable[Verdict | Failure], scoring: Scoring, targets: set[str]
) -> None:
    """Refuse what could not be measured once it was opened, while nothing is spent yet.

    Raises:
        InputError: A target has two verdicts for one sample, a verdict is off the scale, or no label makes a reference.
        UnknownName: A rater, group or field to slice by that there is not.
    """
    verdict_table(criterion, [each for each in outcomes if each.target in targets], combine=scoring.combine)
    truth = reference(dataset, criterion, scoring.reference or default_rule(criterion), targets=targets)
    if not truth.values:
        what = f"no labelled test session has a reference by {truth.rule!r}"
        raise InputError(what, where=f"{dataset.name}, criterion {criterion.id}", hint="Choose another --reference")
    require_fields(dataset, scoring.slices)


def _seen_now(dataset: Dataset, target: str) -> str:
    if target in dataset.session_by_id:
        return dataset.session_by_id[target].seen_fingerprint
    pair, sessions = dataset.pair_by_id[target], dataset.session_by_id
    if pair.first not in sessions or pair.second not in sessions:
        raise UnknownName("session", pair.first, sessions, where=f"pair {target!r}")
    return seen_fingerprint(PairTarget(pair, sessions[pair.first], sessions[pair.second]))


def _open_targets(dataset: Dataset, criterion: Criterion) -> set[str]:
    """Return the labelled sessions and pairs outside the test split."""
    labelled = {each.target for each in dataset.labels_by_criterion[criterion.id] if _is_known(dataset, each.target)}
    return {each for each in labelled if dataset.split_of(each) != TEST}

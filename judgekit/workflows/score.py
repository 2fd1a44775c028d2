"""`score`: a judge's verdicts against the experts, failures first, ceiling and baseline beside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from judgekit.analysis.agreement import Measuring
from judgekit.analysis.alt_test import EPSILON, alt_test
from judgekit.analysis.baseline import rival_rows
from judgekit.analysis.bias import bias_checks
from judgekit.analysis.bland_altman import bland_altman
from judgekit.analysis.caution import bounds_of_failures, cautions
from judgekit.analysis.disagreement import labels_by_target, rating_of, without_verdict, worst_verdicts
from judgekit.analysis.judged import Judged
from judgekit.analysis.panel import member_outcomes, panel_part
from judgekit.analysis.rated_pair import n_unpaired, preferences, with_ties
from judgekit.analysis.rating import excerpt
from judgekit.analysis.reference import default_rule
from judgekit.analysis.repetition import first_samples, repetition_rows, sample_numbers, sample_words
from judgekit.analysis.scoring import score_rows
from judgekit.analysis.slicing import require_fields, slice_tests
from judgekit.analysis.verdict_table import Use, verdict_table
from judgekit.analysis.wording import score_summary, score_warnings
from judgekit.errors import InputError, UnknownName
from judgekit.records.dataset import Dataset
from judgekit.records.judge import Combine, Lineage
from judgekit.records.label import SplitName
from judgekit.records.probed import Probed
from judgekit.records.report import Counts, Disagreement, Rating, Row
from judgekit.records.rubric import Criterion
from judgekit.records.score_report import AltTest, BiasCheck, BlandAltman, Confusion, ScoreReport, SliceTest
from judgekit.records.verdict import Failure, Verdict
from judgekit.stats.estimate import undefined
from judgekit.workflows.lineage import NEW, units_in_making

SplitChoice = SplitName | Literal["new", "all"]
_SPLITS = ("train", "dev", "test", NEW, "all")


@dataclass(frozen=True)
class Rival:
    """Another judge over the same sessions, such as a student, that this one is read beside.

    Attributes:
        name: What it is called.
        outcomes: Its verdicts and failures.
        lineage: Labels that helped to make it; it is not measured on their units.
    """

    name: str
    outcomes: Sequence[Verdict | Failure]
    lineage: Lineage = field(default_factory=Lineage)


@dataclass(frozen=True)
class Scoring:
    """What is scored, and against what.

    Attributes:
        judge: Name of the judge.
        engine: What made the verdicts.
        model: Which model, where one was asked.
        judge_fingerprint: What exactly judged.
        lineage: Labels that helped to make the judge; their units are left out unless a fold was made without them.
        reference: How several raters become one; None for the usual rule of each scale.
        splits: Splits that may be read; empty where the dataset has none.
        use: Measure the verdict's level, or its finer score.
        n_samples: Samples of each verdict that count, the first ones; None for all.
        preference: Criterion of pairs that ratings of single sessions are held against: the higher-rated one wins.
        combine: How they become one; None for the usual rule of each scale.
        n_worst: Worst disagreements listed per criterion.
        slices: Fields of a session; each of their values is held against the rest.
        rivals: Other judges to be read beside this one.
        epsilon: How much less the judge may win in the alternative annotator test and still be preferred for its cost.
        probed: What the last probing that the judge's folder keeps found; certificates alone look at it.
        opened: Sessions and pairs of the test split that a certification has opened; then only they are read.
        settings: What the door knows of this invocation.
    """

    judge: str
    engine: str | None = None
    model: str | None = None
    judge_fingerprint: str | None = None
    lineage: Lineage = field(default_factory=Lineage)
    reference: str | None = None
    splits: Sequence[SplitChoice] = ("dev",)
    use: Use = "value"
    n_samples: int | None = None
    preference: str | None = None
    combine: Combine | None = None
    n_worst: int = 5
    slices: Sequence[str] = ()
    rivals: Sequence[Rival] = ()
    epsilon: float = EPSILON
    probed: Probed | None = None
    opened: frozenset[str] = frozenset()
    settings: dict[str, object] = field(default_factory=dict)


def score(
    dataset: Dataset, outcomes: Iterable[Verdict | Failure], scoring: Scoring, measuring: Measuring
) -> ScoreReport:
    """Return how one judge's verdicts agree with the experts.

    Args:
        dataset: Sessions, rubric and current labels.
        outcomes: Verdicts and failures of one judge, of one or more criteria.
        scoring: The judge, the reference, the splits.
        measuring: Level, resamples, metrics and randomness.

    Raises:
        InputError: Nothing may be scored: no verdict, no label in the split, or all in the judge's lineage; or a rival
            has no verdict on what is scored, or there are fewer samples than asked for.
        UnknownName: A split, field or metric that there is not.
    """
    given = list(outcomes)
    if not given:
        raise InputError(
            "there are no verdicts to score", hint="Run the judge first: judgekit run JUDGE SESSIONS -o RUN"
        )
    n_given = len(sample_numbers(given))
    if scoring.n_samples is not None:
        given = first_samples(given, scoring.n_samples)
    refuse_strangers(dataset, given)
    criteria = asked = judged_criteria(dataset, given)
    unpaired: tuple[str, ...] = ()
    if scoring.preference is not None:
        given, unpaired = _as_preferences(dataset, given, scoring)
        criteria = [with_ties(each) for each in judged_criteria(dataset, given)]
    _refuse_idle_rivals(scoring, criteria)
    require_fields(dataset, scoring.slices)
    targets, causes = _allowed_targets(dataset, {outcome.target for outcome in given}, scoring)
    kept = [outcome for outcome in given if outcome.target in targets]
    parts = [_part(dataset, criterion, kept, (scoring, measuring, targets)) for criterion in criteria]
    rows = tuple(
        row.model_copy(update={"judge": scoring.judge, "engine": scoring.engine}) for part in parts for row in part.rows
    )
    alt_tests = tuple(part.alt_test for part in parts if isinstance(part.alt_test, AltTest))
    warnings = (
        *dataset.notes,
        *score_warnings(dataset, rows, causes),
        *cautions(dataset, criteria, rows, targets),
        *_sample_notes(asked, scoring, n_given),
        *unpaired,
        *(words for part in parts for words in part.warnings),
    )
    return ScoreReport(
        title=f"{scoring.judge} against the experts: {dataset.name}",
        dataset=dataset.name,
        dataset_fingerprint=dataset.fingerprint(),
        settings={
            **measuring.settings(dataset),
            "use": scoring.use,
            "epsilon": scoring.epsilon,
            **({"samples": scoring.n_samples} if scoring.n_samples is not None else {}),
            **({"combine": scoring.combine} if scoring.combine is not None else {}),
            **({"pairs": scoring.preference} if scoring.preference is not None else {}),
            **({"slices": list(scoring.slices)} if scoring.slices else {}),
            **({"baselines": [rival.name for rival in scoring.rivals]} if scoring.rivals else {}),
            **scoring.settings,
        },
        summary=(
            *score_summary(rows, [part.counts for part in parts], scoring.judge, alt_tests),
            *(words for part in parts for words in part.panel),
        ),
        rows=rows,
        warnings=tuple(dict.fromkeys(warnings)),
        judge=scoring.judge,
        engine=scoring.engine,
        model=scoring.model,
        judge_fingerprint=scoring.judge_fingerprint,
        reference=scoring.reference or ", ".join(sorted({part.rule for part in parts})),
        split="+".join(scoring.splits) if dataset.splits else "none declared",
        counts=tuple(part.counts for part in parts),
        failures=tuple(each for part in parts for each in part.failures),
        disagreements=tuple(each for part in parts for each in part.worst),
        confusions=tuple(part.confusion for part in parts if part.confusion),
        alt_tests=alt_tests,
        slices=tuple(each for part in parts for each in part.slices),
        biases=tuple(each for part in parts for each in part.biases),
        bland_altman=tuple(part.bland_altman for part in parts if part.bland_altman),
    )


def refuse_strangers(dataset: Dataset, outcomes: Iterable[Verdict | Failure]) -> None:
    """Refuse verdicts on sessions or pairs that the dataset does not have.

    Raises:
        InputError: There are such.
    """
    known = dataset.place_by_id
    strangers = sorted({outcome.target for outcome in outcomes if outcome.target not in known})
    if strangers:
        raise InputError(
            f"{len(strangers)} verdict targets are not in dataset {dataset.name!r}, such as {strangers[0]!r}",
            hint="Use the dataset they were judged on",
        )


def _as_preferences(
    dataset: Dataset, ratings: Sequence[Verdict | Failure], scoring: Scoring
) -> tuple[list[Verdict | Failure], tuple[str, ...]]:
    """Return the preferences that ratings of sessions come to, and in words how many sessions have no partner.

    Raises:
        InputError: No pair has two sessions that were asked about.
    """
    criterion = dataset.rubric.criterion(scoring.preference or "")
    found = preferences(dataset, criterion, ratings, use=scoring.use, combine=scoring.combine)
    if not found:
        raise InputError("no pair has two rated sessions", where=dataset.name, hint="Rate both sessions of each pair")
    n_alone = n_unpaired(dataset, ratings)
    return found, ((f"{n_alone} rated sessions stand in no pair with another rated one",) if n_alone else ())


def judged_criteria(dataset: Dataset, outcomes: Iterable[Verdict | Failure]) -> list[Criterion]:
    """Return the criteria that outcomes are about, in the rubric's order.

    Raises:
        UnknownName: The rubric has no such criterion.
    """
    named = {outcome.criterion for outcome in outcomes}
    asked = [dataset.rubric.criterion(name) for name in sorted(named)]
    return sorted(asked, key=dataset.rubric.criteria.index)


@dataclass(frozen=True)
class _Part:
    rows: tuple[Row, ...]
    counts: Counts
    rule: str
    failures: tuple[Disagreement, ...]
    worst: tuple[Disagreement, ...]
    confusion: Confusion | None = None
    alt_test: AltTest | None = None
    slices: tuple[SliceTest, ...] = ()
    biases: tuple[BiasCheck, ...] = ()
    bland_altman: BlandAltman | None = None
    panel: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def _part(
    dataset: Dataset,
    criterion: Criterion,
    outcomes: Sequence[Verdict | Failure],
    how: tuple[Scoring, Measuring, set[str]],
) -> _Part:
    scoring, measuring, targets = how
    if criterion.scale.measurement == "none":
        return _side_by_side(dataset, criterion, outcomes, scoring)
    rule = scoring.reference or default_rule(criterion)
    table = verdict_table(criterion, outcomes, use=scoring.use, combine=scoring.combine)
    if scoring.preference is not None:
        table = replace(table, is_of_ratings=True)
    scored = score_rows(dataset, criterion, table, measuring, rule=rule, targets=targets)
    judged = scored.judged
    tested = alt_test(judged, measuring, epsilon=scoring.epsilon)
    sliced = slice_tests(judged, scoring.slices, measuring)
    panel = panel_part(judged, member_outcomes(_on(criterion, outcomes)), measuring, use=scoring.use)
    rivals = [row for rival in scoring.rivals for row in _beside_rival(rival, judged, scoring, measuring)]
    not_tested = (tested,) if isinstance(tested, str) and tested else ()
    return _Part(
        rows=(*scored.rows, *repetition_rows(judged, outcomes, measuring, use=scoring.use), *panel.rows, *rivals),
        counts=scored.counts,
        rule=rule,
        failures=without_verdict(dataset, criterion, table.failures),
        worst=worst_verdicts(dataset, criterion, table, scored.reference.values, n_most=scoring.n_worst),
        confusion=scored.confusion,
        alt_test=tested if isinstance(tested, AltTest) else None,
        slices=sliced.tests,
        biases=bias_checks(judged, measuring),
        bland_altman=bland_altman(judged, measuring),
        panel=panel.words,
        warnings=(*bounds_of_failures(judged, scored.counts), *not_tested, *sliced.warnings),
    )


def _on(criterion: Criterion, outcomes: Sequence[Verdict | Failure]) -> list[Verdict | Failure]:
    return [outcome for outcome in outcomes if outcome.criterion == criterion.id]


def _sample_notes(criteria: Sequence[Criterion], scoring: Scoring, n_given: int) -> list[str]:
    """Say how several samples became one; nothing where there is one."""
    if n_given < 2:
        return []
    n = n_given if scoring.n_samples is None else scoring.n_samples
    spoken = [criterion for criterion in criteria if criterion.scale.measurement != "none"]
    return [sample_words(criterion, scoring.use, n, n_given, scoring.combine) for criterion in spoken]


def _beside_rival(rival: Rival, judged: Judged, scoring: Scoring, measuring: Measuring) -> list[Row]:
    """Return the rival's rows; none on a criterion that it has no verdict on."""
    own = [outcome for outcome in rival.outcomes if outcome.criterion == judged.criterion.id]
    if not own:
        return []
    table = verdict_table(judged.criterion, own, use=scoring.use)
    barred = units_in_making(judged.dataset, rival.lineage)
    return rival_rows(judged, rival.name, table, measuring, barred=barred)


def _refuse_idle_rivals(scoring: Scoring, criteria: Sequence[Criterion]) -> None:
    names = [criterion.id for criterion in criteria]
    for rival in scoring.rivals:
        if rival.name in (scoring.judge, "majority", "judge", "rater"):
            hint = "Name a run of another judge"
            raise InputError(f"baseline {rival.name!r} cannot be told from the judge's own rows", hint=hint)
        if not any(outcome.criterion in names for outcome in rival.outcomes):
            where = f"baseline {rival.name!r}"
            raise InputError(
                f"no verdict is on {', '.join(names)}", where=where, hint="Name a run on the same criterion"
            )


def _side_by_side(
    dataset: Dataset, criterion: Criterion, outcomes: Sequence[Verdict | Failure], scoring: Scoring
) -> _Part:
    """An open answer has no coefficient: what the judge wrote stands beside what the experts wrote."""
    spoken = labels_by_target(dataset, criterion)
    said = [o for o in outcomes if isinstance(o, Verdict) and o.criterion == criterion.id]
    failed = [o for o in outcomes if isinstance(o, Failure) and o.criterion == criterion.id]
    said.sort(key=lambda o: (o.target, o.turn or "", o.sample))
    both = [o for o in said if spoken.get((o.target, o.turn))]
    causes = {(o.target, o.turn): str(o.status) for o in failed} | {(o.target, o.turn): "no_label" for o in said}
    for o in both:
        causes.pop((o.target, o.turn), None)
    listed = tuple(
        Disagreement(
            criterion=criterion.id,
            target=o.target,
            excerpt=excerpt(dataset.session_by_id.get(o.target)),
            distance=0.0,
            judge=Rating(rater=o.judge, value=o.value, status=o.status, rationale=o.rationale),
            ratings=tuple(map(rating_of, spoken[o.target, o.turn])),
        )
        for o in both[: scoring.n_worst]
    )
    words = f"a {criterion.scale.type} scale has no agreement coefficient; answers are listed side by side"
    row = Row(
        criterion=criterion.id,
        metric="percent_agreement",
        between="judge~reference",
        estimate=undefined("not_for_this_scale", words, n=len({(o.target, o.turn) for o in both})),
    )
    counts = Counts(
        criterion=criterion.id,
        n_targets=len({(o.target, o.turn) for o in [*said, *failed]}),
        n_used=len({(o.target, o.turn) for o in both}),
        dropped=dict(sorted(Counter(causes.values()).items())),
        failures=dict(Counter(failure.status for failure in failed)),
    )
    return _Part((row,), counts, "side by side", without_verdict(dataset, criterion, failed), listed)


def _allowed_targets(dataset: Dataset, asked: set[str], scoring: Scoring) -> tuple[set[str], Counter[str]]:
    if "test" in scoring.splits and not scoring.opened:
        raise InputError(
            "the test split is locked: only a certification (score RUN DATASET --certify) opens it",
            hint="Use --split dev, or --split train,dev",
        )
    for word in scoring.splits:
        if word not in _SPLITS:
            raise UnknownName("split", word, _SPLITS)
    labelled = {label.target for label in dataset.labels} | {a.target for a in dataset.adjudications}
    known = {*dataset.session_by_id, *dataset.pair_by_id}
    causes: Counter[str] = Counter()
    made_with = units_in_making(dataset, scoring.lineage)
    allowed: set[str] = set()
    for target in labelled & known:
        if scoring.opened and target not in scoring.opened:
            continue
        if not scoring.opened and not _in_splits(dataset, target, scoring.splits):
            causes["other_split"] += 1
        elif dataset.unit(target) in made_with:
            causes["in_lineage"] += 1
        else:
            allowed.add(target)
    if not allowed:
        raise InputError(_why_nothing(dataset, scoring, causes), where=dataset.name, hint="Choose another --split")
    causes["unlabelled"] = len(asked - labelled)
    return allowed, causes


def _in_splits(dataset: Dataset, target: str, splits: Sequence[SplitChoice]) -> bool:
    if dataset.splits is None:
        return True
    split = dataset.split_of(target)
    return split != "test" and ("all" in splits or (split or NEW) in splits)


def _why_nothing(dataset: Dataset, scoring: Scoring, causes: Counter[str]) -> str:
    if not causes:
        return "no session carries a label"
    where = "+".join(scoring.splits) if dataset.splits else "the dataset"
    counted = ", ".join(f"{n} {cause}" for cause, n in sorted(causes.items()))
    return f"no labelled session of {where} may be used ({counted})"

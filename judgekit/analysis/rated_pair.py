"""A judge that rates one session at a time, held against preferences between two: the higher-rated one wins.

Its ratings become a preference for each pair, with equal ratings a tie; what is measured of those is in `pair_order`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from judgekit.analysis.judged import upward
from judgekit.analysis.verdict_table import Use, VerdictTable, verdict_table
from judgekit.errors import InputError
from judgekit.records.dataset import Dataset
from judgekit.records.judge import Combine
from judgekit.records.rubric import PREFERENCE_LEVELS, Criterion, Scale
from judgekit.records.session import Pair
from judgekit.records.verdict import Failure, Verdict

ORDERED = ("binary", "ordinal", "numeric")


def with_ties(criterion: Criterion) -> Criterion:
    """Return a preference criterion on which two sessions may be equal, whether or not its labels ever say so."""
    levels = (*criterion.scale.levels, *(level for level in PREFERENCE_LEVELS if level not in criterion.scale.levels))
    return criterion.model_copy(update={"scale": Scale(type="preference", levels=levels)})


def preferences(
    dataset: Dataset,
    preference: Criterion,
    outcomes: Sequence[Verdict | Failure],
    *,
    use: Use = "value",
    combine: Combine | None = None,
) -> list[Verdict | Failure]:
    """Return what ratings of single sessions say of each pair whose two sessions were both asked about.

    Sessions are compared by what puts them in order: the mean over samples of the score, or of the value where there
    is none. A pair of which one session has no rating has the failure, or the answer, that stands in its place.

    Args:
        dataset: The pairs, and the rubric with the criterion that was rated.
        preference: What the pairs are labelled on.
        outcomes: Of one judge on one criterion, on sessions.
        use: Whether a session without a score has no rating (`score`), or its value counts.
        combine: How several samples become one.

    Raises:
        InputError: The preference is none; outcomes are on pairs, turns or several criteria; or the rated levels have
            no order.
        UnknownName: The rubric lacks the criterion that was rated.
    """
    rated = _rated_criterion(dataset, preference, outcomes)
    table = verdict_table(rated, outcomes, use=use, combine=combine)
    first_failures: dict[str, Failure] = {}
    for failure in table.failures:
        first_failures.setdefault(failure.target, failure)
    asked = {target for target, _ in table.targets}
    made = _Made(preference.id, upward(rated), table, first_failures)
    return [made.outcome(pair) for pair in dataset.pairs if pair.first in asked and pair.second in asked]


def n_unpaired(dataset: Dataset, outcomes: Iterable[Verdict | Failure]) -> int:
    """Return how many sessions were asked about that stand in no pair with another one asked about."""
    asked = {outcome.target for outcome in outcomes}
    both = [pair for pair in dataset.pairs if pair.first in asked and pair.second in asked]
    return len(asked - {session for pair in both for session in (pair.first, pair.second)})


class _Made:
    """Preferences made of one table of ratings."""

    def __init__(self, criterion: str, sign: float, table: VerdictTable, failures: dict[str, Failure]) -> None:
        self._criterion = criterion
        self._sign = sign
        self._ranks = table.ranks
        self._spoken = table.spoken
        self._failures = failures

    def outcome(self, pair: Pair) -> Verdict | Failure:
        unrated = next((each for each in (pair.first, pair.second) if (each, None) not in self._ranks), None)
        if unrated is not None:
            return self._lacking(pair, unrated)
        one, other = (self._sign * self._ranks[each, None] for each in (pair.first, pair.second))
        value = "tie" if one == other else "first" if one > other else "second"
        said = self._spoken[pair.first, None]
        rationale = f"rated {self._sign * one:g} and {self._sign * other:g}"
        about = {"judge": said.judge, "judge_fingerprint": said.judge_fingerprint}
        return Verdict(pair=pair.id, criterion=self._criterion, value=value, rationale=rationale, **about)

    def _lacking(self, pair: Pair, session: str) -> Verdict | Failure:
        failure, said = self._failures.get(session), self._spoken.get((session, None))
        if failure is not None:
            detail = f"session {session}: {failure.detail}"
            return failure.model_copy(
                update={
                    "id": None, "session": None, "pair": pair.id, "criterion": self._criterion, "detail": detail,
                    "sample": 0, "rubric": None, "seen": None,
                }
            )  # fmt: skip
        status = "cannot_judge" if said is None or said.status == "ok" else said.status
        why = f"session {session} has no rating"
        return Verdict(pair=pair.id, criterion=self._criterion, status=status, rationale=why)


def _rated_criterion(dataset: Dataset, preference: Criterion, outcomes: Sequence[Verdict | Failure]) -> Criterion:
    if preference.scale.type != "preference":
        what = f"criterion {preference.id!r} has a {preference.scale.type} scale, and pairs are labelled on preference"
        raise InputError(what, hint="Name the criterion that the pairs are labelled on")
    paired = next((outcome for outcome in outcomes if outcome.pair is not None or outcome.turn is not None), None)
    if paired is not None:
        what = "the verdict is on a pair" if paired.pair is not None else f"the verdict is on turn {paired.turn!r}"
        hint = "A preference is made of ratings of whole sessions; score these verdicts as they are"
        raise InputError(what, where=paired.target, hint=hint)
    names = sorted({outcome.criterion for outcome in outcomes})
    if len(names) != 1:
        raise InputError(f"sessions are rated on {len(names)} criteria: {', '.join(names)}", hint="Choose one with -c")
    rated = dataset.rubric.criterion(names[0])
    if rated.scale.type not in ORDERED:
        what = f"the levels of a {rated.scale.type} scale have no order, so none of two sessions is rated higher"
        raise InputError(what, where=f"criterion {rated.id!r}", hint="Rate on a binary, ordinal or numeric scale")
    return rated

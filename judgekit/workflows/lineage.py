"""Which labels may stand beside a judge: those that had no part in its making, of splits that are open.

`estimate` and `compare` ask here and nowhere else. A label whose group helped to make the judge is refused, not left
out in silence: what was chosen to make a judge is no random part of the labels, so neither are those that remain. Whole
splits are drawn by chance, and may be left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from judgekit.errors import InputError, LeakError, UnknownName
from judgekit.records.dataset import Dataset
from judgekit.records.judge import Lineage

NEW = "new"
"""Sessions that no split holds, such as those added since the draw."""
_SPLITS = ("train", "dev", NEW, "all")
_N_NAMED = 5


def open_sessions(dataset: Dataset, splits: Sequence[str]) -> frozenset[str]:
    """Return the sessions and pairs of splits that may be read; all where there are no splits. Test stays locked.

    Raises:
        InputError: The test split is asked for.
        UnknownName: A split that there is not.
    """
    for word in splits:
        if word == "test":
            raise InputError(
                "the test split is locked: only a certification opens it",
                hint="Use --split dev, or --split train,dev",
            )
        if word not in _SPLITS:
            raise UnknownName("split", word, _SPLITS)
    known = (*dataset.session_by_id, *dataset.pair_by_id)
    if dataset.splits is None:
        return frozenset(known)
    asked = {"train", "dev", NEW} if "all" in splits else set(splits)
    return frozenset(each for each in known if (dataset.split_of(each) or NEW) in asked)


def units_in_making(dataset: Dataset, lineage: Lineage) -> set[str]:
    """Return the units of a dataset whose labels made the judge, without those that a fold was made without.

    Sessions that its prompt shows, and labels that its rules rest on, count though the lineage does not list their
    units: who writes a demonstration by hand seldom thinks of it.
    """
    if lineage.dataset not in (None, dataset.name):
        return lineage.barred(dataset.name)
    told = set(lineage.because)
    rested_on = (label.target for label in dataset.labels if label.id in told) if told else ()
    seen = {*lineage.shown, *rested_on}
    shown = {dataset.unit(each) for each in seen if each in dataset.place_by_id}
    return lineage.barred(dataset.name) | (shown - lineage.folds.keys())


def set_aside(dataset: Dataset, lineage: Lineage, allowed: Iterable[str]) -> frozenset[str]:
    """Return the sessions and pairs that no corrected figure may rest on: neither their labels nor their verdicts.

    These are the groups that helped to make the judge, which it may know by heart, and the labelled ones of the same
    splits where these are not to be read: which of them were taken may hang on what their labels say.

    Args:
        dataset: Groups, splits and labels.
        lineage: What made the judge.
        allowed: Sessions and pairs of the splits that may be read.
    """
    barred = units_in_making(dataset, lineage)
    if not barred:
        return frozenset()
    known = (*dataset.session_by_id, *dataset.pair_by_id)
    made = {each for each in known if dataset.unit(each) in barred}
    touched = {dataset.split_of(each) for each in made} - {None}
    labelled = {label.target for label in dataset.labels} | {each.target for each in dataset.adjudications}
    beside = {each for each in labelled & set(known) - set(allowed) if dataset.split_of(each) in touched}
    return frozenset(made | beside)


def refuse_reused(dataset: Dataset, targets: Iterable[str], lineage: Lineage, judge: str) -> None:
    """Refuse labelled sessions or pairs whose group had a part in a judge's making, unless a fold was made without it.

    Raises:
        LeakError: There are such; the message names them.
    """
    barred = units_in_making(dataset, lineage)
    reused = sorted(each for each in set(targets) if dataset.unit(each) in barred)
    if not reused:
        return
    named = ", ".join(repr(each) for each in reused[:_N_NAMED])
    more = f" and {len(reused) - _N_NAMED} more" if len(reused) > _N_NAMED else ""
    what = "pairs" if reused[0] in dataset.pair_by_id else "sessions"
    raise LeakError(
        f"{len(reused)} labelled {what} helped to make {judge}, and may not correct it: {named}{more}",
        where=dataset.name,
        hint=_other_labels(dataset, lineage),
    )


def untouched_splits(dataset: Dataset, lineage: Lineage) -> tuple[str, ...]:
    """Return the splits whose labels may correct a judge: none of their groups made it; none where these lack labels.

    The locked test split is never among them; without splits there is nothing to choose from: `all`.
    """
    if dataset.splits is None:
        return ("all",)
    barred = units_in_making(dataset, lineage)
    known = (*dataset.session_by_id, *dataset.pair_by_id) if barred else ()
    touched = {dataset.split_of(each) or NEW for each in known if dataset.unit(each) in barred}
    labelled = {dataset.split_of(each.target) or NEW for each in dataset.labels if each.target in dataset.place_by_id}
    free = tuple(each for each in _SPLITS if each not in touched and each != "all")
    return free if labelled & set(free) else ()


def _other_labels(dataset: Dataset, lineage: Lineage) -> str:
    """Return what to do: which splits hold none of the groups that made the judge."""
    if dataset.splits is None:
        return "Correct it by a dataset of other labels, or by a cross-fitted judge"
    free = untouched_splits(dataset, lineage)
    if free:
        return f"Correct it by other labels: --split {','.join(free)}"
    return f"Label sessions that no split holds yet, and correct it by these: --split {NEW}"

"""Which labels may stand beside a judge: those that had no part in its making, of splits that are open."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from judgekit.errors import InputError, LeakError, UnknownName
from judgekit.records.dataset import Dataset
from judgekit.records.judge import Lineage

_SPLITS = ("train", "dev", "all")
_N_NAMED = 5


def open_sessions(dataset: Dataset, splits: Sequence[str]) -> frozenset[str]:
    """Return the sessions of the splits that may be read; all where the dataset has none. Test stays locked.

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
    if dataset.splits is None:
        return frozenset(dataset.session_by_id)
    asked = {"train", "dev", None} if "all" in splits else set(splits)
    return frozenset(each for each in dataset.session_by_id if dataset.split_of(each) in asked)


def refuse_reused(dataset: Dataset, sessions: Iterable[str], lineage: Lineage, judge: str) -> None:
    """Refuse labelled sessions whose group had a part in a judge's making, unless a fold was made without it.

    Raises:
        LeakError: There are such; the message names them.
    """
    barred = lineage.barred(dataset.name)
    reused = sorted(each for each in set(sessions) if dataset.unit(each) in barred)
    if not reused:
        return
    named = ", ".join(repr(each) for each in reused[:_N_NAMED])
    more = f" and {len(reused) - _N_NAMED} more" if len(reused) > _N_NAMED else ""
    raise LeakError(
        f"{len(reused)} labelled sessions helped to make {judge}, and may not correct it: {named}{more}",
        where=dataset.name,
        hint="Correct it by other labels (such as --split dev), or by a cross-fitted judge",
    )

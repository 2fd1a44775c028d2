"""Datasets as calls: by folder, from rows or one table; split, and verified."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from judgekit.api.given import SEED, Rows, rows_of, words_of

if TYPE_CHECKING:
    from judgekit.adapters.importers.plain import PlainTable
    from judgekit.records.dataset import Dataset
    from judgekit.records.label import SplitName


def load_dataset(path: str | Path) -> Dataset:
    """Return a dataset by folder, or by its name under `datasets/`."""
    from judgekit.adapters.store.dataset import DatasetFolder
    from judgekit.adapters.store.project import find_dataset

    return DatasetFolder(find_dataset(str(path))).load()


def make_dataset(
    labels: Rows,
    *,
    scales: Mapping[str, str],
    sessions: Rows | None = None,
    pairs: Rows | None = None,
    name: str = "data",
) -> Dataset:
    """Return a dataset in memory.

    Args:
        labels: Rows with `session` (or `pair`), `criterion`, `rater` and `value`; `id` is made where absent.
        scales: Criterion -> its scale, such as `{"tone": "ordinal:1..5"}`.
        sessions: Rows of sessions (`id`, `turns`, `group` ...); None: one bare session per id that a label names.
        pairs: Rows of pairs (`id`, `first`, `second`).
        name: What to call it.

    Raises:
        InvalidRecord: A row does not fit; the message names its number, field and value.
    """
    from judgekit.adapters.importers.scale_spec import criterion_from_spec
    from judgekit.adapters.store.files import validated
    from judgekit.records.dataset import Dataset, DatasetCard
    from judgekit.records.label import Label
    from judgekit.records.rubric import Rubric
    from judgekit.records.session import Pair, Session

    rubric = Rubric(name=name, criteria=tuple(criterion_from_spec(each, spec) for each, spec in scales.items()))
    given = [{"id": f"l-{place}", **row} for place, row in enumerate(rows_of(labels), 1)]
    read = [validated(Label, row, f"label {place}") for place, row in enumerate(given, 1)]
    read = [_on_scale(label, rubric) for label in read]
    made = [validated(Pair, row, f"pair {place}") for place, row in enumerate(rows_of(pairs or ()), 1)]
    if sessions is None:
        known = dict.fromkeys(label.session for label in read if label.session)
        told = [Session(id=each) for each in known]
    else:
        told = [validated(Session, row, f"session {place}") for place, row in enumerate(rows_of(sessions), 1)]
    return Dataset(
        card=DatasetCard(name=name), rubric=rubric, sessions=tuple(told), pairs=tuple(made), labels=tuple(read)
    )


def read_table(
    path: str | Path, *, judge: str, humans: Sequence[str], scale: str | None = None, group: str | None = None
) -> PlainTable:
    """Return one table with a judge's and the humans' columns as `.dataset` and `.outcomes`."""
    from judgekit.adapters.importers.plain import plain_table

    return plain_table(Path(path), judge=judge, humans=words_of(humans), scale=scale, group=group)


def split(
    dataset: Dataset, *, dev: float = 0.3, test: float = 0.3, stratify: Sequence[str] = (), seed: int = SEED
) -> Dataset:
    """Return the dataset with train, dev and test drawn by group and level; units already placed stay.

    Args:
        dataset: Sessions and labels.
        dev: Share for dev.
        test: Share for test; the rest is train.
        stratify: Criteria to balance; empty for all.
        seed: Of the draw.
    """
    from judgekit.review.splits import draw_splits

    shares: dict[SplitName, float] = {"train": 1 - dev - test, "dev": dev, "test": test}
    drawn = draw_splits(dataset, seed=seed, fractions=shares, stratify=words_of(stratify) or None)
    return dataset.model_copy(update={"splits": drawn})


def verify(path: str | Path) -> tuple[str, ...]:
    """Return what is wrong with a dataset's ledger, one line a problem; empty when it is whole."""
    from judgekit.adapters.store.ledger import Ledger
    from judgekit.adapters.store.project import find_dataset

    return Ledger(find_dataset(str(path)) / "ledger").verify()


def _on_scale(label: Any, rubric: Any) -> Any:
    if label.value is None:
        return label
    return label.model_copy(update={"value": rubric.criterion(label.criterion).scale.read(label.value)})

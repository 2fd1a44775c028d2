"""What a command judges: a dataset, or a file of sessions too large for memory; all of it, a split or a part."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from judgekit.errors import FileProblem, InputError

if TYPE_CHECKING:
    from judgekit.adapters.store.stream import SessionFile
    from judgekit.cli.options import SplitOption
    from judgekit.judging.runner.interview import Targets
    from judgekit.records.dataset import Dataset
    from judgekit.records.judge import Judge
    from judgekit.records.session import Pair, Session

    Source: TypeAlias = Dataset | SessionFile

R = TypeVar("R", "Session", "Pair")


def load_source(name: str, judge: Judge, *, split: SplitOption = "all", limit: int | None = None) -> Source:
    """Return what is to be judged of a dataset (by folder or name) or of a file of sessions.

    Sessions for judges that take them one by one are left in their file; a judge of pairs, a panel or a student is
    given all at once.

    Raises:
        FileProblem: It cannot be read.
        InvalidRecord: A line does not fit; the message names file and line.
        InputError: There is nothing to judge, or no such split.
    """
    if judge.target == "pair" or judge.kind in ("panel", "student"):
        return narrowed(_whole(name, judge), judge, split=split, limit=limit)
    from judgekit.adapters.store.dataset import DatasetFolder
    from judgekit.adapters.store.project import find_dataset
    from judgekit.adapters.store.stream import SessionFile, dataset_sessions

    if not Path(name).is_file():
        folder = DatasetFolder(find_dataset(name))
        return dataset_sessions(folder, split=None if split == "all" else split, limit=limit)
    if split != "all":
        raise InputError(f"a file has no {split} split", where=name, hint="Give a dataset, or leave --split out")
    sessions = SessionFile(Path(name), limit=limit)
    if sessions.notes:
        raise FileProblem(sessions.notes[0], hint="Complete or delete that line")
    return sessions


def targets_in(judge: Judge, source: Source, *, shard: str | None = None) -> Targets:
    """Return what is asked about: all, or one part, which may be empty.

    Raises:
        InputError: There is nothing of the judge's kind, or no such part.
    """
    from judgekit.records.dataset import Dataset
    from judgekit.workflows.run import targets_of
    from judgekit.workflows.shard import Part, Shard

    whole: Targets
    if isinstance(source, Dataset):
        whole = targets_of(judge, source.sessions, source.pairs)
    else:
        whole = source if len(source) else targets_of(judge, ())
    return whole if shard is None else Part(whole, Shard.read(shard))


def narrowed(source: Dataset, judge: Judge, *, split: str, limit: int | None) -> Dataset:
    """Return the dataset with the wanted targets only; sessions of wanted pairs stay.

    Raises:
        InputError: A split is wanted and the dataset has none, or the split is empty.
    """
    if split == "all" and limit is None:
        return source
    if split != "all" and source.splits is None:
        raise InputError(
            f"there are no splits, so no {split} split", where=source.name, hint="`judgekit split` draws them"
        )
    ids = source.pair_by_id if judge.target == "pair" else source.session_by_id
    wanted = [target for target in ids if split == "all" or source.split_of(target) == split][:limit]
    if not wanted:
        raise InputError(f"the {split} split is empty", where=source.name, hint="Choose another --split")
    kept = frozenset(wanted)
    pairs = tuple(pair for pair in source.pairs if judge.target == "pair" and pair.id in kept)
    needed = {session for pair in pairs for session in (pair.first, pair.second)} or kept
    sessions = tuple(session for session in source.sessions if session.id in needed)
    return type(source)(card=source.card, rubric=source.rubric, sessions=sessions, pairs=pairs)


def _whole(name: str, judge: Judge) -> Dataset:
    """Return a dataset, or the sessions of a file (and `pairs.jsonl` beside it, for pairs), in memory."""
    from judgekit.adapters.store.dataset import DatasetFolder
    from judgekit.adapters.store.project import find_dataset

    if not Path(name).is_file():
        return DatasetFolder(find_dataset(name)).load()
    from judgekit.records.dataset import Dataset, DatasetCard
    from judgekit.records.rubric import Rubric
    from judgekit.records.session import Pair, Session

    beside = Path(name).parent / "pairs.jsonl"
    has_pairs = judge.target == "pair" and beside.is_file()
    return Dataset(
        card=DatasetCard(name=Path(name).name),
        rubric=Rubric(name="none"),
        sessions=tuple(_records(Path(name), Session)),
        pairs=tuple(_records(beside, Pair)) if has_pairs else (),
    )


def _records(path: Path, kind: type[R]) -> list[R]:
    """Return the sessions or pairs of a file, each id once."""
    from judgekit.adapters.store.files import read_jsonl, validated
    from judgekit.adapters.store.parquet import read_parquet
    from judgekit.errors import InvalidRecord

    lines = read_parquet(path) if path.suffix == ".parquet" else read_jsonl(path)
    if lines.torn:
        raise FileProblem(lines.torn, hint="Complete or delete that line")
    found: dict[str, R] = {}
    for number, row in lines.rows:
        record = validated(kind, row, f"{path}:{number}")
        if record.id in found:
            raise InvalidRecord(f"id {record.id!r} occurs twice", where=f"{path}:{number}", hint="Give each its own id")
        found[record.id] = record
    return list(found.values())

"""What the person asked for: which column is which field, and how cells are read. Plain values, no files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import get_args

from judgekit.errors import InputError, UnknownName
from judgekit.records.label import LabelKind
from judgekit.records.session import Role

ROLES: tuple[Role, ...] = ("system", "user", "assistant", "tool")


@dataclass(frozen=True, slots=True)
class FileForm:
    """How files are read where their name does not say it.

    Attributes:
        delimiter: Cell separator of CSV; None: comma for .csv, tab for .tsv.
        encoding: Of text files.
        records: Dotted path to the list of records inside a JSON object; None: the file is the list.
        unnest: Columns that hold lists, side by side: one row per element.
    """

    delimiter: str | None = None
    encoding: str = "utf-8-sig"
    records: str | None = None
    unnest: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """Where each field comes from, and what the cells mean.

    Attributes:
        columns: Field -> column name, dotted path, or pattern with braces; an empty text: nowhere.
        constants: Field -> the same value for every row.
        criteria: Criterion -> its column, where each criterion has one.
        rationales: Criterion -> the column of its reasons.
        evidences: Criterion -> the column of its quotes.
        raters: Rater -> its column, where each rater has one.
        distribution: Level -> the column of its probability.
        values: Raw cell -> the value it means.
        failures: Raw cell -> the failure status it means.
        not_applicable: Raw cells that mean "not applicable".
        cannot_judge: Raw cells that mean "can't judge".
        empty: Raw cells that mean no answer, beside empty ones.
        speakers: Speaker at a line's start -> role, for `text`.
        roles: Role or agent name in messages -> role.
        kind: What kind of labels these are, where no column says it.
        has_lists: A cell holds a list: one anonymous label, or one sample of the judge, per element.
        is_bare: Sessions have no turns, or are not there at all.
        has_scores: Cells are scores, finer than the scale's levels.
        drops_rest: Columns without a field are left out instead of kept in `metadata`.
        keeps: Columns kept in the metadata of labels and verdicts.
        is_utc: Times without an offset are UTC.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    criteria: Mapping[str, str] = field(default_factory=dict)
    rationales: Mapping[str, str] = field(default_factory=dict)
    evidences: Mapping[str, str] = field(default_factory=dict)
    raters: Mapping[str, str] = field(default_factory=dict)
    distribution: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)
    failures: Mapping[str, str] = field(default_factory=dict)
    not_applicable: frozenset[str] = frozenset()
    cannot_judge: frozenset[str] = frozenset()
    empty: frozenset[str] = frozenset()
    speakers: Mapping[str, Role] = field(default_factory=dict)
    roles: Mapping[str, Role] = field(default_factory=dict)
    kind: LabelKind = "human"
    has_lists: bool = False
    is_bare: bool = False
    has_scores: bool = False
    drops_rest: bool = False
    keeps: tuple[str, ...] = ()
    is_utc: bool = False

    def __post_init__(self) -> None:
        """Refuse combinations that contradict each other."""
        if self.criteria and self.raters:
            raise InputError(
                "--criterion and --rater both name columns of answers",
                hint="Import one column per rater at a time: --rater ... --set criterion=NAME",
            )
        for both in self.columns.keys() & self.constants.keys():
            raise InputError(f"field {both!r} is given by --map and by --set", hint="Leave one of them out")
        for option, named in (("--rationale", self.rationales), ("--evidence", self.evidences)):
            for criterion in named.keys() - self.criteria.keys():
                raise UnknownName(f"criterion of {option}", criterion, self.criteria)


def assignments(option: str, words: Iterable[str], *, last: bool = False) -> dict[str, str]:
    """Return `NAME=WHAT` words as a table.

    Args:
        option: What errors call it, such as `--map`.
        words: As given on the command line.
        last: Split at the last `=`, where the name is raw text that may hold one.

    Raises:
        InputError: A word has no `=` or no name, or a name is given twice.

    Example:
        >>> assignments("--map", ["id=conversation_id"])
        {'id': 'conversation_id'}
    """
    table: dict[str, str] = {}
    for word in words:
        name, mark, what = word.rpartition("=") if last else word.partition("=")
        if not mark or not name:
            raise InputError(f"{option} {word!r} is not NAME=WHAT", hint=f"Write it as {option} name=what")
        if name in table:
            raise InputError(f"{option} gives {name!r} twice ({table[name]!r} and {what!r})", hint="Keep one")
        table[name] = what
    return table


def role_table(option: str, words: Iterable[str]) -> dict[str, Role]:
    """Return `NAME=ROLE` words as a table.

    Raises:
        UnknownName: A role is not system, user, assistant or tool.
    """
    table: dict[str, Role] = {}
    for name, word in assignments(option, words, last=True).items():
        role = next((known for known in ROLES if known == word), None)
        if role is None:
            raise UnknownName("role", word, ROLES, where=f"{option} {name}={word}")
        table[name] = role
    return table


def label_kind(word: str) -> LabelKind:
    """Return the kind of labels that a word names.

    Raises:
        UnknownName: There is no such kind.
    """
    kinds: tuple[LabelKind, ...] = get_args(LabelKind)
    for kind in kinds:
        if kind == word:
            return kind
    raise UnknownName("kind of label", word, kinds, where="--kind")

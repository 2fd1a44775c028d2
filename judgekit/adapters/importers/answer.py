"""Rows -> cells that hold an answer (long, a column per criterion or rater, lists), and what a cell says.

Shared by labels and verdicts. Not here: which record the answer becomes.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from judgekit.adapters.importers.mapping import Source, Sources, id_text, json_cell, source, sources
from judgekit.adapters.importers.plan import ImportPlan
from judgekit.adapters.importers.scale_spec import suggested_spec
from judgekit.adapters.importers.table import Row, Table
from judgekit.errors import InputError, InvalidRecord, UnknownName
from judgekit.records.ingest import Item
from judgekit.records.label import AnswerStatus
from judgekit.records.rubric import Criterion, Rubric, Value, level_text

_NO_ANSWERS = frozenset(
    {"n/a", "na", "-", "--", "?", "none", "null", "nan", "x", "unsure", "unknown", "not applicable"}
)
"""Words, lower case, that are seldom a level: off the scale, the options that give them a meaning are named."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell that may hold an answer.

    Attributes:
        row: Where it stands.
        overrides: Fields that the layout gives: criterion, rater, rationale, evidence, value.
        element: Place in the cell's list, where it is one.
    """

    row: Row
    overrides: Mapping[str, Any]
    element: int | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a cell says: a legal value, or a status."""

    value: Value | None
    status: AnswerStatus = "ok"


@dataclass(frozen=True, slots=True)
class Layout:
    """How one file holds answers: for each answer of a row, the fields that have a column of their own."""

    slots: tuple[Mapping[str, Source | str], ...]

    @property
    def sources(self) -> list[Source]:
        """Every column that the layout reads."""
        return [one for slot in self.slots for one in slot.values() if isinstance(one, Source)]


class Asked:
    """What raters were asked, and how their cells are read; each criterion's fingerprint is taken once."""

    def __init__(self, rubric: Rubric, plan: ImportPlan) -> None:
        self.plan = plan
        self._rubric = rubric
        self._fingerprints = {criterion.id: criterion.fingerprint() for criterion in rubric.criteria}

    def criterion(self, name: object) -> Criterion:
        """Return the criterion that a row names.

        Raises:
            InvalidRecord: It names none.
            UnknownName: The rubric has no such criterion.
        """
        if not isinstance(name, str):
            raise InvalidRecord("the row has no criterion", hint="Say --set criterion=NAME or --map criterion=COLUMN")
        return self._rubric.criterion(name)

    def fingerprint(self, criterion: Criterion) -> str:
        """Return the fingerprint of one of the rubric's criteria."""
        return self._fingerprints[criterion.id]


def answer_sources(table: Table, plan: ImportPlan, fields: Collection[str]) -> Sources:
    """Return where each field comes from; a row's own id is no answer's id where a row holds several answers.

    Raises:
        UnknownName: A field or column that there is not.
    """
    found = sources(table, plan, fields)
    holds_several = bool(plan.criteria or plan.raters or plan.has_lists)
    if holds_several and "id" not in plan.columns:
        found.pop("id", None)
    return found


def layout(table: Table, plan: ImportPlan) -> Layout:
    """Return how a file holds its answers.

    Raises:
        UnknownName: A column that there is not.
    """
    if plan.raters:
        return Layout(tuple({"rater": name, "value": source(text, table)} for name, text in plan.raters.items()))
    if not plan.criteria:
        return Layout(({},))
    slots = []
    for name, text in plan.criteria.items():
        slot: dict[str, Source | str] = {"criterion": name, "value": source(text, table)}
        if name in plan.rationales:
            slot["rationale"] = source(plan.rationales[name], table)
        if name in plan.evidences:
            slot["evidence"] = source(plan.evidences[name], table)
        slots.append(slot)
    return Layout(tuple(slots))


def cells(table: Table, found: Sources, plan: ImportPlan) -> Iterator[Cell]:
    """Yield every cell of a file that may hold an answer, those of unreadable rows included."""
    slots = layout(table, plan).slots
    for row in table.rows:
        for slot in slots:
            yield from _elements(row, slot, found, plan)


def readable(row: Row) -> Row:
    """Return the row.

    Raises:
        InvalidRecord: It could not be read.
    """
    if row.problem is not None:
        raise InvalidRecord(row.problem)
    return row


def raw_fields(cell: Cell, found: Sources) -> dict[str, Any]:
    """Return field -> raw cell, with what the layout gives over what the row gives."""
    return {field: one.cell(cell.row) for field, one in found.items()} | dict(cell.overrides)


def read_answer(raw: object, criterion: Criterion, plan: ImportPlan) -> Answer | None:
    """Return what a raw cell says on the criterion's scale; None when it says nothing.

    Raises:
        InvalidRecord: It is off the scale, or "not applicable" where the criterion has no such answer.
    """
    word = raw_word(raw)
    if is_empty(raw) or word in plan.empty:
        return None
    if word in plan.not_applicable:
        if not criterion.not_applicable:
            hint = "Add +na to its --scale, or not_applicable = true to the rubric"
            raise InvalidRecord(f"criterion {criterion.id!r} has no answer 'not applicable'", hint=hint)
        return Answer(None, "not_applicable")
    if word in plan.cannot_judge:
        return Answer(None, "cannot_judge")
    try:
        return Answer(criterion.scale.read(plan.values.get(word, raw)))
    except InvalidRecord as error:
        if word.lower() not in _NO_ANSWERS:
            raise
        hint = f"If that is no answer, say --empty {word!r}, --not-applicable {word!r} or --cannot-judge {word!r}"
        raise InvalidRecord(error.what, hint=hint) from error


def is_empty(raw: object) -> bool:
    """Return whether a cell holds nothing."""
    return raw is None or (isinstance(raw, str) and not raw.strip()) or raw == []


def raw_word(raw: object) -> str:
    """Return a cell as `--value RAW=...` names it: text without spaces around, numbers by their digits."""
    if isinstance(raw, float) and raw.is_integer():
        return str(int(raw))
    return raw.strip() if isinstance(raw, str) else level_text(raw)


def quotes(raw: object) -> list[str]:
    """Return evidence as a list of quotes: a list as it is, a text as one quote."""
    if is_empty(raw):
        return []
    found = raw if isinstance(raw, list) else [raw]
    return [one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in found]


def invalid_item(where: str, error: InputError) -> Item:
    """Return the item that a row with this fault is; its cause is the fault without what differs from row to row."""
    detail = f"{error.what}. {error.hint}" if error.hint else error.what
    field = error.where.removeprefix(where).strip(": ") if error.where else ""
    words = f"{field}: {detail}" if field else detail
    return Item(where, cause=cause_of(error, field), detail=words, is_invalid=True)


def cause_of(error: InputError, field: str = "") -> str:
    """Return the kind of fault in a few words."""
    if isinstance(error, UnknownName):
        return error.what.split("'")[0].split('"')[0].strip()
    for mark, cause in _CAUSES:
        if mark in error.what:
            return cause
    return f"invalid {field}" if field else "invalid row"


_CAUSES = (
    ("is not on the", "off the scale"),
    ("floating-point", "id is a floating-point number"),
    ("not JSON", "not JSON"),
    ("cells where the header", "wrong number of cells"),
    ("not applicable", "not applicable is no answer here"),
    ("offset", "time without offset"),
    ("probabilit", "probabilities do not add up"),
    ("essage", "unreadable messages"),
    ("has no", "missing field"),
    ("is not an id", "no id"),
)


def require_criteria(rubric: Rubric, seen: Mapping[str, Sequence[object]], plan: ImportPlan) -> None:
    """Refuse an import whose criteria have no scale, showing the values seen and a scale that fits them.

    Raises:
        InputError: A criterion is not in the rubric.
    """
    known = {criterion.id for criterion in rubric.criteria}
    lacking = [name for name in seen if name not in known]
    if not lacking:
        return
    if known and len(known) >= len(lacking) and not plan.criteria and "criterion" not in plan.constants:
        return  # a long table with a stray criterion: its rows are invalid, the others are not
    shown = "; ".join(f"{name}: {_values_words(seen[name])}" for name in lacking[:3])
    more = f"; and {len(lacking) - 3} more criteria" if len(lacking) > 3 else ""
    specs = {name: suggested_spec(_meant(seen[name], plan)) for name in lacking}
    raise InputError(
        f"no scale for criterion {', '.join(map(repr, lacking[:9]))} (values seen: {shown}{more})",
        hint=f"If that is right, add {_scale_words(specs)}; else write a rubric and say --rubric FILE",
    )


def named_criteria(tables: Iterable[Table], plan: ImportPlan) -> list[str]:
    """Return the criteria that an import brings answers for, in order of appearance."""
    if plan.criteria:
        return list(plan.criteria)
    if "criterion" in plan.constants:
        return [plan.constants["criterion"]]
    column = plan.columns.get("criterion", "criterion")
    found: dict[str, None] = {}
    for table in tables:
        if "criterion" in plan.columns or column in table.columns:
            where = source(column, table)
            raw = [where.cell(row) for row in table.rows if row.problem is None]
            found |= dict.fromkeys(cell for cell in raw if isinstance(cell, str) and cell.strip())
    return list(found)


def answers_seen(tables: Iterable[Table], found: Iterable[Sources], plan: ImportPlan) -> dict[str, list[object]]:
    """Return criterion -> raw answers, of every readable row."""
    seen: dict[str, dict[str, object]] = {}
    for table, fields in zip(tables, found, strict=True):
        wanted = {field: one for field, one in fields.items() if field in ("criterion", "value")}
        for cell in cells(table, wanted, plan):
            if cell.row.problem is not None:
                continue
            raw = raw_fields(cell, wanted)
            name = id_text(raw.get("criterion"), "criterion")
            if name is None:
                continue
            values = seen.setdefault(name, {})
            if not is_empty(raw.get("value")):
                values[raw_word(raw["value"])] = raw["value"]
    return {name: list(values.values()) for name, values in seen.items()}


def _elements(row: Row, slot: Mapping[str, Source | str], found: Sources, plan: ImportPlan) -> Iterator[Cell]:
    if row.problem is not None:
        yield Cell(row, {})
        return
    overrides = {field: one.cell(row) if isinstance(one, Source) else one for field, one in slot.items()}
    if not plan.has_lists:
        yield Cell(row, overrides)
        return
    held = overrides["value"] if "value" in overrides else found["value"].cell(row) if "value" in found else None
    listed = json_cell(held)
    if not isinstance(listed, list) or not listed:
        yield Cell(row, overrides | {"value": held})
        return
    for place, element in enumerate(listed):
        yield Cell(row, overrides | {"value": element}, place)


def _meant(seen: Sequence[object], plan: ImportPlan) -> list[object]:
    left_out = plan.not_applicable | plan.cannot_judge | plan.empty | plan.failures.keys()
    return [plan.values.get(raw_word(raw), raw) for raw in seen if raw_word(raw) not in left_out]


def _values_words(seen: Sequence[object]) -> str:
    words = sorted({raw_word(raw) for raw in seen})
    listed = ", ".join(word if len(word) <= 30 else word[:27] + "..." for word in words[:8])
    return f"{listed}, ... ({len(words)} different)" if len(words) > 8 else listed or "none"


def _scale_words(specs: Mapping[str, str]) -> str:
    if len(set(specs.values())) == 1:
        return f"--scale {next(iter(specs.values()))!r}"
    return " ".join(f"--scale '{name}={spec}'" for name, spec in list(specs.items())[:9])

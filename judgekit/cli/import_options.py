"""The options of `judgekit import`, and what they say of columns, cells and files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from judgekit.adapters.importers.plan import FileForm, ImportPlan

Words = list[str] | None


@dataclass(frozen=True)
class ImportAsked:
    """One import as it is typed, apart from its form, its files and its dataset."""

    columns: Annotated[
        Words,
        typer.Option(
            "--map",
            metavar="FIELD=COLUMN",
            help="Where a field is: a column, a dotted path, or a pattern like {task}-{trial} ({#}: row).",
        ),
    ] = None
    constants: Annotated[Words, typer.Option("--set", metavar="FIELD=VALUE", help="The same value for every row.")] = (
        None
    )
    criteria: Annotated[
        Words, typer.Option("--criterion", metavar="NAME=COLUMN", help="Column of one criterion's answers.")
    ] = None
    rationales: Annotated[Words, typer.Option("--rationale", metavar="NAME=COLUMN", help="Column of its reasons.")] = (
        None
    )
    evidences: Annotated[Words, typer.Option("--evidence", metavar="NAME=COLUMN", help="Column of its quotes.")] = None
    raters: Annotated[Words, typer.Option("--rater", metavar="NAME=COLUMN", help="Column of one rater's answers.")] = (
        None
    )
    distribution: Annotated[
        Words, typer.Option("--distribution", metavar="LEVEL=COLUMN", help="Column of the probability of a level.")
    ] = None
    values: Annotated[Words, typer.Option("--value", metavar="RAW=VALUE", help="What a cell means, such as 0=tie.")] = (
        None
    )
    failures: Annotated[
        Words,
        typer.Option("--failure", metavar="RAW=STATUS", help="No verdict: garbage=unparsed; null=refused for JSON's."),
    ] = None
    not_applicable: Annotated[
        Words, typer.Option("--not-applicable", metavar="RAW", help="A cell that means that.")
    ] = None
    cannot_judge: Annotated[Words, typer.Option("--cannot-judge", metavar="RAW", help="A cell that means that.")] = None
    empty: Annotated[
        Words, typer.Option("--empty", metavar="RAW", help="A cell that means no answer, such as n/a.")
    ] = None
    scales: Annotated[
        Words,
        typer.Option(
            "--scale",
            metavar="[NAME=]SPEC",
            help="ordinal:1..5, binary:fail,pass, categorical:a,b, numeric:0..100, preference, text; +na at the end.",
        ),
    ] = None
    questions: Annotated[Words, typer.Option("--question", metavar="NAME=TEXT", help="What raters were asked.")] = None
    rubric: Annotated[Path | None, typer.Option("--rubric", metavar="FILE", help="rubric.toml for a new dataset.")] = (
        None
    )
    speakers: Annotated[
        Words, typer.Option("--speaker", metavar="NAME=ROLE", help="Role of lines that begin with 'NAME:' in text.")
    ] = None
    roles: Annotated[
        Words, typer.Option("--role", metavar="NAME=ROLE", help="Role of messages of that role or agent name.")
    ] = None
    groups: Annotated[
        Words,
        typer.Option(
            "--group-raters", metavar="NAME=LIST", help="Who count together: experts=ana,ben:median, crowd=anonymous."
        ),
    ] = None
    keep: Annotated[
        Words, typer.Option("--keep", metavar="COLUMN", help="Kept in the metadata of labels or verdicts.")
    ] = None
    kind: Annotated[str, typer.Option("--kind", metavar="KIND", help="Of labels: human, gold, model or code.")] = (
        "human"
    )
    each: Annotated[
        bool, typer.Option("--each", help="A cell holds a list: anonymous labels, or samples of the judge.")
    ] = False
    unnest: Annotated[
        Words, typer.Option("--unnest", metavar="COLUMN", help="A row per element of its list; COLUMN# is the place.")
    ] = None
    bare: Annotated[bool, typer.Option("--bare", help="Sessions without text: ratings only.")] = False
    as_score: Annotated[bool, typer.Option("--as-score", help="Cells are scores between the scale's levels.")] = False
    drop_rest: Annotated[bool, typer.Option("--drop-rest", help="Leave unmapped columns out of metadata.")] = False
    utc: Annotated[bool, typer.Option("--utc", help="Times without an offset are UTC.")] = False
    records: Annotated[
        str | None, typer.Option("--records", metavar="PATH", help="Where the list of records is inside a JSON object.")
    ] = None
    delimiter: Annotated[
        str | None, typer.Option("--delimiter", metavar="CHAR", help="Of cells, where it is not the usual one.")
    ] = None
    encoding: Annotated[str, typer.Option("--encoding", metavar="NAME", help="Of text files.")] = "utf-8-sig"
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Where verdicts go: verdicts.jsonl.")] = None
    replace: Annotated[bool, typer.Option("--replace", help="Replace sessions, pairs or verdicts that differ.")] = False
    skip_invalid: Annotated[bool, typer.Option("--skip-invalid", help="Import the good rows, count the others.")] = (
        False
    )
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what was understood; write nothing.")] = False

    def plan(self) -> ImportPlan:
        """Return where each field comes from, and what the cells mean.

        Raises:
            InputError: A word is no assignment, or names something twice.
            UnknownName: There is no such role or kind of label.
        """
        from judgekit.adapters.importers.plan import ImportPlan, assignments, label_kind, role_table

        return ImportPlan(
            columns=assignments("--map", self.columns or ()),
            constants=assignments("--set", self.constants or ()),
            criteria=assignments("--criterion", self.criteria or ()),
            rationales=assignments("--rationale", self.rationales or ()),
            evidences=assignments("--evidence", self.evidences or ()),
            raters=assignments("--rater", self.raters or ()),
            distribution=assignments("--distribution", self.distribution or ()),
            values=assignments("--value", self.values or (), last=True),
            failures=assignments("--failure", self.failures or (), last=True),
            not_applicable=frozenset(self.not_applicable or ()),
            cannot_judge=frozenset(self.cannot_judge or ()),
            empty=frozenset(self.empty or ()),
            speakers=role_table("--speaker", self.speakers or ()),
            roles=role_table("--role", self.roles or ()),
            kind=label_kind(self.kind),
            has_lists=self.each,
            is_bare=self.bare,
            has_scores=self.as_score,
            drops_rest=self.drop_rest,
            keeps=tuple(self.keep or ()),
            is_utc=self.utc,
        )

    def questions_by_criterion(self) -> dict[str, str]:
        """Return what raters were asked."""
        from judgekit.adapters.importers.plan import assignments

        return assignments("--question", self.questions or ())

    def file_form(self) -> FileForm:
        """Return how files are read where their name does not say it."""
        from judgekit.adapters.importers.plan import FileForm

        return FileForm(self.delimiter, self.encoding, self.records, tuple(self.unnest or ()))

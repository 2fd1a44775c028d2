"""`judgekit import`."""

from __future__ import annotations

import contextlib
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from judgekit.cli.import_options import ImportAsked
from judgekit.errors import FileProblem, InputError

if TYPE_CHECKING:
    from judgekit.adapters.importers.plan import ImportPlan
    from judgekit.cli.console import Console
    from judgekit.records.dataset import Dataset, DatasetCard
    from judgekit.records.ingest import Batch, IngestReport
    from judgekit.workflows.ingest import Ingestion


def import_(
    context: typer.Context,
    form: Annotated[str, typer.Argument(metavar="FORMAT", help="sessions, pairs, labels or verdicts.")],
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE", help=".csv .tsv .jsonl .ndjson .json .parquet, each also .gz."),
    ],
    dataset: Annotated[str, typer.Option("--dataset", "-d", help="Folder, or name under datasets/; made when new.")],
    *,
    asked: ImportAsked,
) -> None:
    """Bring sessions, labels or verdicts into a dataset.

    Nothing is dropped without being counted.

    Example: judgekit import labels scores.csv --dataset helpdesk --map session=ticket --set criterion=tone
    """
    from judgekit.adapters.store.appending import locked_folder

    order = _Order(form, tuple(files), asked.plan(), _folder(dataset), asked.questions_by_criterion(), asked)
    if form == "verdicts" and asked.out is None and not asked.dry_run:
        raise InputError("verdicts need a file to go to", hint="Say -o verdicts.jsonl")
    with contextlib.nullcontext() if asked.dry_run else locked_folder(order.folder):
        held = _held(order)
        ingestion = _ingestion(order, held)
        refusal = None if asked.skip_invalid else ingestion.refusal() or _emptiness(ingestion.report)
        if refusal is None and not asked.dry_run:
            _write(order, held, ingestion, context.obj)
    if refusal is None or asked.dry_run:
        _tell(ingestion.report.model_copy(update={"is_dry_run": asked.dry_run}), context.obj)
    if refusal is not None:
        raise refusal
    if not asked.dry_run:
        context.obj.suggest(_next(order, dataset))


@dataclass(frozen=True, slots=True)
class _Order:
    """One import: what to read, how, and where it goes."""

    form: str
    files: tuple[Path, ...]
    plan: ImportPlan
    folder: Path
    questions: dict[str, str]
    asked: ImportAsked


def _folder(dataset: str) -> Path:
    """Return the dataset's folder: where it is, or where a new one is to be."""
    from judgekit.adapters.store.project import project_root

    path = Path(dataset)
    if not dataset.strip() or dataset.startswith("-") or not dataset.isprintable():
        raise InputError(f"{dataset!r} is no name for a dataset", where="--dataset", hint="Give one such as support")
    named = project_root() / "datasets" / path
    for found in (path, named):
        if (found / "dataset.toml").is_file():
            return found
    is_path = path.is_absolute() or len(path.parts) != 1 or dataset.startswith(".") or path.is_dir()
    new = path if is_path else named
    strangers = [each.name for each in new.iterdir() if not _may_be_there(each.name)] if new.is_dir() else []
    if strangers:
        what = f"the folder holds {min(strangers)!r} and is no dataset"
        raise FileProblem(what, where=str(new), hint="Name an empty or a new folder")
    return new


def _may_be_there(name: str) -> bool:
    """Whether a folder that is to become a dataset may hold this: an import that was killed left it, or git did."""
    return name == "rubric.toml" or name.startswith(".")


def _held(order: _Order) -> Dataset:
    """Return the dataset as it is, or an empty one; with the rubric that was given."""
    from judgekit.adapters.store.dataset import DatasetFolder
    from judgekit.adapters.store.toml import read_toml
    from judgekit.records.dataset import Dataset, DatasetCard
    from judgekit.records.rubric import Rubric

    given = read_toml(order.asked.rubric, Rubric) if order.asked.rubric is not None else None
    if (order.folder / "dataset.toml").exists():
        held = DatasetFolder(order.folder).load()
        if given is not None and given != held.rubric:
            what = f"another rubric than {order.asked.rubric} is there"
            hint = "Leave --rubric out, or edit the dataset's rubric.toml and raise its version"
            raise InputError(what, where=str(order.folder / "rubric.toml"), hint=hint)
        return held
    name = order.folder.resolve().name
    return Dataset(card=DatasetCard(name=name), rubric=given or Rubric(name=name))


def _ingestion(order: _Order, held: Dataset) -> Ingestion:
    """Read the files and hold what they bring against the dataset."""
    from judgekit.adapters.importers.answer import named_criteria
    from judgekit.adapters.importers.formats import importer, read_tables
    from judgekit.adapters.importers.scale_spec import rubric_with
    from judgekit.workflows.ingest import IngestRules, ingest

    read = importer(order.form)
    tables = read_tables(order.files, order.asked.file_form())
    named = named_criteria(tables, order.plan) if order.form in ("labels", "verdicts") else ()
    rubric = rubric_with(held.rubric, order.asked.scales or (), order.questions, named)
    batch = read(tables, order.plan, rubric)
    card = _with_groups(held.card, tuple(order.asked.groups or ()))
    dataset = held.model_copy(update={"rubric": rubric, "card": card})
    rules = IngestRules(
        replaces=order.asked.replace,
        makes_bare=order.plan.is_bare,
        known=_known_labels(order.folder, held, batch),
    )
    return ingest(dataset, batch, rules)


def _known_labels(folder: Path, held: Dataset, batch: Batch) -> frozenset[str]:
    """Return the ids of the ledger's labels: one that was corrected or retracted is not new either."""
    from judgekit.adapters.store.dataset import DatasetFolder
    from judgekit.records.label import Label

    current = frozenset(label.id for label in held.labels)
    brought = {record.id for item in batch.items for record in item.records if isinstance(record, Label)}
    if brought <= current:
        return current
    entries = DatasetFolder(folder).ledger.entries().entries
    return frozenset(entry.entry.id for entry in entries if isinstance(entry.entry, Label))


def _with_groups(card: DatasetCard, words: tuple[str, ...]) -> DatasetCard:
    """Return the card with the groups of `--group-raters NAME=a,b:median`."""
    from typing import get_args

    from judgekit.adapters.importers.plan import assignments
    from judgekit.records.dataset import Aggregation, RaterGroup

    groups = dict(card.raters)
    for name, members in assignments("--group-raters", words).items():
        listed, _, rule = members.rpartition(":")
        if rule not in get_args(Aggregation):
            listed, rule = members, "majority"
        raters = tuple(rater.strip() for rater in listed.split(",") if rater.strip())
        if not raters:
            raise InputError(f"--group-raters {name}={members} names no rater", hint="Write experts=ana,ben:median")
        groups[name] = RaterGroup.model_validate({"raters": raters, "aggregate": rule})
    return card.model_copy(update={"raters": groups})


def _emptiness(report: IngestReport) -> InputError | None:
    """Return a refusal of files without a row, which are more often a broken export than what was meant."""
    if report.n_rows:
        return None
    return InputError("the table has no rows", where=", ".join(report.files), hint="Nothing was imported")


def _write(order: _Order, held: Dataset, ingestion: Ingestion, console: Console) -> None:
    """Write what is new; labels last, so that what they point at is there."""
    from datetime import UTC, datetime

    from judgekit.adapters.store.dataset import DatasetFolder
    from judgekit.adapters.store.toml import write_toml

    folder, new = DatasetFolder(order.folder), ingestion.dataset
    written = ingestion.report.written
    if order.form == "verdicts":
        _write_outcomes(order, ingestion, console)
    if not (order.folder / "dataset.toml").exists():
        folder.create(new.card, new.rubric)
        console.say(f"made dataset {order.folder}")
    else:
        if new.rubric != held.rubric:
            folder.write_rubric(new.rubric)
        if new.card != held.card:
            write_toml(order.folder / "dataset.toml", new.card)
    if written.get("sessions"):
        folder.write_sessions(new.sessions)
    if written.get("pairs"):
        folder.write_pairs(new.pairs)
    if ingestion.labels:
        folder.append(ingestion.labels, datetime.now(UTC), within=new)


def _write_outcomes(order: _Order, ingestion: Ingestion, console: Console) -> None:
    from judgekit.adapters.store.files import json_line, read_bytes, write_atomically, write_jsonl

    if order.asked.out is None:
        return
    text = "".join(json_line(outcome) for outcome in ingestion.outcomes)
    if order.asked.out.exists() and not order.asked.replace:
        if read_bytes(order.asked.out) == text.encode("utf-8"):
            console.say(f"{order.asked.out} holds these verdicts already")
            return
        raise InputError(
            "other verdicts are there", where=str(order.asked.out), hint="Choose another -o, or say --replace"
        )
    if order.asked.out.suffix == ".gz":
        write_jsonl(order.asked.out, ingestion.outcomes)
    else:
        write_atomically(order.asked.out, text)
    console.say(f"wrote {order.asked.out}")


def _tell(report: IngestReport, console: Console) -> None:
    from judgekit.render.ingest import render_ingest

    console.emit(report)
    console.show(render_ingest(report))


def _next(order: _Order, dataset: str) -> str:
    dataset = shlex.quote(dataset)
    if order.form == "verdicts":
        return f"judgekit score {shlex.quote(str(order.asked.out))} {dataset}"
    if order.form == "labels":
        return f"judgekit agree {dataset}"
    return f"judgekit import labels FILE --dataset {dataset}"

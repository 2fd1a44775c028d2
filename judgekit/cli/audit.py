"""`judgekit audit show|verify`: who said what when, and whether the record of it is whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from judgekit.errors import EXIT_DONE, EXIT_FINDINGS

if TYPE_CHECKING:
    from judgekit.review.history import Happening

DatasetArgument = Annotated[str, typer.Argument(help="Dataset: its name or folder.")]


def show(
    context: typer.Context,
    dataset: DatasetArgument,
    session: Annotated[str | None, typer.Option("--session", help="Only this session or pair.")] = None,
    rater: Annotated[str | None, typer.Option("--rater", help="Only what this person did.")] = None,
) -> None:
    """Show who said what when, with what was corrected, taken back or settled.

    Example: judgekit audit show helpdesk --session s-17
    """
    from judgekit.adapters.store.dataset import DatasetFolder
    from judgekit.adapters.store.project import find_dataset
    from judgekit.review.history import history

    folder = DatasetFolder(find_dataset(dataset))
    name = folder.card().name
    held = folder.ledger.entries()
    found = history(held.entries, name, session=session, rater=rater)
    found = found.model_copy(update={"notes": (*held.notes, *found.notes)})
    context.obj.emit(found)
    for note in found.notes:
        context.obj.say(note)
    context.obj.show("\n".join(map(_line, found.happenings)) or "nothing is recorded here")
    context.obj.suggest(f"judgekit audit verify {dataset}")


def verify(context: typer.Context, dataset: DatasetArgument) -> int:
    """Check every hash chain of the ledger; exit code 8 when a line was changed, removed or moved.

    Example: judgekit audit verify helpdesk
    """
    from judgekit.adapters.store.dataset import DatasetFolder
    from judgekit.adapters.store.project import find_dataset
    from judgekit.records.report import Report

    folder = DatasetFolder(find_dataset(dataset))
    problems = folder.ledger.verify()
    n_files = len(folder.ledger.files())
    summary = f"{len(problems)} findings in {n_files} ledger files" if problems else f"{n_files} ledger files are whole"
    report = Report(kind="audit", title="Ledger", dataset=folder.card().name, summary=(summary,), warnings=problems)
    context.obj.emit(report)
    context.obj.show("\n".join((*problems, summary)))
    return EXIT_FINDINGS if problems else EXIT_DONE


def _line(item: Happening) -> str:
    """Return one event as a line: time, person, what about, answer, what became of it, words."""
    when = item.at.strftime("%Y-%m-%d %H:%M:%SZ") if item.at else "no time"
    about = " ".join(part for part in (item.target, f"turn {item.turn}" if item.turn else None, item.criterion) if part)
    answer = item.status if item.value is None else str(item.value)
    shown = f"{when}  {item.who or 'anonymous'}: {item.event} {about}"
    shown += f" = {answer}" if answer else ""
    shown += f" [{item.state}]" if item.state != "current" else ""
    words = " ".join(item.words.split())
    return f"{shown}  {words!r}" if words else shown

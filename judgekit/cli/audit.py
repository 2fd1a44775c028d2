"""`judgekit audit show|verify`: who said what when, and whether the record of it is whole."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from judgekit.errors import EXIT_DONE, EXIT_FINDINGS, UnknownName

if TYPE_CHECKING:
    from judgekit.review.history import Happening

WIDTH = 80
DatasetArgument = Annotated[str, typer.Argument(help="Dataset: its name or folder.")]


def show(
    context: typer.Context,
    dataset: DatasetArgument,
    session: Annotated[str | None, typer.Option("--session", help="Only this session or pair.")] = None,
    rater: Annotated[str | None, typer.Option("--rater", help="Only what this person did.")] = None,
) -> None:
    """Show who said what when, and what became of it.

    Labels that were corrected, taken back or settled stay in the list and say so.

    Example: judgekit audit show helpdesk --session s-17
    """
    from judgekit.adapters.store.dataset import DatasetFolder
    from judgekit.adapters.store.project import find_dataset
    from judgekit.render.plain import one_line, wrap
    from judgekit.review.history import history

    folder = DatasetFolder(find_dataset(dataset))
    name = folder.card().name
    held = folder.ledger.entries()
    whole = history(held.entries, name)
    _require_known("rater", rater, {each.who for each in whole.happenings})
    found = history(held.entries, name, session=session, rater=rater)
    if session is not None and not found.happenings:
        data = folder.load()
        _require_known("session or pair", session, {*data.session_by_id, *data.pair_by_id})
    found = found.model_copy(update={"notes": (*held.notes, *found.notes)})
    context.obj.emit(found)
    for note in found.notes:
        context.obj.say(note)
    shown = [line for each in found.happenings for line in wrap(one_line(_line(each)), WIDTH, hanging="    ")]
    context.obj.show("\n".join(shown) or "nothing is recorded here")
    context.obj.suggest(f"judgekit audit verify {shlex.quote(dataset)}")


def verify(context: typer.Context, dataset: DatasetArgument) -> int:
    """Check every hash chain of the ledger.

    Exit code 8 when a line was changed, removed or moved.

    Example: judgekit audit verify helpdesk
    """
    from judgekit.adapters.store.dataset import DatasetFolder
    from judgekit.adapters.store.project import find_dataset
    from judgekit.records.report import Report

    folder = DatasetFolder(find_dataset(dataset))
    problems = folder.ledger.verify()
    n_files = len(folder.ledger.files())
    files = "1 ledger file" if n_files == 1 else f"{n_files} ledger files"
    found = "1 finding" if len(problems) == 1 else f"{len(problems)} findings"
    summary = f"{found} in {files}" if problems else f"{files} {'is' if n_files == 1 else 'are'} whole"
    notes = () if problems else folder.ledger.entries().notes
    told = (*problems, *notes)
    report = Report(kind="audit", title="Ledger", dataset=folder.card().name, summary=(summary,), warnings=told)
    context.obj.emit(report)
    context.obj.show("\n".join((*told, summary)))
    return EXIT_FINDINGS if problems else EXIT_DONE


def _require_known(kind: str, name: str | None, known: Iterable[str | None]) -> None:
    names = [each for each in known if each is not None]
    if name is not None and name not in names:
        raise UnknownName(kind, name, names)


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

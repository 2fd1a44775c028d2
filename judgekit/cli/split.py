"""`judgekit split`: draw train, dev and test, or extend what was drawn, and say what each holds."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from judgekit.errors import InputError

if TYPE_CHECKING:
    from judgekit.cli.console import Console
    from judgekit.records.dataset import Dataset
    from judgekit.review.splits import SplitCounts

_HEADER = ("split", "units", "sessions", "criterion", "labelled", "rarest level")
_WIDTHS = (10, 6, 8, 20, 8, 23)
"""Widths of the columns; with a space between they fill a line of 80."""


def split(
    context: typer.Context,
    dataset: Annotated[str, typer.Argument(help="Dataset: its name or folder.")],
    seed: Annotated[int, typer.Option("--seed", help="Seed of the draw.")] = 7,
    dev: Annotated[float, typer.Option("--dev", min=0, max=1, help="Share of sessions for dev.")] = 0.3,
    test: Annotated[float, typer.Option("--test", min=0, max=1, help="Share for test; the rest is train.")] = 0.3,
    stratify: Annotated[
        list[str] | None, typer.Option("--stratify", help="Balance only this criterion (repeatable).")
    ] = None,
) -> None:
    """Draw train, dev and test by group and level.

    A unit that is drawn never moves; run again, it draws what is new.

    Example: judgekit split helpdesk --seed 7 --dev 0.3 --test 0.3
    """
    from judgekit.adapters.store.dataset import DatasetFolder
    from judgekit.adapters.store.project import find_dataset
    from judgekit.review.splits import check_leaks, draw_splits, split_counts

    train = round(1 - dev - test, 9)
    if train < 0:
        raise InputError(f"--dev {dev:g} and --test {test:g} are more than 1 together", hint="Leave a share for train")
    folder = DatasetFolder(find_dataset(dataset))
    data = folder.load()
    fractions = {"train": train, "dev": dev, "test": test}
    manifest = draw_splits(data, seed=seed, fractions=fractions, stratify=stratify)  # type: ignore[arg-type]  # literal keys
    drawn = data.model_copy(update={"splits": manifest})
    check_leaks(drawn)
    folder.write_splits(manifest)
    _report(split_counts(drawn), drawn, context.obj)
    first = next((criterion.id for criterion in data.rubric.criteria), "CRITERION")
    context.obj.suggest(f"judgekit judge new NAME --dataset {shlex.quote(dataset)} --criterion {first}")


def _report(counts: SplitCounts, dataset: Dataset, console: Console) -> None:
    console.emit(counts)
    for note in dataset.notes:
        console.say(note)
    console.show(render_counts(counts))


def render_counts(counts: SplitCounts) -> str:
    """Return the table: one line per split and criterion, at most 80 columns wide."""
    lines = [_line(_HEADER)]
    for row in counts.splits:
        first = (row.split or "none yet", str(row.n_units), str(row.n_sessions))
        cells = [(c.criterion, str(sum(c.counts.values())), _rarest(c.rarest, c.n_rarest)) for c in row.criteria]
        for place, cell in enumerate(cells or [("-", "0", "-")]):
            lines.append(_line((*(first if place == 0 else ("", "", "")), *cell)))
    return "\n".join(lines)


def _rarest(level: str | None, n_targets: int | None) -> str:
    return "-" if level is None else f"{n_targets} of {level}"


def _line(cells: tuple[str, ...]) -> str:
    shown = [_cut(cell, width) for cell, width in zip(cells, _WIDTHS, strict=True)]
    is_number = (False, True, True, False, True, False)
    aligned = [
        cell.rjust(width) if right else cell.ljust(width)
        for cell, width, right in zip(shown, _WIDTHS, is_number, strict=True)
    ]
    return " ".join(aligned).rstrip()


def _cut(text: str, width: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 3] + "..."

"""Outcomes of judges that are not asked anything: checks and stored verdicts, with what lies in their folders."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from judgekit.adapters.plug_in import load_function
from judgekit.adapters.store.run import load_outcomes
from judgekit.errors import InputError
from judgekit.judging.check import check_options, check_outcomes
from judgekit.judging.stored import stored_outcomes
from judgekit.records.judge import Judge
from judgekit.records.verdict import Failure, Verdict

if TYPE_CHECKING:
    from judgekit.judging.runner.interview import Targets


def given_outcomes(
    judge: Judge, folder: Path | None, targets: Targets, *, now: datetime
) -> Iterator[Verdict | Failure]:
    """Yield a check's or a stored judge's outcome on every target; whatever can be wrong with the judge is told first.

    Args:
        judge: A check or stored judge.
        folder: The judge's folder, which a stored judge needs.
        targets: Sessions, or pairs.
        now: When it is done.

    Raises:
        InputError: Its function cannot be loaded, its options do not fit, or it lacks its folder.
        FileProblem: Its verdicts cannot be read.
    """
    if judge.check is not None:
        check_options(judge)
        own = load_function(judge.check.function, what="check") if ":" in judge.check.function else None
        return check_outcomes(judge, targets, own, now=now)
    if judge.stored is None or folder is None:
        what = f"a {judge.kind} judge needs what lies in its folder"
        raise InputError(what, where=judge.name, hint="Give its folder or its name")
    return stored_outcomes(judge, targets, load_outcomes(folder / judge.stored.path))

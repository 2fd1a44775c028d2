"""The error tree. Every error is one line: what is wrong; the value and where; what to do.

JudgekitError                exit code
├── InputError                   2   usage, unreadable or invalid input
│   ├── FileProblem              2   a file that is missing, unreadable, unwritable or cut off
│   ├── InvalidRecord            2   a row or key that does not fit its record
│   ├── UnknownName              2   a name that is not among the known ones (the nearest is named)
│   ├── LeakError                2   the same group, or a near-duplicate, on both sides of a split
│   └── TamperedLedger           2   a ledger whose chain does not verify
├── IncompleteError              3   too many failures to decide
├── InconclusiveError            4   the interval crosses the line
├── UntrustedJudge               5   no valid certificate, or the judge or its labels changed
├── BudgetReached                6   the cap on money was met; the same command continues
└── EngineUnavailable            7   key, model, quota or connection; what was done is kept

A mathematically undefined result is an `Estimate` with a reason, and a judge that did not answer is a
`Failure` record: neither is an exception. Anything else that escapes is a defect of ours: exit code 70.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

EXIT_DONE = 0
EXIT_FINDINGS = 8
EXIT_INTERNAL = 70
EXIT_INTERRUPTED = 130


class JudgekitError(Exception):
    """What every error of this package is; `exit_code` is what the command line ends with."""

    exit_code = EXIT_INTERNAL

    def __init__(self, what: str, *, where: str | None = None, hint: str | None = None) -> None:
        """Keep the three parts; `str()` joins them to one line.

        Args:
            what: What is wrong, with the offending value.
            where: `file:line`, a session id, a field.
            hint: What to do about it.
        """
        super().__init__(what)
        self.what = what
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        line = f"{self.where}: {self.what}" if self.where else self.what
        stop = "" if line.endswith((".", "?", "!")) else "."
        return f"{line}{stop} {self.hint}" if self.hint else line


class InputError(JudgekitError):
    """Usage, unreadable or invalid input."""

    exit_code = 2


class FileProblem(InputError):
    """A file that is missing, unreadable, unwritable or cut off."""


class InvalidRecord(InputError):
    """A row or key that does not fit its record."""


class LeakError(InputError):
    """The same group, or a near-duplicate session, would stand on both sides of a split."""


class TamperedLedger(InputError):
    """A ledger whose hash chain does not verify."""


class UnknownName(InputError):
    """A name that is not among the known ones."""

    def __init__(self, kind: str, name: str, known: Iterable[str], *, where: str | None = None) -> None:
        """Say which name is unknown, name the nearest, list the rest."""
        self.name = name
        self.known = sorted(known)
        super().__init__(f"unknown {kind} {name!r}", where=where, hint=_suggestion(name, self.known))


class IncompleteError(JudgekitError):
    """Too many failures to decide."""

    exit_code = 3


class InconclusiveError(JudgekitError):
    """The interval crosses the line."""

    exit_code = 4


class UntrustedJudge(JudgekitError):
    """No valid certificate, or the judge or the labels it rests on changed."""

    exit_code = 5


class BudgetReached(JudgekitError):
    """The cap on money was met; what was done is kept and the same command continues."""

    exit_code = 6


class EngineUnavailable(JudgekitError):
    """Key, model, quota or connection; what was done is kept."""

    exit_code = 7


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name closest in spelling, or None when none is close."""
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return found[0] if found else None


def _suggestion(name: str, known: list[str]) -> str:
    close = nearest(name, known)
    listed = ", ".join(known[:20]) + (", ..." if len(known) > 20 else "")
    if not known:
        return "None is known here"
    return (f"Did you mean {close!r}? " if close else "") + f"Known: {listed}"

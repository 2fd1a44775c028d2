"""What lint looks at, and what it finds: the nouns that its checks share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from judgekit.errors import InvalidRecord
from judgekit.records.judge import Judge
from judgekit.records.record import Record

Severity = Literal["error", "warning", "info"]


class Finding(Record):
    """One thing that is wrong with a judge, or may be."""

    code: str
    """Its kind, such as `unknown-variable`."""
    severity: Severity
    """`error`: it cannot work; `warning`: it is likely to mislead; `info`: worth knowing."""
    file: str
    """File of the judge's folder."""
    line: int | None = None
    """Line in it, where there is one."""
    message: str
    """What is wrong."""
    fix: str
    """What to do."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A judge under lint, with what several checks need.

    Attributes:
        judge: The judge.
        used: Template file -> variable -> first line; empty for a template that does not parse.
        units: Session id -> its unit, where the dataset is known.
        without_reference: Sessions of it that declare no reference answer.
    """

    judge: Judge
    used: Mapping[str, Mapping[str, int]]
    units: Mapping[str, str]
    without_reference: Sequence[str] = ()

    @property
    def names(self) -> set[str]:
        """Variables of both templates."""
        return {name for variables in self.used.values() for name in variables}

    @property
    def text(self) -> str:
        """Both templates."""
        return f"{self.judge.system}\n{self.judge.user}"

    def line(self, name: str) -> tuple[str, int]:
        """Return the file and line where a variable first stands."""
        return next((file, lines[name]) for file, lines in self.used.items() if name in lines)


def from_error(code: str, error: InvalidRecord, file: str) -> Finding:
    """Return what a refusal finds, in the line that it names."""
    line = (error.where or "").rpartition(":")[2]
    what = error.what if line.isdigit() or error.where is None else f"{error.where}: {error.what}"
    number = int(line) if line.isdigit() else None
    return Finding(code=code, severity="error", file=file, line=number, message=what, fix=error.hint or "Mend it")


def in_toml(code: str, severity: Severity, message: str, fix: str) -> Finding:
    """Return a finding about `judge.toml`."""
    return Finding(code=code, severity=severity, file="judge.toml", message=message, fix=fix)


def template_lines(judge: Judge) -> Iterator[tuple[str, int, str]]:
    """Yield every line of both templates: file, number, text."""
    for file, source in (("system.j2", judge.system), ("user.j2", judge.user)):
        for number, text in enumerate(source.splitlines(), 1):
            yield file, number, text

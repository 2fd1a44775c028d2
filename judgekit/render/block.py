"""What a report is made of before it is dressed: sections of words, tables, figures, cases and references."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from judgekit.render.bibliography import Reference
from judgekit.render.table import Table


@dataclass(frozen=True, slots=True)
class Words:
    """Sentences, one paragraph each.

    Attributes:
        sentences: What is said.
        is_caution: Whether they limit what may be believed.
    """

    sentences: tuple[str, ...]
    is_caution: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture of what a table also gives: of one beside it, or of its own, which text shows instead.

    Attributes:
        caption: What it shows.
        draw: Draws it as SVG; None where there is nothing to draw.
        legend: (mark, meaning) of marks that do not explain themselves.
        table: The same in numbers, where no table beside it has them.
    """

    caption: str
    draw: Callable[[], str | None]
    legend: tuple[tuple[str, str], ...] = ()
    table: Table | None = None


@dataclass(frozen=True, slots=True)
class Voice:
    """Who answered what, and why."""

    name: str
    answer: str
    rationale: str = ""
    is_judge: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """One session or pair, with everybody's words.

    Attributes:
        target: Session or pair.
        criterion: The question.
        facts: How far apart, and the reference.
        excerpt: Its beginning.
        voices: Who said what; the judge first.
        gap: What cases of its kind are grouped under: `3 to 4 apart`, or the cause of a failure.
    """

    target: str
    criterion: str
    facts: str
    excerpt: str
    voices: tuple[Voice, ...]
    gap: str = ""


@dataclass(frozen=True, slots=True)
class Cases:
    """Sessions worth reading, worst first."""

    cases: tuple[Case, ...]

    @property
    def groups(self) -> tuple[tuple[str, tuple[Case, ...]], ...]:
        """The cases by criterion and size of gap, in the order in which these first occur within a criterion."""
        criteria = dict.fromkeys(case.criterion for case in self.cases)
        found: dict[tuple[str, str], list[Case]] = {}
        for criterion in criteria:
            for case in self.cases:
                if case.criterion == criterion:
                    found.setdefault((criterion, case.gap), []).append(case)
        return tuple((", ".join(filter(None, name)), tuple(cases)) for name, cases in found.items())


@dataclass(frozen=True, slots=True)
class References:
    """The works that the methods used come from."""

    references: tuple[Reference, ...]


Block = Words | Table | Figure | Cases | References


@dataclass(frozen=True, slots=True)
class Section:
    """A title and what stands under it."""

    title: str
    blocks: tuple[Block, ...]
    tone: Literal["verdict", "plain", "warning"] = "plain"

    @property
    def is_pictures_only(self) -> bool:
        """Whether nothing of it can be written: its numbers stand in tables elsewhere."""
        return all(isinstance(block, Figure) and block.table is None for block in self.blocks)


@dataclass(frozen=True, slots=True)
class Content:
    """One report, ready to be dressed.

    Attributes:
        kind: `agreement`, `score`, `quality` or `comparison`.
        title: Its name.
        facts: Name and value of what it is about: dataset, judge, split ...
        sections: In order of reading.
    """

    kind: str
    title: str
    facts: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]

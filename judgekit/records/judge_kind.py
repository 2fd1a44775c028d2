"""What judges that ask no model themselves are made of: a panel, a check, verdicts made elsewhere."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from judgekit.records.record import Record

PanelRule = Literal["majority", "mean", "median", "weighted"]


class Panel(Record):
    """`[panel]`: several judges of one criterion, combined."""

    members: tuple[str, ...] = Field(min_length=2)
    """Judge folders, from the panel's own folder, or names under judges/."""
    rule: PanelRule = "majority"
    """`majority`: what more than half of the members that answered say; `mean` and `median` of their numbers;
    `weighted`: the weighted mean, and on levels without order what has more than half of the weight."""
    weights: dict[str, Annotated[float, Field(gt=0)]] = {}
    """Member's name -> its weight, for `weighted`; members that are not named weigh 1."""
    quorum: int | None = Field(default=None, ge=1)
    """Fewest members that must answer; None: more than half."""

    @model_validator(mode="after")
    def _is_whole(self) -> Panel:
        if bool(self.weights) != (self.rule == "weighted"):
            raise ValueError('weights are for rule = "weighted"' if self.weights else 'rule "weighted" needs weights')
        if self.quorum is not None and self.quorum > len(self.members):
            raise ValueError(f"quorum {self.quorum} can never be met by {len(self.members)} members")
        repeated = next((name for name in self.members if self.members.count(name) > 1), None)
        if repeated is not None:
            raise ValueError(f"member {repeated!r} stands there twice: it has one vote")
        return self

    @property
    def needed(self) -> int:
        """How many members must answer."""
        return len(self.members) // 2 + 1 if self.quorum is None else self.quorum


class Check(Record):
    """`[check]`: a rule that a program can decide."""

    function: str
    """A name of the table of checks, or `package.module:function`."""
    options: dict[str, Any] = {}
    """What the check is told: tools, patterns, ceilings."""


class Stored(Record):
    """`[stored]`: verdicts made elsewhere."""

    path: str = "verdicts.jsonl"
    """File with one verdict or failure a line, from the judge's own folder."""

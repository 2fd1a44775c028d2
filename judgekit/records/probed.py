"""What a judge's folder keeps of its probes: `probes.json`, for certificates to tell of."""

from __future__ import annotations

from typing import Literal

from judgekit.records.record import FORMAT, FormatNumber, Id, Record, Time
from judgekit.stats.estimate import Estimate


class ProbeFinding(Record):
    """What one change that should not matter did to a judge's verdicts on one criterion."""

    criterion: Id
    probe: str
    variant: str
    word: Literal["found", "clear", "too few"]
    why: str = ""
    """Why there are too few, in words."""
    n: int
    """Sessions or pairs that it rests on."""
    flip_rate: Estimate
    """Share of verdicts that the change turned."""
    difference: Estimate
    """That share beyond the reruns': above the noise of asking again or not."""


class Probed(Record):
    """The last probing of one very judge."""

    format: FormatNumber = FORMAT
    judge: str
    judge_fingerprint: str
    """Of the judge as its folder held it; of what was asked there may be less, such as pairs in one order."""
    engine: str | None = None
    model: str | None = None
    dataset: str | None = None
    """Whose sessions were asked about."""
    at: Time
    error_rate: float
    """Chance that a judge who is clear of all is found with anything at all."""
    findings: tuple[ProbeFinding, ...] = ()
    skipped: dict[str, str] = {}
    """Probe that could not be asked -> why."""
    left_out: tuple[str, ...] = ()
    """Probes that nobody asked for."""
    n_before: int = 0
    """Earlier probings of the same judge."""
    found_before: tuple[str, ...] = ()
    """What they found: `criterion, probe`; a second draw takes nothing back."""

    def of(self, criterion: str) -> Probed:
        """Return what concerns one criterion."""
        own = tuple(each for each in self.findings if each.criterion == criterion)
        before = tuple(each for each in self.found_before if each.startswith(f"{criterion}, "))
        return self.model_copy(update={"findings": own, "found_before": before})

    @property
    def names_found(self) -> tuple[str, ...]:
        """What was found, now and before: `criterion, probe`, each once."""
        now = (f"{each.criterion}, {each.probe}" for each in self.findings if each.word == "found")
        return tuple(dict.fromkeys((*self.found_before, *now)))

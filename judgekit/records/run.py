"""Run: one judge over one set of sessions. Experiment: the question that runs answer."""

from __future__ import annotations

from typing import Literal

from judgekit.records.judge import Lineage
from judgekit.records.record import FORMAT, FormatNumber, Record, Time
from judgekit.records.verdict import Call, Failure, Verdict


class RunManifest(Record):
    """What `run.json` holds."""

    format: FormatNumber = FORMAT
    judge: str
    """The judge's name."""
    criterion: str
    judge_fingerprint: str
    request_fingerprint: str
    engine: str
    """What answered; named in every row, never passed off as another."""
    model: str | None = None
    sessions: str
    """Fingerprint of the sessions (or pairs) judged."""
    n_targets: int
    """Sessions, turns or pairs to judge."""
    n_expected: int
    """Outcomes expected: targets x orders x samples."""
    state: Literal["running", "complete", "stopped"]
    started_at: Time
    ended_at: Time | None = None
    n_verdicts: int = 0
    n_failures: int = 0
    n_requests: int = 0
    """Requests sent, retries included."""
    n_reused: int = 0
    """Replies taken from the store instead of being asked again."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float | None = None
    """Dollars spent by the calls of this run; None when a price is unknown."""
    wall_s: float | None = None


class Run(Record):
    """A run in memory."""

    manifest: RunManifest
    outcomes: tuple[Verdict | Failure, ...] = ()
    calls: tuple[Call, ...] = ()
    lineage: Lineage = Lineage()
    """The judge's lineage: what these verdicts may not be held against."""

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """The outcomes that are answers."""
        return tuple(outcome for outcome in self.outcomes if isinstance(outcome, Verdict))

    @property
    def failures(self) -> tuple[Failure, ...]:
        """The outcomes that are not."""
        return tuple(outcome for outcome in self.outcomes if isinstance(outcome, Failure))


class Experiment(Record):
    """What `experiment.toml` holds."""

    format: FormatNumber = FORMAT
    name: str
    question: str = ""
    """What the experiment is to answer."""
    dataset: str
    """Path of the dataset folder, from the experiment's own folder."""
    judges: tuple[str, ...] = ()
    """Paths of judge folders, likewise."""
    baseline: str
    """Version compared against."""
    candidate: str
    """Version under test."""
    criteria: tuple[str, ...] = ()
    """Criteria of the question; empty: all."""

"""Run: one judge over one set of sessions. Experiment: the question that runs answer."""

from __future__ import annotations

from typing import Any, Literal

from judgekit.records.judge import Lineage
from judgekit.records.record import FORMAT, FormatNumber, Record, Time
from judgekit.records.verdict import Call, Failure, Verdict


class Spending(Record):
    """What one run's requests came to, over all commands that worked on it.

    Each send is recorded before it goes out and closed by its answer, so that what is charged lies between `cost_usd`
    and `cost_usd + possible_usd`, wherever a run is killed.
    """

    n_sent: int = 0
    """Requests sent, retries included."""
    n_answered: int = 0
    """Sends whose reply was kept."""
    n_rejected: int = 0
    """Sends that were turned away, for which no provider charges."""
    cost_usd: float | None = 0.0
    """Dollars of the replies kept; None as soon as one price is unknown."""
    possible_usd: float | None = 0.0
    """Dollars that sends without an answer may have cost at most; None where the price is unknown."""

    @property
    def n_possible(self) -> int:
        """Sends that may have been charged without an answer."""
        return self.n_sent - self.n_answered - self.n_rejected


class Latency(Record):
    """Seconds from request to reply, over the replies paid for by this command; each is within 2%."""

    p50_s: float
    p95_s: float
    p99_s: float
    longest_s: float


class RunManifest(Record):
    """What `run.json` holds."""

    format: FormatNumber = FORMAT
    judge: str
    """The judge's name."""
    criterion: str
    """The judge's criterion, the first where it answers several."""
    further_criteria: tuple[str, ...] = ()
    """Criteria answered in the same replies."""
    judge_fingerprint: str
    request_fingerprint: str
    engine: str
    """What answered; named in every row, never passed off as another."""
    model: str | None = None
    """The model asked for."""
    models: tuple[str, ...] = ()
    """The models that the replies name, which is what a floating alias meant that day."""
    parameters: dict[str, Any] = {}
    """What was sent beside the messages: temperature, seed ..."""
    sessions: str | None = None
    """Fingerprint of the sessions (or pairs) judged, whatever their order; None until all were taken."""
    shard: str | None = None
    """`i/n` where this is one part of a run."""
    n_targets: int
    """Sessions, turns or pairs to judge."""
    n_expected: int
    """Outcomes expected: targets x orders x samples x criteria."""
    state: Literal["running", "complete", "stopped"]
    started_at: Time
    ended_at: Time | None = None
    n_verdicts: int = 0
    n_failures: int = 0
    failures: dict[str, int] = {}
    """Cause -> outcomes without an answer."""
    first_failure: str | None = None
    """The first of them, in words."""
    n_requests: int = 0
    """Requests sent by this command, retries included."""
    n_reused: int = 0
    """Replies taken from the store instead of being asked again."""
    n_asked_again: int = 0
    """Requests of this command that were sent because a reply could not be read."""
    n_redacted: int = 0
    """Places replaced in what was sent, by the rules of judge and project."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float | None = None
    """Dollars spent by the calls of this command; None when a price is unknown."""
    spending: Spending | None = None
    """Dollars of all commands that worked on this run."""
    latency: Latency | None = None
    """None where no reply was timed."""
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

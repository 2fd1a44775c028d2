"""Run: one judge over one set of sessions."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import field_validator

from judgekit.records.judge import Combine, Lineage
from judgekit.records.record import FORMAT, FormatNumber, Record, Time
from judgekit.records.verdict import Call, Failure, Verdict
from judgekit.stats.estimate import Estimate


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
    """Dollars that sends without an answer, or whose answer does not tell its tokens, may have cost at most; None where
    the price is unknown."""

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


class SampleSpread(Record):
    """How far the samples of one session differ, over a run; of a pair, those in one order."""

    criterion: str
    n_samples: int
    """Samples asked for of each session."""
    n: int
    """Sessions with at least two answers."""
    share_disagreeing: float
    """Share of them whose answers are not all the same."""
    mean_sd: float | None = None
    """Mean of their standard deviations, in the scale's own numbers; None where levels have no order."""
    n_measured: int = 0
    """Sessions that this is the mean over: those with at least two levels."""


class MemberRun(Record):
    """What one member of a panel came to."""

    judge: str
    judge_fingerprint: str
    engine: str
    models: tuple[str, ...] = ()
    n_verdicts: int
    n_failures: int
    failures: dict[str, int] = {}
    """Cause -> outcomes without an answer."""
    cost_usd: float | None = None
    """None when a price is unknown."""


class PanelWorth(Record):
    """How many independent judges a panel is worth (Kish), by how its members' verdicts correlate.

    Members agree also where both are right, which counts as dependence here; `score` goes by their errors instead.
    """

    n_members: int
    correlation: Estimate
    """Mean correlation of two members' verdicts."""
    effective: Estimate

    @field_validator("correlation", "effective", mode="before")
    @classmethod
    def _fill_nulls(cls, data: object) -> object:
        """Files leave out what is None, and an undefined estimate has no value."""
        return {"value": None, "low": None, "high": None, **data} if isinstance(data, dict) else data


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
    dealt_from: str | None = None
    """Of a part: fingerprint of the ids of all that was dealt out to the parts."""
    n_targets: int
    """Sessions, turns or pairs to judge."""
    n_expected: int
    """Outcomes expected: targets x orders x samples x criteria."""
    state: Literal["running", "complete", "stopped"]
    fresh_since: Time | None = None
    """Replies from before did not count (`--fresh`), also for commands that continue the run; None: all counted."""
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
    fallback_samples: int | None = None
    """Samples that stand for token probabilities where the engine gives none; None: none are asked for."""
    n_from_samples: int = 0
    """Verdicts whose probabilities are shares of those samples."""
    combine: Combine | None = None
    """How several samples are to be made one; None: the usual rule of each scale."""
    spread: tuple[SampleSpread, ...] = ()
    """How far samples differ, a criterion each; empty where each session is asked once."""
    n_redacted: int = 0
    """Places replaced in what was sent, by the rules of judge and project."""
    redaction: tuple[str, ...] = ()
    """Those rules: names of ready ones and of fields, fingerprints of patterns."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float | None = None
    """Dollars spent by the calls of this command; None when a price is unknown."""
    spending: Spending | None = None
    """Dollars of all commands that worked on this run."""
    latency: Latency | None = None
    """None where no reply was timed."""
    wall_s: float | None = None
    members: tuple[MemberRun, ...] = ()
    """A panel's members."""
    worth: PanelWorth | None = None
    """How many judges a panel is worth; None for other judges."""


class Submission(Record):
    """One line of `batches.jsonl`: what became of one batch handed in to a provider."""

    label: str
    """Our name for it, which the provider keeps with it: a kill between submitting and writing loses nothing."""
    state: Literal["submitting", "submitted", "merged"]
    batch: str | None = None
    """The provider's id, once submitted."""
    marks: dict[str, tuple[str, int]] = {}
    """What each request is called in the batch -> its fingerprint and sample; with the first line only."""
    estimates_usd: dict[str, float] = {}
    """What each may cost at most, where the price is known; likewise."""


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

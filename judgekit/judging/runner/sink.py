"""Where a run is written as it goes: what a sink must do, and one in memory. The run's folder is in `adapters`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

from judgekit.records.run import Run, Spending

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from judgekit.records.judge import Lineage
    from judgekit.records.run import RunManifest
    from judgekit.records.verdict import Call, Failure, Verdict

SendState = Literal["sent", "answered", "rejected"]
"""A send is recorded before it goes out; what is neither answered nor rejected may have been charged."""


class Sink(Protocol):
    """Keeps calls, outcomes and sends: a kill loses none that was flushed, and no send that is about to go out."""

    def begin(self) -> None:
        """Set the outcomes of an earlier, interrupted command aside: they are made again from the stored replies."""

    def add_call(self, call: Call) -> None:
        """Append one answered request; of two with one id, the later counts."""

    def add_outcome(self, outcome: Verdict | Failure) -> None:
        """Append one verdict or failure."""

    def add_send(self, call: str, state: SendState, estimate_usd: float | None, cost_usd: float | None = None) -> None:
        """Append what happened to one send, by its call's id, at once where it is "sent"; one estimate each time."""

    def flush(self) -> None:
        """Write what was added since the last time."""

    def spending(self) -> Spending:
        """Return what all sends of the run come to, earlier commands' included."""

    def finish(self) -> None:
        """Sort what was appended, each call once: outcomes by target, turn, order, sample and criterion."""

    def rewrite(self, change: Callable[[Iterable[Verdict | Failure]], Iterable[Verdict | Failure]]) -> None:
        """Replace the outcomes of a finished run, one at a time and in their order, by what they are changed to."""


class Spent:
    """Adds up sends."""

    def __init__(self) -> None:
        """Begin with nothing sent."""
        self._n: dict[SendState, int] = {"sent": 0, "answered": 0, "rejected": 0}
        self._n_unpriced = 0
        self._cost_usd: float | None = 0.0
        self._possible_usd: float | None = 0.0

    def add(self, state: SendState, estimate_usd: float | None, cost_usd: float | None = None) -> None:
        """Count one line of the record of sends."""
        self._n[state] += 1
        is_unpriced = state == "answered" and cost_usd is None
        self._n_unpriced += is_unpriced
        sign = 0 if is_unpriced else 1 if state == "sent" else -1
        if self._possible_usd is not None:
            self._possible_usd = None if estimate_usd is None else self._possible_usd + sign * estimate_usd
        if state == "answered" and self._cost_usd is not None:
            self._cost_usd = None if cost_usd is None else self._cost_usd + cost_usd

    def spending(self) -> Spending:
        """Return the sums so far."""
        n = self._n
        open_sends = n["sent"] - n["answered"] - n["rejected"]
        n_uncertain = open_sends + self._n_unpriced
        possible_usd = None if self._possible_usd is None else max(0.0, self._possible_usd)
        return Spending(
            n_sent=n["sent"],
            n_answered=n["answered"],
            n_rejected=n["rejected"],
            cost_usd=self._cost_usd,
            possible_usd=possible_usd if n_uncertain else 0.0,
        )


class MemorySink:
    """A run that is only returned, not written."""

    def __init__(self) -> None:
        """Begin empty."""
        self._calls: dict[str, Call] = {}
        self._outcomes: list[Verdict | Failure] = []
        self._spent = Spent()
        self.manifest: RunManifest | None = None
        """The latest that is known of the whole run."""

    @property
    def calls(self) -> tuple[Call, ...]:
        """The calls so far, each once."""
        return tuple(self._calls.values())

    @property
    def outcomes(self) -> tuple[Verdict | Failure, ...]:
        """The outcomes so far."""
        return tuple(self._outcomes)

    def write_manifest(self, manifest: RunManifest) -> None:
        """Replace what is known of the whole run."""
        self.manifest = manifest

    def run(self, manifest: RunManifest, lineage: Lineage) -> Run:
        """Return all of it as one record."""
        return Run.model_construct(manifest=manifest, outcomes=self.outcomes, calls=self.calls, lineage=lineage)

    def begin(self) -> None:
        """Forget outcomes."""
        self._outcomes.clear()

    def add_call(self, call: Call) -> None:
        """Keep one answered request."""
        self._calls[call.id] = call

    def add_outcome(self, outcome: Verdict | Failure) -> None:
        """Keep one verdict or failure."""
        self._outcomes.append(outcome)

    def add_send(self, call: str, state: SendState, estimate_usd: float | None, cost_usd: float | None = None) -> None:  # noqa: ARG002  # sums need no ids
        """Add one send up."""
        self._spent.add(state, estimate_usd, cost_usd)

    def flush(self) -> None:
        """Have nothing to do: nothing is written."""

    def spending(self) -> Spending:
        """Return the sums so far."""
        return self._spent.spending()

    def finish(self) -> None:
        """Sort outcomes and calls."""
        self._outcomes.sort(key=lambda outcome: outcome.order_key)
        self._calls = dict(sorted(self._calls.items()))

    def rewrite(self, change: Callable[[Iterable[Verdict | Failure]], Iterable[Verdict | Failure]]) -> None:
        """Replace the outcomes."""
        self._outcomes = list(change(self._outcomes))

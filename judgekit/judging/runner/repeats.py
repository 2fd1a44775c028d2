"""How far the samples of one session differ, kept up as they come: a session is forgotten once all of its are in."""

from __future__ import annotations

import statistics
from collections import defaultdict
from typing import TYPE_CHECKING

from judgekit.records.run import SampleSpread
from judgekit.records.verdict import Verdict

if TYPE_CHECKING:
    from judgekit.records.judge import Judge
    from judgekit.records.rubric import Criterion
    from judgekit.records.verdict import Failure

Key = tuple[str, str, str, str]


class Repeats:
    """The samples of one run."""

    def __init__(self, judge: Judge) -> None:
        """Take the number of samples and the scales."""
        self._n_samples = judge.samples
        self._spreads = {criterion.id: _Spread(criterion) for criterion in judge.criteria}
        self._open: defaultdict[Key, list[Verdict | Failure]] = defaultdict(list)

    def add(self, outcome: Verdict | Failure) -> None:
        """Count one outcome; a session counts when the last of its samples is there."""
        if self._n_samples < 2:
            return
        key = (outcome.criterion, outcome.target, outcome.turn or "", outcome.order or "")
        self._open[key].append(outcome)
        if len(self._open[key]) == self._n_samples:
            self._spreads[outcome.criterion].add([o for o in self._open.pop(key) if isinstance(o, Verdict)])

    def summary(self) -> tuple[SampleSpread, ...]:
        """Return what is known of each criterion; nothing where nothing was answered twice."""
        return tuple(spread.record(self._n_samples) for spread in self._spreads.values() if spread.n)


class _Spread:
    """One criterion's sums."""

    def __init__(self, criterion: Criterion) -> None:
        self.n = 0
        self._criterion = criterion
        self._n_disagreeing = 0
        self._n_measured = 0
        self._sum_sd = 0.0

    def add(self, verdicts: list[Verdict]) -> None:
        """Count one session's answers; a single one cannot disagree and is not counted."""
        if len(verdicts) < 2:
            return
        self.n += 1
        self._n_disagreeing += len({(verdict.status, verdict.value) for verdict in verdicts}) > 1
        scale = self._criterion.scale
        if scale.type not in ("ordinal", "numeric"):
            return
        places = [scale.code(verdict.value) for verdict in verdicts if verdict.value is not None]
        if len(places) > 1:
            self._n_measured += 1
            self._sum_sd += statistics.stdev(places)

    def record(self, n_samples: int) -> SampleSpread:
        """Return the means."""
        return SampleSpread(
            criterion=self._criterion.id,
            n_samples=n_samples,
            n=self.n,
            share_disagreeing=self._n_disagreeing / self.n,
            mean_sd=self._sum_sd / self._n_measured if self._n_measured else None,
            n_measured=self._n_measured,
        )

"""Simulations of whole workflows: what `estimate` and `compare` print first holds the truth as often as it says.

Settings are those of statistics.md 10.4 and 10.5, grades from 1 to 5, inputs in groups, chances that follow the
verdict, labels made to measure by a queue, and judges that know their training labels by heart. The estimator is the
workflow's own choice. `pytest -m slow -s` shows the table; `tests/stats` holds more settings of each estimator alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from judgekit.analysis.comparison import version_side
from judgekit.records.dataset import SplitManifest
from judgekit.records.judge import Lineage
from judgekit.records.label import Design
from judgekit.workflows.compare import compare
from judgekit.workflows.estimate import estimate_judged
from judgekit.workflows.score import Scoring
from tests.oracles.versions import ppi_python
from tests.stats.test_interval_coverage import covers_at_least
from tests.workflows import simulated as drawn
from tests.workflows.simulated import PASSED, QUALITY, Drawn

pytestmark = pytest.mark.slow
N_RUNS = 100
SEED = 20_261_201
JUDY = Scoring(judge="judy", engine="replay", splits=("all",))
V1, V2 = "v1", "v2"


@dataclass(frozen=True)
class Run:
    """What one run printed first, and beside it.

    Attributes:
        estimator: What made it.
        ends: Of its interval.
        alone: Ends of the interval from labels only.
        raw: Ends of the interval of the judge only.
        theirs: Ends of ppi-python's interval; None where it does not apply.
        squared_correlation: Of judge and experts on what is labelled.
    """

    estimator: str
    ends: tuple[float, float]
    alone: tuple[float, float]
    raw: tuple[float, float]
    theirs: tuple[float, float] | None = None
    squared_correlation: float = 0.0


@dataclass(frozen=True)
class Found:
    """What the runs of one setting gave."""

    name: str
    truth: float
    runs: list[Run]

    @property
    def n_covered(self) -> int:
        return sum(run.ends[0] - 1e-12 <= self.truth <= run.ends[1] + 1e-12 for run in self.runs)

    @property
    def n_above(self) -> int:
        return sum(run.ends[0] > self.truth + 1e-12 for run in self.runs)

    @property
    def n_below(self) -> int:
        return sum(run.ends[1] < self.truth - 1e-12 for run in self.runs)

    @property
    def squared_correlation(self) -> float:
        return float(np.mean([run.squared_correlation for run in self.runs]))

    def width(self, of: str = "ends") -> float:
        return float(np.mean([getattr(run, of)[1] - getattr(run, of)[0] for run in self.runs]))

    def covered(self, of: str) -> float:
        return float(np.mean([getattr(run, of)[0] <= self.truth <= getattr(run, of)[1] for run in self.runs]))

    def line(self) -> str:
        """Return one line of the table."""
        n = len(self.runs)
        theirs = ""
        if self.runs[0].theirs is not None:
            theirs = f", ppi-python {self.covered('theirs'):.3f}/{self.width('theirs'):.3f}"
        used = {run.estimator for run in self.runs}
        return (
            f"{self.name:42} {self.n_covered / n:.3f}/{self.width():.3f} ({'+'.join(sorted(used))}), labels only "
            f"{self.covered('alone'):.3f}/{self.width('alone'):.3f}, judge only {self.covered('raw'):.3f}{theirs}, "
            f"above {self.n_above / n:.3f} below {self.n_below / n:.3f}, r2 {self.squared_correlation:.2f}"
        )


Draw = Callable[[np.random.Generator], Run]


def simulated(name: str, cell: tuple[Draw, float], n_runs: int = N_RUNS) -> Found:
    """Run one setting again and again."""
    draw, truth = cell
    rng = np.random.default_rng(SEED)
    return Found(name, truth, [draw(rng) for _ in range(n_runs)])


# --- one version ---


def estimated(rng: np.random.Generator, criterion: Any, one: Drawn, places: np.ndarray, **more: Any) -> Run:
    """Return what `estimate` prints of one version with labels at some places.

    Args:
        rng: Of the resampling.
        criterion: The question.
        one: Experts and judge.
        places: What is labelled.
        more: `n_each` inputs in a group, a `design` of each place, `lineage` and `splits`.
    """
    told = drawn.sessions(len(one.human), (V1,), more.get("n_each", 1))
    designs = more.get("designs")
    given = []
    for i in places:
        design = drawn.RANDOM if designs is None else designs[i]
        given += drawn.labels(criterion, V1, one.human, [i], design)
    data = drawn.data(told, given, splits=more.get("splits"))
    scoring = more.get("scoring", JUDY)
    report = estimate_judged(data, drawn.verdicts(criterion, V1, one.judge), scoring, drawn.measuring(rng))
    (first,) = report.headline.values()
    spoken = {row.estimator: row.estimate for row in report.rows if row.metric in ("share", "mean")}
    theirs, labelled = None, np.zeros(len(one.human), dtype=bool)
    labelled[places] = True
    if not more:
        theirs = ppi_python(one.human[labelled], one.judge[labelled], one.judge[~labelled])
    squared = squared_correlation(one.human[labelled], one.judge[labelled])
    return Run(first, ends(spoken[first]), ends(spoken["labels_only"]), ends(spoken["judge_raw"]), theirs, squared)


def squared_correlation(human: np.ndarray, judge: np.ndarray) -> float:
    return float(np.corrcoef(human, judge)[0, 1] ** 2) if np.ptp(human) > 0 and np.ptp(judge) > 0 else 0.0


def ends(found: Any) -> tuple[float, float]:
    """Return an interval's ends; an interval that is not given is as wide as can be."""
    return (-math.inf, math.inf) if found.low is None else (found.low, found.high)


def passes(truth: float, tpr: float, tnr: float, n: int, n_others: int) -> tuple[Draw, float]:
    """A setting of statistics.md 10.4."""

    def draw(rng: np.random.Generator) -> Run:
        human = (rng.random(n + n_others) < truth).astype(float)
        one = Drawn(human, drawn.errs(rng, human, tpr, tnr))
        return estimated(rng, PASSED, one, rng.permutation(n + n_others)[:n])

    return draw, truth


def grades(rho: float, n: int, n_others: int) -> tuple[Draw, float]:
    """Grades from 1 to 5, the judge half a step more lenient."""

    def draw(rng: np.random.Generator) -> Run:
        human, noise = rng.normal(size=(2, n + n_others))
        judge = rho * human + math.sqrt(1 - rho**2) * noise + 0.5
        return estimated(rng, QUALITY, Drawn(drawn.grade(human), drawn.grade(judge)), rng.permutation(n + n_others)[:n])

    return draw, drawn.mean_grade()


def grouped_passes(*, whole: bool) -> tuple[Draw, float]:
    """Two hundred users with five sessions each, alike within a user; labels by user, or wherever they fall."""

    def draw(rng: np.random.Generator) -> Run:
        chances = np.repeat(drawn.shared_chances(rng, 0.8, 0.3, 200), 5)
        human = (rng.random(1000) < chances).astype(float)
        one = Drawn(human, drawn.errs(rng, human, 0.9, 0.8))
        users = np.repeat(np.arange(200), 5)
        places = np.flatnonzero(np.isin(users, rng.permutation(200)[:30])) if whole else rng.permutation(1000)[:150]
        return estimated(rng, PASSED, one, places, n_each=5)

    return draw, 0.8


def by_verdict(rng: np.random.Generator) -> Run:
    """What the judge fails is three times as likely to be labelled, and that is on record."""
    human = (rng.random(1000) < 0.8).astype(float)
    one = Drawn(human, drawn.errs(rng, human, 0.9, 0.8))
    chances = np.where(one.judge > 0.5, 0.1, 0.3)
    places = np.flatnonzero(rng.random(1000) < chances)
    designs = [Design(method="mixture", probability=float(each)) for each in chances]
    return estimated(rng, PASSED, one, places, designs=designs)


def by_heart(rng: np.random.Generator) -> Run:
    """The judge has learnt the failures of the train split by heart; labels of dev correct it."""
    n, n_labelled = 900, 400
    human = (rng.random(n) < 0.7).astype(float)
    judge = drawn.errs(rng, human, 0.8, 0.7)
    places = rng.permutation(n)[:n_labelled]
    train = rng.random(n) < 0.6
    shown = [i for i in places if train[i] and human[i] < 0.5]
    judge[shown] = 0.0
    units = {f"input:i{i:04d}": "train" if train[i] else "dev" for i in range(n)}
    splits = SplitManifest.model_validate({"seed": 1, "fractions": {"train": 0.6, "dev": 0.4}, "units": units})
    lineage = Lineage(dataset="simulated", units=tuple(f"input:i{i:04d}" for i in shown))
    scoring = Scoring(judge="judy", engine="replay", splits=("dev",), lineage=lineage)
    return estimated(rng, PASSED, Drawn(human, judge), places, splits=splits, scoring=scoring)


ONE_VERSION: Mapping[str, tuple[Draw, float]] = {
    "10.4: .7 .85 .75, 50 + 200": passes(0.7, 0.85, 0.75, 50, 200),
    "10.4: .7 .85 .75, 150 + 1000": passes(0.7, 0.85, 0.75, 150, 1000),
    "10.4: .9 .9 .6, 50 + 2000": passes(0.9, 0.9, 0.6, 50, 2000),
    "10.4: .9 .95 .85, 50 + 200": passes(0.9, 0.95, 0.85, 50, 200),
    "10.4: .97 .95 .8, 50 + 2000": passes(0.97, 0.95, 0.8, 50, 2000),
    "grades, rho .5, 60 + 400": grades(0.5, 60, 400),
    "grades, rho .8, 60 + 400": grades(0.8, 60, 400),
    "users of five, labelled whole": grouped_passes(whole=True),
    "users of five, labelled in part": grouped_passes(whole=False),
    "chances by verdict, on record": (by_verdict, 0.8),
    "failures of train known by heart, dev": (by_heart, 0.7),
}


# --- two versions ---


def compared(
    rng: np.random.Generator, criterion: Any, two: tuple[Drawn, Drawn], places: np.ndarray, n_each: int = 1
) -> Run:
    """Return what `compare` prints of two versions with labels of both at some inputs."""
    told = drawn.sessions(len(two[0].human), (V1, V2), n_each)
    given = [
        each
        for name, one in zip((V1, V2), two, strict=True)
        for each in drawn.labels(criterion, name, one.human, places)
    ]
    said = [
        each for name, one in zip((V1, V2), two, strict=True) for each in drawn.verdicts(criterion, name, one.judge)
    ]
    data = drawn.data(told, given)
    sides = version_side(data, V1), version_side(data, V2)
    report = compare(data, said, sides, scoring=JUDY, measuring=drawn.measuring(rng))
    (first,) = report.headline.values()
    spoken = {row.estimator: row.estimate for row in report.rows if row.metric == "mean_difference"}
    human, judge = (two[1].human - two[0].human)[places], (two[1].judge - two[0].judge)[places]
    squared = squared_correlation(human, judge)
    return Run(
        first, ends(spoken[first]), ends(spoken["labels_only"]), ends(spoken["judge_raw"]), squared_correlation=squared
    )


def two_of_passes(
    share: float,
    more: float,
    alike: float,
    rates: tuple[tuple[float, float], tuple[float, float]],
    n: int,
    n_each: int = 1,
) -> tuple[Draw, float]:
    """The same inputs through both; some have the same answer in both. Rates are TPR and TNR on either version."""
    size = 1000 if n >= 100 else 500

    def draw(rng: np.random.Generator) -> Run:
        groups = np.repeat(rng.random(size // n_each), n_each)
        own = rng.random(size)
        place = np.where(rng.random(size) < (0.5 if n_each > 1 else 0.0), groups, own)
        before = (place < share).astype(float)
        after = (np.where(rng.random(size) < alike, place, rng.random(size)) < share + more).astype(float)
        one, other = (
            Drawn(each, drawn.errs(rng, each, *rate)) for each, rate in zip((before, after), rates, strict=True)
        )
        users = np.arange(size) // n_each
        picked = rng.permutation(size // n_each)[: n // n_each]
        return compared(rng, PASSED, (one, other), np.flatnonzero(np.isin(users, picked)), n_each)

    return draw, more


def two_of_grades(rng: np.random.Generator) -> Run:
    """Grades of equal versions, the judge half a step more lenient on the new one."""
    size = 460
    before = rng.normal(size=size)
    after = 0.6 * before + 0.8 * rng.normal(size=size)
    judge = [0.7 * each + math.sqrt(1 - 0.49) * rng.normal(size=size) for each in (before, after)]
    one = Drawn(drawn.grade(before), drawn.grade(judge[0]))
    other = Drawn(drawn.grade(after), drawn.grade(judge[1] + 0.5))
    return compared(rng, QUALITY, (one, other), rng.permutation(size)[:60])


def live(rng: np.random.Generator) -> Run:
    """Sessions that nothing pairs, the judge more lenient on the new version."""
    size, n = 400, 80
    told, given, said = [], [], []
    human = judge = np.zeros(0)
    for version, tnr in ((V1, 0.85), (V2, 0.65)):
        told += [each.model_copy(update={"input": None}) for each in drawn.sessions(size, (version,))]
        human = (rng.random(size) < 0.7).astype(float)
        judge = drawn.errs(rng, human, 0.85, tnr)
        given += drawn.labels(PASSED, version, human, rng.permutation(size)[:n])
        said += drawn.verdicts(PASSED, version, judge)
    data = drawn.data(told, given)
    sides = version_side(data, V1), version_side(data, V2)
    report = compare(data, said, sides, scoring=JUDY, measuring=drawn.measuring(rng))
    (first,) = report.headline.values()
    spoken = {row.estimator: row.estimate for row in report.rows if row.metric == "mean_difference"}
    squared = squared_correlation(human, judge)
    return Run(
        first, ends(spoken[first]), ends(spoken["labels_only"]), ends(spoken["judge_raw"]), squared_correlation=squared
    )


SAME, LENIENT = ((0.85, 0.75), (0.85, 0.75)), ((0.85, 0.85), (0.85, 0.65))
TWO_VERSIONS: Mapping[str, tuple[Draw, float]] = {
    "10.5: +.08, 100 + 900": two_of_passes(0.7, 0.08, 0.5, SAME, 100),
    "10.5: equal, lenient, 100 + 900": two_of_passes(0.7, 0.0, 0.5, LENIENT, 100),
    "equal, lenient, few fail, 40 + 460": two_of_passes(0.9, 0.0, 0.9, ((0.9, 0.85), (0.9, 0.65)), 40),
    "equal, lenient, users of five": two_of_passes(0.7, 0.0, 0.5, LENIENT, 150, 5),
    "grades, equal, lenient, 60 + 400": (two_of_grades, 0.0),
    "live sessions, equal, lenient, 80 + 320": (live, 0.0),
}


def tabled(cells: Mapping[str, tuple[Draw, float]]) -> list[Found]:
    """Run all settings, print the table, and hold their coverage to 93% each and 94.5% on average."""
    found = [simulated(name, cell) for name, cell in cells.items()]
    for each in found:
        print(f"\n{each.line()}", end="")
    for each in found:
        assert covers_at_least(each.n_covered, N_RUNS, 0.93), each.name
    share = sum(each.n_covered for each in found) / (N_RUNS * len(found))
    print(f"\nall {len(found)} settings: {share:.4f}", end="")
    assert share >= 0.945
    return found


def test_estimate_covers_and_is_narrow():
    """As narrow as labels alone where the judge helps, hardly wider where it does not, and about as ppi-python."""
    for each in tabled(ONE_VERSION):
        if "record" not in each.name and "heart" not in each.name:
            relative = each.width() / each.width("alone")
            assert relative <= (1.05 if each.squared_correlation >= 0.25 else 1.2), each.name
        if each.runs[0].theirs is not None and each.covered("theirs") >= 0.935:
            assert each.width() <= 1.2 * each.width("theirs"), each.name


def test_compare_covers_and_a_lenient_judge_fools_nobody():
    """False better and false worse at most 2.5% each, whatever the judge alone would say."""
    table = tabled(TWO_VERSIONS)
    assert np.mean([each.covered("raw") for each in table if "lenient" in each.name]) < 0.6
    for each in table:
        assert covers_at_least(N_RUNS - each.n_above, N_RUNS, 0.975), each.name
        assert covers_at_least(N_RUNS - each.n_below, N_RUNS, 0.975), each.name

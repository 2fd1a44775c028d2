"""Simulation: labels of the queue that `compare` writes decide between two versions, as often as it promises."""

from __future__ import annotations

import numpy as np
import pytest

from judgekit.analysis.comparison import version_side
from judgekit.workflows.compare import compare, labelling_queue
from judgekit.workflows.score import Scoring
from tests.stats.test_interval_coverage import covers_at_least
from tests.workflows import simulated as drawn
from tests.workflows.simulated import PASSED

pytestmark = pytest.mark.slow
JUDY = Scoring(judge="judy", engine="replay", splits=("all",))
N, N_RUNS = 600, 80


def versions(rng, better, shared):
    """Return experts' and judge's passes of both versions; the judge errs alike on both with some chance."""
    before = (rng.random(N) < 0.6).astype(float)
    place = rng.random(N)
    after = np.where(before > 0.5, place > 0.08, place < (0.048 + better) / 0.4).astype(float)
    noise = rng.random((N, 2))
    noise[:, 1] = np.where(rng.random(N) < shared, noise[:, 0], noise[:, 1])
    judged = [np.where(each > 0.5, noise[:, i] < 0.9, noise[:, i] < 0.2) for i, each in enumerate((before, after))]
    return (before, after), [each.astype(float) for each in judged]


def queued(rng, better, shared):
    """Return how many inputs were asked for, and the interval once they are labelled."""
    human, judge = versions(rng, better, shared)
    told = drawn.sessions(N, ("v1", "v2"))
    said = [each for name, one in zip(("v1", "v2"), judge, strict=True) for each in drawn.verdicts(PASSED, name, one)]
    given = drawn.labels(PASSED, "v1", human[0], rng.permutation(N)[:120])
    data = drawn.data(told, given)
    sides = version_side(data, "v1"), version_side(data, "v2")
    queue = labelling_queue(data, said, sides, scoring=JUDY, measuring=drawn.measuring(rng))
    of_version = dict(zip(("v1", "v2"), human, strict=True))
    for each in queue:
        name, place = str(each.version), int(each.session[-4:])
        given += drawn.labels(PASSED, name, of_version[name], [place], each.design)
    report = compare(drawn.data(told, given), said, sides, scoring=JUDY, measuring=drawn.measuring(rng))
    first = report.headline["passed"]
    (found,) = [row.estimate for row in report.rows if (row.metric, row.estimator) == ("mean_difference", first)]
    return len({each.input for each in queue}), found.low, found.high


@pytest.mark.parametrize(("better", "shared"), [(0.12, 0.7), (0.2, 0.0)])
def test_the_queue_is_long_enough_and_not_everything(better, shared):
    """It decides four times in five at least, asks for less than all, and its weighted interval covers."""
    rng = np.random.default_rng(21)
    runs = [queued(rng, better, shared) for _ in range(N_RUNS)]
    n = float(np.median([asked for asked, _, _ in runs]))
    decided = sum(low > 0 or high < 0 for _, low, high in runs)
    covered = sum(low <= better <= high for _, low, high in runs)
    print(
        f"\nbetter by {better}, shared {shared}: {n:g} inputs, decided {decided / N_RUNS:.2f}, {covered / N_RUNS:.2f}",
        end="",
    )
    assert covers_at_least(decided, N_RUNS, 0.8)
    assert covers_at_least(covered, N_RUNS, 0.93)
    assert n < 0.5 * N
    assert sum(high < 0 for _, _, high in runs) == 0

"""Simulation: delta drawn from past pairs of versions bounds what the next version does, and the range then covers."""

from __future__ import annotations

import numpy as np
import pytest

from judgekit.workflows.compare_several import compare_versions
from judgekit.workflows.score import Scoring
from tests.stats.test_interval_coverage import covers_at_least
from tests.workflows import simulated as drawn
from tests.workflows.simulated import PASSED, QUALITY

pytestmark = pytest.mark.slow
JUDY = Scoring(judge="judy", engine="replay", splits=("all",))
N, N_RUNS = 150, 100


def released(rng, n_past, spread, criterion):
    """Draw past labelled versions and a candidate; on each the judge errs a little otherwise.

    Returns delta, what the judge's errors really moved by, the range's ends, and the experts' true difference.
    """
    names = tuple(f"w{i:02d}" for i in range(n_past + 1))
    told, said, given = drawn.sessions(N, names), [], []
    if criterion is PASSED:
        moves = rng.normal(0, spread, size=(n_past + 1, 2))
        for (own_tpr, own_fpr), name in zip(moves, names, strict=True):
            human = (rng.random(N) < 0.7).astype(float)
            said += drawn.verdicts(PASSED, name, drawn.errs(rng, human, 0.85 + own_tpr, 0.8 - own_fpr))
            given += drawn.labels(PASSED, name, human, range(N)) if name != names[-1] else []
    else:
        moves = rng.normal(0, spread, size=(n_past + 1, 1))
        for (own,), name in zip(moves, names, strict=True):
            place, noise = rng.normal(size=(2, N))
            said += drawn.verdicts(QUALITY, name, drawn.grade(0.8 * place + 0.6 * noise + own))
            given += drawn.labels(QUALITY, name, drawn.grade(place), range(N)) if name != names[-1] else []
        moves = np.array([[drawn.mean_grade(each) - drawn.mean_grade()] for (each,) in moves])
    data = drawn.data(told, given)
    report = compare_versions(data, [(said, JUDY)], names[-2:], measuring=drawn.measuring(rng))
    (free,) = report.label_free
    assert free.delta_from == f"{n_past - 1} past pairs of versions"
    return free, float(np.abs(moves[-1] - moves[-2]).max())


@pytest.mark.parametrize(("n_past", "spread", "criterion"), [(6, 0.08, PASSED), (6, 0.3, QUALITY)])
def test_delta_from_the_past_bounds_the_next_version(n_past, spread, criterion):
    """At its level at least, in each rate; the range holds the experts' true difference, which is 0."""
    rng = np.random.default_rng(31)
    runs = [released(rng, n_past, spread, criterion) for _ in range(N_RUNS)]
    bounded = sum(free.delta >= true for free, true in runs)
    ranges = [free.range for free, _ in runs if free.range.low is not None]
    held = sum(each.low <= 0 <= each.high for each in ranges)
    wrong = sum(free.word in ("pass", "fail") for free, _ in runs)
    told = f"delta {np.median([free.delta for free, _ in runs]):.3f}, true {np.median([true for _, true in runs]):.3f}"
    print(
        f"\n{n_past} past, {spread}: bounded {bounded / N_RUNS:.3f}, range holds {held / len(ranges):.3f}, {told}",
        end="",
    )
    assert covers_at_least(bounded, N_RUNS, 0.95)
    assert covers_at_least(held, len(ranges), 0.95)
    assert wrong <= 0.05 * N_RUNS

"""How long intervals take beside what people write today; run with `python`, not collected by pytest.

Ours is what `score` and `agree` call: estimates with BCa intervals from 2,000 resamples. Beside it stand a plain loop
(draw clusters with replacement, concatenate their rows, ask scikit-learn and scipy for the four statistics, once a
resample) and `scipy.stats.bootstrap` of tau-b alone. Both are timed on fewer resamples and scaled up, and neither pays
for the jackknife that BCa needs. Rounds are interleaved and a figure is the median of them; ratios are what counts. On
a shared machine set OPENBLAS_NUM_THREADS=1, since waiting threads of a matrix product swamp everything else.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
from scipy import stats
from sklearn.metrics import cohen_kappa_score

from judgekit.analysis.agreement import Measuring
from judgekit.stats.sample import Sample

FOUR = ("cohen_kappa", "cohen_kappa_quadratic", "kendall_tau_b", "spearman")
LEVELS = np.arange(5.0)
N_ROWS = (1_000, 10_000, 100_000)
ROWS_A_CLUSTER = 10
N_RESAMPLES = 2_000
N_IN_LOOP = 50
N_IN_SCIPY = 200
N_ROUNDS = 5


def main() -> None:
    """Print the table of times, then the ratios against their bars."""
    pairs = {n: graded(n) for n in N_ROWS}
    trios = {n: graded(n, n_raters=3) for n in N_ROWS}
    clusters = {n: graded(n, rows_per_unit=ROWS_A_CLUSTER) for n in N_ROWS}
    check(clusters[10_000])
    calls: dict[tuple[str, int], Callable[[], object]] = {}
    for n in N_ROWS:
        calls["four", n] = estimated(FOUR, pairs[n])
        calls["alpha", n] = estimated(["krippendorff_alpha_ordinal"], trios[n])
        calls["clusters", n] = estimated(FOUR, clusters[n])
    calls["loop", 10_000] = looped(clusters[10_000])
    calls["scipy", 10_000] = tau_by_scipy(pairs[10_000])
    ms = medians_ms(calls)
    ms["loop", 10_000] *= N_RESAMPLES / N_IN_LOOP
    ms["scipy", 10_000] *= N_RESAMPLES / N_IN_SCIPY

    head = f"B = {N_RESAMPLES:,}, ms (median of {N_ROUNDS} rounds)"
    print(f"{head:52}" + "".join(f"{f'n={n:,}':>12}" for n in N_ROWS))
    for name, title in (
        ("four", "four statistics of two raters, BCa"),
        ("alpha", "ordinal alpha of three raters, BCa"),
        ("clusters", f"four statistics, clusters of {ROWS_A_CLUSTER} rows, BCa"),
        ("loop", f"the same, plain loop ({N_IN_LOOP} resamples, scaled)"),
        ("scipy", f"scipy.stats.bootstrap, tau-b ({N_IN_SCIPY}, scaled)"),
    ):
        print(f"{title:52}" + "".join(f"{ms[name, n]:12.1f}" if (name, n) in ms else f"{'':12}" for n in N_ROWS))
    print()
    print(f"plain loop / our four, 1,000 clusters: {ms['loop', 10_000] / ms['clusters', 10_000]:.0f} (bar: 20)")
    print(f"scipy's tau-b alone / our four, n=10,000: {ms['scipy', 10_000] / ms['four', 10_000]:.0f} (bar: 150)")
    print(f"our four, n=100,000 / n=1,000: {ms['four', 100_000] / ms['four', 1_000]:.2f} (bar: 1.5)")
    print(f"our ordinal alpha, n=100,000 / n=1,000: {ms['alpha', 100_000] / ms['alpha', 1_000]:.2f} (bar: 1.5)")


def graded(n_rows: int, *, n_raters: int = 2, rows_per_unit: int = 1) -> Sample:
    """Return raters who agree on half of the rows of a five-point scale."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 5, size=(n_rows, 1))
    noise = rng.integers(0, 5, size=(n_rows, n_raters))
    ratings = np.where(rng.random((n_rows, n_raters)) < 0.5, truth, noise).astype(float)
    return Sample(ratings, levels=LEVELS, units=np.arange(n_rows) // rows_per_unit if rows_per_unit > 1 else None)


def estimated(metrics: tuple[str, ...] | list[str], sample: Sample) -> Callable[[], object]:
    """Return our call, as the workflows make it."""
    measuring = Measuring(np.random.default_rng(1), n_resamples=N_RESAMPLES)
    return lambda: measuring.estimates(metrics, sample)


def looped(sample: Sample) -> Callable[[], object]:
    """Return the plain loop over resamples of clusters; sorting rows into clusters is not timed."""
    rows = np.split(sample.ratings, len(sample.ratings) // ROWS_A_CLUSTER)

    def run() -> object:
        rng = np.random.default_rng(1)
        drawn = (rng.integers(0, len(rows), size=len(rows)) for _ in range(N_IN_LOOP))
        values = [four_by_libraries(np.concatenate([rows[place] for place in places])) for places in drawn]
        return np.percentile(values, [2.5, 97.5], axis=0)

    return run


def four_by_libraries(ratings: np.ndarray) -> list[float]:
    """Return the four statistics as scikit-learn and scipy give them."""
    x, y = ratings.T
    return [
        float(cohen_kappa_score(x, y, labels=LEVELS)),
        float(cohen_kappa_score(x, y, labels=LEVELS, weights="quadratic")),
        float(stats.kendalltau(x, y).statistic),
        float(stats.spearmanr(x, y).statistic),
    ]


def tau_by_scipy(sample: Sample) -> Callable[[], object]:
    """Return scipy's own bootstrap of tau-b, percentile."""
    columns = tuple(sample.ratings.T)
    return lambda: stats.bootstrap(
        columns,
        lambda x, y: stats.kendalltau(x, y).statistic,
        n_resamples=N_IN_SCIPY,
        method="percentile",
        paired=True,
        vectorized=False,
        rng=np.random.default_rng(1),
    )


def check(sample: Sample) -> None:
    """Stop when the two sides do not measure the same."""
    ours = Measuring(np.random.default_rng(1)).estimates(FOUR, sample)
    measured = np.array([ours[name].value for name in FOUR], dtype=float)
    np.testing.assert_allclose(measured, np.array(four_by_libraries(sample.ratings)), atol=1e-9)


def medians_ms(calls: dict[tuple[str, int], Callable[[], object]]) -> dict[tuple[str, int], float]:
    """Return each call's median time over rounds in which every call is made once, after one that is not timed."""
    times: dict[tuple[str, int], list[float]] = {name: [] for name in calls}
    for turn in range(N_ROUNDS + 1):
        for name, call in calls.items():
            started = time.perf_counter()
            call()
            if turn:
                times[name].append((time.perf_counter() - started) * 1_000)
    return {name: statistics.median(taken) for name, taken in times.items()}


if __name__ == "__main__":
    main()

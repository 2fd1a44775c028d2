"""How long intervals take, beside scipy's bootstrap on the same machine; run with `python`, not collected by pytest.

Ratios are what counts: both sides of each are timed one after the other. On a shared machine set
OPENBLAS_NUM_THREADS=1, since waiting threads of a matrix product swamp everything else.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from scipy import stats

from judgekit.stats.metric import measure_all
from judgekit.stats.sample import Sample

FOUR = ["cohen_kappa", "cohen_kappa_quadratic", "kendall_tau_b", "spearman"]
LEVELS = np.arange(5.0)
N_ROWS = (1_000, 10_000, 100_000)


def main() -> None:
    """Print the table of times, then the ratios against their bars."""
    four = {n: best_ms(measured(FOUR, graded(n))) for n in N_ROWS}
    alpha = {n: best_ms(measured(["krippendorff_alpha_ordinal"], graded(n, n_raters=3))) for n in N_ROWS}
    clusters = {n: best_ms(measured(FOUR, graded(n, rows_per_unit=10)), n_times=2) for n in N_ROWS}
    print(f"{'B = 2000, ms':44}" + "".join(f"{f'n={n:,}':>12}" for n in N_ROWS))
    for title, row in (
        ("four statistics of two raters, BCa", four),
        ("ordinal alpha of three raters, BCa", alpha),
        ("four statistics, clusters of ten rows, BCa", clusters),
    ):
        print(f"{title:44}" + "".join(f"{row[n]:12.1f}" for n in N_ROWS))
    scipy_ms = scipy_tau_ms(graded(10_000))
    print(f"{'scipy.stats.bootstrap of tau-b, percentile':44}{'':12}{scipy_ms:12.1f}")
    print()
    print(f"scipy's tau-b alone / our four, n=10,000: {scipy_ms / four[10_000]:.0f} (bar: 150)")
    print(f"our four, n=100,000 / n=1,000: {four[100_000] / four[1_000]:.2f} (bar: 1.5)")
    print(f"scipy's tau-b / our ordinal alpha, n=10,000: {scipy_ms / alpha[10_000]:.0f} (bar: 106)")
    print(f"scipy's tau-b / our four over 1,000 clusters: {scipy_ms / clusters[10_000]:.0f} (bar: 13)")


def graded(n_rows: int, *, n_raters: int = 2, rows_per_unit: int = 1) -> Sample:
    """Return raters who agree on half of the rows of a five-point scale."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 5, size=(n_rows, 1))
    noise = rng.integers(0, 5, size=(n_rows, n_raters))
    ratings = np.where(rng.random((n_rows, n_raters)) < 0.5, truth, noise).astype(float)
    return Sample(ratings, levels=LEVELS, units=np.arange(n_rows) // rows_per_unit if rows_per_unit > 1 else None)


def measured(metrics: list[str], sample: Sample) -> Callable[[], object]:
    """Return the call to time."""
    return lambda: measure_all(metrics, sample, rng=np.random.default_rng(1), n_resamples=2_000)


def scipy_tau_ms(sample: Sample, n_resamples: int = 200) -> float:
    """Return milliseconds of 2000 resamples, from a tenth of them."""
    columns = tuple(sample.ratings.T)

    def run() -> object:
        return stats.bootstrap(
            columns,
            lambda x, y: stats.kendalltau(x, y).statistic,
            n_resamples=n_resamples,
            method="percentile",
            paired=True,
            vectorized=False,
            rng=np.random.default_rng(1),
        )

    return best_ms(run, n_times=2) * 2_000 / n_resamples


def best_ms(call: Callable[[], object], n_times: int = 7) -> float:
    """Return the fastest of several runs, in milliseconds."""
    times = []
    for _ in range(n_times):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return min(times) * 1_000


if __name__ == "__main__":
    main()

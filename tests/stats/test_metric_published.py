"""Known values from papers, textbooks and R: the numbers and their sources are in published.json."""

import json
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import chi2

from judgekit.stats.interval import percentile_interval
from judgekit.stats.intraclass import mean_squares
from judgekit.stats.metric import METRICS, measure
from judgekit.stats.patterns import distinct_rows
from judgekit.stats.resample import units_of
from judgekit.stats.sample import Sample

PUBLISHED = json.loads((Path(__file__).parent / "published.json").read_text(encoding="utf-8"))
CASES = [(entry, metric) for entry in PUBLISHED for metric in entry["expect"]]


def sample_of(entry: dict[str, Any]) -> Sample:
    rows = entry.get("rows") or [
        [entry["levels"][i], entry["levels"][j]]
        for i, line in enumerate(entry["table"])
        for j, n in enumerate(line)
        for _ in range(n)
    ]
    return Sample(np.array(rows, dtype=float), levels=entry["levels"], positive=entry.get("positive"))


@pytest.mark.parametrize(("entry", "metric"), CASES, ids=[f"{entry['id']}-{metric}" for entry, metric in CASES])
def test_published_value_comes_out_to_the_printed_precision(entry, metric):
    """Each metric gives the published number, to every digit that was printed."""
    printed = entry["expect"][metric]
    digits = len(printed.partition(".")[2])

    value = measure(metric, sample_of(entry), rng=np.random.default_rng(0)).value

    assert value == pytest.approx(float(printed), abs=0.5000001 * 10**-digits)


def published(name: str) -> Sample:
    return sample_of(next(entry for entry in PUBLISHED if entry["id"] == name))


def test_shrout_and_fleiss_mean_squares_come_out():
    """Table 3: between targets 11.24, within 6.26, between judges 32.49, residual 1.02; three digits recomputed."""
    patterns = distinct_rows(published("shrout-fleiss"), by_rater=True)
    found = mean_squares(patterns, patterns.counts[None, :])

    squares = [each[0] for each in (found.rows, found.within, found.raters, found.residual)]
    assert squares == pytest.approx([11.242, 6.264, 32.486, 1.019], abs=5e-4)


def test_kendalls_w_is_tested_as_r_does():
    """R irr on the anxiety data: chi-square 30.760 with 19 df, p .0429; without the correction for ties W is .5019."""
    sample = published("anxiety-3-raters")
    w = measure("kendall_w", sample, rng=np.random.default_rng(0)).value
    n, m = sample.ratings.shape
    ties = sum((times**3 - times).sum() for times in (np.unique(x, return_counts=True)[1] for x in sample.ratings.T))

    assert m * (n - 1) * w == pytest.approx(30.760, abs=5e-4)
    assert chi2.sf(m * (n - 1) * w, n - 1) == pytest.approx(0.0429, abs=5e-5)
    assert w * (1 - ties / (m * (n**3 - n))) == pytest.approx(0.5019, abs=5e-5)


def test_alphas_bootstrap_reaches_from_41_to_100():
    """Nominal alpha of the 12 x 4 data, 4000 resamples of items: .41 to 1.00."""
    patterns = distinct_rows(published("krippendorff-12x4"))
    function = METRICS["krippendorff_alpha_nominal"].function
    drawn = np.concatenate(
        [function(patterns, some) for some in units_of(patterns).resamples(np.random.default_rng(0), 4_000)]
    )
    found = percentile_interval(drawn[~np.isnan(drawn)], 0.95)

    assert (found.low, found.high) == pytest.approx((0.41, 1.00), abs=0.02)


def test_every_published_number_names_its_source_and_a_metric():
    """The data table is whole: a source for each entry, and only metrics that exist."""
    assert all(entry["source"] for entry in PUBLISHED)
    assert set(chain.from_iterable(entry["expect"] for entry in PUBLISHED)) <= set(METRICS)

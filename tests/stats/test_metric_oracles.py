"""Oracles on random data: scipy, scikit-learn, and alpha written out from its definition."""

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as sk

from judgekit.errors import InputError
from judgekit.stats import correlation
from judgekit.stats.classification import confusion
from judgekit.stats.metric import measure
from judgekit.stats.sample import Sample

LEVELS = np.array([1.0, 2.0, 3.0, 5.0, 8.0])
CLOSE = 1e-9


def value(metric, sample):
    return measure(metric, sample, rng=np.random.default_rng(0), n_resamples=100).value


def ratings(seed, levels, n_raters=2):
    rng = np.random.default_rng(seed)
    n_rows = int(rng.integers(15, 200))
    truth = rng.integers(0, len(levels), size=(n_rows, 1))
    noise = rng.integers(0, len(levels), size=(n_rows, n_raters))
    return np.asarray(levels)[np.where(rng.random((n_rows, n_raters)) < 0.5, truth, noise)]


def places(column):
    return np.searchsorted(LEVELS, column)


def declared(power):
    def kappa(judge, reference):
        table = sk.confusion_matrix(places(judge), places(reference), labels=range(len(LEVELS)))
        distance = np.abs(LEVELS[:, None] - LEVELS) ** power
        chance = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
        return 1 - (distance * table).sum() / (distance * chance).sum()

    return kappa


GRADED = {
    "pearson": lambda judge, reference: stats.pearsonr(judge, reference).statistic,
    "spearman": lambda judge, reference: stats.spearmanr(judge, reference).statistic,
    "kendall_tau_b": lambda judge, reference: stats.kendalltau(judge, reference).statistic,
    "kendall_tau_c": lambda judge, reference: stats.kendalltau(judge, reference, variant="c").statistic,
    "somers_d": lambda judge, reference: stats.somersd(reference, judge).statistic,
    "mae": sk.mean_absolute_error,
    "rmse": sk.root_mean_squared_error,
    "bias": lambda judge, reference: np.mean(judge - reference),
}
ON_LEVELS = {
    "accuracy": lambda judge, reference: sk.accuracy_score(places(reference), places(judge)),
    "percent_agreement": lambda judge, reference: np.mean(judge == reference),
    "within_one_agreement": lambda judge, reference: np.mean(np.abs(places(judge) - places(reference)) <= 1),
    "cohen_kappa": lambda judge, reference: sk.cohen_kappa_score(places(judge), places(reference)),
    "cohen_kappa_linear": declared(1),
    "cohen_kappa_quadratic": declared(2),
    "cohen_kappa_linear_observed": lambda j, r: sk.cohen_kappa_score(places(j), places(r), weights="linear"),
    "cohen_kappa_quadratic_observed": lambda j, r: sk.cohen_kappa_score(places(j), places(r), weights="quadratic"),
    "balanced_accuracy": lambda judge, reference: sk.balanced_accuracy_score(places(reference), places(judge)),
    "macro_f1": lambda judge, reference: sk.f1_score(places(reference), places(judge), average="macro"),
    "mcc": lambda judge, reference: sk.matthews_corrcoef(places(reference), places(judge)),
}
BINARY = {
    "tpr": lambda judge, reference: sk.recall_score(reference, judge),
    "tnr": lambda judge, reference: sk.recall_score(reference, judge, pos_label=0),
    "precision": lambda judge, reference: sk.precision_score(reference, judge),
    "npv": lambda judge, reference: sk.precision_score(reference, judge, pos_label=0),
    "f1": lambda judge, reference: sk.f1_score(reference, judge),
    "mcc": lambda judge, reference: sk.matthews_corrcoef(reference, judge),
    "balanced_accuracy": lambda judge, reference: sk.balanced_accuracy_score(reference, judge),
    "youden_j": lambda judge, reference: sk.balanced_accuracy_score(reference, judge, adjusted=True),
}


@pytest.mark.parametrize("metric", [*GRADED, *ON_LEVELS])
def test_graded_ratings_agree_with_the_oracle(metric):
    """On unevenly spaced levels, some never used, every metric equals scipy's or scikit-learn's."""
    for seed in range(20):
        rows = ratings(seed, LEVELS[seed % 2 :])
        expected = (GRADED | ON_LEVELS)[metric](*rows.T)
        assert value(metric, Sample(rows, levels=LEVELS)) == pytest.approx(expected, rel=CLOSE, abs=CLOSE)


@pytest.mark.parametrize("metric", BINARY)
def test_binary_ratings_agree_with_the_oracle(metric):
    """Rates over two classes equal scikit-learn's."""
    for seed in range(20):
        rows = ratings(seed, np.array([0.0, 1.0]))
        found = value(metric, Sample(rows, levels=np.array([0.0, 1.0]), positive=1.0))
        assert found == pytest.approx(BINARY[metric](*rows.T), rel=CLOSE, abs=CLOSE)


@pytest.mark.parametrize("metric", GRADED)
def test_continuous_judge_agrees_with_the_oracle(metric):
    """Expected scores with fractions against integer levels, ties on one side only, no declared levels."""
    for seed in range(10):
        rows = ratings(seed, LEVELS)
        rows[:, 0] += np.random.default_rng(seed).normal(size=len(rows))
        assert value(metric, Sample(rows)) == pytest.approx(GRADED[metric](*rows.T), rel=CLOSE, abs=CLOSE)


def test_tau_b_of_many_distinct_rows_is_the_same_by_the_other_way(monkeypatch):
    """Above the pairwise limit each resample is sorted instead, with equal values and an equal interval."""
    rows = np.random.default_rng(0).normal(size=(40, 2)).round(1)
    pairwise = measure("kendall_tau_b", Sample(rows), rng=np.random.default_rng(0))
    monkeypatch.setattr(correlation, "_MAX_PAIRWISE", 1)
    sorted_ = measure("kendall_tau_b", Sample(rows), rng=np.random.default_rng(0))

    assert (sorted_.value, sorted_.low, sorted_.high) == pytest.approx(
        (pairwise.value, pairwise.low, pairwise.high), rel=CLOSE, abs=CLOSE
    )


def alpha_by_definition(rows, distance):
    """Krippendorff 2011: coincidences of values within rows, row by row and pair by pair."""
    kept = [row[~np.isnan(row)] for row in rows]
    kept = [row for row in kept if len(row) > 1]
    pooled = np.concatenate(kept)
    observed = sum(distance(a, b, pooled) / (len(row) - 1) for row in kept for a in row for b in row) / len(pooled)
    expected = sum(distance(a, b, pooled) for a in pooled for b in pooled) / (len(pooled) * (len(pooled) - 1))
    return 1 - observed / expected


def ordinal_distance(a, b, pooled):
    between = np.sum((pooled >= min(a, b)) & (pooled <= max(a, b)))
    return (between - (np.sum(pooled == a) + np.sum(pooled == b)) / 2) ** 2 if a != b else 0


@pytest.mark.parametrize(
    ("metric", "distance"),
    [
        ("krippendorff_alpha_nominal", lambda a, b, _: float(a != b)),
        ("krippendorff_alpha_ordinal", ordinal_distance),
        ("krippendorff_alpha_interval", lambda a, b, _: (a - b) ** 2),
    ],
)
def test_alpha_follows_from_its_definition(metric, distance):
    """With missing ratings and an unused level, the moment form equals pairs counted one by one."""
    for seed in range(5):
        rows = ratings(seed, LEVELS[1:], n_raters=4)[:30]
        rows[np.random.default_rng(seed).random(rows.shape) < 0.4] = np.nan
        assert value(metric, Sample(rows, levels=LEVELS)) == pytest.approx(
            alpha_by_definition(rows, distance), rel=CLOSE, abs=CLOSE
        )


def test_interval_alpha_takes_continuous_ratings():
    """Without declared levels, and far from zero, alpha interval is still exact."""
    rows = 1_000 + ratings(0, LEVELS, n_raters=3)[:25] + np.random.default_rng(0).normal(size=(25, 3))
    expected = alpha_by_definition(rows, lambda a, b, _: (a - b) ** 2)

    assert value("krippendorff_alpha_interval", Sample(rows)) == pytest.approx(expected, rel=CLOSE, abs=CLOSE)


def test_many_raters_on_many_levels_are_told_apart():
    """Rows are distinct as rows, however many combinations are possible."""
    rows = np.random.default_rng(0).integers(0, 100, size=(50, 6)).astype(float)
    expected = alpha_by_definition(rows, lambda a, b, _: float(a != b))

    found = value("krippendorff_alpha_nominal", Sample(rows, levels=np.arange(100.0)))

    assert found == pytest.approx(expected, rel=CLOSE, abs=CLOSE)


def test_confusion_counts_judge_down_and_reference_across():
    """The table stands on the declared levels, used or not, and leaves out rows with a side missing."""
    rows = np.array([[1, 2], [1, 2], [2, 2], [3, 1], [np.nan, 1]])

    table = confusion(Sample(rows, levels=np.array([1.0, 2.0, 3.0, 4.0])))

    assert table.tolist() == [[0, 2, 0, 0], [0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]]


@pytest.mark.parametrize("sample", [Sample(np.zeros((3, 2))), Sample(np.zeros((3, 3)), levels=np.array([0.0, 1.0]))])
def test_confusion_needs_two_columns_on_declared_levels(sample):
    """Without levels, or with three columns, there is no table to draw."""
    with pytest.raises(InputError, match="two columns on declared levels"):
        confusion(sample)


@pytest.mark.parametrize("metric", ["kendall_tau_c", "somers_d"])
def test_concordance_of_many_distinct_rows_agrees_with_the_oracle(metric, monkeypatch):
    """Above the pairwise limit the pairs are counted by sorting, with equal values."""
    monkeypatch.setattr(correlation, "_MAX_PAIRWISE", 1)
    rows = ratings(3, LEVELS)
    assert value(metric, Sample(rows)) == pytest.approx(GRADED[metric](*rows.T), rel=CLOSE, abs=CLOSE)

"""How the coefficients hang together, and the fine print of those with bins, ties and missing ratings."""

import numpy as np
import pytest
from sklearn import metrics as sk

from judgekit.stats import chance
from judgekit.stats.metric import METRICS, measure
from judgekit.stats.patterns import distinct_rows
from judgekit.stats.probability import ece
from judgekit.stats.ranking import pairwise_accuracy_ties, tied_share
from judgekit.stats.sample import Sample

LEVELS = np.arange(1.0, 6)
NAN = np.nan


def graded(n_rows=60, n_raters=2, seed=0, missing=0.0):
    rng = np.random.default_rng(seed)
    truth, noise = rng.integers(1, 5, size=(n_rows, 1)), rng.integers(1, 5, size=(n_rows, n_raters))
    rows = np.where(rng.random((n_rows, n_raters)) < 0.6, truth, noise).astype(float)
    rows[rng.random(rows.shape) < missing] = NAN
    return rows


def value(metric, rows, levels=LEVELS, **fields):
    sample = Sample(np.asarray(rows, dtype=float), levels=levels, **fields)
    return measure(metric, sample, rng=np.random.default_rng(0), n_resamples=100).value


@pytest.mark.parametrize("weighting", ["identity", "linear", "quadratic"])
def test_conger_is_cohen_for_two_complete_raters(weighting):
    """Under each weighting, on declared levels of which one is never used."""
    cohen = {"identity": "cohen_kappa", "linear": "cohen_kappa_linear", "quadratic": "cohen_kappa_quadratic"}[weighting]
    patterns = distinct_rows(Sample(graded(), levels=LEVELS))

    [found] = chance.conger_kappa(patterns, patterns.counts[None, :], weighting=weighting)

    assert found == pytest.approx(value(cohen, graded()))


def test_brennan_prediger_is_pabak_on_two_levels():
    """Twice the agreement less one."""
    rows = (graded() > 2).astype(float)

    found = value("brennan_prediger", rows, np.array([0.0, 1.0]))

    assert found == pytest.approx(2 * value("percent_agreement", rows, None) - 1)


def test_nominal_alpha_comes_to_fleiss_kappa_as_rows_grow():
    """They differ by a share of one in all ratings: (1 - alpha) = (1 - fleiss) (1 - 1 / ratings)."""
    for times in (1, 10, 100):
        rows = np.tile(graded(), (times, 1))
        fleiss, alpha = value("fleiss_kappa", rows), value("krippendorff_alpha_nominal", rows)
        assert 1 - alpha == pytest.approx((1 - fleiss) * (1 - 1 / rows.size))


def test_interval_alpha_is_alpha_with_quadratic_weights():
    """Squared differences are squared differences."""
    assert value("krippendorff_alpha_interval", graded(n_raters=3)) == pytest.approx(
        value("krippendorff_alpha_interval", 3 * graded(n_raters=3) - 7, None)
    )


def test_quadratic_fleiss_and_icc_of_two_raters_nearly_agree():
    """Fleiss & Cohen 1973: equal but for terms of order one in n."""
    rows = np.tile(graded(), (200, 1))

    assert value("cohen_kappa_quadratic", rows) == pytest.approx(value("icc_a1", rows), abs=1e-3)
    assert value("lin_ccc", rows) == pytest.approx(value("cohen_kappa_quadratic", rows))


def test_unused_level_changes_only_what_counts_levels():
    """Declaring a sixth level moves AC1 and Brennan-Prediger, and nothing that looks at used levels' distances."""
    rows, wider = graded(n_raters=3), np.arange(1.0, 7)
    changed = {
        name
        for name, metric in METRICS.items()
        if metric.raters == "many" and value(name, rows) != pytest.approx(value(name, rows, wider))
    }

    assert changed == {"brennan_prediger", "gwet_ac1", "gwet_ac2"}
    two = rows[:, :2]
    for name in ("cohen_kappa", "cohen_kappa_linear", "cohen_kappa_quadratic"):
        assert value(name, two) == pytest.approx(value(name, two, wider))
    assert value("cohen_kappa_quadratic", two) != pytest.approx(value("cohen_kappa_quadratic", two**2, LEVELS**2))


def test_light_is_the_mean_of_the_pairs_that_have_a_kappa():
    """R irr gives -.01748 on the anxiety data; a constant pair is left out and counted; none at all gives NaN."""
    anxiety = np.array([
        [3, 3, 3, 4, 5, 5, 2, 3, 5, 2, 2, 6, 1, 5, 2, 2, 1, 2, 4, 3],
        [3, 6, 4, 6, 2, 4, 2, 4, 3, 3, 2, 3, 3, 3, 2, 2, 1, 3, 3, 4],
        [2, 1, 4, 4, 3, 2, 1, 6, 1, 1, 1, 2, 3, 3, 1, 1, 3, 3, 2, 2],
    ]).T  # fmt: skip
    kappa, n_undefined = chance.light_kappa(Sample(anxiety, levels=np.arange(1.0, 7)))
    assert kappa == pytest.approx(-0.01748, abs=5e-6)
    assert n_undefined == 0

    constant = Sample(np.column_stack([np.ones(20), np.ones(20), anxiety[:, 0]]), levels=np.arange(1.0, 7))
    assert chance.light_kappa(constant) == (0.0, 1)
    kappa, n_undefined = chance.light_kappa(Sample(np.ones((9, 2)), levels=LEVELS))
    assert np.isnan(kappa)
    assert n_undefined == 1


def test_lone_ratings_count_towards_chance_and_not_towards_agreement():
    """Fifty lone 5s leave percent agreement where it is and move every coefficient that asks who uses which level."""
    rows = graded(n_raters=3)
    more = np.vstack([rows, np.column_stack([np.full(50, 5.0), np.full((50, 2), NAN)])])

    for name in ("percent_agreement", "brennan_prediger", "krippendorff_alpha_nominal"):
        assert value(name, more) == pytest.approx(value(name, rows))
    for name in ("fleiss_kappa", "conger_kappa", "gwet_ac1", "gwet_ac2"):
        assert value(name, more) != pytest.approx(value(name, rows))
    found = measure("fleiss_kappa", Sample(more, levels=LEVELS), rng=np.random.default_rng(0))
    assert (found.n, found.dropped) == (110, {})


def test_only_lone_ratings_are_no_data():
    """Nothing pairs, so nothing can agree."""
    rows = np.array([[1, NAN], [NAN, 2], [3, NAN]])
    found = measure("fleiss_kappa", Sample(rows, levels=LEVELS), rng=np.random.default_rng(0))

    assert found.undefined == "no_data: no row has ratings of both judge and reference"


@pytest.mark.parametrize("metric", ["icc_a1", "kendall_w"])
def test_complete_tables_are_asked_for(metric):
    """A missing cell of three raters is a reason; of two columns the row is dropped, as everywhere."""
    rows = graded(n_raters=3)
    rows[0, 0] = rows[5, 1] = NAN
    three, two = (
        measure(metric, Sample(some, levels=LEVELS), rng=np.random.default_rng(0)) for some in (rows, rows[:, :2])
    )

    assert three.undefined == f"missing_ratings: {metric} needs every rater on every row, and 2 lack one (n=60)"
    assert (two.undefined, two.n, two.dropped) == (None, 58, {"missing": 2})


def test_kendall_w_is_friedmans():
    """scipy's Friedman chi-square over m (n - 1), ties and all."""
    from scipy.stats import friedmanchisquare

    rows = graded(20, 4)

    assert value("kendall_w", rows) == pytest.approx(friedmanchisquare(*rows).statistic / (4 * 19))


def test_calibration_error_depends_on_its_bins():
    """By hand: .175 with five, .285 with ten; a score on an edge belongs to the bin above, 1 to the last."""
    judged = [0.1, 0.4, 0.35, 0.8, 0.7, 0.55, 0.9, 0.6, 0.95, 0.2]
    rows = np.column_stack([judged, [0, 1, 0, 1, 1, 0, 1, 1, 1, 0]])
    patterns = distinct_rows(Sample(rows, levels=np.array([0.0, 1.0]), positive=1.0))
    one = patterns.counts[None, :]

    assert ece(patterns, one, n_bins=5) == pytest.approx(0.175)
    assert ece(patterns, one, n_bins=10) == ece(patterns, one) == pytest.approx(0.285)
    edge = distinct_rows(Sample(np.array([[0.29, 0], [0.295, 1], [1.0, 1]]), levels=np.array([0.0, 1.0]), positive=1.0))
    assert ece(edge, edge.counts[None, :], n_bins=100) == pytest.approx(abs(0.29 + 0.295 - 1) / 3)


def test_score_beyond_one_is_no_probability():
    """Brier and calibration error are undefined, with the score."""
    rows = np.array([[0.5, 0], [1.5, 1], [0.2, 0]])
    sample = Sample(rows, levels=np.array([0.0, 1.0, 2.0]), positive=1.0)

    for metric in ("brier", "ece"):
        found = measure(metric, sample, rng=np.random.default_rng(0))
        assert found.undefined == "not_for_this_scale: judge gave 1.5, which is no probability (n=3)"


def test_ties_of_an_area_under_the_curve_can_be_said():
    """Of four positive-negative pairs one is tied."""
    sample = Sample(np.array([[3, 1], [2, 1], [2, 0], [1, 0]]), levels=np.array([0.0, 1, 2, 3]), positive=1.0)
    patterns = distinct_rows(sample)

    assert tied_share(patterns, patterns.counts[None, :]) == pytest.approx(0.25)
    assert METRICS["auroc"].function(patterns, patterns.counts[None, :]) == pytest.approx(0.875)


def test_copies_of_a_row_in_a_resample_are_no_pairs():
    """Two rows ordered against each other never agree, however often either is drawn."""
    patterns = distinct_rows(Sample(np.array([[1, 2], [2, 1]])))

    assert pairwise_accuracy_ties(patterns, np.array([[1.0, 1], [3, 1], [2, 0]]))[:2].tolist() == [0, 0]
    assert np.isnan(pairwise_accuracy_ties(patterns, np.array([[2.0, 0]]))).all()


@pytest.mark.parametrize("block", [1, 7, 2_000])
def test_pairwise_accuracy_in_blocks_is_counted_pair_by_pair(monkeypatch, block):
    """The share of pairs of different rows that both columns order alike, ties being an order."""
    monkeypatch.setattr("judgekit.stats.ranking._BLOCK", block)
    monkeypatch.setattr("judgekit.stats.alpha._BLOCK", block)
    rows = graded(40)
    orders = np.sign(rows[:, None] - rows)
    alike = (orders[:, :, 0] == orders[:, :, 1])[np.triu_indices(40, 1)]

    assert value("pairwise_accuracy_ties", rows) == pytest.approx(alike.mean())
    one, other = np.meshgrid(rows.ravel(), rows.ravel())
    expected = (((one - other) / (one + other)) ** 2).sum() / (80 * 79)
    observed = (2 * ((rows[:, 0] - rows[:, 1]) / rows.sum(axis=1)) ** 2).sum() / 80
    assert value("krippendorff_alpha_ratio", rows) == pytest.approx(1 - observed / expected)


def test_ratios_need_a_true_zero():
    """Two zeros are alike; a negative rating is a reason."""
    rows = np.array([[0, 0], [0, 2], [3, 3], [1, 3], [0, 0]])
    assert value("krippendorff_alpha_ratio", rows, None) < 1
    found = measure("krippendorff_alpha_ratio", Sample(rows - 1.0), rng=np.random.default_rng(0))
    assert found.undefined == "not_for_this_scale: ratios need a true zero, and a rating is -1 (n=5)"


@pytest.mark.parametrize("weighting", ["identity", "linear", "quadratic", "ordinal"])
def test_conger_is_the_mean_over_pairs_of_raters_written_out(weighting):
    """Chance agreement of each two raters' own margins, averaged over the pairs; one rater gave a single rating."""
    rows = graded(30, 4, missing=0.3)
    rows[1:, 3] = NAN
    rows[0] = 1, 2, 2, 4
    patterns = distinct_rows(Sample(rows, levels=LEVELS), n_ratings_min=1, by_rater=True)
    close, one = chance.closeness(LEVELS, weighting), patterns.counts[None, :]
    margins = np.array([[(column == level).sum() / (~np.isnan(column)).sum() for level in LEVELS] for column in rows.T])
    by_chance = np.mean([margins[i] @ close @ margins[j] for i in range(4) for j in range(i)])
    [observed] = chance.observed_agreement(patterns, one, close)

    [found] = chance.conger_kappa(patterns, one, weighting=weighting)

    assert found == pytest.approx((observed - by_chance) / (1 - by_chance))


@pytest.mark.parametrize("weights", ["linear", "quadratic"])
def test_a_level_that_occurs_once_occurs(weights):
    """scikit-learn numbers the levels in use: here 1, 3, 4 and a lone 5."""
    judge, reference = np.array([[1, 1], [1, 3], [3, 3], [4, 4], [4, 3], [1, 1], [5, 4], [3, 3]]).T
    expected = sk.cohen_kappa_score(judge, reference, weights=weights)

    assert value(f"cohen_kappa_{weights}_observed", np.column_stack([judge, reference])) == pytest.approx(expected)
    assert value(f"cohen_kappa_{weights}", np.column_stack([judge, reference])) != pytest.approx(expected)


def test_a_class_seen_once_is_a_class():
    """Macro F1 counts the class that only the judge ever gave, once, at 0."""
    judge, reference = np.array([[1, 1], [1, 1], [2, 2], [3, 2], [2, 2]]).T

    found = value("macro_f1", np.column_stack([judge, reference]))

    assert found == pytest.approx(sk.f1_score(reference, judge, average="macro", zero_division=0))


@pytest.mark.parametrize("metric", ["pearson", "lin_ccc", "spearman"])
def test_no_correlation_is_beyond_one(metric):
    """Columns on a line give sums whose last digits would say 1.0000000000000002."""
    for seed in range(60):
        x = np.random.default_rng(seed).normal(size=4 + seed % 26).round(1 + seed % 5)
        for sign in (1, -1):
            patterns = distinct_rows(Sample(np.column_stack([x, sign * x])))
            [found] = METRICS[metric].function(patterns, patterns.counts[None, :])
            assert -1 <= found <= 1


def test_each_bin_has_its_own_error_of_calibration():
    """Ten scores mid-bin that are off by turns: within a bin nothing cancels, and nothing does between the bins."""
    scores = np.arange(10) / 10 + 0.05
    patterns = distinct_rows(Sample(np.column_stack([scores, np.arange(10) % 2]), levels=np.arange(2.0), positive=1.0))

    expected = np.mean(np.abs(scores - np.arange(10) % 2))
    assert ece(patterns, patterns.counts[None, :]) == pytest.approx(expected)
    assert expected == pytest.approx(0.45)
    ends = distinct_rows(Sample(np.array([[0.0, 0], [0.95, 0], [1.0, 1]]), levels=np.arange(2.0), positive=1.0))
    assert ece(ends, ends.counts[None, :]) == pytest.approx(0.95 / 3)
    wrong = distinct_rows(Sample(np.array([[0.0, 1], [1.0, 0]]), levels=np.arange(2.0), positive=1.0))
    assert ece(wrong, wrong.counts[None, :]) == pytest.approx(1)


def test_the_score_that_is_no_probability_is_named():
    """0 and 1 are probabilities; 1.2 and -.1 are none."""
    levels = np.array([-1.0, 0, 1, 2])
    for wrong in (1.2, -0.1):
        sample = Sample(np.array([[0, 0], [1, 1], [wrong, 1], [0.5, 0]]), levels=levels, positive=1.0)
        found = measure("brier", sample, rng=np.random.default_rng(0))
        assert found.undefined == f"not_for_this_scale: judge gave {wrong:g}, which is no probability (n=4)"


@pytest.mark.parametrize("level", [0.0, 0.5])
def test_ratios_of_one_value_are_one_category(level):
    """A zero, or a half, throughout is no negative rating."""
    found = measure("krippendorff_alpha_ratio", Sample(np.full((5, 2), level)), rng=np.random.default_rng(0))

    assert found.undefined == f"one_category: every rating of judge and reference is {level:g} (n=5)"


def test_a_resample_without_the_rows_that_vary_has_no_correlation():
    """Column 0 is one number on six of twelve rows: its sums leave rounding, and that is no spread."""
    rng = np.random.default_rng(0)
    for constant in rng.uniform(0.1, 1, size=50):
        rows = np.column_stack([np.full(12, constant), rng.normal(size=12)])
        rows[6:, 0] += rng.normal(size=6)
        patterns = distinct_rows(Sample(rows))
        weights = (patterns.values[:, 0] == constant).astype(float)[None, :]
        for metric in ("pearson", "spearman", "kendall_tau_b"):
            assert np.isnan(METRICS[metric].function(patterns, weights)).all()


@pytest.mark.parametrize("weighting", ["linear", "quadratic"])
def test_weights_are_of_the_declared_values_and_not_of_their_places(weighting):
    """On levels 0, 1 and 4 the first two are nearly one: in the table of weights, and in every coefficient of them."""
    power, uneven = {"linear": 1, "quadratic": 2}[weighting], np.array([0.0, 1, 4])
    close = chance.closeness(uneven, weighting)
    assert close[0] == pytest.approx([1, 1 - 0.25**power, 0])
    assert close[1] == pytest.approx([1 - 0.25**power, 1, 1 - 0.75**power])

    rows = uneven[np.random.default_rng(0).integers(0, 3, size=(40, 2))]
    patterns = distinct_rows(Sample(rows, levels=uneven))
    one = patterns.counts[None, :]
    [conger] = chance.conger_kappa(patterns, one, weighting=weighting)
    assert conger == pytest.approx(value(f"cohen_kappa_{weighting}", rows, uneven))
    shares = np.array([(rows == level).mean() for level in uneven])
    by_chance = close.sum() / 6 * (shares * (1 - shares)).sum()
    observed = np.mean(1 - (np.abs(rows[:, 0] - rows[:, 1]) / 4) ** power)
    [ac2] = chance.gwet_ac2(patterns, one, weighting=weighting)
    assert ac2 == pytest.approx((observed - by_chance) / (1 - by_chance))

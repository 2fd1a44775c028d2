"""Pairwise accuracy with ties and the tie threshold: mt-metrics-eval's own tests, and the float trap."""

import numpy as np
import pytest

from judgekit.errors import InputError
from judgekit.stats.metric import measure
from judgekit.stats.sample import Sample
from judgekit.stats.tie_calibration import calibrate_ties, pair_counts, pairs_within, pairwise_accuracy_ties

RNG = np.random.default_rng
NONE = float("nan")
# google-research/mt-metrics-eval 68a481a, tau_optimization_test.py: test_regression_example, a group a row.
METRIC: list[list[float]] = [[0, 5, 2, 3, 2], [NONE, 2, 1, 5, 3], [9, 1, 5, 3, 8], [9, 3, 4, 4, 1], [NONE] * 5]
HUMAN: list[list[float]] = [[1, 5, 2, 1, 1], [4, 2, 2, 1, 4], [5, 9, 2, 8, 7], [7, 6, NONE, 3, 2], [NONE] * 5]


def rows_as_groups():
    return pairs_within(np.concatenate(METRIC), np.concatenate(HUMAN), np.repeat(np.arange(5), 5))


def accuracy(pairs, **options):
    return pairwise_accuracy_ties(pairs, rng=RNG(0), **options)


def fitted(pairs):
    return calibrate_ties(pairs)


def counted(pairs, **options):
    return pair_counts(pairs, **options)


@pytest.mark.parametrize(
    ("judge", "human", "accuracies", "best"),
    [
        ([0, 2, 6, 8], [1, 1, 1, 4], [3 / 6, 3 / 6, 4 / 6, 4 / 6, 3 / 6], 4),
        ([0, 2, 6, 8], [1, 2, 3, 4], [1, 4 / 6, 3 / 6, 1 / 6, 0], 0),
    ],
)
def test_thresholds_and_accuracies_are_the_reference_programs(judge, human, accuracies, best):
    """mt-metrics-eval, tau_optimization_test.py: every candidate, the smallest of the best."""
    found = fitted(pairs_within(judge, human))

    assert found.thresholds.tolist() == [0, 2, 4, 6, 8]
    assert found.accuracies == pytest.approx(accuracies)
    assert (found.threshold, found.accuracy.value) == (best, pytest.approx(max(accuracies)))
    assert found.accuracy.method == "none: the threshold was fitted to these pairs"


def test_groups_with_missing_scores_are_the_reference_programs():
    """mt-metrics-eval's regression example: five groups, one of them empty, accuracies averaged over groups."""
    found = fitted(rows_as_groups())

    expected = [0.466667, 0.491667, 0.383333, 0.291667, 0.266667, 0.2, 0.158333, 0.158333, 0.116667]
    assert found.thresholds.tolist() == list(range(9))
    assert found.accuracies == pytest.approx(expected, abs=1e-6)
    assert found.threshold == 1
    assert found.accuracy.value == pytest.approx(0.4916667, abs=1e-7)
    assert found.accuracy.dropped == {"missing": 7, "groups_without_a_pair": 1}


def test_the_search_equals_measuring_at_each_threshold():
    """Cumulative gains and the plain definition agree at all candidates."""
    pairs = rows_as_groups()
    found = fitted(pairs)
    plain = [accuracy(pairs, threshold=threshold).value for threshold in found.thresholds]

    assert found.accuracies == pytest.approx(plain)


def test_five_pairs_have_the_published_statistics():
    """x = 1 2 2 3 4, y = 2 1 1.5 5 3: acc_eq .6, tau-23 .2; calibrated .7 at .5; at 2 on y .4 (mt-metrics-eval)."""
    x, y = [1, 2, 2, 3, 4], [2, 1, 1.5, 5, 3]
    plain, reverse = counted(pairs_within(x, y)), fitted(pairs_within(y, x))

    assert (plain.accuracy, plain.tau_23) == pytest.approx((0.6, 0.2))
    assert (reverse.threshold, reverse.accuracy.value) == pytest.approx((0.5, 0.7))
    assert counted(pairs_within(y, x), threshold=2).accuracy == pytest.approx(0.4)


def test_seven_pairs_have_the_published_counts():
    """Counts, tau-23 1/3, acc_eq 2/3, tau-b .62883; and with differences up to 1 on x as ties."""
    x, y = [1, 1, 1, 2, 2, 3, 4], [1, 1, 2, 2, 4, 3, 3]
    plain, blurred = counted(pairs_within(x, y)), counted(pairs_within(x, y), threshold=1)
    tau_b = measure("kendall_tau_b", Sample(np.column_stack([x, y])), rng=RNG(0)).value

    assert (plain.concordant, plain.discordant, plain.judge_ties, plain.human_ties, plain.both_ties) == (13, 2, 3, 2, 1)
    assert (plain.tau_23, plain.accuracy) == pytest.approx((1 / 3, 2 / 3))
    assert tau_b == pytest.approx(0.62883, abs=5e-6)
    assert (blurred.concordant, blurred.discordant, blurred.judge_ties, blurred.both_ties) == (7, 1, 10, 3)
    assert (blurred.accuracy, blurred.tau_23) == pytest.approx((10 / 21, -1 / 21))


def test_scores_equal_but_for_rounding_are_ties():
    """.1 + .2 and .3: a tie, as the human has it; exact comparison gives .667."""
    pairs = pairs_within([0.1 + 0.2, 0.3, 0.5], [1, 1, 2])

    assert counted(pairs).accuracy == 1
    assert fitted(pairs).thresholds.tolist() == [0, 0.2]
    assert counted(pairs_within([0.7, 0.6, 0.1], [1, 1, 2]), threshold=0.7 - 0.6).both_ties == 1


def test_accuracy_is_averaged_over_groups_with_an_interval_over_them():
    """A group of ten pairs weighs as much as one of one; groups are what is drawn."""
    rng = RNG(1)
    groups = np.repeat(np.arange(40), rng.integers(2, 6, size=40))
    human = rng.integers(0, 4, size=len(groups))
    judge = human + rng.normal(0, 0.8, size=len(groups))
    pairs = pairs_within(judge, human, groups)
    found = accuracy(pairs)

    by_group = [counted(pairs_within(judge[groups == g], human[groups == g])).accuracy for g in range(40)]
    assert found.value == pytest.approx(np.mean(by_group))
    assert found.low < found.value < found.high
    assert (found.n, found.n_clusters, found.method) == (40, 40, "bca")


@pytest.mark.parametrize("judge", [[], [1.0], [1.0, NONE]])
def test_no_pair_is_undefined(judge):
    """Nothing, one row, and one row with a score."""
    pairs = pairs_within(judge, judge)
    found = fitted(pairs)

    assert counted(pairs).n == 0
    assert counted(pairs).accuracy is counted(pairs).tau_23 is None
    assert accuracy(pairs).undefined == "no_data: no group has two rows with both scores"
    assert found.threshold is None
    assert found.accuracy.undefined == "no_data: no group has two rows with both scores"


def test_shapes_that_do_not_fit_are_refused():
    """A judge score without a human one."""
    with pytest.raises(InputError, match="shapes"):
        pairs_within([1.0, 2.0], [1.0])


def test_an_accuracy_has_a_value_or_a_reason_never_both():
    """What was fitted is defined; what could not enter is counted on plain and fitted accuracy alike."""
    pairs = rows_as_groups()
    plain, best = accuracy(pairs), fitted(pairs).accuracy
    none = fitted(pairs_within([1.0], [1.0]))

    assert best.undefined is plain.undefined is None
    assert plain.dropped == best.dropped == {"missing": 7, "groups_without_a_pair": 1}
    assert (best.n, best.n_clusters, best.level) == (4, 4, 0.95)
    assert (none.accuracy.n, none.accuracy.method, len(none.thresholds), len(none.accuracies)) == (0, "none", 0, 0)

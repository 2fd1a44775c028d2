"""Degenerate input: one parametrised table of what each metric says, where libraries give nan, 0.0, 1.0 or raise."""

import numpy as np
import pytest

from judgekit.errors import InputError, UnknownName
from judgekit.stats.metric import METRICS, measure, measure_all
from judgekit.stats.sample import Sample

KAPPAS = [name for name in METRICS if name.startswith("cohen_kappa")]
ALPHAS = [name for name in METRICS if name.startswith("krippendorff")]
ICCS = [name for name in METRICS if name.startswith("icc_")]
CORRELATIONS = ["pearson", "spearman", "kendall_tau_b", "kendall_tau_c", "somers_d"]
SHARES = ["pairwise_accuracy", "best_of_accuracy"]
NAN = np.nan

BOTH_0 = [[0, 0]] * 10
BOTH_1 = [[1, 1]] * 10
JUDGE_1 = [[1, 0]] * 5 + [[1, 1]] * 5
JUDGE_0 = [[0, 0]] * 5 + [[0, 1]] * 5
REFERENCE_1 = [[0, 1]] * 5 + [[1, 1]] * 5
REFERENCE_0 = [[0, 0]] * 5 + [[1, 0]] * 5
APART = [[1, 0]] * 10
PERFECT = [[0, 0]] * 10 + [[1, 1]] * 10

CASES = [
    *[(name, BOTH_1, "one_category: every rating of judge and reference is 1 (n=10)") for name in KAPPAS + ALPHAS],
    *[(name, BOTH_1, "constant: every judge rating is 1, every reference rating is 1 (n=10)") for name in CORRELATIONS],
    ("percent_agreement", BOTH_1, 1.0),
    ("accuracy", BOTH_1, 1.0),
    ("f1", BOTH_1, 1.0),
    ("macro_f1", BOTH_1, 1.0),
    ("mae", BOTH_1, 0.0),
    ("tpr", BOTH_1, 1.0),
    ("tpr", BOTH_0, "one_class: no reference rating is 1 (n=10)"),
    ("tnr", BOTH_1, "one_class: every reference rating is 1 (n=10)"),
    ("youden_j", BOTH_1, "one_class: every reference rating is 1 (n=10)"),
    ("youden_j", BOTH_0, "one_class: no reference rating is 1 (n=10)"),
    ("balanced_accuracy", REFERENCE_1, "one_class: every reference rating is 1 (n=10)"),
    ("balanced_accuracy", REFERENCE_0, "one_class: every reference rating is 0 (n=10)"),
    ("precision", JUDGE_0, "empty_denominator: no judge rating is 1 (n=10)"),
    ("npv", JUDGE_1, "empty_denominator: every judge rating is 1 (n=10)"),
    ("f1", BOTH_0, "empty_denominator: no rating of judge or reference is 1 (n=10)"),
    ("mcc", JUDGE_1, "empty_denominator: every judge rating is 1 (n=10)"),
    ("mcc", BOTH_1, "empty_denominator: every judge rating is 1, every reference rating is 1 (n=10)"),
    *[(name, JUDGE_1, 0.0) for name in KAPPAS],
    ("krippendorff_alpha_nominal", JUDGE_1, -0.2667),
    *[(name, JUDGE_1, "constant: every judge rating is 1 (n=10)") for name in CORRELATIONS],
    *[(name, REFERENCE_1, "constant: every reference rating is 1 (n=10)") for name in CORRELATIONS],
    *[(name, APART, 0.0) for name in KAPPAS],
    ("krippendorff_alpha_nominal", APART, -0.9),
    *[(name, PERFECT, 1.0) for name in METRICS if METRICS[name].high == 1 and METRICS[name].direction == "higher"],
    *[(name, PERFECT, 0.0) for name in METRICS if METRICS[name].direction == "lower"],
    *[(name, BOTH_1, 1.0) for name in ("gwet_ac1", "gwet_ac2", "brennan_prediger")],
    *[
        (name, BOTH_1, "one_category: every rating of judge and reference is 1 (n=10)")
        for name in ["fleiss_kappa", "conger_kappa", "kendall_w", "lin_ccc", *ICCS]
    ],
    ("gwet_ac1", JUDGE_1, 0.2),
    ("fleiss_kappa", JUDGE_1, -1 / 3),
    ("conger_kappa", JUDGE_1, 0.0),
    ("brennan_prediger", JUDGE_1, 0.0),
    ("kendall_w", JUDGE_1, 0.5),
    ("lin_ccc", JUDGE_1, 0.0),
    ("gwet_ac1", APART, -1.0),
    ("fleiss_kappa", APART, -1.0),
    ("conger_kappa", APART, 0.0),
    ("brennan_prediger", APART, -1.0),
    ("lin_ccc", APART, 0.0),
    ("kendall_w", APART, "constant: every rater gives one rating throughout (n=10)"),
    ("icc_1", APART, -1.0),
    ("icc_a1", APART, 0.0),
    *[
        (name, APART, "empty_denominator: the rows' means do not differ (n=10)")
        for name in ("icc_1k", "icc_c1", "icc_ck")
    ],
    ("auroc", BOTH_1, "one_class: every reference rating is 1 (n=10)"),
    ("auroc", BOTH_0, "one_class: no reference rating is 1 (n=10)"),
    ("auroc", JUDGE_1, 0.5),
    ("brier", APART, 1.0),
    ("ece", APART, 1.0),
    ("ece", JUDGE_1, 0.5),
    ("pairwise_accuracy_ties", BOTH_1, 1.0),
    ("pairwise_accuracy_ties", JUDGE_1, 4 / 9),
    *[(name, BOTH_1, 1.0) for name in ["within_one_agreement", *SHARES, "precision"]],
    *[(name, BOTH_1, 0.0) for name in ("brier", "ece", "rmse", "bias")],
    ("balanced_accuracy", BOTH_1, "one_class: every reference rating is 1 (n=10)"),
    ("npv", BOTH_1, "empty_denominator: every judge rating is 1 (n=10)"),
    *[(name, JUDGE_1, 0.5) for name in ["percent_agreement", "accuracy", *SHARES, "precision", "balanced_accuracy"]],
    *[(name, JUDGE_1, 0.5) for name in ("brier", "mae", "bias")],
    *[(name, JUDGE_1, 1.0) for name in ("within_one_agreement", "tpr")],
    *[(name, JUDGE_1, 0.0) for name in ("tnr", "youden_j", "icc_a1", "icc_c1", "icc_ak", "icc_ck")],
    *[(name, JUDGE_1, -0.2667) for name in ALPHAS[1:]],
    ("gwet_ac2", JUDGE_1, 0.2),
    ("icc_1", JUDGE_1, -2 / 7),
    ("icc_1k", JUDGE_1, -0.8),
    ("f1", JUDGE_1, 2 / 3),
    ("macro_f1", JUDGE_1, 1 / 3),
    ("rmse", JUDGE_1, 0.7071),
    *[(name, APART, 0.0) for name in ["percent_agreement", "accuracy", *SHARES, "precision", "tnr", "f1", "macro_f1"]],
    *[(name, APART, 1.0) for name in ("within_one_agreement", "pairwise_accuracy_ties", "mae", "rmse", "bias")],
    *[(name, APART, -0.9) for name in ALPHAS[1:]],
    ("gwet_ac2", APART, -1.0),
    ("icc_ak", APART, 0.0),
    *[(name, APART, "constant: every judge rating is 1, every reference rating is 0 (n=10)") for name in CORRELATIONS],
    *[(name, APART, "one_class: no reference rating is 1 (n=10)") for name in ("tpr", "youden_j", "auroc")],
    ("balanced_accuracy", APART, "one_class: every reference rating is 0 (n=10)"),
    ("npv", APART, "empty_denominator: every judge rating is 1 (n=10)"),
    ("mcc", APART, "empty_denominator: every judge rating is 1, every reference rating is 0 (n=10)"),
    ("bias", PERFECT, 0.0),
]


def sample_of(rows, levels=None, **fields) -> Sample:
    return Sample(np.array(rows, dtype=float), levels=None if levels is None else np.array(levels, float), **fields)


def binary(rows) -> Sample:
    return sample_of(np.reshape(rows, (-1, 2)), [0, 1], positive=1.0)


def measured(metric, sample, **options):
    return measure(metric, sample, rng=np.random.default_rng(0), **options)


@pytest.mark.parametrize(("metric", "rows", "expected"), CASES)
def test_degenerate_input_gives_the_value_or_the_reason(metric, rows, expected):
    """A value where the definition gives one; else None, with the code, who is constant at what, and n."""
    found = measured(metric, binary(rows))

    if isinstance(expected, str):
        assert found.undefined == expected
        assert (found.value, found.low, found.high, found.method) == (None, None, None, "none")
    else:
        assert found.value == pytest.approx(expected, abs=5e-5)
        assert found.undefined is None
    assert found.n == len(rows)


@pytest.mark.parametrize("rows", [BOTH_1, JUDGE_1, APART, PERFECT], ids=["alike", "one constant", "apart", "perfect"])
def test_every_metric_has_its_line_for_every_degenerate_input(rows):
    """A new metric fails here until it is said what it gives where a rater is constant, or everybody agrees."""
    assert {name for name, given, _ in CASES if given is rows} == set(METRICS)


@pytest.mark.parametrize("metric", METRICS)
def test_no_rows_and_one_row_are_too_little(metric):
    """Without rows the reason is no_data; with one row, too_few."""
    assert measured(metric, binary([])).undefined == "no_data: no row has ratings of both judge and reference"
    assert measured(metric, binary([[1, 0]])).undefined.startswith("too_few: ")


@pytest.mark.parametrize("metric", CORRELATIONS)
def test_correlation_needs_three_rows(metric):
    """Two points always lie on a line."""
    assert measured(metric, binary([[0, 1], [1, 0]])).undefined == f"too_few: {metric} needs at least 3 rows (n=2)"


@pytest.mark.parametrize("metric", METRICS)
def test_what_the_scale_does_not_declare_is_said(metric):
    """On a continuous scale, metrics of levels or positives are undefined and the others work."""
    rows = np.array([[0.25, 0.5], [0.5, 0.5], [0.75, 0.9], [0.1, 0.2]])
    found = measured(metric, Sample(rows))

    needs = METRICS[metric].needs
    assert (found.undefined or "").startswith({"values": "", "levels": "not_for", "positive": "not_for"}[needs])
    assert found.is_defined == (needs == "values")


def test_missing_ratings_are_counted_beside_the_causes_known_before():
    """Rows without both sides are dropped, and n, units and causes say so."""
    rows = np.array([[0, 0], [1, 1], [0, 1], [NAN, 1], [1, NAN]])
    sample = sample_of(
        rows, levels=[0, 1], units=np.array([1, 1, 2, 3, 3]), dropped={"unparsed": 2, "missing": 1}, names=("a", "b")
    )

    found = measured("percent_agreement", sample)

    assert (found.n, found.n_clusters) == (3, 2)
    assert found.dropped == {"unparsed": 2, "missing": 3}
    assert found.value == pytest.approx(2 / 3)
    assert sample.dropped == {"unparsed": 2, "missing": 1}


def test_rows_of_many_raters_need_two_ratings():
    """With several raters a row with one rating pairs with nothing."""
    sample = sample_of([[0, 1, NAN], [NAN, 1, NAN], [1, 1, 1], [0, 0, 1]], levels=[0, 1])
    found = measured("krippendorff_alpha_nominal", sample)

    assert found.n == 3
    assert found.dropped == {"fewer_than_two_ratings": 1}


@pytest.mark.parametrize(
    ("sample", "metric", "words"),
    [
        (sample_of([[0, 7], [0, 1]], levels=[0, 1]), "mae", "reference gave 7, the levels are 0, 1"),
        (sample_of([[0, 1], [-1, 1]], levels=[0, 1]), "cohen_kappa", "judge gave -1, the levels are 0, 1"),
        (sample_of([[0.5, 1], [0, 1]], levels=[0, 1]), "cohen_kappa", "judge gave 0.5, the levels are 0, 1"),
        (sample_of([[0.5, 1, 1], [0, 1, 1]], levels=[0, 1]), "krippendorff_alpha_nominal", "a rater gave 0.5"),
        (sample_of([[0], [1]]), "percent_agreement", "takes two or more columns of ratings, got 1"),
        (sample_of([[0, 1, 1], [1, 1, 0]]), "pearson", "takes two columns of ratings, got 3"),
    ],
)
def test_ratings_that_do_not_fit_are_the_callers_defect(sample, metric, words):
    """Off-scale ratings and wrong shapes raise, with the value and the levels."""
    with pytest.raises(InputError, match=words.replace(".", r"\.")):
        measured(metric, sample)


def test_fractions_between_levels_suit_metrics_of_numbers():
    """A judge's expected score may lie between levels where only numbers are needed."""
    found = measured("mae", sample_of([[1.5, 1], [2.25, 2], [3, 3]], levels=[1, 2, 3]))

    assert found.value == pytest.approx(0.25)


def test_unknown_metric_and_impossible_settings_are_refused():
    """Names, levels and numbers of resamples are checked before any work."""
    sample = binary(PERFECT)
    with pytest.raises(UnknownName, match="cohen_kappa"):
        measured("cohen_kapa", sample)
    with pytest.raises(InputError, match="level 95 is not between 0 and 1"):
        measured("accuracy", sample, level=95)
    with pytest.raises(InputError, match="1 resamples"):
        measured("accuracy", sample, n_resamples=1)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"rows": [1, 2]}, "shape"),
        ({"rows": [[1, np.inf]]}, "infinite"),
        ({"rows": [[1, 2]], "units": np.array([1, 2])}, "for 1 rows"),
        ({"rows": [[1, 2]], "levels": [2, 1]}, "do not ascend"),
        ({"rows": [[1, 2]], "levels": [1]}, "do not ascend"),
        ({"rows": [[1, 2]], "levels": [1, 2], "positive": 3}, "positive 3 is not among the levels 1, 2"),
        ({"rows": [[1, 2]], "names": ("a",)}, "1 names for 2 columns"),
    ],
)
def test_sample_that_does_not_hang_together_is_refused(fields, words):
    """A sample says at once what is wrong with it."""
    with pytest.raises(InputError, match=words):
        sample_of(**fields)


def test_measuring_nothing_gives_nothing():
    """An empty list of metrics is an empty table."""
    assert measure_all([], binary(PERFECT), rng=np.random.default_rng(0)) == {}


def test_sample_names_its_raters_and_takes_lists():
    """Raters are counted from one; a level that stands twice is no level more."""
    sample = Sample(np.ones((2, 3)), units=[7, 7], levels=[1, 2])  # type: ignore[arg-type]  # lists are taken

    assert sample.names == ("rater 1", "rater 2", "rater 3")
    assert measured("percent_agreement", sample).n_clusters == 1
    with pytest.raises(InputError, match="do not ascend"):
        sample_of([[1, 2]], levels=[1, 1, 2])

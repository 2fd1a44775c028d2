"""What mlflow 3.18's compare_evaluations, ppi-python and judgy answered, beside ours; where they differ, how and why.

`make oracles` asks them anew; their answers, with versions and seed, are frozen in version_oracles.json.
"""

import json
from typing import Any

import numpy as np
import pytest

from judgekit.stats import rogan_gladen
from judgekit.stats.rogan_gladen import JudgedRates, Rate
from tests.oracles import versions
from tests.oracles.run import ASIDE, FROZEN_VERSIONS, difference, tolerance
from tests.oracles.versions import JUDGY, TRUE_RATE, compared, in_errors, our_answer, p_value
from tests.stats.test_interval_coverage import covers_at_least

corrected_rate: Any = rogan_gladen.corrected_rate
untrusted: Any = rogan_gladen.untrusted
mean_difference: Any = versions.difference
ANSWERS = json.loads(FROZEN_VERSIONS.read_text(encoding="utf-8"))
CASES = {case["id"]: case for case in ANSWERS["cases"]}
QUESTIONS = [
    (case, question) for case, asked in ANSWERS["answers"].items() for question in asked if question not in ASIDE
]


@pytest.mark.parametrize(("case", "question"), QUESTIONS)
def test_compare_answers_as_the_packages_do(case, question):
    """Differences and tests to rounding; the textbook's BCa as near as two bootstraps of 10,000 come."""
    assert difference(CASES[case], question, ANSWERS["answers"][case][question]) <= tolerance(question)


def test_the_frozen_answers_say_where_they_come_from():
    """mlflow 3.18, every test of it at least once."""
    assert ANSWERS["versions"]["mlflow"].startswith("3.18.")
    asked = {question for _, question in QUESTIONS}
    assert {"mcnemar_exact", "mcnemar_chi2", "wilcoxon_exact", "wilcoxon_asymptotic", "bca", "ppi_python"} <= asked


def test_a_wrong_figure_is_caught():
    """Another p-value is no agreement."""
    case, question = CASES["passes"], "mcnemar_exact"
    (right,) = ANSWERS["answers"]["passes"][question]
    assert difference(case, question, [right + 1e-6]) > tolerance(question)


def test_the_interval_that_compare_prints_reaches_further_than_mlflows_where_inputs_are_few():
    """Student's tails in place of the normal's: a quarter at twelve inputs, hardly anything at seventy."""
    further = {}
    for name in ("few numbers", "numbers", "many numbers", "grades with zeros and ties"):
        found, theirs = mean_difference(compared(CASES[name])), ANSWERS["answers"][name]["bca"]
        ours = in_errors(CASES[name], found.low, found.high)
        assert ours[0] <= theirs[0] + 0.1
        assert ours[1] >= theirs[1] - 0.1
        further[name] = (ours[1] - ours[0]) / (theirs[1] - theirs[0])
    print("\nwidth of ours over mlflow's:", {name: round(each, 3) for name, each in further.items()})
    assert 1.1 < further["few numbers"] < 1.6
    assert 0.97 < further["many numbers"] < 1.1


def test_where_mlflow_approximates_ours_is_exact():
    """With 25 discordant pairs and more: chi-square .305 beside .302; with zeros and ties: Pratt's exact ranks."""
    many, grades = CASES["many discordant passes"], CASES["grades with zeros and ties"]
    (theirs,) = ANSWERS["answers"][many["id"]]["mcnemar_chi2"]
    ours = p_value(compared(many), "mcnemar")
    assert ours == pytest.approx(theirs, abs=0.01)
    assert ours != theirs
    (theirs,) = ANSWERS["answers"][grades["id"]]["wilcoxon_exact"]
    report = compared(grades)
    print(f"\nWilcoxon with zeros and ties: {p_value(report, 'wilcoxon'):.4f}, mlflow {theirs:.4f}")
    assert (p_value(report, "wilcoxon") < 0.05) == (theirs < 0.05)
    assert our_answer(grades, "wilcoxon_exact") == pytest.approx([theirs])


def rates(n_right, n_wrong, n_false, n_true, n_passing, n):
    """Return what corrects judgy's problem: labels by verdict, and verdicts on sessions without labels."""
    n_pass, n_fail = n_right + n_wrong, n_false + n_true
    return JudgedRates(Rate(n_passing / n, n), Rate(n_right / n_pass, n_pass), Rate(n_true / n_fail, n_fail))


@pytest.mark.parametrize("name", JUDGY)
def test_judgys_examples_side_by_side(name):
    """The same value, another interval; a judge whose J may be nothing is refused, where judgy says 0 to 1."""
    answer = ANSWERS["answers"][f"judgy {name}"]
    value, low, high = answer["judgy"]
    given = rates(*answer["judgy_counts"])
    print(f"\n{name}: judgy {value:.3f} [{low:.3f}, {high:.3f}]", end=", ")
    if name == "poor_judge":
        assert (low, high) == (0.0, 1.0)
        assert "may be -0.07, which is not above 0.1" in untrusted(given)
        print("judgekit: refused")
        return
    ours, interval = corrected_rate(given)
    print(f"judgekit {ours:.3f} [{interval.low:.3f}, {interval.high:.3f}]", end="")
    assert untrusted(given) is None
    assert ours == pytest.approx(value)
    assert interval.low < TRUE_RATE[name] < interval.high
    assert (interval.low, interval.high) == (pytest.approx(low, abs=0.12), pytest.approx(high, abs=0.12))


def judgys(rng, counts, share):
    """Return judgy's interval: labels resampled, verdicts on the others taken as they are; 1,000 resamples."""
    drawn = rng.multinomial(sum(counts), np.array(counts) / sum(counts), size=1_000).astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        tpr, tnr = drawn[:, 0] / drawn[:, :2].sum(axis=1), drawn[:, 3] / drawn[:, 2:].sum(axis=1)
        found = np.clip((share + tnr - 1) / (tpr + tnr - 1), 0, 1)[tpr + tnr > 1]
    return np.quantile(found, (0.025, 0.975))


@pytest.mark.slow
def test_judgys_problems_drawn_again_and_again_are_covered():
    """Fifty labels of either class, errors drawn too: ours holds the truth 93.5 times in a hundred, beside judgy's."""
    rng, n_runs = np.random.default_rng(4), 1_000
    for name, (tpr, tnr) in {
        "good_judge": (0.95, 0.9),
        "mediocre_judge": (0.75, 0.7),
        "biased_judge": (0.9, 0.6),
    }.items():
        truth, held, theirs, n_given, widths = TRUE_RATE[name], 0, 0, 0, []
        for _ in range(n_runs):
            right, true = rng.binomial(50, (tpr, tnr))
            n_passing = rng.binomial(500, truth * tpr + (1 - truth) * (1 - tnr))
            counts = (right, 50 - right, 50 - true, true)
            given = rates(*counts, n_passing, 500)
            if untrusted(given) is not None:
                continue
            _, interval = corrected_rate(given)
            low, high = judgys(rng, counts, n_passing / 500)
            n_given += 1
            held += interval.low <= truth <= interval.high
            theirs += low <= truth <= high
            widths.append((interval.high - interval.low, high - low))
        ours, other = np.mean(widths, axis=0)
        print(f"\n{name}: {held / n_given:.3f}, {ours:.3f} wide; judgy {theirs / n_given:.3f}, {other:.3f}; {n_given}")
        assert covers_at_least(held, n_given, 0.935)

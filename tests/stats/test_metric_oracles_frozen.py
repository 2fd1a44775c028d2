"""What the reference packages answered on random ratings with missing cells: krippendorff, irrCAC, pingouin and others.

`make oracles` asks them anew; their answers, with versions and seed, are frozen in oracles.json.
"""

import json

import pytest

from tests.oracles.run import FROZEN, difference, tolerance

ANSWERS = json.loads(FROZEN.read_text(encoding="utf-8"))
CASES = {case["id"]: case for case in ANSWERS["cases"]}
QUESTIONS = [(case, question) for case, asked in ANSWERS["answers"].items() for question in asked]


@pytest.mark.parametrize(("case", "question"), QUESTIONS)
def test_we_answer_as_the_packages_do(case, question):
    """Values, weighted coefficients, standard errors and intervals are theirs to rounding."""
    assert difference(CASES[case], question, ANSWERS["answers"][case][question]) <= tolerance(question)


def test_the_frozen_answers_say_where_they_come_from():
    """Every package with its version, the seed, and cells that are missing."""
    packages = {"krippendorff", "pingouin", "statsmodels", "scikit-learn", "crowd-kit", "irrCAC"}
    assert packages <= {name for name, number in ANSWERS["versions"].items() if number}
    assert isinstance(ANSWERS["seed"], int)
    assert sum(None in row for case in CASES.values() for row in case.get("ratings", [])) > 50


def test_a_wrong_figure_is_caught():
    """The comparison itself fails for a figure that is off, lacking, or one too many."""
    case, question = CASES["missing"], "krippendorff_alpha_ordinal"
    (right,) = ANSWERS["answers"]["missing"][question]
    assert difference(case, question, [right + 1e-6]) > tolerance(question)
    assert difference(case, question, [float("nan")]) == float("inf")
    assert difference(case, question, [right, right]) == float("inf")

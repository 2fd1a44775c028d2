"""Prevalence and bias index of tables whose agreement is the same and whose kappa is not."""

import numpy as np
import pytest

from judgekit.stats.prevalence import bias_index, prevalence_index


@pytest.mark.parametrize(
    ("table", "prevalence", "bias"),
    [
        ([[40, 9], [6, 45]], 0.05, -0.03),
        ([[80, 10], [5, 5]], -0.75, -0.05),
        ([[45, 15], [25, 15]], -0.30, 0.10),
        ([[25, 35], [5, 35]], 0.10, -0.30),
        ([[118, 5], [2, 0]], -118 / 125, -3 / 125),
    ],
    ids=["balanced", "skewed", "symmetric", "asymmetric", "no-positives"],
)
def test_indices_of_the_paradox_tables(table, prevalence, bias):
    """Feinstein & Cicchetti 1990 and Byrt et al. 1993: (d - a) / n and (c - b) / n, the second level positive."""
    counts = np.array(table)
    assert prevalence_index(counts) == pytest.approx(prevalence)
    assert bias_index(counts) == pytest.approx(bias)


def test_no_rows_have_no_index():
    """Nothing rated by both is neither common nor rare."""
    assert prevalence_index(np.zeros((2, 2), dtype=int)) is None
    assert bias_index(np.zeros((2, 2), dtype=int)) is None

"""Slow: judges who are just not good enough, one after another on the same labels, hardly ever get a certificate."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom

from judgekit.records.certificate import PassRule
from judgekit.records.dataset import Dataset
from judgekit.records.label import Opening
from judgekit.workflows.certify import certify
from tests.analysis.composed_data import PASSED, dataset, label, measuring, verdict
from tests.workflows.certifying import JUDGE, NOW, manifest

N_JUDGES, N_LABELS = 6, 120
TPR = TNR = 0.85
PREVALENCE = 0.7


def labelled(rng: np.random.Generator) -> tuple[Dataset, np.ndarray]:
    truth = rng.random(N_LABELS) < PREVALENCE
    names = [f"s{i:03}" for i in range(N_LABELS)]
    given = [label(name, PASSED, "ana", "pass" if truth[i] else "fail") for i, name in enumerate(names)]
    return dataset(given, splits=manifest(names, 0)), truth


def kappa() -> float:
    agree = PREVALENCE * TPR + (1 - PREVALENCE) * TNR
    passes = PREVALENCE * TPR + (1 - PREVALENCE) * (1 - TNR)
    chance = PREVALENCE * passes + (1 - PREVALENCE) * (1 - passes)
    return (agree - chance) / (1 - chance)


@pytest.mark.slow
@pytest.mark.parametrize("line", ["min_youden_j", "min_kappa"])
def test_over_all_openings_a_judge_at_the_line_is_certified_no_more_often_than_said(line: str) -> None:
    """Six new judges exactly at the line: at most 5% of label sets give any of them a certificate."""
    rule = PassRule.model_validate({line: TPR + TNR - 1 if line == "min_youden_j" else kappa()})
    rng, n_runs = np.random.default_rng(12), 150
    n_certified, by_opening = 0, np.zeros(N_JUDGES, dtype=int)
    for _ in range(n_runs):
        data, truth = labelled(rng)
        held = np.zeros(N_JUDGES, dtype=bool)
        for k in range(N_JUDGES):
            is_right = rng.random(N_LABELS) < np.where(truth, TPR, TNR)
            outcomes = [
                verdict(f"s{i:03}", PASSED, "pass" if truth[i] == is_right[i] else "fail") for i in range(N_LABELS)
            ]
            opening = Opening(id=f"o-{k}", split="test", purpose="look", metadata={"criterion": "passed"})
            data = data.model_copy(update={"openings": (*data.openings, opening)})
            found = certify(
                data, outcomes, replace(JUDGE, judge_fingerprint=f"sha256:{k}"), measuring(), rule=rule,
                criterion="passed", opening=opening, n_openings=k + 1, heads={}, now=NOW,
            )  # fmt: skip
            assert found.opening == k + 1
            held[k] = found.holds
        n_certified += bool(held.any())
        by_opening += held
    assert n_certified <= binom.ppf(0.999, n_runs, 0.05)
    assert by_opening[0] <= binom.ppf(0.999, n_runs, 0.025)

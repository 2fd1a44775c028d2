"""The answers of krippendorff, pingouin, statsmodels, scikit-learn and crowd-kit; runs in their own environment.

Reads cases from standard input and prints {"versions": ..., "answers": {case: {question: [numbers]}}}. Stands alone:
judgekit is not installed beside them.
"""

import json
import sys
import warnings
from importlib.metadata import PackageNotFoundError, version

import krippendorff
import numpy as np
import pandas as pd
import pingouin
from sklearn import metrics as sk
from statsmodels.stats.inter_rater import cohens_kappa, fleiss_kappa

NAMES = ("krippendorff", "pingouin", "statsmodels", "scikit-learn", "crowd-kit", "numpy", "scipy", "pandas")
ROWS_OF_A_MODEL = 100
"""On fewer rows the likelihood of Dawid and Skene's model is so flat that where a program stops is its answer."""
ICC = {"ICC(1,1)": "1", "ICC(A,1)": "a1", "ICC(C,1)": "c1", "ICC(1,k)": "1k", "ICC(A,k)": "ak", "ICC(C,k)": "ck"}


def answers(case):
    """Return question -> numbers, for all questions that the packages answer on this case."""
    if "truth" in case:
        truth, probabilities = case["truth"], case["probabilities"]
        return {
            "auroc": [sk.roc_auc_score(truth, probabilities)],
            "brier": [sk.brier_score_loss(truth, probabilities)],
        }
    ratings = np.array(case["ratings"], dtype=float)
    found = alphas(ratings, case["levels"]) | pairs(ratings[:, :2], case["levels"])
    if len(ratings) >= ROWS_OF_A_MODEL:
        found |= skene(ratings, case["levels"])
    if not np.isnan(ratings).any():
        found |= complete(ratings, case["levels"])
    return found


def alphas(ratings, levels):
    kinds = ["nominal", "ordinal", "interval"] + (["ratio"] if min(levels) > 0 else [])
    return {
        f"krippendorff_alpha_{kind}": [
            krippendorff.alpha(reliability_data=ratings.T, level_of_measurement=kind, value_domain=levels)
        ]
        for kind in kinds
    }


def pairs(ratings, levels):
    one, other = ratings[~np.isnan(ratings).any(axis=1)].T
    table = sk.confusion_matrix(one, other, labels=levels)
    values = np.array(levels, dtype=float)
    kappa = cohens_kappa(table)
    found = {
        "cohen_kappa": [kappa.kappa],
        "kappa error": [kappa.std_kappa],
        "cohen_kappa_linear": [cohens_kappa(table, weights=values, wt="linear").kappa],
        "cohen_kappa_quadratic": [cohens_kappa(table, weights=values, wt="quadratic").kappa],
        "cohen_kappa_linear_observed": [sk.cohen_kappa_score(one, other, weights="linear")],
        "cohen_kappa_quadratic_observed": [sk.cohen_kappa_score(one, other, weights="quadratic")],
        "accuracy": [sk.accuracy_score(other, one)],
        "balanced_accuracy": [sk.balanced_accuracy_score(other, one)],
        "macro_f1": [sk.f1_score(other, one, average="macro")],
        "mcc": [sk.matthews_corrcoef(other, one)],
        "mae": [sk.mean_absolute_error(other, one)],
        "rmse": [sk.root_mean_squared_error(other, one)],
    }
    if len(levels) == 2:
        found |= {"tpr": [sk.recall_score(other, one)], "precision": [sk.precision_score(other, one)]}
    return found


def complete(ratings, levels):
    counts = (ratings[:, :, None] == np.array(levels)).sum(axis=1)
    long = pd.DataFrame(
        [(row, rater, value) for row, line in enumerate(ratings) for rater, value in enumerate(line)],
        columns=["target", "rater", "value"],
    )
    table = pingouin.intraclass_corr(long, targets="target", raters="rater", ratings="value").set_index("Type")
    found = {f"icc_{form}": [float(table.loc[name, "ICC"])] for name, form in ICC.items()}
    limits = next(name for name in table.columns if name.startswith("CI95"))
    found |= {f"interval icc_{form}": [float(end) for end in table.loc[name, limits]] for name, form in ICC.items()}
    found |= {
        "fleiss_kappa": [fleiss_kappa(counts, method="fleiss")],
        "brennan_prediger": [fleiss_kappa(counts, method="randolph")],
    }
    if ratings.shape[1] > 2:
        # the raters rank the targets: targets are the conditions, raters the subjects
        ranked = pingouin.friedman(long, dv="value", within="target", subject="rater")
        found["kendall_w"] = [float(ranked["W"].iloc[0])]
    return found


def skene(ratings, levels):
    try:
        from crowdkit.aggregation import DawidSkene
    except ImportError:
        return {}
    long = pd.DataFrame(
        [(r, c, value) for r, line in enumerate(ratings) for c, value in enumerate(line) if not np.isnan(value)],
        columns=["task", "worker", "label"],
    )
    probabilities = DawidSkene(n_iter=2_000, tol=1e-12).fit_predict_proba(long)
    ordered = probabilities.reindex(columns=[float(level) for level in levels], fill_value=0.0).sort_index()
    return {"dawid_skene": ordered.to_numpy().ravel().tolist()}


def versions() -> dict[str, str | None]:
    known: dict[str, str | None] = {}
    for name in NAMES:
        try:
            known[name] = version(name)
        except PackageNotFoundError:
            known[name] = None
    return known


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    given = json.load(sys.stdin)
    json.dump({"versions": versions(), "answers": {case["id"]: answers(case) for case in given}}, sys.stdout)

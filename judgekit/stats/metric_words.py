"""What metrics are called in sentences and tables: one name each, whoever writes it. Standard library only."""

from __future__ import annotations

METRIC_WORDS = {
    "percent_agreement": "percent agreement",
    "within_one_agreement": "agreement within one level",
    "cohen_kappa": "Cohen kappa",
    "cohen_kappa_linear": "Cohen kappa, linear",
    "cohen_kappa_quadratic": "Cohen kappa, quadratic",
    "fleiss_kappa": "Fleiss kappa",
    "conger_kappa": "Conger kappa",
    "brennan_prediger": "Brennan-Prediger",
    "gwet_ac1": "Gwet AC1",
    "gwet_ac2": "Gwet AC2",
    "krippendorff_alpha_nominal": "Krippendorff alpha, nominal",
    "krippendorff_alpha_ordinal": "Krippendorff alpha, ordinal",
    "krippendorff_alpha_interval": "Krippendorff alpha, interval",
    "krippendorff_alpha_ratio": "Krippendorff alpha, ratio",
    "icc_1": "ICC(1)",
    "icc_a1": "ICC(A,1)",
    "icc_c1": "ICC(C,1)",
    "icc_1k": "ICC(1,k)",
    "icc_ak": "ICC(A,k)",
    "icc_ck": "ICC(C,k)",
    "kendall_w": "Kendall W",
    "lin_ccc": "Lin concordance",
    "pearson": "Pearson r",
    "spearman": "Spearman rho",
    "kendall_tau_b": "Kendall tau-b",
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "precision": "precision",
    "tpr": "true positive rate",
    "tnr": "true negative rate",
    "npv": "negative predictive value",
    "f1": "F1",
    "macro_f1": "macro F1",
    "mcc": "Matthews correlation",
    "youden_j": "Youden J",
    "auroc": "AUROC",
    "brier": "Brier score",
    "ece": "expected calibration error",
    "bias": "bias (judge minus human)",
    "mae": "mean absolute error",
    "rmse": "root mean squared error",
    "pairwise_accuracy": "pairwise accuracy, both orders",
    "pairwise_accuracy_ties": "pairwise accuracy, with ties",
    "position_consistency": "position consistency",
    "first_slot_rate": "first-slot rate",
    "alt_test_winning_rate": "alt-test winning rate",
    "alt_test_advantage": "alt-test advantage",
    "mean": "mean",
    "mean_difference": "difference of means",
}


def metric_words(metric: str) -> str:
    """Return a metric's name in words; one that nobody listed keeps its own, without underscores.

    Example:
        >>> metric_words("cohen_kappa_quadratic"), metric_words("cohen_kappa_observed")
        ('Cohen kappa, quadratic', 'Cohen kappa, observed categories')
        >>> metric_words("mae_difference")
        'mean absolute error, difference'
    """
    if metric not in METRIC_WORDS and metric.endswith("_difference"):
        return f"{metric_words(metric.removesuffix('_difference'))}, difference"
    known = metric.removesuffix("_observed")
    words = METRIC_WORDS.get(known, known.replace("_", " "))
    return words + (", observed categories" if known != metric else "")

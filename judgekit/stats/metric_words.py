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
    "kendall_tau_c": "Kendall tau-c",
    "somers_d": "Somers D, judge given reference",
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
    "pairwise_accuracy_strict": "pairwise accuracy, right in both orders",
    "pairwise_accuracy_ties": "pairwise accuracy, with ties",
    "best_of_accuracy": "best-of accuracy",
    "position_consistency": "position consistency",
    "first_slot_rate": "first-slot rate",
    "pair_tie_rate": "pairs rated equal",
    "sample_consistency": "sample consistency",
    "sample_sd": "spread of samples",
    "effective_judges": "effective number of judges",
    "alt_test_winning_rate": "alt-test winning rate",
    "alt_test_advantage": "alt-test advantage",
    "win_rate": "win rate, ties half",
    "mean": "mean",
    "mean_difference": "difference of means",
    "share": "share of the positive level",
    "label_multiplier": "worth of the judge in labels",
    "pass_hat": "pass^k",
}


def metric_words(metric: str) -> str:
    """Return a metric's name in words; one that nobody listed keeps its own, without underscores.

    Example:
        >>> metric_words("cohen_kappa_quadratic"), metric_words("cohen_kappa_observed")
        ('Cohen kappa, quadratic', 'Cohen kappa, observed categories')
        >>> metric_words("mae_difference")
        'mean absolute error, difference'
        >>> metric_words("pass_hat_3")
        'pass^3'
    """
    if subject_of(metric) != metric:
        return f"pass^{metric.rpartition('_')[2]}"
    if metric not in METRIC_WORDS and metric.endswith("_difference"):
        return f"{metric_words(metric.removesuffix('_difference'))}, difference"
    known = metric.removesuffix("_observed")
    words = METRIC_WORDS.get(known, known.replace("_", " "))
    return words + (", observed categories" if known != metric else "")


def subject_of(metric: str) -> str:
    """Return what a numbered metric is one of; any other is its own.

    Example:
        >>> subject_of("pass_hat_3"), subject_of("icc_1")
        ('pass_hat', 'icc_1')
    """
    stem, _, number = metric.rpartition("_")
    return stem if stem == "pass_hat" and number.isdecimal() else metric

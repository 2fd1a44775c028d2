"""Where the methods come from: every metric, interval and procedure with the work that defines it.

One literal table of works and three of names. A report cites only what it used, in the order of authors.
"""

from __future__ import annotations

from collections.abc import Iterator

from judgekit.records.agreement_report import AgreementReport
from judgekit.records.comparison_report import ComparisonReport
from judgekit.records.gate import GateReport
from judgekit.records.planning import PlanReport
from judgekit.records.probe_report import ProbeReport
from judgekit.records.quality_report import QualityReport
from judgekit.records.report import Report
from judgekit.records.score_report import ScoreReport
from judgekit.render.bibliography import WORKS, Reference
from judgekit.stats.estimate import Estimate
from judgekit.stats.metric_words import subject_of

RESAMPLED = ("bca", "percentile", "two_way_percentile")
"""Intervals that are drawn."""


def cited(report: Report) -> tuple[Reference, ...]:
    """Return the works behind the metrics, intervals and procedures that a report used, by author and year."""
    names = dict.fromkeys(_used(report))
    return tuple(sorted((WORKS[name] for name in names), key=lambda work: (work.authors, work.year)))


def works_of_metric(metric: str) -> tuple[Reference, ...]:
    """Return the works that define a metric; none for one that nobody listed.

    Example:
        >>> [work.short for work in works_of_metric("cohen_kappa_quadratic_observed")]
        ['Cohen 1968']
    """
    return tuple(WORKS[name] for name in OF_METRIC.get(_subject(metric), ()))


def works_of_interval(method: str) -> tuple[Reference, ...]:
    """Return the works that define how an interval was made; none for one that nobody listed.

    Example:
        >>> [work.short for work in works_of_interval("wilson")]
        ['Wilson 1927']
    """
    return tuple(WORKS[name] for name in OF_INTERVAL.get(interval_name(method), ()))


def works_of_procedure(procedure: str) -> tuple[Reference, ...]:
    """Return the works that define a procedure of `OF_PROCEDURE`."""
    return tuple(WORKS[name] for name in OF_PROCEDURE[procedure])


def interval_name(method: str) -> str:
    """Return a method's name without its notes: `bca` of `bca, 12 of 2000 resamples undefined`."""
    return method.partition(",")[0].strip().replace("-", "_").replace(" ", "_")


def _subject(metric: str) -> str:
    return subject_of(metric.removesuffix("_difference").removesuffix("_observed"))


def _used(report: Report) -> Iterator[str]:
    for row in report.rows:
        yield from OF_METRIC.get(_subject(row.metric), ())
    for procedure in procedures(report):
        yield from OF_PROCEDURE[procedure]
    for estimate in estimates_of(report):
        if estimate.low is not None:
            yield from OF_INTERVAL.get(interval_name(estimate.method), ())


def procedures(report: Report) -> tuple[str, ...]:
    """Return which procedures of `OF_PROCEDURE` a report used."""
    found = []
    if any(0 < row.estimate.n_clusters < row.estimate.n and _is_resampled(row.estimate) for row in report.rows):
        found.append("clusters")
    if isinstance(report, ScoreReport):
        found += ["alt_test"] * bool(report.alt_tests)
        found += ["slices"] * any(test.p_adjusted is not None for test in report.slices)
        found += [f"bias_{check.kind}" for check in report.biases if f"bias_{check.kind}" in OF_PROCEDURE]
        found += ["bland_altman"] * bool(report.bland_altman)
    if isinstance(report, ComparisonReport):
        names = {each.name for each in report.companions}
        found += [name for name in ("mcnemar", "sign_flip", "wilcoxon") if name in names]
        found += ["newcombe_beside"] * ("newcombe" in names)
        is_holm = report.settings.get("adjustment") == "holm"
        found += ["holm"] * bool(report.pairs or (report.slices and is_holm))
        found += ["slices"] * bool(report.slices and not is_holm)
    if isinstance(report, QualityReport):
        found += ["weights"] * bool(report.weighted)
    if isinstance(report, ProbeReport):
        found += ["holm"] * any(each.p_adjusted is not None for each in report.results)
    if isinstance(report, AgreementReport):
        found += ["severity"] * bool(report.profiles)
    if isinstance(report, GateReport):
        found += ["intersection_union", "holm"]
    if isinstance(report, PlanReport):
        asked = {line.question for line in report.lines}
        found += ["simulation"] * any(line.power_error is not None for line in report.lines)
        found += ["planned_difference"] * bool(asked & {"drop", "smallest drop"})
        found += ["planned_agreement"] * ("agreement" in asked)
    return tuple(dict.fromkeys(found))


def _is_resampled(estimate: Estimate) -> bool:
    return estimate.low is not None and interval_name(estimate.method) in ("bca", "percentile")


def estimates_of(report: Report) -> tuple[Estimate, ...]:
    """Return every estimate of a report: of its rows, then of its other parts."""
    found = (*(row.estimate for row in report.rows), *_of_parts(report))
    return tuple(each for each in found if each is not None)


def _of_parts(report: Report) -> Iterator[Estimate | None]:
    if isinstance(report, ScoreReport):
        for test in report.alt_tests:
            yield from (test.winning_rate, test.advantage)
        for part in report.slices:
            yield from (part.estimate, part.difference)
        yield from (check.estimate for check in report.biases)
        for found in report.bland_altman:
            yield from (found.bias, found.low_limit, found.high_limit)
    if isinstance(report, ComparisonReport):
        yield from (each.difference for each in report.shifts)
        yield from (each.difference for each in report.slices)
        for free in report.label_free:
            yield from (free.range, free.slope)
    if isinstance(report, GateReport):
        yield from (each.estimate for each in report.rules)
        for free in report.label_free:
            yield from (free.range, free.slope)
    if isinstance(report, AgreementReport):
        for profile in report.profiles:
            yield from (profile.severity, profile.drift, profile.extreme_share, profile.self_agreement)


_ALPHA = ("krippendorff_2011", "hayes_krippendorff_2007")
_ICC = ("shrout_fleiss_1979", "mcgraw_wong_1996")
_CLASSES = ("sokolova_lapalme_2009",)

OF_METRIC: dict[str, tuple[str, ...]] = {
    "percent_agreement": ("gwet_2014",),
    "within_one_agreement": ("stemler_2004",),
    "cohen_kappa": ("cohen_1960",),
    "cohen_kappa_linear": ("cohen_1968",),
    "cohen_kappa_quadratic": ("cohen_1968",),
    "fleiss_kappa": ("fleiss_1971", "gwet_2014"),
    "conger_kappa": ("conger_1980", "gwet_2014"),
    "brennan_prediger": ("brennan_prediger_1981",),
    "gwet_ac1": ("gwet_2008",),
    "gwet_ac2": ("gwet_2014",),
    "krippendorff_alpha_nominal": _ALPHA,
    "krippendorff_alpha_ordinal": _ALPHA,
    "krippendorff_alpha_interval": _ALPHA,
    "krippendorff_alpha_ratio": _ALPHA,
    "icc_1": _ICC,
    "icc_a1": _ICC,
    "icc_c1": _ICC,
    "icc_1k": _ICC,
    "icc_ak": _ICC,
    "icc_ck": _ICC,
    "kendall_w": ("kendall_babington_smith_1939",),
    "lin_ccc": ("lin_1989",),
    "pearson": ("pearson_1895",),
    "spearman": ("spearman_1904",),
    "kendall_tau_b": ("kendall_1938", "kendall_1945"),
    "kendall_tau_c": ("stuart_1953",),
    "somers_d": ("somers_1962",),
    "accuracy": _CLASSES,
    "balanced_accuracy": ("brodersen_2010",),
    "precision": _CLASSES,
    "tpr": ("yerushalmy_1947",),
    "tnr": ("yerushalmy_1947",),
    "npv": _CLASSES,
    "f1": _CLASSES,
    "macro_f1": _CLASSES,
    "mcc": ("matthews_1975", "gorodkin_2004"),
    "youden_j": ("youden_1950",),
    "auroc": ("hanley_mcneil_1982",),
    "brier": ("brier_1950",),
    "ece": ("naeini_2015",),
    "bias": ("bland_altman_1986",),
    "mae": ("willmott_matsuura_2005",),
    "rmse": ("willmott_matsuura_2005",),
    "pairwise_accuracy": ("zheng_2023",),
    "pairwise_accuracy_strict": ("shi_2024",),
    "pairwise_accuracy_ties": ("deutsch_2023",),
    "best_of_accuracy": ("malik_2025",),
    "position_consistency": ("shi_2024",),
    "first_slot_rate": ("shi_2024",),
    "pair_tie_rate": ("deutsch_2023",),
    "sample_consistency": ("shi_2024",),
    "sample_sd": ("bland_altman_1986",),
    "effective_judges": ("kish_1965",),
    "alt_test_winning_rate": ("calderon_2025",),
    "alt_test_advantage": ("calderon_2025",),
    "pass_hat": ("yao_2024",),
    "label_multiplier": ("angelopoulos_2023",),
}
"""Metric -> works; a suffix `_observed` or `_difference`, or a number after `pass_hat`, changes nothing."""

OF_INTERVAL: dict[str, tuple[str, ...]] = {
    "bca": ("efron_1987", "hesterberg_2015"),
    "percentile": ("efron_1979",),
    "two_way_percentile": ("owen_2007", "mccarthy_1969"),
    "wilson": ("wilson_1927",),
    "wilson_effective": ("wilson_1927", "franco_2019"),
    "clopper_pearson": ("clopper_pearson_1934",),
    "fisher_z": ("fisher_1921",),
    "delong": ("delong_1988",),
    "f": ("mcgraw_wong_1996",),
    "jackknife_t": ("miller_1974",),
    "jackknife_t_of_the_logarithm": ("miller_1974",),
    "jackknife": ("miller_1974",),
    "t": ("student_1908",),
    "cluster_t": ("liang_zeger_1986",),
    "newcombe": ("newcombe_1998",),
    "newcombe_paired": ("newcombe_1998",),
    "welch_t": ("welch_1947",),
    "weighted_t": ("hajek_1971", "student_1908"),
    "skewed_t": ("johnson_1978", "hall_1992"),
    "weighted_skewed_t": ("hajek_1971", "johnson_1978", "hall_1992"),
    "fieller": ("fieller_1954", "rogan_gladen_1978"),
    "tango": ("tango_1998",),
    "post_stratified_wilson": ("holt_smith_1979", "wilson_1927"),
    "post_stratified_t": ("holt_smith_1979", "student_1908"),
    "ppi++_wilson": ("angelopoulos_2023", "wilson_1927"),
    "ppi++_t": ("angelopoulos_2023", "student_1908"),
    "ppi++_skewed_t": ("angelopoulos_2023", "johnson_1978", "hall_1992"),
    "stratified_ppi++_wilson": ("fisch_2024", "wilson_1927"),
    "stratified_ppi++_t": ("fisch_2024", "student_1908"),
    "lang_reiczigel": ("rogan_gladen_1978", "lang_reiczigel_2014"),
    "betting": ("waudby_smith_ramdas_2024",),
}
"""Name of an interval's method -> works."""

OF_PROCEDURE: dict[str, tuple[str, ...]] = {
    "clusters": ("field_welsh_2007",),
    "alt_test": ("calderon_2025", "benjamini_yekutieli_2001"),
    "slices": ("benjamini_hochberg_1995",),
    "holm": ("holm_1979",),
    "bias_length": ("dubois_2024", "liang_zeger_1986"),
    "bias_position": ("shi_2024",),
    "bland_altman": ("bland_altman_1986",),
    "severity": ("linacre_1989",),
    "simulation": ("morris_2019",),
    "planned_difference": ("connor_1987",),
    "planned_agreement": ("cantor_1996",),
    "weights": ("hajek_1971",),
    "mcnemar": ("mcnemar_1947", "fagerland_2013"),
    "sign_flip": ("fisher_1935", "phipson_smyth_2010"),
    "wilcoxon": ("wilcoxon_1945", "pratt_1959"),
    "newcombe_beside": ("newcombe_1998",),
    "intersection_union": ("berger_1982",),
}
"""What else a report may do -> works."""

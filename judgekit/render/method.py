"""How a report was made, as a paragraph that a paper can take over, and as the list of its settings."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from judgekit.records.agreement_report import AgreementReport
from judgekit.records.calibration_report import CalibrationReport
from judgekit.records.comparison_report import ComparisonReport
from judgekit.records.experiment_report import ExperimentReport
from judgekit.records.gate import GateReport
from judgekit.records.planning import PlanReport
from judgekit.records.probe_report import ProbeReport
from judgekit.records.quality_report import QualityReport
from judgekit.records.report import Report
from judgekit.records.score_report import ScoreReport
from judgekit.render.bibliography import Reference
from judgekit.render.citation import (
    RESAMPLED,
    estimates_of,
    interval_name,
    procedures,
    works_of_interval,
    works_of_metric,
    works_of_procedure,
)
from judgekit.render.number import count_text, level_text
from judgekit.render.table import Cell, Table
from judgekit.render.words import causes_text, judge_words, method_words
from judgekit.stats.metric_words import metric_words

WEIGHTS = {
    "cohen_kappa": "no weights",
    "cohen_kappa_linear": "weights linear in the distance of declared levels",
    "cohen_kappa_quadratic": "weights quadratic in the distance of declared levels",
    "cohen_kappa_observed": "no weights, levels that occur",
    "cohen_kappa_linear_observed": "linear weights over the levels that occur",
    "cohen_kappa_quadratic_observed": "quadratic weights over the levels that occur",
    "gwet_ac2": "quadratic weights of the declared values",
}
"""How near and far disagreements weigh, where a coefficient's name leaves it open."""
REFERENCES = {
    "majority": "the raters' most frequent answer",
    "median": "the raters' median",
    "mean": "the raters' mean",
    "adjudicated": "the adjudicated label",
    "gold": "the gold label",
}
TOOLS = ("judgekit", "python", "numpy", "scipy", "pydantic", "platform")
"""Settings that are versions."""


def method_block(report: Report) -> Table:
    """Return the settings as a table under the methods paragraph (its caption)."""
    rows = [(Cell(name.replace("_", " ")), Cell(text)) for name, text in _flat(report.settings)]
    if report.dataset_fingerprint:
        rows.append((Cell("dataset fingerprint"), Cell(report.dataset_fingerprint)))
    if isinstance(report, ScoreReport | ProbeReport | CalibrationReport) and report.judge_fingerprint:
        rows.append((Cell("judge fingerprint"), Cell(report.judge_fingerprint)))
    if isinstance(report, GateReport):
        rows.append((Cell("policy hash"), Cell(report.policy_hash)))
        rows += [(Cell("plan hash"), Cell(report.plan_hash))] if report.plan_hash else []
    return Table(("setting", "value"), tuple(rows), n_words=2, caption=method_paragraph(report))


def method_paragraph(report: Report) -> str:
    """Return in sentences: who was held against whom, by which coefficients and tests, on what, with what."""
    return " ".join(
        [
            *_sides(report),
            *_coefficients(report),
            *_intervals(report),
            *_exclusions(report),
            *_procedures(report),
            *_versions(report),
        ]
    )


def _sides(report: Report) -> Iterator[str]:
    reference = (
        report.reference if isinstance(report, ScoreReport | CalibrationReport) else report.settings.get("reference")
    )
    if reference:
        where = f", on the {report.split} split" if isinstance(report, ScoreReport | CalibrationReport) else ""
        yield f"The reference is {REFERENCES.get(str(reference), reference)}{where}."
    if isinstance(report, ScoreReport | ProbeReport | CalibrationReport | ComparisonReport) and report.judge:
        model = None if isinstance(report, ComparisonReport | CalibrationReport) else report.model
        yield f"Verdicts are by {judge_words(report.judge, report.engine)}" + (f" ({model})." if model else ".")


def _coefficients(report: Report) -> Iterator[str]:
    metrics = dict.fromkeys(row.metric for row in report.rows)
    is_of_versions = isinstance(report, ComparisonReport)
    further = {metric for metric in metrics if _is_to_ceiling(metric) and not is_of_versions}
    if isinstance(report, GateReport):
        is_looking = "inputs_per_look" in report.settings
        fails = "at one rule's equal part of the error rate, the first step of" if is_looking else "after"
        yield (
            "The gate passes only where every rule passes at its level (intersection-union, "
            f"{_named(works_of_procedure('intersection_union'))}), and fails where a rule fails {fails} Holm over all "
            f"rules ({_named(works_of_procedure('holm'))})."
        )
        if is_looking:
            yield "Inputs were taken in a drawn order; betting bounds hold at every look, however many there are."
    if not metrics and isinstance(report, GateReport | ExperimentReport):
        return
    if isinstance(report, PlanReport):
        yield from _planned(report)
        return
    if not metrics:
        yield "Nothing was measured."
        return
    yield f"Measured: {'; '.join(_coefficient(metric) for metric in metrics if metric not in further)}."
    if further:
        yield "Distance to the human ceiling: judge minus expert, each against the same other experts on the same rows."


def _planned(report: PlanReport) -> Iterator[str]:
    """Give how sizes and powers were found."""
    used = procedures(report)
    if "simulation" in used:
        yield (
            "Powers are shares of simulated studies, decided by the functions which compare, gate and estimate call; "
            f"± is half of a power's 95% interval ({_named(works_of_procedure('simulation'))})."
        )
    if "planned_difference" in used:
        yield f"Sizes of pass rates start from {_named(works_of_procedure('planned_difference'))}."
    if "planned_agreement" in used:
        yield f"Agreement is planned after {_named(works_of_procedure('planned_agreement'))}."
    if any(line.method == "formula" for line in report.lines):
        yield "What is by formula is a normal approximation."


def _is_to_ceiling(metric: str) -> bool:
    return metric.endswith("_difference") and bool(works_of_metric(metric))


def _coefficient(metric: str) -> str:
    told = [WEIGHTS[metric]] if metric in WEIGHTS else []
    told += [_named(works_of_metric(metric))] if works_of_metric(metric) else []
    return metric_words(metric) + (f" ({'; '.join(told)})" if told else "")


def _intervals(report: Report) -> Iterator[str]:
    given = [each for each in estimates_of(report) if each.low is not None]
    made = dict.fromkeys((each.level, each.method.partition(",")[0]) for each in given)
    if not made:
        if report.rows:
            yield "No interval could be given."
        return
    settings = report.settings
    named = "; ".join(f"{level_text(level)} {_interval(method)}" for level, method in made)
    sentence = f"Intervals: {named}"
    is_resampled = any(interval_name(method) in RESAMPLED for _, method in made)
    if is_resampled and isinstance(settings.get("n_resamples"), int):
        sentence += f", {count_text(settings['n_resamples'])} resamples"
    if settings.get("unit"):
        sentence += f", {'resampled by' if is_resampled else 'independent from'} {settings['unit']}"
        sentence += "" if is_resampled else f" to {settings['unit']}"
    if "clusters" in procedures(report):
        sentence += f" as clusters ({_named(works_of_procedure('clusters'))})"
    yield sentence + (f", seed {settings['seed']}." if settings.get("seed") is not None else ".")


def _interval(method: str) -> str:
    works = works_of_interval(method)
    return method_words(method) + (f" ({_named(works)})" if works else "")


def _exclusions(report: Report) -> Iterator[str]:
    if not isinstance(
        report,
        AgreementReport | ScoreReport | ProbeReport | CalibrationReport | QualityReport | ComparisonReport | GateReport,
    ):
        return
    for each in report.counts:
        left_out = [f"left out: {causes_text(each.dropped)}"] if any(each.dropped.values()) else []
        left_out += [f"no verdict: {causes_text(each.failures)}"] if any(each.failures.values()) else []
        entered = f"{each.criterion}: {count_text(each.n_used)} of {count_text(each.n_targets)} entered"
        yield "; ".join([entered, *left_out]) + "."


def _procedures(report: Report) -> Iterator[str]:
    used = procedures(report)
    if isinstance(report, ScoreReport) and "alt_test" in used:
        epsilons = " and ".join(dict.fromkeys(f"{test.epsilon:g}" for test in report.alt_tests))
        yield (
            f"Whether the judge may stand in for an expert: alternative annotator test, epsilon {epsilons}, "
            f"p-values adjusted over the experts ({_named(works_of_procedure('alt_test'))})."
        )
    if isinstance(report, ComparisonReport):
        yield from _beside(report, used)
    elif "slices" in used:
        yield (
            "Slices were each tested against the rest, p-values adjusted over all slices of a criterion "
            f"({_named(works_of_procedure('slices'))})."
        )
    if isinstance(report, QualityReport) and "weights" in used:
        yield (
            f"Sessions count by one over their recorded probability ({_named(works_of_procedure('weights'))}): "
            f"{'; '.join(report.weighted)}."
        )
    if isinstance(report, ProbeReport) and "holm" in used:
        yield (
            f"Each target was asked {count_text(report.n_reruns + 1)} times as it is and once with each change; "
            "exact randomisation tests, in which the changed asking and the reruns change places, adjusted "
            f"over all probes, each with the same part of {100 * report.error_rate:g}% "
            f"({_named(works_of_procedure('holm'))})."
        )
    if "bland_altman" in used:
        yield f"Limits of agreement: {_named(works_of_procedure('bland_altman'))}."
    if "severity" in used:
        yield (
            "Severity of raters: their effects in an additive model of rating on session and rater "
            f"(a simple form of {_named(works_of_procedure('severity'))})."
        )
    for kind in ("length", "position"):
        if f"bias_{kind}" in used:
            yield f"Check for bias by {kind}: {_named(works_of_procedure(f'bias_{kind}'))}."


def _beside(report: ComparisonReport, used: tuple[str, ...]) -> Iterator[str]:
    """Return what was tested beside the differences, and how many tests were allowed for."""
    names = {"mcnemar": "McNemar", "sign_flip": "sign-flip", "wilcoxon": "Wilcoxon"}
    tests = [f"{words} ({_named(works_of_procedure(name))})" for name, words in names.items() if name in used]
    if tests:
        yield f"Tests of no difference, two-sided: {'; '.join(tests)}."
    if report.slices:
        named = _named(works_of_procedure("holm" if report.settings.get("adjustment") == "holm" else "slices"))
        yield f"The difference on each slice: p-values adjusted over all slices of a criterion ({named})."
    if report.pairs:
        yield f"All pairs of versions: p-values adjusted over the pairs ({_named(works_of_procedure('holm'))})."


def _versions(report: Report) -> Iterator[str]:
    found = {**report.settings, **_mapping(report.settings.get("versions"))}
    tools = [f"{name} {found[name]}" for name in TOOLS if isinstance(found.get(name), str)]
    if tools:
        yield f"Made with {', '.join(tools)}."


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _named(works: tuple[Reference, ...]) -> str:
    return ", ".join(work.short for work in works)


def _flat(settings: Mapping[str, object], prefix: str = "") -> list[tuple[str, str]]:
    """Return every setting as name and text; a setting inside another is named by both."""
    found: list[tuple[str, str]] = []
    for name, value in settings.items():
        if isinstance(value, Mapping) and value and len(prefix.split()) < 3:
            found += _flat(value, f"{prefix}{name} ")
        else:
            found.append((prefix + str(name), _setting_text(value)))
    return found


def _setting_text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple) and all(isinstance(each, str | int) for each in value):
        return ", ".join(map(str, value)) or "none"
    return json.dumps(value, ensure_ascii=False, default=str)

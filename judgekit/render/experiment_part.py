"""What the head of an experiment's report says: its versions, its judges, its plans, and what was left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from judgekit.records.experiment_report import ExperimentReport, JudgeUsed, PlanEntry, VersionOrigin
from judgekit.records.record import time_text
from judgekit.render.block import Section, Words
from judgekit.render.number import count_text
from judgekit.render.table import Cell, Table
from judgekit.render.words import causes_text, judge_words

SHORT = 19
"""Characters of a fingerprint that are shown; the whole stands in the JSON file."""


def experiment_facts(report: ExperimentReport) -> list[tuple[str, str | None]]:
    """Return what stands under the title."""
    return [
        ("baseline", report.baseline),
        ("candidate", report.candidate),
        ("gate", report.word),
        ("plan", report.plan_hash),
    ]


def experiment_sections(report: ExperimentReport) -> Iterator[Section]:
    """Give versions, judges, plans, openings, and what was passed over."""
    yield Section("Versions", (_versions(report.versions),) if report.versions else ())
    yield Section("Judges", (_judges(report.judges),) if report.judges else ())
    yield Section("Plan", (_plans(report.plans),))
    opened = "; ".join(f"{split} {count_text(n)}" for split, n in report.openings.items()) or "none"
    yield Section("Openings of splits", (Words((f"On record, by whomever: {opened}.",)),))
    proved = tuple(words for each in report.certificates for words in (*each.words, *each.probes))
    yield Section("Certificates", (Words(proved),) if proved else ())
    yield Section("Passed over", (Words(report.skipped),) if report.skipped else ())


def _versions(versions: Sequence[VersionOrigin]) -> Table:
    rows = tuple(
        (
            Cell(each.version),
            Cell(_source(each)),
            Cell(each.at.date().isoformat() if each.at is not None else "-"),
            Cell(count_text(each.n_sessions)),
            Cell("-" if each.n_inputs is None else f"{len(each.missing)} of {count_text(each.n_inputs)}"),
            Cell(_usd(each.cost_usd)),
        )
        for each in versions
    )
    head = ("version", "sessions from", "made on", "sessions", "inputs without", "own cost")
    notes = (
        ("Own cost: as the sessions themselves say.",) if any(each.cost_usd is not None for each in versions) else ()
    )
    return Table(head, rows, n_words=3, notes=notes)


def _source(each: VersionOrigin) -> str:
    return {"command": " ".join(each.command), "file": each.path or "", "dataset": "the dataset"}[each.source]


def _judges(judges: Sequence[JudgeUsed]) -> Table:
    rows = tuple(
        (
            Cell(judge_words(each.judge, each.engine) + (", calibrated" if each.is_calibrated else "")),
            Cell(causes_text(each.failures)),
            Cell(count_text(each.n_verdicts)),
            Cell(_usd(each.cost_usd), _possible(each)),
            Cell("-" if each.latency is None else f"{each.latency.p50_s:.2f} s"),
        )
        for each in judges
    )
    models = tuple(f"{each.judge}: answered by {', '.join(each.models)}." for each in judges if each.models)
    return Table(("judge", "no verdict", "verdicts", "cost", "median reply"), rows, n_words=2, notes=models)


def _possible(each: JudgeUsed) -> str:
    return f"at most ${each.possible_usd:.4f} more" if each.possible_usd and each.possible_usd > 0.00005 else ""


def _plans(plans: Sequence[PlanEntry]) -> Table:
    rows = tuple(
        (Cell(time_text(each.at)), Cell(each.hash[:SHORT]), Cell("yes" if each.had_report else "no")) for each in plans
    )
    return Table(("held from", "hash", "after a report"), rows, n_words=3)


def _usd(cost: float | None) -> str:
    return "not known" if cost is None else f"${cost:.4f}"

"""Sources of methods: complete, whole, and cited where used."""

from __future__ import annotations

import re

import pytest

from judgekit.records.agreement_report import AgreementReport
from judgekit.records.report import Row
from judgekit.render.bibliography import WORKS
from judgekit.render.citation import (
    OF_INTERVAL,
    OF_METRIC,
    OF_PROCEDURE,
    cited,
    interval_name,
    works_of_interval,
    works_of_metric,
)
from judgekit.render.method import method_paragraph
from judgekit.stats.estimate import Estimate
from judgekit.stats.metric import METRICS
from judgekit.stats.metric_words import METRIC_WORDS
from tests.render.composed_reports import each_kind, load

WITHOUT_A_SOURCE = {"mean", "mean_difference", "share", "win_rate"}
"""Metrics of versions that are what they are called."""


@pytest.mark.parametrize("metric", sorted({*METRICS, *METRIC_WORDS} - WITHOUT_A_SOURCE))
def test_every_metric_has_its_source(metric) -> None:
    """A metric that the table knows, or that has words, is cited by at least one whole work."""
    assert works_of_metric(metric)
    assert works_of_metric(f"{metric}_difference") == works_of_metric(metric)


def test_the_sources_agree_with_the_metric_table() -> None:
    """The authors whom `stats` names for a metric are among those cited for it."""
    for metric in METRICS.values():
        cited_for = " ".join(work.text for work in works_of_metric(metric.name))
        for author in re.findall(r"^[A-Z][A-Za-z]+", metric.source):
            assert author in cited_for, metric.name


@pytest.mark.parametrize(
    "method",
    [
        "bca", "percentile", "wilson", "clopper-pearson", "clopper_pearson", "fisher-z", "jackknife t", "delong", "f",
        "jackknife t of the logarithm",
        "two-way percentile", "t", "cluster_t", "bca, 12 of 2000 resamples undefined",
    ],
)  # fmt: skip
def test_every_method_of_intervals_has_its_source(method) -> None:
    """However `stats` spells it, with its notes, the method leads to a work."""
    assert works_of_interval(method)


def test_no_name_leads_nowhere_and_no_work_is_idle() -> None:
    """Every name in the three tables is a work, and every work is used by one of them."""
    used = {name for table in (OF_METRIC, OF_INTERVAL, OF_PROCEDURE) for names in table.values() for name in names}
    assert used == set(WORKS)


@pytest.mark.parametrize("name", sorted(WORKS))
def test_a_work_is_whole(name) -> None:
    """Authors, a year, a title without its stop, where it appeared; a DOI or arXiv number of the right form."""
    work = WORKS[name]
    assert all(author.count(",") <= 1 for author in re.split("; | & ", work.authors)), "authors stand apart by ;"
    assert work.authors
    assert work.title
    assert work.venue
    assert name.endswith(str(work.year))
    assert work.title[-1] != "."
    assert re.fullmatch(r"(10\.\d{4,5}/\S+)?", work.doi)
    assert re.fullmatch(r"(\d{4}\.\d{5})?", work.arxiv)
    assert not re.search(r"[\s<>()]", work.address)


@each_kind
def test_the_paragraph_names_what_is_cited_below(composed) -> None:
    """Every work of the list is named in the methods paragraph, and no other."""
    paragraph = method_paragraph(composed)
    works = cited(composed)
    assert works or composed.kind == "experiment", "the head of an experiment measures nothing itself"
    rest = paragraph
    for work in sorted(works, key=lambda each: -len(each.short)):
        assert work.short in paragraph
        rest = rest.replace(work.short, "")
    assert not [work.short for work in WORKS.values() if work.short in rest]


def test_only_methods_used_are_cited() -> None:
    """A kappa with Wilson's interval cites two works, in the order of authors."""
    estimate = Estimate(0.5, 0.4, 0.6, 0.95, 50, 50, "wilson")
    report = AgreementReport(
        title="t", rows=(Row(criterion="c", metric="cohen_kappa", between="a~b", estimate=estimate),)
    )
    assert [work.short for work in cited(report)] == ["Cohen 1960", "Wilson 1927"]


def test_the_paragraph_says_what_a_referee_asks() -> None:
    """Weights, unit, interval, seed, resamples, n and exclusions by cause, epsilon, adjustment, versions."""
    paragraph = method_paragraph(load("score"))
    for words in (
        "weights quadratic in the distance of declared levels", "no weights; Cohen 1960", "95% BCa bootstrap",
        "2,000 resamples", "resampled by group", "seed 7", "211 of 222 entered", "left out: no label 8",
        "no verdict: refused 1, unparsed 2", "epsilon 0.2", "Benjamini & Yekutieli 2001", "Benjamini & Hochberg 1995",
        "judgekit 0.1.0", "numpy 2.1.3", "the raters' median", "on the dev split",
    ):  # fmt: skip
        assert words in paragraph


def test_a_methods_note_is_no_part_of_its_name() -> None:
    """Undefined resamples stand behind the name."""
    assert interval_name("bca, 3 of 2000 resamples undefined") == "bca"

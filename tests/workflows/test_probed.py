"""Probes beside a certificate: what is kept of a report, when a judge is clean, and that a rule can ask for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from judgekit.adapters.store.dataset import DatasetFolder
from judgekit.errors import InputError
from judgekit.records.certificate import PassRule
from judgekit.records.probe_report import ProbeReport, ProbeResult
from judgekit.records.probed import Probed
from judgekit.stats.estimate import Estimate, undefined
from judgekit.workflows.probed import not_clean, of_this_judge, probe_words, probed_of
from judgekit.workflows.standing import standing
from tests.workflows.certifying import JUDGE, NOW, RULE, composed, opened, said

ASKABLE = ("order", "criteria", "paraphrase", "length", "markdown", "names", "injection")
FLIPS = Estimate(0.3, 0.2, 0.42, 0.95, 50, 50, "wilson")
BEYOND = Estimate(0.28, 0.15, 0.41, 0.95, 50, 50, "tango")


def result(probe: str, word: str = "clear", criterion: str = "passed") -> ProbeResult:
    return ProbeResult.model_validate({
        "criterion": criterion, "probe": probe, "variant": "plain_words", "changes": "it", "honest": "stays",
        "word": word, "finds": "flips", "n_asked": 50, "n": 50, "floor": FLIPS, "flip_rate": FLIPS,
        "difference": BEYOND, "why": "9 sessions" if word == "too few" else "",
    })  # fmt: skip


def report(*results: ProbeResult, fingerprint: str | None = "sha256:judy", skipped: Any = None) -> ProbeReport:
    return ProbeReport(
        title="Probes of judy",
        dataset="helpdesk",
        judge="judy",
        judge_fingerprint=fingerprint,
        error_rate=0.05,
        n_reruns=2,
        results=results,
        skipped=skipped or {},
    )


def whole(**words: str) -> ProbeReport:
    """Return a report of every probe, clear but for those named."""
    return report(*(result(probe, words.get(probe, "clear")) for probe in ASKABLE))


def kept(told: ProbeReport, before: Probed | None = None) -> Probed:
    found = probed_of(told, before=before, now=NOW)
    assert found is not None
    return found


def test_a_report_is_kept_without_what_sessions_say() -> None:
    """Names, words and rates; what nobody asked for is named, what could not be asked is not."""
    told = kept(report(result("length", "found"), skipped={"order, levels": "few", "criteria": "one"}))
    assert [(each.probe, each.word) for each in told.findings] == [("length", "found")]
    assert told.left_out == ("paraphrase", "markdown", "names", "injection")
    assert told.names_found == ("passed, length",)
    assert probed_of(report(fingerprint=None), before=None, now=NOW) is None


def test_a_finding_stands_until_the_judge_is_another() -> None:
    """A second draw that finds nothing takes nothing back; another judge begins anew."""
    first = kept(whole(length="found"))
    second = kept(whole(), first)
    third = kept(whole(), second)
    assert (third.n_before, third.found_before) == (2, ("passed, length",))
    assert not_clean(third.of("passed"), "passed") == "probing found length"
    words = probe_words(third.of("passed"), "judy", "passed")
    assert words[0] == "passed: probed on 2026-03-01 on helpdesk: nothing found."
    assert words[-1] == "passed: probed 2 times before, and found then: length."
    assert kept(whole(), third.model_copy(update={"judge_fingerprint": "sha256:else"})).n_before == 0
    assert probe_words(second, "judy", "passed")[-1].startswith("passed: probed 1 time before")


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (whole(), None),
        (whole(injection="found", length="found"), "probing found length, injection"),
        (whole(names="too few"), "has too few sessions to say anything of names"),
        (report(result("length")), "leaves out order, criteria, paraphrase, markdown, names, injection"),
        (report(skipped=dict.fromkeys(ASKABLE, "no")), "could ask nothing on passed"),
        (report(result("length"), skipped={name: "no" for name in ASKABLE if name != "length"}), None),
    ],
)
def test_clean_is_every_probe_that_can_be_asked_and_nothing_found(told: ProbeReport, why: str | None) -> None:
    """Else the reason, in words."""
    found = not_clean(kept(told).of("passed"), "passed")
    assert found is None if why is None else why in str(found)


def test_only_this_very_judge_and_question_count() -> None:
    """Of another fingerprint nothing is known; a finding on another question is not held against this one."""
    told = kept(report(*whole().results, result("length", "found", "quality")))
    assert of_this_judge(told, "sha256:judy", "passed") == told.of("passed")
    assert not_clean(told.of("passed"), "passed") is None
    assert of_this_judge(told, "sha256:else", "passed") is None
    assert not_clean(None, "passed") == "this very judge was not probed"
    assert "not probed" in probe_words(None, "judy", "passed")[0]


def test_rates_are_told_with_their_intervals() -> None:
    """Above the noise or within it; what is unknown is said to be."""
    told = kept(
        report(result("length", "found"), result("names"), result("order", "too few"), skipped={"criteria": "one"})
    )
    words = probe_words(told, "judy", "passed")
    figures = "30.0% [20.0, 42.0] of 50 verdicts turned, +28.0 points beyond reruns [+15.0, +41.0]"
    assert f"passed: length (plain words): FOUND, above the noise of asking again: {figures}." in words
    assert f"passed: names (plain words): within the noise of asking again: {figures}." in words
    assert "passed: too few sessions to say anything of order." in words
    assert "passed: could not be asked: criteria." in words
    nothing = undefined("no_data", "nobody answered")
    bare = result("names").model_copy(update={"flip_rate": nothing, "difference": nothing})
    assert "an unknown share of 50 verdicts turned." in " ".join(probe_words(kept(report(bare)), "judy", "passed"))


CLEAN = RULE.model_copy(update={"probes": "clean"})


@pytest.mark.parametrize(
    ("probed", "why"),
    [
        (None, "this very judge was not probed"),
        (kept(whole()).model_copy(update={"judge_fingerprint": "sha256:else"}), "this very judge was not probed"),
        (kept(whole(length="found")), "probing found length"),
    ],
)
def test_a_rule_that_asks_for_clean_probes_refuses_before_anything_is_opened(
    tmp_path: Path, probed: Probed | None, why: str
) -> None:
    """Not probed, of another fingerprint, or found with something: nothing is spent."""
    folder = composed(tmp_path / "data", rule=CLEAN)
    with pytest.raises(InputError, match=rf'the rule asks for probes = "clean", and {why}'):
        opened(folder, said(200), scoring=replace(JUDGE, probed=probed))
    assert not folder.load().openings


def test_a_certificate_tells_of_probes_and_voids_where_they_are_tampered_with(tmp_path: Path) -> None:
    """Clean, it holds; with its probes cut out of the file, or where they are asked for later, it does not."""
    folder = composed(tmp_path / "data", rule=CLEAN)
    held = opened(folder, said(200), scoring=replace(JUDGE, probed=kept(whole())))
    assert held.holds
    assert held.probes[0] == "passed: probed on 2026-03-01 on helpdesk: nothing found."

    def word(each: Any, of: DatasetFolder = folder) -> tuple[str, str]:
        found = standing(each, of.load(), of.ledger.entries().entries, judge="judy", judge_fingerprint="sha256:judy",
                         criterion="passed", now=NOW)  # fmt: skip
        return found.word, found.why

    assert word(held)[0] == "valid"
    assert "contradicts itself" in word(held.model_copy(update={"probed": None}))[1]
    other = kept(whole()).model_copy(update={"judge_fingerprint": "sha256:else"})
    assert "contradicts itself" in word(held.model_copy(update={"probed": other}))[1]
    plain = composed(tmp_path / "plain")
    before = opened(plain, said(200))
    assert before.probes == (
        "passed: not probed: nothing is kept of probes of judy as it is (`judgekit judge probe`).",
    )
    card = plain.load().card.model_copy(update={"certify": {"passed": CLEAN}})
    asked = plain.load().model_copy(update={"card": card})
    later = standing(before, asked, plain.ledger.entries().entries, judge="judy", judge_fingerprint="sha256:judy",
                     criterion="passed", now=NOW)  # fmt: skip
    assert 'asks for more now (probes = "clean")' in later.why


def test_a_rule_that_asks_for_no_probes_has_the_hash_it_always_had() -> None:
    """Certificates from before there was such a key stay what they were."""
    assert "probes" not in PassRule(min_kappa=0.5).model_dump(mode="json")
    assert PassRule(min_kappa=0.5).fingerprint() != PassRule(min_kappa=0.5, probes="clean").fingerprint()
    assert PassRule(min_kappa=0.5).fingerprint() == (
        "sha256:55fe8dbcaf92421a4db8f58a3d5dddc8cc46068c1d5ae3c155ef1d60c33ed45d"
    )

"""Probes beside a certificate: what of a report a judge's folder keeps, whether it is clean, and how that is told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from judgekit.judging.probe_variant import PROBES, RERUN
from judgekit.records.probe_report import ProbeReport
from judgekit.records.probed import Probed, ProbeFinding


def probed_of(report: ProbeReport, *, before: Probed | None, now: datetime) -> Probed | None:
    """Return what is kept of a report; None where it does not say who was probed.

    Args:
        report: What probing found.
        before: What the folder kept so far; it counts where it is of the same judge.
        now: The present moment.
    """
    if report.judge_fingerprint is None:
        return None
    same = before if before is not None and before.judge_fingerprint == report.judge_fingerprint else None
    asked = {each.probe for each in report.results}
    could_not = {name.partition(",")[0] for name in report.skipped}
    return Probed(
        judge=report.judge,
        judge_fingerprint=report.judge_fingerprint,
        engine=report.engine,
        model=report.model,
        dataset=report.dataset,
        at=now,
        error_rate=report.error_rate,
        findings=tuple(
            ProbeFinding(
                criterion=each.criterion,
                probe=each.probe,
                variant=each.variant,
                word=each.word,
                why=each.why,
                n=each.n,
                flip_rate=each.flip_rate,
                difference=each.difference,
            )
            for each in report.results
        ),
        skipped=dict(report.skipped),
        left_out=tuple(probe.name for probe in PROBES if probe.name not in {RERUN, *asked, *could_not}),
        n_before=same.n_before + 1 if same is not None else 0,
        found_before=same.names_found if same is not None else (),
    )


def of_this_judge(probed: Probed | None, judge_fingerprint: str | None, criterion: str) -> Probed | None:
    """Return what is kept on one criterion of this very judge; None where that is nothing."""
    if probed is None or probed.judge_fingerprint != judge_fingerprint:
        return None
    return probed.of(criterion)


def not_clean(probed: Probed | None, criterion: str) -> str | None:
    """Return why a judge is not clear of every probe that can be asked of it, in words; None where it is.

    Args:
        probed: Of this very judge and criterion; None where it was not probed.
        criterion: The question.
    """
    if probed is None:
        return "this very judge was not probed"
    when = probed.at.date().isoformat()
    if probed.names_found:
        return f"probing found {_listed(_bare(probed.names_found))}"
    few = [each.probe for each in probed.findings if each.word == "too few"]
    if few:
        return f"the probing of {when} has too few sessions to say anything of {_listed(few)}"
    if probed.left_out:
        return f"the probing of {when} leaves out {_listed(probed.left_out)}"
    return None if probed.findings else f"the probing of {when} could ask nothing on {criterion}"


def probe_words(probed: Probed | None, judge: str, criterion: str) -> tuple[str, ...]:
    """Return what probes of a judge found, in sentences; one that says so where it was not probed.

    Args:
        probed: Of this very judge and criterion; None where it was not probed.
        judge: Its name.
        criterion: The question.
    """
    if probed is None:
        return (f"{criterion}: not probed: nothing is kept of probes of {judge} as it is (`judgekit judge probe`).",)
    found = [each for each in probed.findings if each.word == "found"]
    clear = [each for each in probed.findings if each.word == "clear"]
    few = [each.probe for each in probed.findings if each.word == "too few"]
    where = f" on {probed.dataset}" if probed.dataset else ""
    words = [f"probed on {probed.at.date().isoformat()}{where}: " + ("nothing found." if not found else "see below.")]
    words += [f"{_name(each)}: FOUND, above the noise of asking again: {_figures(each)}." for each in found]
    words += [f"{_name(each)}: within the noise of asking again: {_figures(each)}." for each in clear]
    words += [f"too few sessions to say anything of {_listed(few)}."] if few else []
    words += [f"could not be asked: {_listed(probed.skipped)}."] if probed.skipped else []
    words += [f"not asked: {_listed(probed.left_out)}."] if probed.left_out else []
    if probed.found_before:
        times = "time" if probed.n_before == 1 else "times"
        words.append(f"probed {probed.n_before} {times} before, and found then: {_listed(_bare(probed.found_before))}.")
    return tuple(f"{criterion}: {each}" for each in words)


def _name(each: ProbeFinding) -> str:
    return f"{each.probe} ({each.variant.replace('_', ' ')})"


def _figures(each: ProbeFinding) -> str:
    rate, beyond = each.flip_rate, each.difference
    turned = "an unknown share" if rate.value is None else f"{100 * rate.value:.1f}%"
    if rate.low is not None and rate.high is not None:
        turned += f" [{100 * rate.low:.1f}, {100 * rate.high:.1f}]"
    more = "" if beyond.value is None else f", {100 * beyond.value:+.1f} points beyond reruns"
    if beyond.low is not None and beyond.high is not None:
        more += f" [{100 * beyond.low:+.1f}, {100 * beyond.high:+.1f}]"
    return f"{turned} of {each.n} verdicts turned{more}"


def _bare(names: Sequence[str]) -> list[str]:
    """Return the probes of `criterion, probe`."""
    return [name.rpartition(", ")[2] for name in names]


def _listed(names: Sequence[str] | dict[str, str]) -> str:
    return ", ".join(dict.fromkeys(names))

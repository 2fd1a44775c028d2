"""What probes found, in words: the noise of asking again, then what was found, what is clear, what cannot be said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from judgekit.records.probe_report import ProbeResult
from judgekit.records.report import Row
from judgekit.stats.estimate import Estimate

MIN_SESSIONS = 30
"""Below this many independent units the words say that there is little to go by."""


def probe_summary(
    floors: Sequence[Row], results: Sequence[ProbeResult], skipped: Mapping[str, str], *, error_rate: float
) -> tuple[str, ...]:
    """Return the verdict in sentences, one for each thing found.

    Args:
        floors: How often reruns flip, a row for each criterion.
        results: What every change did.
        skipped: Probe -> why it was not asked.
        error_rate: Chance that a judge that is clear of all is found with anything.
    """
    found = [each for each in results if each.word == "found"]
    sentences = [_headline(found, results, error_rate)] if results else []
    sentences += [_floor_words(row) for row in floors]
    sentences += [_found_words(each) for each in found]
    for criterion in dict.fromkeys(each.criterion for each in results):
        clear = [each for each in results if each.criterion == criterion and each.word == "clear"]
        sentences += [_clear_words(criterion, clear)] if clear else []
    sentences += [f"{_subject(each)}: too few to say: {each.why}." for each in results if each.word == "too few"]
    sentences += [f"Not asked: {name}: {why}." for name, why in skipped.items()]
    return tuple(sentences)


def probe_warnings(results: Sequence[ProbeResult], floors: Sequence[Row]) -> tuple[str, ...]:
    """Return what limits the probes: few units, failures that a change brought, a judge that contradicts itself."""
    warnings = [
        f"{row.criterion}: only {row.estimate.n_clusters} independent units; small effects cannot show"
        for row in floors
        if 0 < row.estimate.n_clusters < MIN_SESSIONS
    ]
    warnings += [
        f"{row.criterion}: {_percent(row.estimate)} of the reruns give another verdict: the judge contradicts itself"
        for row in floors
        if (row.estimate.value or 0) > 0.2
    ]
    for each in results:
        if each.failures:
            causes = ", ".join(f"{n} {status}" for status, n in sorted(each.failures.items()))
            warnings.append(f"{_subject(each)}: no verdict {sum(each.failures.values())} times ({causes})")
    return tuple(warnings)


def probe_notes() -> tuple[str, ...]:
    """Return what the table of results is read beside."""
    return (
        "Changed: verdicts that differ from the baseline's. Beyond reruns: that share less the reruns' on the same "
        "targets. Adjusted p: exact, after Holm over all probes, each with the same part of the error rate.",
        "Would have shown: share of verdicts that must move beyond the reruns for four studies in five to find it.",
    )


def _headline(found: Sequence[ProbeResult], results: Sequence[ProbeResult], error_rate: float) -> str:
    asked = list(dict.fromkeys(each.probe for each in results))
    named = list(dict.fromkeys(each.probe for each in found))
    rate = f"chance of any false finding at most {100 * error_rate:g}%"
    n = f"{len(asked)} probe" + ("s" if len(asked) != 1 else "")
    if not named:
        return f"Nothing found by {n} ({rate})."
    return f"Found: {', '.join(named)} ({len(named)} of {n}; {rate})."


def _floor_words(row: Row) -> str:
    if row.estimate.value is None:
        why = (row.estimate.undefined or "").partition(": ")[2]
        return f"{row.criterion}: how often the judge contradicts itself is not known: {why}."
    return (
        f"{row.criterion}: asked the same again, the judge says something else in {_percent(row.estimate)} "
        f"of {row.estimate.n} answers."
    )


def _found_words(each: ProbeResult) -> str:
    moved = f"{each.n_flips} of {each.n} verdicts changed"
    if each.toward and each.n_flips:
        moved += f", {each.n_toward} of them toward {each.toward}"
    return (
        f"{_subject(each)}: found. {moved}; {_points(each.difference)} beyond reruns "
        f"(adjusted p {_p(each.p_adjusted)})."
    )


def _clear_words(criterion: str, clear: Sequence[ProbeResult]) -> str:
    by_probe: dict[str, list[str]] = {}
    for each in clear:
        by_probe.setdefault(each.probe, []).append(each.variant.replace("_", " "))
    named = "; ".join(f"{probe} ({', '.join(variants)})" for probe, variants in by_probe.items())
    sizes = [each.detectable for each in clear if each.detectable is not None]
    seen = ""
    if sizes:
        low, high = (f"{100 * size:.0f}" for size in (min(sizes), max(sizes)))
        seen = f" Would have shown: {low if low == high else f'{low} to {high}'} in 100 verdicts moved."
    return f"{criterion}: clear of {named}.{seen}"


def _subject(each: ProbeResult) -> str:
    return f"{each.criterion}, {each.probe} ({each.variant.replace('_', ' ')})"


def _percent(estimate: Estimate) -> str:
    value = f"{100 * (estimate.value or 0.0):.1f}%"
    if estimate.low is None or estimate.high is None:
        return value
    return f"{value} [{100 * estimate.low:.1f}, {100 * estimate.high:.1f}]"


def _points(estimate: Estimate) -> str:
    value = f"{100 * (estimate.value or 0.0):+.1f} points"
    if estimate.low is None or estimate.high is None:
        return value
    return f"{value} [{100 * estimate.low:+.1f}, {100 * estimate.high:+.1f}]"


def _p(p_value: float | None) -> str:
    return "-" if p_value is None else "<0.001" if p_value < 0.001 else f"{p_value:.3f}"

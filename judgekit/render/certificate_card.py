"""A certificate as a card that anyone can read: what was asked, what was shown, on whose labels, and until when."""

from __future__ import annotations

from judgekit.records.certificate import Certificate, CertifiedCheck, Standing
from judgekit.render.number import count_text, estimate_text, value_text
from judgekit.render.plain import one_line, padded, wrap

WIDTH = 80
LABEL = 14
"""Columns that a label takes."""
ASKED = {
    "youden_j": "J, true passes plus true fails found less 1, of at least",
    "kappa": "agreement beyond chance (kappa) of at least",
    "ceiling_gap": "kappa below that of an expert by at most",
    "bias": "too kind or too harsh by at most",
    "failure_rate": "left unanswered at most",
}
SHOWN = {
    "youden_j": "J",
    "kappa": "kappa",
    "ceiling_gap": "kappa below an expert's",
    "bias": "bias",
    "failure_rate": "unanswered",
}
VOIDS = (
    "the judge, its model or its prompt changes; a label that it rests on is taken back, corrected, adjudicated or "
    "redacted; the question is reworded; dataset.toml asks for more. New labels do not void it."
)
UNKNOWN = "not known here: the dataset {name!r} is not under datasets/"
UNPROBED = "not known: this certificate does not say"
ORDINALS = {1: "first", 2: "second", 3: "third"}


def certificate_card(held: Certificate, standing: Standing | None = None, *, is_now: bool = False) -> str:
    """Return a certificate in lines of at most 80 columns.

    Args:
        held: The certificate.
        standing: What it is worth now; None where that was not asked, or cannot be known here.
        is_now: Whether it was asked.
    """
    rows = [
        ("verdict", _verdict(held)),
        *([("now", _now(held, standing))] if is_now else []),
        ("asked", _asked(held)),
        *(("shown" if place == 0 else "", _shown(held, check)) for place, check in enumerate(held.checks)),
        ("rests on", _basis(held)),
        *(("to know" if place == 0 else "", line) for place, line in enumerate(_notes(held))),
        *([("slices", _slices(held))] if held.slices else []),
        *([("stand-in test", _without_name(held, held.alt_test))] if held.alt_test else []),
        *(("probes" if place == 0 else "", line) for place, line in enumerate(_probes(held))),
        ("valid until", _until(held)),
        ("void when", VOIDS),
    ]
    title = f"Certificate of {held.judge}: {held.criterion} on {held.dataset}"
    lines = wrap(one_line(title), WIDTH)
    for label, text in rows:
        first, *more = wrap(one_line(text), WIDTH - LABEL - 2) or [""]
        lines += [f"  {padded(label, LABEL)}{first}", *(" " * (LABEL + 2) + line for line in more)]
    return "\n".join(lines)


def _verdict(held: Certificate) -> str:
    if not held.holds:
        return "DOES NOT HOLD: not everything that was asked was shown."
    return "HOLDS, provisionally: on few labels." if held.is_provisional else "HOLDS: all that was asked was shown."


def _now(held: Certificate, standing: Standing | None) -> str:
    if standing is None:
        return UNKNOWN.format(name=held.dataset)
    return f"{'VALID' if standing.is_trusted else f'NOT VALID ({standing.word})'}: {standing.why}"


def _asked(held: Certificate) -> str:
    said = [f"{ASKED[check.name]} {_line(check)}" for check in held.checks]
    said += ["clear of all probes"] if held.rule.probes is not None else []
    return "; ".join(said) + ". Declared before these labels were opened."


def _shown(held: Certificate, check: CertifiedCheck) -> str:
    found = check.estimate
    if check.holds:
        bound = {"youden_j": found.low, "kappa": found.low}.get(check.name, found.high)
        side = "at least" if check.name in ("youden_j", "kappa") else "at most"
        if check.name == "bias":
            return f"yes: {estimate_text(found, 'bias')}"
        value, end = (value_text(each, check.metric) for each in (found.value, bound))
        return f"yes: {SHOWN[check.name]} {value}, {side} {end} with {_percent(held.level_spent)} confidence"
    return f"NO: {SHOWN[check.name]} {estimate_text(found, check.metric)}; {check.why}"


def _basis(held: Certificate) -> str:
    sessions = f"{count_text(held.n_labels)} labelled test {'session' if held.n_labels == 1 else 'sessions'}"
    which = ORDINALS.get(held.opening, f"{held.opening}th")
    return (
        f"{sessions} ({count_text(len(held.labels))} labels of the experts), on {held.at.date().isoformat()}; "
        f"{which} look at them"
    )


def _notes(held: Certificate) -> list[str]:
    """Return the words after the verdict and the rule's lines: the ceiling, what was left out, what changed."""
    return [_without_name(held, line) for line in held.words[1 + len(held.checks) :]]


def _probes(held: Certificate) -> list[str]:
    return [_without_name(held, line) for line in held.probes] or [UNPROBED]


def _slices(held: Certificate) -> str:
    return "; ".join(f"{name}: kappa {estimate_text(each, 'cohen_kappa')}" for name, each in held.slices.items())


def _until(held: Certificate) -> str:
    return f"{held.expires.date().isoformat()} ({held.rule.expires_days} days)"


def _line(check: CertifiedCheck) -> str:
    return f"{100 * check.line:g}%" if check.name == "failure_rate" else f"{check.line:g}"


def _percent(share: float) -> str:
    return f"{100 * share:.4g}%"


def _without_name(held: Certificate, words: str) -> str:
    return words.removeprefix(f"{held.criterion}: ")

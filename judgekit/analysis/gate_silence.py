"""Where one version has no number: what a gate's figure leaves out, in words.

An input of which one side was called "not applicable", or never labelled, counts for nothing. Where that happens to
what got worse, every figure of the rest is too good, and no bound shows it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import get_args

from judgekit.analysis.comparison import Side
from judgekit.analysis.contrast import Contrast
from judgekit.analysis.evidence import Evidence
from judgekit.analysis.rating import Target
from judgekit.analysis.sampling import Sampling
from judgekit.records.label import AnswerStatus
from judgekit.records.policy import Witness

_NO_NUMBER = frozenset(get_args(AnswerStatus)) - {"ok"}
_REFUSAL = '"not applicable" or "can\'t judge"'


def silence_on_pairs(contrast: Contrast, of: Witness) -> tuple[str, ...]:
    """Return on how many inputs one version alone has a number, by why the other has none; nothing where none does.

    Args:
        contrast: Two versions on one criterion, whole or on a slice.
        of: Whose numbers count. Where it is the judge, what it failed on, or was not asked, is told elsewhere.
    """
    (before, after), parts = contrast.sides, []
    for has, lacks in ((before, after), (after, before)):
        n_refused, n_never = _lone(contrast, of, has=has, lacks=lacks)
        n = n_refused + (n_never if of == "experts" else 0)
        beside = f" ({n_refused} with {_REFUSAL} of {lacks.name})" if n_refused else ""
        parts += [f"of {has.name} alone on {n} inputs{beside}"] if n else []
    if not parts:
        return ()
    return (f"{_who(of)} gave a number {' and '.join(parts)}: these count for nothing, as if chance had picked them",)


def silence_of_version(contrast: Contrast, evidence: Evidence, of: Witness) -> tuple[str, ...]:
    """Return on how many sessions the candidate alone has no number, and how labelled ones were picked, likewise.

    Args:
        contrast: Both versions on one criterion, whole or on a slice.
        evidence: The candidate.
        of: Whose numbers count.
    """
    missing = _missing(contrast, of)
    refused = sum(missing.get((each.id, None)) in _NO_NUMBER for each in evidence.sessions)
    found = []
    n = len(evidence.sessions)
    if refused:
        told = f"{_who(of)} said {_REFUSAL} of {refused} of {n} sessions of {evidence.name}"
        found.append(f"{told}: these count for nothing, as if chance had picked them")
    if of == "experts":
        others, own = contrast.sides
        _, n_never = _lone(contrast, of, has=others, lacks=own)
        if n_never:
            words = f"experts gave a number of {others.name} alone on {n_never} inputs"
            found.append(f"{words}: what {own.name} did there counts for nothing, as if chance had picked them")
        found += unrecorded(evidence.sampling, n, "sessions")
    return tuple(found)


def unrecorded(sampling: Sampling, n: int, what: str) -> Iterator[str]:
    """Yield that nobody wrote down how what is labelled was picked, where the rest is not.

    Args:
        sampling: Of the labelled ones.
        n: How many there are, labelled or not.
        what: What they are.
    """
    if sampling.n_unknown and sampling.n < n:
        yield (
            f"how {sampling.n_unknown} of {sampling.n} labelled {what} were picked is not recorded: they are taken for "
            f"a random sample of all {n}"
        )


def _who(of: Witness) -> str:
    return "experts" if of == "experts" else "the judge"


def _lone(contrast: Contrast, of: Witness, *, has: Side, lacks: Side) -> tuple[int, int]:
    """Return on how many inputs only one side has a number: where the other was refused one, and where never asked."""
    numbers = contrast.experts.values if of == "experts" else contrast.verdicts.numbers
    missing = _missing(contrast, of)
    heard = _inputs(contrast, has, lambda target: target in numbers)
    silent = _inputs(contrast, lacks, lambda _: True) - _inputs(contrast, lacks, lambda target: target in numbers)
    refused = _inputs(contrast, lacks, lambda target: missing.get(target) in _NO_NUMBER)
    return len(heard & silent & refused), len((heard & silent) - refused)


def _missing(contrast: Contrast, of: Witness) -> Mapping[Target, str]:
    return contrast.experts.missing if of == "experts" else contrast.verdicts.missing


def _inputs(contrast: Contrast, side: Side, is_meant: Callable[[Target], bool]) -> set[str]:
    known = contrast.dataset.session_by_id
    return {
        name
        for each in side.sessions & known.keys()
        if (name := known[each].input) is not None and is_meant((each, None))
    }

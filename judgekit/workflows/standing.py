"""What a certificate is worth now: whether the judge is the same, the time has not run out, and its evidence stands.

Later labels change nothing. Taking back, correcting, settling or redacting a label that it rests on does, and so does
rewording the question, or a line of the ledger that is no longer what it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from judgekit.analysis.pass_rule import clears, lines
from judgekit.records.certificate import Certificate, PassRule, Standing, StandingWord
from judgekit.records.dataset import Dataset
from judgekit.records.label import Adjudication, Answer, Entry, Label, Opening, Redaction
from judgekit.records.record import fingerprint
from judgekit.review.fold import fold
from judgekit.workflows.opening import level_spent, times_opened, units_opened
from judgekit.workflows.probed import not_clean

Said = tuple[StandingWord, str]
"""A standing's word, and why, in one sentence."""


def standing(
    certificate: Certificate | None,
    dataset: Dataset,
    entries: Sequence[Entry],
    *,
    judge: str,
    judge_fingerprint: str | None,
    criterion: str,
    now: datetime,
) -> Standing:
    """Return what a judge's certificate is worth now, for one criterion of one dataset.

    Args:
        certificate: The judge's; None where there is none.
        dataset: As it is now.
        entries: Its ledger's, every chain of which was verified on reading.
        judge: Name of the judge.
        judge_fingerprint: What exactly judges now; None where that is not known.
        criterion: The question.
        now: The present moment.
    """
    if certificate is None:
        why = f"{judge} has no certificate for {criterion} on {dataset.name}"
        return Standing(judge=judge, criterion=criterion, word="absent", why=why)
    word, why = (
        _not_shown(certificate, dataset, judge, criterion)
        or _not_now(certificate, judge, judge_fingerprint, now)
        or _voided(certificate, dataset, entries)
        or _valid(certificate, judge)
    )
    return Standing(judge=judge, criterion=criterion, word=word, why=why, is_provisional=certificate.is_provisional)


def evidence_fingerprint(labels: Iterable[Label], adjudications: Iterable[Adjudication]) -> str:
    """Return the fingerprint of what a certificate rests on, in whatever order it stands."""
    return fingerprint(sorted(each.fingerprint() for each in (*labels, *adjudications)))


def _not_shown(held: Certificate, dataset: Dataset, judge: str, criterion: str) -> Said | None:
    """Say that nothing was shown: the certificate is for something else, or does not hold."""
    if (held.dataset, held.criterion) != (dataset.name, criterion):
        about = f"{held.criterion} on {held.dataset}"
        return "absent", f"the certificate of {judge} is for {about}, not for {criterion} on {dataset.name}"
    if held.holds:
        return None
    failed = ", ".join(check.name for check in held.checks if not check.holds)
    return "failed", f"{judge} did not hold the rule on {_day(held.at)} ({failed})"


def _not_now(held: Certificate, judge: str, judge_fingerprint: str | None, now: datetime) -> Said | None:
    """Say that it was shown by another judge, or too long ago."""
    if judge_fingerprint is None:
        return "changed", f"which judge made the verdicts of {judge} is not known, so none is certified"
    if judge_fingerprint != held.judge_fingerprint:
        both = f"now {judge_fingerprint[:19]}, certified {held.judge_fingerprint[:19]}"
        return "changed", f"{judge} is another judge than the one certified ({both})"
    if now > held.expires:
        return "expired", f"the certificate of {judge} was valid until {_day(held.expires)}"
    return None


def _voided(held: Certificate, dataset: Dataset, entries: Sequence[Entry]) -> Said | None:
    """Say the first thing that voids a certificate; None where nothing does."""
    why = (
        _edited(held)
        or _broken_prefix(held, entries)
        or _uncounted(held, entries)
        or _reworded(held, dataset)
        or _asks_more(held, dataset.card.certify.get(held.criterion))
        or _changed_labels(held, dataset, entries)
    )
    return None if why is None else ("voided", why)


def _valid(held: Certificate, judge: str) -> Said:
    provisional = ", provisional" if held.is_provisional else ""
    return "valid", f"{judge} is certified for {held.criterion} until {_day(held.expires)}{provisional}"


def _edited(held: Certificate) -> str | None:
    """Say that a certificate contradicts itself, as a hand-edited one does."""
    asked = lines(held.rule)
    said = {check.name: check.line for check in held.checks}
    is_whole = (
        held.rule_hash == held.rule.fingerprint()
        and said == asked
        and all(clears(check.name, check.estimate, check.line) for check in held.checks)
        and abs(held.level_spent - level_spent(held.rule.level, held.opening)) < 1e-9
        and (held.rule.probes is None or not_clean(held.probed, held.criterion) is None)
        and (held.probed is None or held.probed.judge_fingerprint == held.judge_fingerprint)
        and all(abs(check.estimate.level - (2 * held.level_spent - 1)) < 1e-9 for check in held.checks)
    )
    return None if is_whole else "the certificate contradicts itself: its file was changed after it was written"


def _broken_prefix(held: Certificate, entries: Iterable[Entry]) -> str | None:
    """Say where the ledger no longer is what it was, up to where it ended then."""
    hashes = {(entry.writer, entry.sequence): entry.hash for entry in entries}
    for writer, head in held.heads.items():
        if hashes.get((writer, head.sequence)) != head.hash:
            return f"the ledger of {writer} is no longer what it was up to entry {head.sequence}"
    return None


def _uncounted(held: Certificate, entries: Sequence[Entry]) -> str | None:
    """Say that the opening is gone, or that others came before it that it did not count, as from another branch."""
    openings = {entry.entry.id: (entry, entry.entry) for entry in entries if isinstance(entry.entry, Opening)}
    own = openings.pop(held.opening_id, None)
    if own is None or own[1].judge != held.judge_fingerprint:
        return f"the opening that it rests on ({held.opening_id}) is not in the ledger"
    counted = [opening for entry, opening in openings.values() if _is_in_prefix(held, entry)]
    not_counted = [
        opening
        for entry, opening in openings.values()
        if not _is_in_prefix(held, entry) and opening.at and own[1].at and opening.at < own[1].at
    ]
    units = units_opened(own[1])
    n_before = times_opened([*counted, *not_counted], held.criterion, units) if units is not None else 0
    if n_before >= held.opening:
        return f"these labels had been opened {n_before} times before, and it counted {held.opening - 1}"
    return None


def _is_in_prefix(held: Certificate, entry: Entry) -> bool:
    """Return whether an entry stood in the ledger when the certificate was made."""
    head = held.heads.get(entry.writer)
    return head is not None and entry.sequence <= head.sequence


def _reworded(held: Certificate, dataset: Dataset) -> str | None:
    asked = next((each for each in dataset.rubric.criteria if each.id == held.criterion), None)
    if asked is None:
        return f"the rubric no longer asks {held.criterion}"
    if asked.fingerprint() != held.criterion_fingerprint:
        return f"the rubric's {held.criterion} was changed since"
    return None


def _asks_more(held: Certificate, rule: PassRule | None) -> str | None:
    """Say that the dataset now declares a rule that asks for more; a rule that asks for less changes nothing."""
    if rule is None:
        return None
    old = lines(held.rule)
    for name, line in lines(rule).items():
        stricter = name not in old or (line > old[name] if name in ("youden_j", "kappa") else line < old[name])
        if stricter:
            return f"dataset.toml asks for more now ({name} {line:g}): certify again"
    if rule.probes is not None and held.rule.probes is None:
        return f'dataset.toml asks for more now (probes = "{rule.probes}"): certify again'
    return "dataset.toml asks for a higher level now: certify again" if rule.level > held.rule.level else None


def _changed_labels(held: Certificate, dataset: Dataset, entries: Sequence[Entry]) -> str | None:
    """Say which label or adjudication that it rests on does not stand as it stood."""
    ids = set(held.labels)
    labels = [each for each in dataset.labels if each.id in ids]
    settled = [each for each in dataset.adjudications if each.id in ids]
    gone = sorted(ids - {each.id for each in (*labels, *settled)})
    if gone:
        return f"{_n(gone, 'label')} that it rests on {_fate(gone[0], entries)}, such as {gone[0]!r}"
    places = {(each.target, each.turn) for each in (*labels, *settled)}
    later = [
        each
        for each in dataset.adjudications
        if each.criterion == held.criterion and (each.target, each.turn) in places and each.id not in ids
    ]
    if later:
        return f"{_n(later, 'certified session')} adjudicated since, such as {later[0].target!r}"
    redacted = _redacted_since(held, entries, ids | {target for target, _ in places})
    if redacted:
        return f"{_n(redacted, 'certified label or session')} redacted since, such as {redacted[0]!r}"
    if evidence_fingerprint(labels, settled) != held.labels_fingerprint:
        return "a label that it rests on is not what it was"
    return None


def _redacted_since(held: Certificate, entries: Iterable[Entry], names: set[str]) -> list[str]:
    """Return what was redacted after the prefix of the ledger that a certificate rests on."""
    return sorted(
        entry.entry.target
        for entry in entries
        if isinstance(entry.entry, Redaction) and entry.entry.target in names and not _is_in_prefix(held, entry)
    )


def _fate(name: str, entries: Iterable[Entry]) -> str:
    """Return what became of a label that no longer counts."""
    folded = fold(entries)
    if name in {each.label for each in folded.retractions}:
        return "was taken back"
    known = {entry.entry.id for entry in entries if isinstance(entry.entry, Answer)}
    return "was corrected or settled anew" if name in known else "is gone from the ledger"


def _n(found: Sequence[object], what: str) -> str:
    return f"1 {what}" if len(found) == 1 else f"{len(found)} {what}s"


def _day(moment: datetime) -> str:
    return moment.date().isoformat()

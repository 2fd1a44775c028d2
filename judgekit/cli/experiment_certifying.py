"""Certificates within an experiment: made once for each judge and criterion.

What an opening of the test split has shown stands, whether the rule holds or not, however often the experiment is run.
To certify a judge again is a deliberate act: `judgekit score --certify`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from judgekit.errors import InputError, LeakError

if TYPE_CHECKING:
    from datetime import datetime

    from judgekit.adapters.store.certificate import CertificateFolder
    from judgekit.adapters.store.dataset import DatasetFolder
    from judgekit.analysis.agreement import Measuring
    from judgekit.cli.experiment_judging import Bench, Seat
    from judgekit.records.certificate import Certificate, PassRule
    from judgekit.records.dataset import Dataset
    from judgekit.records.label import Opening
    from judgekit.records.verdict import Failure, Verdict
    from judgekit.workflows.experiment import JudgedOutcomes
    from judgekit.workflows.opening import Exam
    from judgekit.workflows.score import Scoring


def certify_all(
    bench: Bench, seats: Sequence[Seat], judged: Sequence[JudgedOutcomes], measuring: Measuring, *, now: datetime
) -> tuple[Certificate, ...]:
    """Return every judge's certificates by the rules that the dataset declares; the missing ones are made.

    What refuses a certification is told in `bench.skipped`, and nothing is opened then.
    """
    from judgekit.adapters.store.certificate import CertificateFolder
    from judgekit.adapters.store.dataset import DatasetFolder

    folder = DatasetFolder(bench.folder.dataset(bench.experiment))
    rules = bench.dataset.card.certify
    found: list[Certificate] = []
    if not rules:
        bench.skipped.append(f"certificates: none made, since dataset {bench.dataset.name!r} declares no rule")
    for seat, (outcomes, scoring) in zip(_seats_of(bench, seats), judged, strict=True):
        kept = CertificateFolder(seat.path)
        for name in [name for name in _criteria(bench, outcomes) if name in rules]:
            held = kept.find(bench.dataset.name, name)
            if held is None or held.judge_fingerprint != scoring.judge_fingerprint:
                held = _certified(bench, folder, kept, (outcomes, scoring), (name, rules[name]), measuring, now=now)
            found += [held] if held is not None else []
    openings = folder.load().openings
    bench.dataset = bench.dataset.model_copy(update={"openings": openings})
    return tuple(found)


def _seats_of(bench: Bench, seats: Sequence[Seat]) -> list[Seat]:
    """Return the judges that were asked, in order."""
    used = {each.judge for each in bench.used}
    return [seat for seat in seats if seat.judge.name in used]


def _criteria(bench: Bench, outcomes: Sequence[Verdict | Failure]) -> list[str]:
    spoken = {outcome.criterion for outcome in outcomes}
    wanted = bench.experiment.criteria or [criterion.id for criterion in bench.dataset.rubric.criteria]
    return [name for name in wanted if name in spoken]


def _certified(
    bench: Bench,
    folder: DatasetFolder,
    kept: CertificateFolder,
    judged: JudgedOutcomes,
    asked: tuple[str, PassRule],
    measuring: Measuring,
    *,
    now: datetime,
) -> Certificate | None:  # fmt: skip
    """Open the test split, certify, and keep the certificate; None where that is refused, and nothing was opened."""
    from judgekit.adapters.store.probed import read_probed
    from judgekit.workflows.certify import certify
    from judgekit.workflows.opening import exam, heads_of, units_opened

    name, rule = asked
    data = folder.load()
    outcomes = [each for each in judged[0] if each.target in data.place_by_id]  # new sessions are in no test split
    scoring = replace(judged[1], reference=bench.experiment.plan.reference, probed=read_probed(kept.path.parent))
    begun = _begun(bench, data, scoring.judge_fingerprint, name)
    try:
        one = exam(
            _without(data, begun), name, rule=rule, judged=(outcomes, scoring), measuring=measuring,
            units=units_opened(begun) if begun is not None else None,
        )  # fmt: skip
    except InputError as error:
        if type(error) not in (InputError, LeakError):
            raise
        bench.skipped.append(f"{scoring.judge} was not certified for {name}: {error}")
        return None
    opening = begun or _opened(bench, folder, one, scoring, now=now)
    certificate = certify(
        folder.load(), outcomes, scoring, measuring, rule=rule, criterion=name, opening=opening,
        n_openings=one.opening, heads=heads_of(folder.ledger.entries().entries), now=now,
    )  # fmt: skip
    bench.console.say(f"wrote {kept.write(certificate)}")
    bench.folder.intend(None)
    return certificate


def _opened(bench: Bench, folder: DatasetFolder, one: Exam, scoring: Scoring, *, now: datetime) -> Opening:
    """Write the opening into the ledger; a kill from here on leaves a look that is finished, not taken again."""
    import secrets

    from judgekit.workflows.opening import opening_of

    opening = opening_of(one, scoring, name=f"o-{secrets.token_hex(8)}", by=None, now=now)
    bench.folder.intend(opening.id)
    folder.ledger.append([opening], now=now, prefix="opening")
    return opening


def _begun(bench: Bench, data: Dataset, judge_fingerprint: str | None, criterion: str) -> Opening | None:
    """Return the opening that a killed run of this experiment made and did not come to use."""
    intended = bench.folder.intended()
    for opening in data.openings:
        is_own = opening.judge == judge_fingerprint and opening.metadata.get("criterion") == criterion
        if opening.id == intended and is_own:
            return opening
    return None


def _without(data: Dataset, opening: Opening | None) -> Dataset:
    kept = tuple(each for each in data.openings if opening is None or each.id != opening.id)
    return data.model_copy(update={"openings": kept})

"""What a certificate is worth now: later labels leave it alone; everything that it rests on voids it when it goes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from judgekit.adapters.store.certificate import CertificateFolder
from judgekit.adapters.store.dataset import DatasetFolder
from judgekit.errors import InvalidRecord
from judgekit.records.certificate import Certificate, PassRule, Standing
from judgekit.records.label import Opening, Redaction, Retraction
from judgekit.records.rubric import Rubric
from judgekit.workflows.standing import standing
from tests.analysis.composed_data import PASSED, RUBRIC, label, settled
from tests.workflows.certifying import JUDGE, N_OPEN, N_TEST, NOW, RULE, composed, opened, said

N = N_OPEN + N_TEST
LATER = NOW + timedelta(days=10)


@pytest.fixture
def folder(tmp_path: Path) -> DatasetFolder:
    return composed(tmp_path / "data")


@pytest.fixture
def held(folder: DatasetFolder) -> Certificate:
    return opened(folder, said(N))


def now(folder: DatasetFolder, held: Certificate | None, **how: Any) -> Standing:
    told = {"judge": "judy", "judge_fingerprint": JUDGE.judge_fingerprint, "criterion": "passed", "now": LATER} | how
    return standing(held, folder.load(), folder.ledger.entries().entries, **told)


def test_it_is_valid_while_nothing_it_rests_on_changes(folder: DatasetFolder, held: Certificate) -> None:
    """Labels of new raters, on other sessions, criteria or occasions, and later openings void nothing."""
    later: list[Any] = [
        label("s050", PASSED, "cleo", "pass"),
        label("s050", PASSED, "ana", "fail", occasion=2),
        label("s010", PASSED, "dora", "fail"),
        settled("s010", PASSED, "pass"),
        Retraction(id="r", label="s010-passed-ana-1-None-None", by="lead", reason="slip"),
        Redaction(id="x", target="s011", by="lead", reason="a name"),
    ]
    folder.append(later, LATER, "lead")
    opened(folder, said(N), name="o-2", now=LATER)
    found = now(folder, held)
    assert (found.word, found.is_trusted) == ("valid", True)
    assert found.why == "judy is certified for passed until 2026-05-30"


def retract(held: Certificate) -> Any:
    return Retraction(id="r", label=held.labels[0], by="lead", reason="slip")


def correct(_: Certificate) -> Any:
    return label("s040", PASSED, "ana", "fail").model_copy(update={"id": "anew"})


def supersede(held: Certificate) -> Any:
    return label("s040", PASSED, "zoe", "fail", supersedes="s040-passed-ana-1-None-None")


def adjudicate(_: Certificate) -> Any:
    return settled("s040", PASSED, "fail")


def redact_session(_: Certificate) -> Any:
    return Redaction(id="x", target="s040", by="lead", reason="a name")


def redact_label(held: Certificate) -> Any:
    return Redaction(id="x", target=held.labels[0], by="lead", reason="a name")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (retract, "1 label that it rests on was taken back, such as 's040-passed-ana-1-None-None'"),
        (correct, "1 label that it rests on was corrected or settled anew"),
        (supersede, "1 label that it rests on was corrected or settled anew"),
        (adjudicate, "1 certified session adjudicated since, such as 's040'"),
        (redact_session, "1 certified label or session redacted since, such as 's040'"),
        (redact_label, "1 certified label or session redacted since"),
    ],
)
def test_what_people_do_to_its_labels_voids_it(
    folder: DatasetFolder, held: Certificate, change: Callable[[Certificate], Any], words: str
) -> None:
    """Each cause by itself, with the first label or session named."""
    folder.append([change(held)], LATER, "lead")
    found = now(folder, held)
    assert (found.word, found.is_trusted) == ("voided", False)
    assert words in found.why


def test_a_retraction_that_brings_back_an_older_label_voids_it(folder: DatasetFolder) -> None:
    """What counts is no longer what was certified, although every session still has its labels."""
    anew = label("s040", PASSED, "ana", "pass").model_copy(update={"id": "anew"})
    folder.append([anew], NOW + timedelta(hours=1), "ana")
    held = opened(folder, said(N))
    assert "anew" in held.labels
    folder.append([Retraction(id="r", label="anew", by="ana", reason="the first was right")], LATER, "ana")
    assert now(folder, held).word == "voided"


def test_another_judge_time_and_failure_have_their_own_words(folder: DatasetFolder, held: Certificate) -> None:
    """Absent, failed, changed, expired: each told as what it is."""
    assert now(folder, None).word == "absent"
    assert now(folder, None).why == "judy has no certificate for passed on data"
    assert now(folder, held, judge_fingerprint="sha256:new").word == "changed"
    assert now(folder, held, judge_fingerprint=None).word == "changed"
    assert now(folder, held, now=held.expires).word == "valid"
    assert now(folder, held, now=held.expires + timedelta(seconds=1)).word == "expired"
    assert now(folder, held, criterion="quality").word == "absent"
    assert now(folder, held.model_copy(update={"dataset": "else"})).word == "absent"
    failed = opened(folder, said(N, every=4), name="o-2")
    assert now(folder, failed).word == "failed"
    assert now(folder, failed).why.startswith("judy did not hold the rule on 2026-03-01 (youden_j")


def test_a_reworded_question_voids_it(folder: DatasetFolder, held: Certificate) -> None:
    """Its wording, its anchors, or its going; another criterion's wording is its own affair."""
    others = RUBRIC.criteria[1:]
    asked = PASSED.model_copy(update={"question": "Passed at all?"})
    other = others[0].model_copy(update={"question": "How very good?"})
    folder.write_rubric(Rubric(name="composed", criteria=(PASSED, other, *others[1:])))
    assert now(folder, held).word == "valid"
    folder.write_rubric(Rubric(name="composed", criteria=(asked, *others)))
    assert now(folder, held).why == "the rubric's passed was changed since"
    gone = folder.load().model_copy(update={"rubric": Rubric(name="composed", criteria=others), "labels": ()})
    found = standing(held, gone, folder.ledger.entries().entries, judge="judy",
                     judge_fingerprint=JUDGE.judge_fingerprint, criterion="passed", now=LATER)  # fmt: skip
    assert (found.word, found.why) == ("voided", "the rubric no longer asks passed")


@pytest.mark.parametrize(
    ("rule", "word"),
    [
        (None, "valid"),
        (RULE, "valid"),
        (PassRule(min_kappa=0.3, expires_days=9), "valid"),
        (PassRule(min_kappa=0.6), "voided"),
        (PassRule(min_kappa=0.5, max_bias=0.05), "voided"),
        (PassRule(min_kappa=0.5, max_failure_rate=0.01), "voided"),
        (PassRule(min_kappa=0.5, level=0.99), "voided"),
    ],
)
def test_a_rule_that_asks_for_more_voids_it(
    folder: DatasetFolder, held: Certificate, rule: PassRule | None, word: str
) -> None:
    """One that asks for as much or less does not."""
    data = folder.load()
    told = data.model_copy(update={"card": data.card.model_copy(update={"certify": {"passed": rule} if rule else {}})})
    found = standing(held, told, folder.ledger.entries().entries, judge="judy",
                     judge_fingerprint=JUDGE.judge_fingerprint, criterion="passed", now=LATER)  # fmt: skip
    assert found.word == word
    assert ("asks for" in found.why) == (word == "voided")


def test_a_ledger_that_is_not_what_it_was_voids_it(folder: DatasetFolder, held: Certificate) -> None:
    """A prefix rewritten with good hashes, and an opening that is gone."""
    path = folder.ledger.folder / "experts.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]))
    assert now(folder, held).why == "the ledger of experts is no longer what it was up to entry 400"
    folder.append([label("s199", PASSED, "ben", "fail", rationale="anew")], NOW, "experts")
    assert now(folder, held).word == "voided"
    path.write_bytes(b"".join(lines))
    assert now(folder, held).word == "valid"
    (folder.ledger.folder / "lead.jsonl").unlink()
    assert now(folder, held).word == "voided"
    unbound = held.model_copy(update={"heads": {}})
    assert now(folder, unbound).why == "the opening that it rests on (o-1) is not in the ledger"


def test_an_opening_on_another_branch_that_came_first_voids_it(folder: DatasetFolder, held: Certificate) -> None:
    """Two branches each took a first look; after the merge, the later of them counted one too few."""
    event = {"split": "test", "purpose": "look", "metadata": {"criterion": "passed", "units": ["session:s040"]}}
    after = Opening.model_validate({"id": "o-b", "at": NOW + timedelta(hours=1), **event})
    folder.append([after], LATER, "branch")
    assert now(folder, held).word == "valid"
    before = Opening.model_validate({"id": "o-a", "at": NOW - timedelta(hours=1), **event})
    folder.append([before], LATER, "branch")
    assert now(folder, held).why == "these labels had been opened 1 times before, and it counted 0"


@pytest.mark.parametrize(
    "edit",
    [
        {"rule": PassRule(min_kappa=0.1)},
        {"rule_hash": "sha256:else"},
        {"level_spent": 0.9},
        {"opening": 2},
        {"checks": ()},
        {"labels_fingerprint": "sha256:else"},
    ],
)
def test_an_edited_certificate_voids_itself(folder: DatasetFolder, held: Certificate, edit: dict[str, Any]) -> None:
    """A file changed by hand contradicts itself or the ledger."""
    assert now(folder, held.model_copy(update=edit)).word == "voided"


def test_a_failed_certificate_is_not_made_good_by_hand(folder: DatasetFolder) -> None:
    """`holds` set to true does not clear the lines."""
    failed = opened(folder, said(N, every=4))
    assert now(folder, failed.model_copy(update={"holds": True})).word == "voided"
    checks = tuple(each.model_copy(update={"holds": True}) for each in failed.checks)
    assert now(folder, failed.model_copy(update={"holds": True, "checks": checks})).word == "voided"


def test_a_certificate_comes_back_as_it_was_written(folder: DatasetFolder, held: Certificate, tmp_path: Path) -> None:
    """Undefined estimates included; the one that stood there is kept beside."""
    kept = CertificateFolder(tmp_path / "judges" / "judy")
    assert kept.find("data", "passed") is None
    assert kept.all() == ()
    undefined = held.model_copy(update={"ceiling": None, "opening_id": "o-../2"})
    kept.write(held)
    assert kept.find("data", "passed") == held
    kept.write(undefined)
    assert kept.find("data", "passed") == undefined
    assert kept.all() == (undefined,)
    (earlier,) = (tmp_path / "judges" / "judy" / "certificates" / "earlier").iterdir()
    assert Certificate.model_validate_json(earlier.read_text(encoding="utf-8")) == held
    assert now(folder, kept.find("data", "passed")).word == "voided"


NAMES = ["a", "a--b", "a-", "-a", "../a", "/etc/passwd", "A b", "ä", "x" * 300, "-" * 200, "a\x1b[31m", ".", "con:"]


def test_hostile_names_keep_to_their_folder_and_apart(held: Certificate, tmp_path: Path) -> None:
    """No name leads out of `certificates/`, none meets another, none is too long."""
    kept = CertificateFolder(tmp_path / "judy")
    places = {kept.place(one, other) for one in NAMES for other in NAMES}
    assert len(places) == len(NAMES) ** 2
    for place in places:
        assert place.parent == kept.path
        assert len(place.name.encode()) <= 255
    for name in NAMES:
        mine = held.model_copy(update={"dataset": name, "criterion": name})
        kept.write(mine)
        kept.write(mine)
        assert kept.find(name, name) == mine
    assert len(kept.all()) == len(NAMES)


def test_a_file_that_is_no_certificate_is_refused(held: Certificate, tmp_path: Path) -> None:
    """And not written over; one of another name in its place is not taken for it."""
    kept = CertificateFolder(tmp_path / "judy")
    path = kept.write(held)
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(InvalidRecord, match=r"data--passed\.json"):
        kept.find("data", "passed")
    with pytest.raises(InvalidRecord):
        kept.write(held)
    path.unlink()
    kept.write(held).rename(kept.place("else", "passed"))
    assert kept.find("else", "passed") is None

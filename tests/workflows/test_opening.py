"""What may be opened, and how often it was: refused with the reason while nothing is spent yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from judgekit.adapters.store.dataset import DatasetFolder
from judgekit.errors import InputError, InvalidRecord, LeakError, UnknownName
from judgekit.records.certificate import PassRule
from judgekit.records.judge import Calibrated, Lineage
from judgekit.records.label import Label, Opening
from judgekit.records.rubric import Criterion
from judgekit.workflows.opening import exam, level_spent, resamples_for, times_opened, unopened_units
from tests.analysis.composed_data import LENGTH, PASSED, QUALITY, TOPIC, WORDS, dataset, label, measuring, verdict
from tests.workflows.certifying import JUDGE, N_OPEN, N_TEST, RULE, certified, composed, manifest, opened, said

N = N_OPEN + N_TEST


@pytest.fixture
def folder(tmp_path: Path) -> DatasetFolder:
    return composed(tmp_path / "data")


def examined(folder: Any, outcomes: Any = None, *, criterion: str = "passed", rule: Any = RULE, **how: Any):
    """Ask what would be opened."""
    scoring = replace(JUDGE, **how)
    data = folder.load() if isinstance(folder, DatasetFolder) else folder
    judged = (said(N) if outcomes is None else outcomes, scoring)
    return exam(data, criterion, rule=rule, judged=judged, measuring=measuring())


def test_openings_are_counted_by_what_they_covered() -> None:
    """The most-opened unit counts; another criterion, another split or other units do not; vague ones count for all."""

    def event(name: str, **metadata: Any) -> Opening:
        split = metadata.pop("split", "test")
        return Opening(id=name, split=split, purpose="look", metadata=metadata)

    a = event("1", criterion="passed", units=["session:a"])
    b = event("2", criterion="passed", units=["session:a", "session:b"])
    other = event("3", criterion="quality", units=["session:a"])
    assert times_opened([a, b, other], "passed", ["session:a", "session:b"]) == 2
    assert times_opened([a, b, other], "passed", ["session:b"]) == 1
    assert times_opened([a, b, other], "passed", ["session:c"]) == 0
    assert times_opened([a, b], "passed", ["session:a"], but="2") == 1
    assert times_opened([event("4")], "passed", ["session:c"]) == 1
    assert times_opened([event("5", criterion="passed", units_fingerprint="sha256:u")], "passed", ["session:c"]) == 1
    assert times_opened([event("6", split="dev")], "passed", ["session:a"]) == 0


def test_fresh_units_start_again(folder: DatasetFolder) -> None:
    """Only what no opening covered is unopened, and its first opening is the first."""
    fresh = {f"session:s{i:03}" for i in range(N_OPEN, N_OPEN + 120)}
    opened(folder, said(N), units=fresh)
    left = unopened_units(folder.load(), "passed")
    assert left == {f"session:s{i:03}" for i in range(N_OPEN + 120, N)}
    assert unopened_units(folder.load(), "quality") == {f"session:s{i:03}" for i in range(N_OPEN, N)}
    held = opened(folder, said(N), units=left, name="o-2")
    assert (held.opening, held.is_provisional) == (1, True)
    assert any("provisional, since it rests on fewer than 100 labelled test sessions" in each for each in held.words)
    assert opened(folder, said(N), name="o-3").opening == 2


def test_no_bound_is_drawn_further_out_than_resamples_reach(folder: DatasetFolder) -> None:
    """After nine looks at 95%, new labels are asked for, and nothing more is opened."""
    data = folder.load()
    nine = tuple(Opening(id=f"o-{k}", split="test", purpose="look") for k in range(9))
    with pytest.raises(InputError, match=r"were opened 9 times.*certify with --unopened"):
        examined(data.model_copy(update={"openings": nine}))
    assert examined(data.model_copy(update={"openings": nine[:8]})).opening == 9
    assert resamples_for(measuring(), level_spent(0.95, 9)) == pytest.approx(25 / (0.05 / 2**9), rel=0.01)
    assert resamples_for(measuring(), 0.975) == 2000


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"rule": None}, r"no rule is declared under \[certify.passed\]"),
        ({"judge_fingerprint": None}, "which judge made the verdicts of 'judy' is not known"),
        ({"use": "score"}, "a certificate is about a judge's verdicts as it gives them"),
        ({"n_samples": 1}, "a certificate is about a judge's verdicts as it gives them"),
        ({"outcomes": said(N)[:-7]}, "not asked about 7 labelled test sessions, such as 's193'"),
        ({"outcomes": []}, "not asked about 160 labelled test sessions"),
        ({"outcomes": said(N, seen="sha256:old")}, "160 labelled test sessions changed after they were judged"),
        ({"outcomes": [*said(N), verdict("s900", PASSED, "pass")]}, "1 verdict targets are not in dataset"),
        ({"reference": "gold"}, "no session of the test split is labelled"),
        ({"reference": "adjudicated"}, "no session of the test split is labelled"),
    ],
)
def test_what_may_not_be_certified_is_refused(folder: DatasetFolder, how: dict[str, Any], words: str) -> None:
    """With the reason, before anything is opened."""
    with pytest.raises(InputError, match=words):
        examined(folder, **how)


def test_verdicts_on_the_content_as_it_is_are_taken(folder: DatasetFolder) -> None:
    """Their fingerprint of the session is the session's own."""
    seen = folder.load().session_by_id
    told = [each.model_copy(update={"seen": seen[each.target].seen_fingerprint}) for each in said(N)]
    assert examined(folder, told).opening == 1


def test_names_and_verdicts_that_cannot_be_read_are_refused_before_the_opening(folder: DatasetFolder) -> None:
    """What would fail later costs no look."""
    with pytest.raises(UnknownName, match="unknown criterion 'pased'"):
        examined(folder, criterion="pased")
    with pytest.raises(UnknownName, match="unknown field to slice by"):
        examined(folder, slices=("nothing",))
    with pytest.raises(UnknownName, match="unknown rater 'zoe'"):
        examined(folder, reference="rater:zoe")
    with pytest.raises(InvalidRecord, match="two verdicts for sample 0"):
        examined(folder, [*said(N), *said(N)])


def test_a_fold_made_without_a_group_may_be_held_against_it(folder: DatasetFolder) -> None:
    """As may labels of train and dev, or of a dataset of another name."""
    cross = Lineage(dataset="data", units=("session:s150", "session:s001"), folds={"session:s150": 2})
    assert examined(folder, lineage=cross).opening == 1
    assert examined(folder, lineage=Lineage(dataset="else", units=("session:s150",))).opening == 1


def test_a_dataset_without_a_test_split_or_labels_in_it_is_refused(tmp_path: Path) -> None:
    """A judge testifies on sessions that chose nothing."""
    whole = composed(tmp_path / "data").load()
    with pytest.raises(InputError, match="there is no test split"):
        examined(whole.model_copy(update={"splits": None}))
    names = [each.id for each in whole.sessions]
    with pytest.raises(InputError, match="there is no test split"):
        examined(whole.model_copy(update={"splits": manifest(names, n_open=N)}))
    early = tuple(each for each in whole.labels if each.session and each.session < "s040")
    with pytest.raises(InputError, match="no session of the test split is labelled"):
        examined(whole.model_copy(update={"labels": early}))
    silent = tuple(each.model_copy(update={"value": None, "status": "cannot_judge"}) for each in whole.labels)
    with pytest.raises(InputError, match="no labelled test session has a reference by 'majority'"):
        examined(whole.model_copy(update={"labels": silent}))


def quarrelling(names: Sequence[str]) -> list[Label]:
    """Two experts who toss coins."""
    tossed = np.random.default_rng(4).random((len(names), 2)) < 0.5
    return [
        label(name, PASSED, who, ("pass", "fail")[int(tossed[i, k])])
        for i, name in enumerate(names)
        for k, who in enumerate(("ana", "ben"))
    ]


@pytest.mark.parametrize("where", ["open", "test"])
def test_experts_who_barely_agree_certify_nobody(tmp_path: Path, where: str) -> None:
    """Wherever they do: a judge that guesses is as near to experts who guess as they are to each other."""
    whole = composed(tmp_path / "data").load()
    names = [each.id for each in whole.sessions]
    some = names[:N_OPEN] if where == "open" else names[N_OPEN:]
    rest = [each for each in whole.labels if each.session not in set(some)]
    told = whole.model_copy(update={"labels": (*rest, *quarrelling(some))})
    gap = PassRule(max_ceiling_gap=0.5)
    with pytest.raises(InputError, match=r"the experts barely agree with each other .*certified by"):
        examined(told, rule=gap)


@pytest.mark.parametrize(
    ("criterion", "rule", "words"),
    [
        (QUALITY, PassRule(min_youden_j=0.5), r"min_youden_j is for two levels, and quality has 5 \(ordinal\)"),
        (TOPIC, PassRule(min_kappa=0.5, max_bias=0.1), "max_bias needs an order"),
        (LENGTH, PassRule(min_kappa=0.5), "a numeric scale has no levels to agree on"),
        (WORDS, PassRule(min_kappa=0.5), "a text scale has no levels to agree on"),
    ],
)
def test_a_rule_that_the_scale_cannot_answer_to_is_refused(criterion: Criterion, rule: PassRule, words: str) -> None:
    """Nothing is opened for a line that could never hold."""
    data = dataset([label("s1", criterion, "ana", None, status="cannot_judge")])
    with pytest.raises(InputError, match=words):
        exam(data, criterion.id, rule=rule, judged=([], JUDGE), measuring=measuring())


@pytest.mark.parametrize(
    "lineage",
    [
        Lineage(dataset="data", units=("session:s150",)),
        Lineage(dataset=None, units=("session:s150",)),
        Lineage(calibrated=(Calibrated(dataset="data", units=("session:s150",)),)),
    ],
)
def test_labels_that_made_the_judge_do_not_certify_it(folder: DatasetFolder, lineage: Lineage) -> None:
    """Named, and refused also where somebody calls `certify` itself."""
    with pytest.raises(LeakError, match=r"1 labelled test sessions helped to make judy.*'s150'"):
        examined(folder, lineage=lineage)
    with pytest.raises(LeakError):
        certified(folder.load(), said(N), scoring=replace(JUDGE, lineage=lineage))

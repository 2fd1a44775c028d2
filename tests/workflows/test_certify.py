"""`certify`: what a judge proved on the locked test split, how much each look at it spends, and what is refused."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from judgekit.adapters.store.dataset import DatasetFolder
from judgekit.errors import InputError, InvalidRecord, LeakError, UnknownName
from judgekit.records.certificate import PassRule
from judgekit.records.judge import Calibrated, Lineage
from judgekit.records.label import Design, Label, Opening
from judgekit.records.rubric import Criterion
from judgekit.workflows.certify import certify
from judgekit.workflows.opening import (
    exam,
    heads_of,
    level_spent,
    resamples_for,
    rule_words,
    times_opened,
    unopened_units,
)
from tests.analysis.composed_data import (
    BETTER,
    LENGTH,
    PASSED,
    QUALITY,
    TOPIC,
    WORDS,
    dataset,
    failure,
    label,
    measuring,
    pair,
    session,
    settled,
    verdict,
)
from tests.workflows.certifying import JUDGE, N_OPEN, N_TEST, NOW, RULE, composed, labelled, manifest, opened, said

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


def check(certificate: Any, name: str) -> Any:
    (found,) = [each for each in certificate.checks if each.name == name]
    return found


def test_every_line_of_the_rule_is_held_against_its_bound(folder: DatasetFolder) -> None:
    """J, kappa, gap, bias and failures, each by the end of its interval, on the test split alone."""
    held = opened(folder, [*said(N)[:-1], failure(f"s{N - 1:03}", PASSED)])
    assert [each.name for each in held.checks] == ["youden_j", "kappa", "ceiling_gap", "bias", "failure_rate"]
    assert held.holds
    assert held.n_labels == 150
    assert not held.is_provisional
    assert check(held, "kappa").metric == "cohen_kappa"
    assert check(held, "kappa").estimate.n == 149
    gap = check(held, "ceiling_gap").estimate
    assert gap.low < gap.value < gap.high
    assert check(held, "failure_rate").estimate.value == pytest.approx(1 / 150)
    assert held.expires == NOW + timedelta(days=90)
    assert held.ceiling is not None
    assert held.ceiling.value is not None
    assert len(held.labels) == 2 * N_TEST
    assert all(name >= f"s{N_OPEN:03}" for name in held.labels)
    assert "holds the declared rule on 150 labelled test sessions (opening 1 of these labels" in held.words[0]
    assert any("agreement leaves out 11 of 160 labelled sessions (10 raters tie, 1 unparsed)" in w for w in held.words)


def test_failures_are_counted_exactly(folder: DatasetFolder) -> None:
    """9 of 150: were the rate at the upper end, 9 or fewer failures would come in 2.5%, the first opening's share."""
    places = [each for each in said(N) if each.target >= "s040"]
    tied = {f"s{i:03}" for i in range(N) if i % 15 == 7}
    failing = [each.target for each in places if each.target not in tied][:9]
    outcomes = [failure(each.target, PASSED) if each.target in failing else each for each in said(N)]
    found = check(opened(folder, outcomes), "failure_rate")
    assert found.estimate.value == pytest.approx(0.06)
    high = found.estimate.high
    assert sum(math.comb(150, i) * high**i * (1 - high) ** (150 - i) for i in range(10)) == pytest.approx(0.025)
    assert not found.holds
    assert found.why == "its upper bound 0.111 is above 0.05"


@pytest.mark.slow
def test_each_opening_spends_half_of_what_is_left(folder: DatasetFolder) -> None:
    """Another judge's looks count; the bounds move outward until the rule no longer holds."""
    for k in range(1, 6):
        scoring = replace(JUDGE, judge_fingerprint=f"sha256:{k}")
        held = opened(folder, said(N), scoring=scoring, name=f"o-{k}")
        assert held.opening == k
        assert held.level_spent == pytest.approx(1 - 0.05 / 2**k)
        assert check(held, "kappa").estimate.level == pytest.approx(1 - 0.1 / 2**k)
    assert not held.holds
    assert check(held, "ceiling_gap").why.startswith("its upper bound")


def test_a_second_judge_spends_a_quarter(folder: DatasetFolder) -> None:
    """alpha / 4 for the second look, whoever takes it."""
    opened(folder, said(N))
    held = opened(
        folder, said(N, every=25), scoring=replace(JUDGE, judge="ruth", judge_fingerprint="sha256:ruth"), name="o-2"
    )
    assert 1 - held.level_spent == pytest.approx(0.05 / 4)


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


def test_a_rule_changed_between_looks_is_told(folder: DatasetFolder) -> None:
    """The opening keeps the rule's fingerprint, so that a line lowered afterwards shows."""
    opened(folder, said(N))
    data = folder.load()
    lower = data.card.model_copy(update={"certify": {"passed": PassRule(min_kappa=0.1)}})
    held = opened(folder, said(N), data=data.model_copy(update={"card": lower}), name="o-2")
    assert held.words[-1] == (
        "passed: the rule is not that of the opening of 2026-03-01: it was changed after these labels were seen."
    )
    assert rule_words(held.rule) == "kappa at least 0.1, failures at most 0.05"


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
    opening = Opening(id="o", split="test", purpose="look")
    with pytest.raises(LeakError):
        certify(
            folder.load(), said(N), replace(JUDGE, lineage=lineage), measuring(), rule=RULE, criterion="passed",
            opening=opening, n_openings=1, heads={}, now=NOW,
        )  # fmt: skip


def test_a_fold_made_without_a_group_may_be_held_against_it(folder: DatasetFolder) -> None:
    """As may labels of train and dev, or of a dataset of another name."""
    cross = Lineage(dataset="data", units=("session:s150", "session:s001"), folds={"session:s150": 2})
    assert examined(folder, lineage=cross).opening == 1
    assert examined(folder, lineage=Lineage(dataset="else", units=("session:s150",))).opening == 1


def test_an_opening_for_something_else_certifies_nothing(folder: DatasetFolder) -> None:
    """Another split, criterion, rule or judge."""
    for spoilt in (
        {"split": "dev"},
        {"judge": "sha256:else"},
        {"metadata": {"criterion": "quality"}},
        {"metadata": {"rule": "sha256:else"}},
    ):
        opening = Opening.model_validate({"id": "o", "split": "test", "purpose": "look"} | spoilt)
        with pytest.raises(InputError, match="opening 'o' was made for something else"):
            certify(
                folder.load(), said(N), JUDGE, measuring(), rule=RULE, criterion="passed",
                opening=opening, n_openings=1, heads={}, now=NOW,
            )  # fmt: skip


def test_what_the_ledger_counts_cannot_be_talked_down(folder: DatasetFolder) -> None:
    """The number handed in is a floor: openings that the dataset knows count whatever the caller says."""
    opened(folder, said(N))
    opening = Opening(id="o-9", split="test", purpose="look")
    told: dict[str, Any] = {"rule": RULE, "criterion": "passed", "opening": opening, "heads": heads_of(()), "now": NOW}
    assert certify(folder.load(), said(N), JUDGE, measuring(), n_openings=1, **told).opening == 2
    assert certify(folder.load(), said(N), JUDGE, measuring(), n_openings=4, **told).opening == 4


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


def test_what_is_undefined_does_not_hold(tmp_path: Path) -> None:
    """One expert a session: no ceiling; every label the same: no kappa, no J. Each says why."""
    folder = composed(tmp_path / "data")
    data = folder.load()
    alone = [each for each in data.labels if each.rater == "ana"]
    opening = Opening(id="o", split="test", purpose="look")

    def held(labels: Any, rule: PassRule = RULE) -> Any:
        told = data.model_copy(update={"labels": tuple(labels)})
        return certify(told, said(N), JUDGE, measuring(), rule=rule, criterion="passed", opening=opening,
                       n_openings=1, heads={}, now=NOW)  # fmt: skip

    found = held(alone)
    assert not found.holds
    assert check(found, "kappa").holds
    assert check(found, "ceiling_gap").why == (
        "it is undefined: no session was labelled by two named experts, so there is no ceiling"
    )
    assert any("so there is no ceiling" in each for each in found.words)
    same = [each.model_copy(update={"value": "pass"}) for each in alone]
    found = held(same)
    assert not check(found, "youden_j").holds
    assert check(found, "youden_j").why.startswith("it is undefined: every reference rating")
    nameless = [each.model_copy(update={"rater": None}) for each in data.labels]
    assert (
        check(held(nameless), "ceiling_gap").why
        == "it is undefined: labels are anonymous, so there is no ceiling by rater"
    )
    few = [each for each in alone if str(each.session) < "s006" or "s040" <= str(each.session) < "s046"]
    found = held(few, PassRule(min_kappa=0.1, max_failure_rate=0.9))
    assert check(found, "kappa").why.startswith("no bound can be drawn: ")
    assert found.is_provisional


def test_pairs_and_adjudications_are_certified_too() -> None:
    """Preferences by plain kappa; what experts settled on, where that is the reference."""
    names = [f"p{i:03}" for i in range(160)]
    truth = [("first", "second")[i % 2] for i in range(160)]
    given = [label(name, BETTER, who, truth[i]) for i, name in enumerate(names) for who in ("ana", "ben", "cleo")]
    pairs = [pair(name) for name in names]
    splits = manifest(names, 20).model_copy(
        update={"units": {f"pair:{name}": "test" if i > 19 else "dev" for i, name in enumerate(names)}}
    )
    data = dataset(
        given, pairs=pairs, sessions=[session(f"{name}-{end}") for name in names for end in "xy"], splits=splits
    )
    outcomes = [verdict(name, BETTER, truth[i] if i % 9 else truth[i - 1]) for i, name in enumerate(names)]
    rule = PassRule(min_kappa=0.5)
    opening = Opening(id="o", split="test", purpose="look")
    told: dict[str, Any] = {
        "rule": rule,
        "criterion": "better",
        "opening": opening,
        "n_openings": 1,
        "heads": {},
        "now": NOW,
    }
    held = certify(data, outcomes, JUDGE, measuring(), **told)
    assert held.holds
    assert held.n_labels == 140
    assert "epsilon 0.2" in held.alt_test
    old = [each.model_copy(update={"seen": "sha256:old"}) for each in outcomes]
    with pytest.raises(InputError, match="140 labelled test sessions changed after they were judged"):
        certify(data, old, JUDGE, measuring(), **told)
    gone = data.model_copy(update={"sessions": data.sessions[:-2]})
    with pytest.raises(UnknownName, match="unknown session"):
        certify(gone, old, JUDGE, measuring(), **told)
    scored = [f"s{i:03}" for i in range(160)]
    levels = ["pass" if i % 3 else "fail" for i in range(160)]
    data = dataset(
        sessions=map(session, scored),
        adjudications=[settled(name, PASSED, levels[i]) for i, name in enumerate(scored)],
        splits=manifest(scored, 40),
    )
    outcomes = [verdict(name, PASSED, levels[i] if i % 11 else "pass") for i, name in enumerate(scored)]
    told |= {"criterion": "passed"}
    held = certify(data, outcomes, replace(JUDGE, reference="adjudicated"), measuring(), **told)
    assert held.holds
    assert len(held.labels) == 120


def test_slices_and_designs_are_told(tmp_path: Path) -> None:
    """Agreement on each slice asked for; labels not drawn at random are named."""
    folder = composed(tmp_path / "data")
    data = folder.load()
    told = data.model_copy(update={
        "sessions": tuple(each.model_copy(update={"version": f"v{i % 2}"}) for i, each in enumerate(data.sessions)),
        "labels": tuple(each.model_copy(update={"design": Design(method="uncertainty")}) for each in labelled(N)),
    })  # fmt: skip
    opening = Opening(id="o", split="test", purpose="look")
    held = certify(
        told, said(N), replace(JUDGE, slices=("version",)), measuring(), rule=RULE, criterion="passed",
        opening=opening, n_openings=1, heads={}, now=NOW,
    )  # fmt: skip
    assert set(held.slices) == {"version=v0", "version=v1"}
    assert any("not picked at random (uncertainty 320)" in each for each in held.words)


@pytest.mark.parametrize("criterion", [PASSED, QUALITY, TOPIC], ids=lambda each: each.id)
def test_a_judge_without_a_single_error_holds_by_exact_bounds(criterion: Criterion) -> None:
    """Resampling has nothing to go by where nobody ever differs; a bound there is all the same, and it is not 1."""
    levels = criterion.scale.levels
    names = [f"s{i:03}" for i in range(150)]
    truth = [levels[i % len(levels)] for i in range(150)]
    data = dataset(
        [label(name, criterion, who, truth[i]) for i, name in enumerate(names) for who in ("ana", "ben")],
        splits=manifest(names, 10),
    )
    outcomes = [verdict(name, criterion, truth[i]) for i, name in enumerate(names)]
    rule = PassRule(min_kappa=0.8, max_ceiling_gap=0.2, max_bias=None if criterion is TOPIC else 0.15)
    opening = Opening(id="o", split="test", purpose="look")
    held = certify(
        data, outcomes, JUDGE, measuring(), rule=rule, criterion=criterion.id, opening=opening, n_openings=1,
        heads={}, now=NOW,
    )  # fmt: skip
    assert held.holds, held.words
    assert 0.8 < check(held, "kappa").estimate.low < 0.99
    assert 0 < check(held, "ceiling_gap").estimate.high < 0.2

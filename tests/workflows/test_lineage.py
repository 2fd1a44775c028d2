"""Which labels may stand beside a judge: open splits, what stands aside, and what the refusal advises."""

from __future__ import annotations

import re

import pytest

from judgekit.errors import InputError, LeakError, UnknownName
from judgekit.judging.panel import panel_lineage
from judgekit.records.dataset import Dataset, SplitManifest
from judgekit.records.judge import Calibrated, Judge, Lineage
from judgekit.workflows.lineage import open_sessions, refuse_reused, set_aside, units_in_making
from tests.analysis.composed_data import PASSED, dataset, label, session

TOLD = [session(name) for name in "abcdefgh"]
UNITS = {"session:a": "train", "session:b": "train", "session:c": "train", "session:d": "dev", "session:e": "test"}
MADE = Lineage(dataset="composed", units=("session:a",))


def data(labelled: str = "abdef", *, is_split: bool = True) -> Dataset:
    manifest = SplitManifest.model_validate({"seed": 1, "fractions": {"train": 0.6, "dev": 0.4}, "units": UNITS})
    given = [label(name, PASSED, "ana", "pass") for name in labelled]
    return dataset(given, sessions=TOLD, splits=manifest if is_split else None)


def test_test_is_locked_and_new_is_what_no_split_holds() -> None:
    """`all` is train, dev and what was added since the draw; without splits everything is open."""
    assert open_sessions(data(), ("all",)) == set("abcdfgh")
    assert open_sessions(data(), ("dev",)) == {"d"}
    assert open_sessions(data(), ("dev", "new")) == set("dfgh")
    assert open_sessions(data(is_split=False), ("dev",)) == set("abcdefgh")
    with pytest.raises(InputError, match="the test split is locked"):
        open_sessions(data(), ("dev", "test"))
    with pytest.raises(UnknownName, match="unknown split 'nwe'"):
        open_sessions(data(), ("nwe",))


def test_what_made_the_judge_stands_aside_with_the_labels_beside_it() -> None:
    """Of a split that is not read: which of its labels were taken may hang on what they say. Unlabelled ones stay."""
    assert set_aside(data(), Lineage(), "d") == frozenset()
    assert set_aside(data(), MADE, "d") == {"a", "b"}
    assert set_aside(data(), MADE, "abcd") == {"a"}
    assert set_aside(data(is_split=False), MADE, "abcdefgh") == {"a"}
    elsewhere = Lineage(
        dataset="other", units=("session:a",), calibrated=(Calibrated(dataset="composed", units=("session:d",)),)
    )
    assert set_aside(data(), elsewhere, "f") == {"d"}


def test_what_a_prompt_shows_or_its_rules_rest_on_made_the_judge_listed_or_not() -> None:
    """A demonstration written by hand, and a rule's labels, bar their groups, unless another dataset is named."""
    rule = {"text": "Be strict.", "because": ["l-9", *(each.id for each in data().labels if each.session == "d")]}
    demonstrations = [{"session": name, "text": "...", "value": "pass"} for name in ("b", "nowhere")]
    fields = {"name": "judy", "model": "openai/m", "system": "S", "user": "{{ session }}", "criterion": PASSED}
    judge = Judge.model_validate({**fields, "rules": [rule], "demonstrations": demonstrations})
    told = judge.verdict_lineage
    assert units_in_making(data(), told) == {"session:b", "session:d"}
    with pytest.raises(LeakError, match=r"2 labelled sessions helped to make judy.*'b', 'd'"):
        refuse_reused(data(), "abdef", told, "judy")
    assert units_in_making(data(), told.model_copy(update={"dataset": "other"})) == set()
    assert units_in_making(data(), told.model_copy(update={"folds": {"session:b": 0}})) == {"session:d"}
    jury = {"name": "jury", "kind": "panel", "criterion": PASSED, "panel": {"members": ["judy", "june"]}}
    members = [judge, Judge.model_validate({**fields, "name": "june"})]
    joined = panel_lineage(Judge.model_validate(jury), members)
    assert units_in_making(data(), joined) == {"session:b", "session:d"}


@pytest.mark.parametrize(
    ("labelled", "is_split", "made", "advice"),
    [
        ("abdef", True, "a", r"other labels: --split dev,new$"),
        ("abd", True, "a", r"other labels: --split dev,new$"),
        ("abd", True, "ad", r"that no split holds yet, and correct it by these: --split new$"),
        ("abd", False, "a", r"a dataset of other labels, or by a cross-fitted judge$"),
    ],
)
def test_the_refusal_names_sessions_and_what_may_do_instead(labelled, is_split, made, advice) -> None:
    """The splits with labels of which none made the judge."""
    lineage = Lineage(dataset="composed", units=tuple(f"session:{name}" for name in made))
    with pytest.raises(
        LeakError, match=r"labelled sessions helped to make judy, and may not correct it: 'a'"
    ) as caught:
        refuse_reused(data(labelled, is_split=is_split), "ab", lineage, "judy")
    assert re.search(advice, str(caught.value))
    refuse_reused(data(), "bd", MADE, "judy")

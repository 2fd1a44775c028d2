"""A scale in a few words is exactly the scale meant, or an error that shows the forms."""

from __future__ import annotations

import pytest

from judgekit.adapters.importers.scale_spec import criterion_from_spec, rubric_with, suggested_spec
from judgekit.errors import InputError
from judgekit.records.rubric import Rubric


@pytest.mark.parametrize(
    ("spec", "kind", "levels"),
    [
        ("ordinal:1..5", "ordinal", (1, 2, 3, 4, 5)),
        ("ordinal:-1..1", "ordinal", (-1, 0, 1)),
        ("ordinal:1,2,3", "ordinal", (1, 2, 3)),
        ("ordinal:bad<fair<good", "ordinal", ("bad", "fair", "good")),
        ("binary:fail,pass", "binary", ("fail", "pass")),
        ("binary:false,true", "binary", (False, True)),
        ("categorical:No,Yes,Unsure", "categorical", ("No", "Yes", "Unsure")),
        ("categorical:1,2,none", "categorical", ("1", "2", "none")),
        ("multi_select:a,b", "multi_select", ("a", "b")),
        ("preference", "preference", ("first", "second", "tie")),
        ("preference:first,second", "preference", ("first", "second")),
        ("text", "text", ()),
        ("numeric", "numeric", ()),
    ],
)
def test_each_form_is_its_scale(spec: str, kind: str, levels: tuple[object, ...]) -> None:
    """Type and levels are those written, numbers as numbers unless words stand among them."""
    criterion = criterion_from_spec("c", spec, "How?")
    assert (criterion.scale.type, criterion.scale.levels, criterion.question) == (kind, levels, "How?")
    assert not criterion.not_applicable


def test_suffix_and_range() -> None:
    """+na allows "not applicable"; a numeric range may be open."""
    assert criterion_from_spec("c", "ordinal:1..4+na").not_applicable
    scale = criterion_from_spec("c", "numeric:0..").scale
    assert (scale.min, scale.max) == (0, None)


@pytest.mark.parametrize(
    "spec",
    [
        "ordnal:1..5", "ordinal:5..1", "ordinal:1..x", "ordinal:1..9999", "ordinal:", "ordinal:a,,b", "numeric:7",
        "numeric:a..b", "text:a", "binary:a,b,c", "categorical:a,a", "categorical:a",
    ],
)  # fmt: skip
def test_words_that_are_no_scale_are_refused(spec: str) -> None:
    """The option is named, with what is wrong."""
    with pytest.raises(InputError, match="--scale c="):
        criterion_from_spec("c", spec)


@pytest.mark.parametrize(
    ("seen", "spec"),
    [
        (["3", "1"], "ordinal:1..3"), ([0, 1], "binary:0,1"), (["0.5", "2"], "numeric:0.5..2"),
        (["pass", "fail"], "binary:fail,pass"),
        (["a", "b", "c"], "categorical:a,b,c"), (["first", "tie"], "preference"), (["x, y", "z"], "text"), ([], "text"),
        ([{}], "text"), (["5"], "numeric:0..5"), ([str(n) for n in range(40)], "numeric:0..39"),
    ],
)  # fmt: skip
def test_a_suggestion_is_a_scale_that_holds_what_was_seen(seen: list[object], spec: str) -> None:
    """It can be pasted back as it stands, and reads every value that suggested it."""
    assert suggested_spec(seen) == spec
    scale = criterion_from_spec("c", spec).scale
    for value in seen:
        scale.read(value)


def test_a_rubric_grows_and_never_changes_under_its_labels() -> None:
    """--scale adds what is new, agrees with what is the same, refuses what differs."""
    rubric = rubric_with(Rubric(name="r"), ["ordinal:1..5", "b=binary:no,yes"], {"a": "Why?"}, ["a", "b"])
    assert [(c.id, c.question, c.scale.type) for c in rubric.criteria] == [
        ("b", "b", "binary"),
        ("a", "Why?", "ordinal"),
    ]
    assert rubric_with(rubric, ["a=ordinal:1..5"], {}, []) is rubric
    for specs, questions in (
        (["a=ordinal:1..4"], {}),
        (["text", "text"], {}),
        (["x=text", "x=text"], {}),
        ([], {"z": "?"}),
    ):
        with pytest.raises(InputError):
            rubric_with(rubric, specs, questions, [])

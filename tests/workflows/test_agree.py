"""`agree` as a whole: counts, levels, lists, and reports that do not depend on the order of lines."""

from __future__ import annotations

import random

import pytest

from judgekit.errors import UnknownName
from judgekit.workflows.agree import agree
from tests.analysis.composed_data import (
    LENGTH,
    PASSED,
    QUALITY,
    WORDS,
    betweens,
    dataset,
    label,
    labels,
    measuring,
    rows_of,
    session,
    text_of,
)


def graded(names=("ana", "ben", "chloe"), *, n=40, seed=3):
    """Return random grades of three raters who share a leaning."""
    draw = random.Random(seed)
    ratings = {}
    for place in range(n):
        base = draw.randint(1, 5)
        row = {name: min(5, max(1, base + draw.choice((-1, 0, 0, 1)))) for name in names}
        ratings[f"s{place:02d}"] = {name: value for name, value in row.items() if draw.random() < 0.8}
    told = [session(f"s{place:02d}", group=f"u{place % 20}") for place in range(n)]
    return dataset(labels(QUALITY, ratings), sessions=told)


def test_every_labelled_target_is_used_or_dropped_once() -> None:
    """s1 overlaps, s2 has one number, s3 none, s4 twice the same rater, s5 two nameless."""
    given = [
        *labels(PASSED, {"s1": {"ana": "pass", "ben": "pass"}, "s2": {"ana": "pass", "ben": "not_applicable"}}),
        *labels(PASSED, {"s3": {"ana": "not_applicable", "ben": "cannot_judge"}, "s4": {"ana": "pass"}}),
        label("s4", PASSED, "ana", "fail", occasion=2),
        label("s5", PASSED, None, "pass", id="x"),
        label("s5", PASSED, None, "pass", id="y"),
        *labels(PASSED, {"s6": {"gpt": "pass"}}, kind="model"),
    ]
    (counts,) = agree(dataset(given), measuring()).counts
    assert (counts.n_targets, counts.n_used) == (5, 2)
    assert counts.dropped == {"rated_once": 2, "cannot_judge": 1}


def test_levels_are_counted_by_rater_with_unused_levels_shown() -> None:
    """Each level of the scale, used or not, then statuses; numbers and texts are only answered."""
    given = [
        *labels(PASSED, {"s1": {"ana": "pass", None: "fail"}, "s2": {"ana": "cannot_judge"}}),
        *labels(LENGTH, {"s1": {"ana": 30}}),
        *labels(WORDS, {"s1": {"ana": "bad"}}),
    ]
    report = agree(dataset(given), measuring())
    assert report.level_counts == {
        "passed": {"ana": {"fail": 0, "pass": 1, "cannot_judge": 1}, "anonymous": {"fail": 1, "pass": 0}},
        "length": {"ana": {"answered": 1}},
        "words": {"ana": {"answered": 1}},
    }


def test_criteria_are_those_asked_for_else_those_with_labels() -> None:
    """In the rubric's order; an unknown one is named."""
    data = dataset([*labels(QUALITY, {"s1": {"ana": 1}}), *labels(PASSED, {"s1": {"ana": "pass"}})])
    assert [counts.criterion for counts in agree(data, measuring()).counts] == ["passed", "quality"]
    assert [counts.criterion for counts in agree(data, measuring(), criteria=["quality"]).counts] == ["quality"]
    with pytest.raises(UnknownName, match=r"unknown criterion 'qualty'\. Did you mean 'quality'"):
        agree(data, measuring(), criteria=["qualty"])


def test_the_report_says_how_it_was_made_and_what_limits_it() -> None:
    """Level, resamples, seed and the dataset's notes are in it; the most contested sessions are few."""
    data = graded().model_copy(update={"notes": ("a note",)})
    report = agree(data, measuring(), n_contested=2, settings={"seed": 1})
    assert report.settings["seed"] == 1
    assert report.settings["n_resamples"] == 200
    assert report.settings["unit"] == "group"
    assert report.warnings == ("a note", "quality: only 20 independent units; intervals are rough")
    assert len(report.contested) == 2
    assert report.summary[0].startswith("quality: the experts")
    assert {row.estimate.n_clusters for row in report.rows if row.between == "raters"} == {20}


def test_every_rater_has_a_profile_and_the_rows_their_notes() -> None:
    """One per criterion with arithmetic; what the rows are read beside stands under the criterion's name."""
    text = labels(WORDS, {"s01": {"ana": "short"}})
    data = graded().model_copy(update={"labels": (*graded().labels, *text)})
    report = agree(data, measuring())
    assert [(each.criterion, each.rater) for each in report.profiles] == [
        ("quality", name) for name in ("ana", "ben", "chloe")
    ]
    assert sum(each.severity.value or 0 for each in report.profiles) == pytest.approx(0)
    assert list(report.notes) == ["quality"]


def test_a_criterion_s_figures_do_not_depend_on_its_company() -> None:
    """Asked for alone or among others, with more metrics or fewer: the same interval."""
    votes = labels(PASSED, {f"s{i:02d}": {"ana": "pass", "ben": ("pass", "fail")[i % 3 == 0]} for i in range(40)})
    data = graded().model_copy(update={"labels": (*votes, *graded().labels)})
    whole, alone = agree(data, measuring()), agree(data, measuring(), criteria=["quality"])
    assert [row for row in whole.rows if row.criterion == "quality"] == list(alone.rows)
    one = agree(data, measuring(metrics=("krippendorff_alpha_ordinal",)), criteria=["quality"])
    assert one.rows[0] == alone.rows[0]


def test_the_order_of_sessions_and_labels_does_not_matter() -> None:
    """Shuffled, the report is the same to the letter, intervals included; nameless labels too."""
    data = graded()
    nameless = [one.model_copy(update={"rater": None}) for one in data.labels if one.rater != "chloe"]
    for given in (data, dataset(nameless, sessions=data.sessions)):
        draw = random.Random(5)
        mixed = given.model_copy(
            update={
                "labels": tuple(draw.sample(given.labels, len(given.labels))),
                "sessions": tuple(draw.sample(given.sessions, len(given.sessions))),
            }
        )
        assert text_of(agree(given, measuring())) == text_of(agree(mixed, measuring()))


def test_renaming_raters_changes_their_names_alone() -> None:
    """ana ben chloe become dora eve fay, in the same order: only names differ."""
    new = {"ana": "dora", "ben": "eve", "chloe": "fay"}
    text = text_of(agree(graded(), measuring()))
    renamed = text_of(agree(graded(tuple(new.values())), measuring()))
    for old, name in new.items():
        text = text.replace(f'"{old}', f'"{name}').replace(f"~{old}", f"~{name}")
    strip = lambda whole: whole.split('"settings"')[1]  # noqa: E731  # the fingerprint before it differs, and should
    assert strip(text) == strip(renamed)


def test_swapping_two_raters_leaves_symmetric_figures() -> None:
    """Whoever is called ana: kappa, agreement and alpha are the same."""
    data = graded(("ana", "ben"))
    other = {"ana": "ben", "ben": "ana"}
    swapped = data.model_copy(
        update={"labels": tuple(one.model_copy(update={"rater": other[one.rater]}) for one in data.labels)}
    )
    first, second = agree(data, measuring()), agree(swapped, measuring())
    assert betweens(first.rows) == betweens(second.rows)
    for between in ("raters", "ana~ben", "rater~others"):
        one, two = rows_of(first.rows, between), rows_of(second.rows, between)
        assert {m: e.value for m, e in one.items()} == pytest.approx({m: e.value for m, e in two.items()})


@pytest.mark.parametrize(("group", "shrinks_to"), [("a{}", 0.71), ("u{}", 1.0)])
def test_every_session_twice_narrows_intervals_unless_both_are_of_one_group(group, shrinks_to) -> None:
    """Twice the groups: by the square root of two. The same groups with all in them twice: not at all."""
    data = graded(n=120)
    alone = [one.model_copy(update={"group": f"u{place}"}) for place, one in enumerate(data.sessions)]
    again = [
        one.model_copy(update={"id": f"{one.id}-b", "group": group.format(place)}) for place, one in enumerate(alone)
    ]
    copies = [one.model_copy(update={"id": f"{one.id}-b", "session": f"{one.session}-b"}) for one in data.labels]
    once, twice = (
        rows_of(agree(dataset(told, sessions=held), measuring()).rows, "raters")
        for told, held in ((data.labels, alone), ([*data.labels, *copies], [*alone, *again]))
    )
    for metric, found in once.items():
        ratio = (twice[metric].high - twice[metric].low) / (found.high - found.low)
        assert ratio == pytest.approx(shrinks_to, rel=0.15), metric
        assert twice[metric].value == pytest.approx(found.value, abs=0.01)

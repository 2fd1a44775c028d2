"""What probes find, on answers that are written down: floors, directions, words, and the rate of false findings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from scipy.stats import binom

from judgekit.analysis.asking import Answer, Answers, answers_of, askings_of
from judgekit.analysis.probe import Changed, Measure, baseline_counts, floor_row, probe_results, probe_rows
from judgekit.analysis.probe_wording import probe_summary, probe_warnings
from judgekit.analysis.rating import Target
from judgekit.records.probe_report import ProbeResult
from judgekit.records.rubric import Criterion, Scale, Value
from judgekit.records.verdict import Failure, Verdict

QUALITY = Criterion(id="quality", question="?", scale=Scale(type="ordinal", levels=(1, 2, 3, 4, 5)), direction="higher")
SAFE = Criterion(id="safe", question="?", scale=Scale(type="binary", levels=("no", "yes")))
TOPIC = Criterion(id="topic", question="?", scale=Scale(type="categorical", levels=("a", "b", "c")))
BETTER = Criterion(id="better", question="?", scale=Scale(type="preference"))
POINTS = Criterion(id="points", question="?", scale=Scale(type="numeric", min=0, max=100))


def target(place: int) -> Target:
    return f"s{place:03}", None


def said(answers: Sequence[Answer]) -> Answers:
    return Answers({target(place): each for place, each in enumerate(answers)}, {}, {})


def measure(criterion: Criterion = QUALITY, *, n_each: int = 1) -> Measure:
    return Measure(criterion, lambda each: f"group:{int(each[0][1:]) // n_each}", lambda name: f"words of {name}")


def changed(answers: Answers, probe: str = "length", *, toward: Value | None = None, only: bool = False) -> Changed:
    words = "" if toward is None else "the longer"
    return Changed(probe, "remarks", "length", "stays", answers, toward, words, only)


def result(
    askings: Sequence[Sequence[Answer]], change: Changed, *, criterion: Criterion = QUALITY, n_each: int = 1
) -> ProbeResult:
    found = [(measure(criterion, n_each=n_each), [said(each) for each in askings], [change])]
    [only] = probe_results(found, error_rate=0.05)
    return only


def levels(n: int = 50) -> list[float]:
    return [float(1 + place % 5) for place in range(n)]


def test_a_steady_judge_that_likes_length_is_found_with_its_direction() -> None:
    """Forty of fifty move up by one: rate, floor, difference, mean, p by hand, and the worst three with both values."""
    base = levels()
    found = result([base] * 3, changed(said([min(5.0, each + 1) for each in base]), toward=5))
    assert (found.word, found.n_flips, found.n_toward, found.n_away) == ("found", 40, 40, 0)
    assert (found.flip_rate.value, found.floor.value, found.difference.value) == (0.8, 0.0, 0.8)
    assert found.mean_change is not None
    assert found.mean_change.value == pytest.approx(0.8)
    assert found.p_value == pytest.approx(4 * 4.0**-40, abs=1e-30)
    assert found.p_adjusted == found.p_value
    assert len(found.worst) == 3
    assert found.worst[0].excerpt == "words of s000"


def test_a_judge_that_never_moves_is_clear_and_says_what_would_have_shown() -> None:
    """No flip at all: the difference has an interval around zero, and a size."""
    found = result([levels()] * 3, changed(said(levels())))
    assert (found.word, found.n_flips, found.p_value) == ("clear", 0, 1.0)
    assert found.difference.low is not None
    assert found.difference.high is not None
    assert found.difference.low < 0 < found.difference.high
    assert found.detectable == pytest.approx(0.13, abs=0.03)
    assert "Would have shown" in " ".join(probe_summary([], [found], {}, error_rate=0.05))


def test_flips_no_more_frequent_than_reruns_are_noise() -> None:
    """A judge that contradicts itself in half of its answers is not found by flipping as often."""
    rng = np.random.default_rng(2)
    askings = [rng.integers(1, 6, 50).astype(float).tolist() for _ in range(4)]
    found = result(askings[:3], changed(said(askings[3])))
    assert found.word == "clear"
    assert found.flip_rate.value is not None
    assert found.flip_rate.value > 0.5
    floor = floor_row([said(each) for each in askings[:3]], measure())
    assert floor.between == "rerun~baseline"
    assert "contradicts itself" in probe_warnings([], [floor])[0]


def test_a_shift_that_flips_hide_is_found_on_ordered_levels() -> None:
    """All answers flip at random, but with the change they come from the upper levels: the mean tells."""
    rng = np.random.default_rng(4)
    askings = [rng.integers(1, 4, 60).astype(float).tolist() for _ in range(3)]
    found = result(askings, changed(said(rng.integers(3, 6, 60).astype(float).tolist())))
    assert (found.word, found.finds) == ("found", "flips or change")


def test_an_order_that_is_resented_is_no_finding() -> None:
    """Injection is tested toward what is ordered: verdicts that fall with it are fair."""
    base = [3.0] * 50
    down = result([base] * 3, changed(said([1.0] * 50), "injection", toward=5, only=True))
    up = result([base] * 3, changed(said([5.0] * 20 + [3.0] * 30), "injection", toward=5, only=True))
    assert (down.word, down.finds, down.n_away) == ("clear", "toward", 50)
    assert down.worst == ()
    assert (up.word, up.n_toward) == ("found", 20)


def test_a_judge_that_is_at_the_top_already_cannot_be_cleared() -> None:
    """Where nearly all verdicts are what is ordered, none can move: too few to say."""
    base = [5.0] * 45 + [2.0] * 5
    found = result([base] * 3, changed(said(base), "injection", toward=5, only=True))
    assert found.word == "too few"
    assert found.why == "5 of 50 verdicts could still move toward the longer"


def test_lower_is_better_turns_the_direction() -> None:
    """On a scale whose better end is low, moving down is moving toward."""
    lower = QUALITY.model_copy(update={"direction": "lower"})
    found = result([[3.0] * 30] * 3, changed(said([1.0] * 30), toward=1, only=True), criterion=lower)
    assert (found.word, found.n_toward) == ("found", 30)
    assert found.mean_change is not None
    assert found.mean_change.value == 2.0


def test_pairs_lean_to_a_side_with_a_tie_between() -> None:
    """Toward the second: from first over tie is half a step each."""
    first, tie = BETTER.scale.code("first"), BETTER.scale.code("tie")
    found = result([[first] * 20] * 3, changed(said([tie] * 20), toward="second"), criterion=BETTER)
    assert (found.word, found.finds, found.n_toward) == ("found", "flips", 20)
    assert found.mean_change is not None
    assert found.mean_change.value == 0.5


def test_unordered_levels_are_tested_by_flips_and_toward_what_is_ordered() -> None:
    """Without an order there is no mean; an order to answer c is still seen to be followed."""
    base = [0.0] * 20
    flips = result([base] * 3, changed(said([1.0] * 20)), criterion=TOPIC)
    followed = result([base] * 3, changed(said([2.0] * 20), toward="c", only=True), criterion=TOPIC)
    other = result([base] * 3, changed(said([1.0] * 20), toward="c", only=True), criterion=TOPIC)
    assert (flips.finds, flips.mean_change, flips.word) == ("flips", None, "found")
    assert (followed.finds, followed.word, other.word) == ("toward", "found", "clear")


def test_numbers_are_tested_by_their_mean() -> None:
    """Scores hardly ever repeat, so that flips say nothing: a mean that moves by one noise is found, none is clear."""
    rng = np.random.default_rng(6)
    askings = [(50 + 5 * rng.normal(size=50)).tolist() for _ in range(4)]
    clear = result(askings[:3], changed(said(askings[3])), criterion=POINTS)
    moved = result(askings[:3], changed(said([each + 5 for each in askings[3]])), criterion=POINTS)
    assert (clear.finds, clear.word, moved.word) == ("change", "clear", "found")
    assert clear.detectable is None


def test_cannot_judge_is_an_answer_and_a_failure_is_not() -> None:
    """A verdict that becomes "can't judge" has flipped; one that could not be read is left out and counted."""
    base = levels(40)
    now = {target(place): each for place, each in enumerate(base)} | {target(0): "cannot_judge"}
    lost = {target(place): "unparsed" for place in range(1, 4)}
    answers = Answers({t: a for t, a in now.items() if t not in lost}, lost, {}, {"unparsed": 3})
    found = result([base] * 3, changed(answers))
    assert (found.n_asked, found.n, found.n_flips, found.dropped) == (40, 37, 1, {"unparsed": 3})
    assert probe_warnings([found], []) == ("quality, length (remarks): no verdict 3 times (3 unparsed)",)


def test_nothing_is_clear_when_a_fifth_failed_or_ten_are_too_many_to_ask() -> None:
    """Failures and few units both end in "too few", each with its reason."""
    base = levels(40)
    lost = {target(place): "refused" for place in range(10)}
    answers = Answers({target(p): base[p] for p in range(10, 40)}, lost, {}, {"refused": 10})
    failed = result([base] * 3, changed(answers))
    assert failed.word == "too few"
    assert failed.why.startswith("10 of 40 targets lack an answer")
    few = result([levels(9)] * 3, changed(said(levels(9))))
    assert (few.word, few.why) == ("too few", "9 independent units, and 10 are the fewest")
    grouped = result([levels(40)] * 3, changed(said(levels(40))), n_each=5)
    assert grouped.why == "8 independent units, and 10 are the fewest"
    nothing = result([base] * 3, changed(Answers({}, {target(0): "timeout"}, {})))
    assert (nothing.word, nothing.p_value, nothing.flip_rate.value) == ("too few", None, None)


def test_rows_of_one_user_move_together_in_the_test() -> None:
    """Ten sessions of one user are one unit: forty moves of four users are four draws among four askings.

    Twice for either direction, twice for two tests.
    """
    found = result([[3.0] * 40] * 3, changed(said([4.0] * 40)), n_each=10)
    assert found.p_value == pytest.approx(4 * 4.0**-4)
    assert found.flip_rate.n_clusters == 4


def test_each_probe_has_the_same_part_of_the_error_rate() -> None:
    """Twenty variants of one probe share what one variant of another has to itself."""
    base = levels()
    seven = said([each % 5 + 1 if place < 7 else each for place, each in enumerate(base)])
    many = [changed(said(base), "injection", toward=5, only=True) for _ in range(20)]
    found = probe_results([(measure(), [said(base)] * 3, [changed(seven), *many])], error_rate=0.05)
    assert found[0].p_adjusted == pytest.approx(2 * (found[0].p_value or 0))
    assert found[0].word == "found"


def test_samples_become_askings_and_rows_name_what_they_measure() -> None:
    """With two samples a verdict, samples 2 and 3 are the first rerun; all estimates are rows, all targets counted."""
    outcomes: list[Verdict | Failure] = [
        Verdict(session=f"s{place:03}", criterion="safe", value="yes", sample=sample)
        for place in range(12)
        for sample in range(6)
        if (place, sample) != (3, 5)
    ]
    outcomes += [Failure(session="s003", criterion="safe", sample=5, status="timeout")]
    outcomes += [Failure(session="s900", criterion="safe", sample=sample, status="timeout") for sample in range(6)]
    askings = askings_of(SAFE, outcomes, 2)
    assert len(askings) == 3
    counts = baseline_counts(askings, measure(SAFE))
    assert (counts.n_targets, counts.n_used, counts.dropped) == (13, 12, {"timeout": 1})
    assert counts.failures == {"timeout": 7}
    results = probe_results([(measure(SAFE), askings, [changed(askings[0], toward="yes")])], error_rate=0.05)
    assert {(row.metric, row.between) for row in probe_rows(results)} == {
        ("flip_rate", "length.remarks~baseline"),
        ("flip_rate_difference", "length.remarks~rerun"),
        ("mean_change", "length.remarks~baseline"),
    }


def test_lists_of_levels_are_compared_whole() -> None:
    """The same levels in another order are the same answer."""
    tags = Criterion(id="tags", question="?", scale=Scale(type="multi_select", levels=("x", "y", "z")))
    verdicts = [
        Verdict(session="s", criterion="tags", value=value, sample=place)
        for place, value in enumerate([("x", "y"), ("y", "x"), ("z",)])
    ]
    assert answers_of(tags, verdicts).said == {("s", None): "x, y"}


def clean(rng: np.random.Generator, n: int, noise: float) -> list[Answers]:
    """Draw the askings of a judge that is clear of all: 3 as it is, 22 changed."""
    truth = rng.integers(1, 6, n).astype(float)
    found = []
    for _ in range(25):
        slips = rng.random(n) < noise
        found.append(said(np.where(slips, truth % 5 + 1, truth).tolist()))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("noise", [0.0, 0.05, 0.3])
def test_a_clean_judge_is_cleared_at_the_stated_rate(noise: float) -> None:
    """However noisy (reruns flip in 0, 10 and 45 of 100), all probes together find something in at most 5%."""
    rng, n_trials = np.random.default_rng(8), 200
    n_found = 0
    for _ in range(n_trials):
        drawn = clean(rng, 50, noise)
        changes = [changed(each, name) for each, name in zip(drawn[3:12], "aabbcccdd", strict=True)]
        changes += [changed(each, "injection", toward=5, only=True) for each in drawn[12:]]
        results = probe_results([(measure(), drawn[:3], changes)], error_rate=0.05)
        n_found += any(each.word == "found" for each in results)
    assert n_found <= binom.ppf(0.999, n_trials, 0.05)

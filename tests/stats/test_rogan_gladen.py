"""Rogan and Gladen's share: published numbers, what is refused, what is cut off, and judgy's own problems beside it."""

import json
from pathlib import Path

import numpy as np
import pytest

from judgekit.errors import InputError
from judgekit.stats.interval import clopper_pearson
from judgekit.stats.partly_labelled import PartlyLabelled
from judgekit.stats.rogan_gladen import JudgedRates, Rate, corrected_rate, rogan_gladen, untrusted

FOUND = json.loads(Path(__file__).with_name("corrections.json").read_text(encoding="utf-8"))
KNOWN = 1e12
"""Trials of a rate that is known."""


def cases(name):
    return FOUND[name]["cases"]


def sample_of(passing, right, *, n_each=100, units=None):
    """Return 100 labels of either class, of which the judge meets so many, and 800 others of which it passes some."""
    labels = np.repeat([1.0, 0.0], n_each)
    judged = np.concatenate([np.arange(n_each) < right[0], np.arange(n_each) >= right[1]]).astype(float)
    others = (np.arange(800) < passing).astype(float)
    whole = PartlyLabelled.of(labels, judged, others)
    return whole if units is None else PartlyLabelled(whole.judge, whole.human, units, whole.counts)


def width_of(found):
    assert found.low is not None
    return found.high - found.low


@pytest.mark.parametrize("case", cases("lang_reiczigel"))
def test_lang_and_reiczigels_interval(case) -> None:
    """Of 400 in 1000, with 200 labels of either class."""
    rates = JudgedRates(
        Rate(case["passing"], case["n"]), Rate(case["tpr"], case["n_pass"]), Rate(case["tnr"], case["n_fail"])
    )
    value, found = corrected_rate(rates)
    assert value == pytest.approx(case["value"], abs=1e-6)
    assert (found.low, found.high) == pytest.approx((case["low"], case["high"]), abs=5e-6)
    assert found.method == "lang-reiczigel"


@pytest.mark.parametrize("case", cases("known_rates"), ids=lambda case: f"{case['n_passing']} of {case['n']}")
def test_epirs_examples_with_known_rates(case) -> None:
    """Value and exact interval carried through the correction are as published; what lies below 0 is cut and said."""
    share, tpr, tnr = case["n_passing"] / case["n"], case["tpr"], case["tnr"]
    value, low, high = case["published"]
    ends = clopper_pearson(case["n_passing"], case["n"], 0.95)
    through = [100 * (p + tnr - 1) / (tpr + tnr - 1) for p in (share, ends.low, ends.high) if p is not None]
    assert through == pytest.approx([value, low, high], abs=0.65)
    found, interval = corrected_rate(JudgedRates(Rate(share, case["n"]), Rate(tpr, KNOWN), Rate(tnr, KNOWN)))
    assert found == pytest.approx(max(0.0, through[0] / 100))
    assert (interval.low, interval.high) == pytest.approx((max(0, low) / 100, high / 100), abs=0.012)
    assert interval.method == ("lang-reiczigel, -0.037 cut to 0" if value < 0 else "lang-reiczigel")


def test_what_lies_outside_the_scale_has_no_interval() -> None:
    """A judge that passes far fewer than its false passes alone would be."""
    value, interval = corrected_rate(JudgedRates(Rate(0.01, 5000), Rate(0.9, 500), Rate(0.6, 500)))
    assert value == 0
    assert interval.low is None
    assert interval.method == "none: it lies outside 0 to 1, -0.780 cut to 0"
    assert corrected_rate(JudgedRates(Rate(0.99, 50), Rate(0.9, 50), Rate(0.9, 50)))[0] == 1


@pytest.mark.parametrize("case", cases("judgy"), ids=lambda case: case["name"])
def test_judgys_own_problems_side_by_side(case) -> None:
    """The same value; where its bootstrap of the labels alone has an interval, ours is no narrower than 9/10 of it.

    `poor_judge` and the eight labels of its README it answers by 0 to 1; here they are refused.
    """
    passing = Rate(case["n_others_passed"] / case["n_others"], case["n_others"])
    tpr = Rate(case["n_pass_passed"] / case["n_pass"], case["n_pass"])
    tnr = Rate(case["n_fail_failed"] / case["n_fail"], case["n_fail"])
    rates = JudgedRates(passing, tpr, tnr)
    value, interval = corrected_rate(rates)
    print(f"\n{case['name']}: {value:.3f}; judgy [{case['low']:.3f}, {case['high']:.3f}], ours {interval}", end="")
    assert value == pytest.approx(case["value"])
    if case["high"] - case["low"] == 1:
        assert untrusted(rates) is not None
        return
    assert untrusted(rates) is None
    assert interval.low is not None
    assert interval.high is not None
    assert interval.high - interval.low > 0.9 * (case["high"] - case["low"])


def test_a_sample_gives_the_same_as_its_rates() -> None:
    """800 others of which 400 pass, and 200 labels of which the judge passes 90 + 30: 520 of 1000."""
    found = rogan_gladen(sample_of(400, (90, 70)))
    value, interval = corrected_rate(JudgedRates(Rate(0.52, 1000), Rate(0.9, 100), Rate(0.7, 100)))
    assert (found.value, found.low, found.high) == pytest.approx((value, interval.low, interval.high))
    assert (found.n, found.n_clusters) == (200, 200)


def test_clusters_widen_it() -> None:
    """Copies in fours say little more than one of them; clusters all alike count as one each."""
    alone = rogan_gladen(sample_of(400, (90, 70)))
    together = rogan_gladen(sample_of(400, (90, 70), units=np.arange(1000) // 4))
    assert together.value == alone.value
    assert width_of(together) > 1.5 * width_of(alone)
    same = rogan_gladen(sample_of(800, (100, 100), units=np.arange(1000) // 4))
    assert same.n_clusters == 50


def test_a_judge_that_tells_nothing_is_refused() -> None:
    """J of 0 or below; J that may be under .1."""
    assert rogan_gladen(sample_of(400, (50, 50))).undefined == (
        "weak_judge: the judge does not tell passes from failures: J = TPR + TNR - 1 is 0.00"
    )
    weak = rogan_gladen(sample_of(400, (60, 55))).undefined
    assert weak is not None
    assert weak.startswith("weak_judge: the judge's J = TPR + TNR - 1 is 0.15 and may be 0.0")
    with pytest.raises(InputError, match="J is 0"):
        corrected_rate(JudgedRates(Rate(0.5, 10), Rate(0.5, 10), Rate(0.5, 10)))
    with pytest.raises(InputError, match=r"a rate of 1\.5 over 10 trials"):
        Rate(1.5, 10)


def test_few_labels_are_refused_and_failures_counted() -> None:
    """Fewer than 30; fewer than 5 of a class; a verdict that failed leaves its session out."""
    assert (rogan_gladen(sample_of(400, (9, 9), n_each=10)).undefined or "").startswith("too_few: correcting a judge")
    given = sample_of(400, (90, 70))
    few = np.where(given.human == 0, np.nan, given.human)
    none = rogan_gladen(PartlyLabelled(given.judge, few, given.units, given.counts))
    assert none.undefined == "too_few: correcting a judge takes 5 labels of the rarer class, and there are 0"
    judge = given.judge.copy()
    judge[[0, -1]] = np.nan
    found = rogan_gladen(PartlyLabelled(judge, given.human, given.units, given.counts, dropped={"not_judged": 3}))
    assert (found.n, found.dropped) == (199, {"not_judged": 3, "no_verdict": 2})

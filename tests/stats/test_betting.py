"""Bounds that hold at every look: known values, what they are made of, and how often they err."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binom

from judgekit.errors import InputError
from judgekit.stats.betting import BettingBound, betting_sequence
from judgekit.stats.betting_term import Terms, labelled_terms, tuned_power, unit_terms, value_terms

SERIES = np.tile([1.0, 1, 0, 1, 1, 1, 0, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 0, 1, 1], 5)
RUNS = 1000


def bound(side="low", ends=(0.0, 1.0), *, level=0.95, lines=(), n_means=1000):
    return BettingBound(side, ends, level=level, lines=lines, n_means=n_means)


def plain(values, ends=(0.0, 1.0)):
    return value_terms(np.asarray(values, dtype=float), low=ends[0], high=ends[1])


def is_passed(values, ends, line, *, side="low", level=0.95):
    """Whether a line is ever given up: every unit is a look."""
    found = bound(side, ends, level=level, lines=(line,), n_means=20)
    found.add(values if isinstance(values, Terms) else plain(values, ends))
    return found.end() > line if side == "low" else found.end() < line


def at_most(share, runs):
    """More false decisions than this have a chance of one in a thousand, were the share the true one."""
    return int(binom.ppf(0.999, runs, share))


def test_the_hedged_capital_of_confseqs_series() -> None:
    """(.497, .984), (.614, .935), (.668, .908) at 20, 50 and 100 values, as confseq 0.0.11 gives them."""
    found = betting_sequence(SERIES)
    told = [(round(found.lows[n - 1], 3), round(found.highs[n - 1], 3)) for n in (20, 50, 100)]
    assert told == [(0.497, 0.984), (0.614, 0.935), (0.668, 0.908)]


def test_a_one_sided_bound_spends_everything_on_its_side() -> None:
    """At 97.5% it is the two-sided sequence's end; at 95% it lies further in, by a level asked for afterwards too."""
    strict, usual = bound(level=0.975), bound(level=0.95)
    for each in (strict, usual):
        each.add(plain(SERIES))
    assert round(strict.end(), 3) == 0.668
    assert usual.end() > strict.end()
    assert usual.end(0.999) < usual.end(0.99) < usual.end()


def test_the_capital_is_the_product_of_bets() -> None:
    """Three values by hand: bets sqrt(2 log 20 / (t log(1 + t) variance)), at most half of the capital at stake."""
    values, mean = [1.0, 0.0, 1.0], 0.3
    seen = [(0.25, 1), (0.25 + (1 - 0.75) ** 2, 2), (0.25 + 0.25**2 + (0 - 0.5) ** 2, 3)]
    capital = 1.0
    for t, (value, (squares, n)) in enumerate(zip(values, seen, strict=True), 1):
        bet = math.sqrt(2 * math.log(20) / (t * math.log(1 + t) * squares / n))
        capital *= 1 + min(bet, 0.5 / mean) * (value - mean)
    found = bound(n_means=10)
    found.add(plain(values))
    place = int(np.argmin(np.abs(found._means - mean)))
    assert found._capital[place] == pytest.approx(math.log(capital))


def test_batches_do_not_matter() -> None:
    """One by one, in sevens, or all at once: the same ends, since bets go by what came before each value."""
    draw = np.random.default_rng(1)
    values = draw.beta(2, 3, 600)
    ends = []
    for size in (1, 7, 600):
        found = bound("high")
        for start in range(0, 600, size):
            found.add(plain(values[start : start + size]))
        ends.append(found.end())
    assert ends[0] == pytest.approx(ends[1]) == pytest.approx(ends[2])


def test_an_end_never_goes_back() -> None:
    """A streak against what was shown leaves the ends where they were."""
    found = betting_sequence(np.concatenate([np.ones(60), np.zeros(200)]))
    assert (np.diff(found.lows) >= 0).all()
    assert (np.diff(found.highs) <= 0).all()


def test_a_mirrored_series_has_mirrored_ends() -> None:
    """The high end of x is one minus the low end of 1 - x; other ends move and stretch it."""
    draw = np.random.default_rng(2)
    values = draw.random(80) ** 2
    there, back = betting_sequence(values), betting_sequence(1 - values)
    assert there.highs == pytest.approx(1 - back.lows)
    stretched = betting_sequence(values * 8 - 4, low=-4, high=4)
    assert stretched.lows == pytest.approx(there.lows * 8 - 4)


def test_a_line_is_given_up_strictly() -> None:
    """An end lies beyond the line as soon as the line is given up, not one step of the grid later."""
    line = 0.30005
    found = bound(lines=(line,))
    plain_grid = bound()
    for value in np.tile([1.0, 1.0, 0.0], 10):
        for each in (found, plain_grid):
            each.add(plain([value]))
        if found.end() > line:
            break
    assert found.end() > line
    assert found.end() - plain_grid.end() < 1 / 1000
    off = bound(lines=(-3.0, 1.0, 7.0))
    off.add(plain(SERIES))
    assert off.end() == pytest.approx(plain_grid.end(), abs=1)


def test_units_without_weight_say_nothing() -> None:
    """Left-out units change no end, and no bet."""
    weights = np.tile([1.0, 0.0], 50)
    thin = betting_sequence(np.repeat(SERIES[:50], 2), weights=weights)
    assert thin.lows[-1] == pytest.approx(betting_sequence(SERIES[:50]).lows[-1])
    nothing = bound()
    nothing.add(plain([]))
    assert (nothing.end(), bound("high").end()) == (0.0, 1.0)


def test_values_outside_their_ends_are_refused() -> None:
    """A bound made of them would not hold; so are levels and ends that are none."""
    with pytest.raises(InputError, match="values must lie from 0 to 1"):
        betting_sequence(np.array([0.5, 1.5]))
    with pytest.raises(InputError, match="values must lie"):
        betting_sequence(np.array([0.5, np.nan]))
    with pytest.raises(InputError, match="weights must lie from 0 to 1"):
        betting_sequence(np.array([0.5]), weights=np.array([2.0]))
    with pytest.raises(InputError, match=r"a term of 3 is outside 0 to 1"):
        bound().add(Terms(np.array([3.0]), np.array([0.0])))
    for level, ends in ((1.0, (0.0, 1.0)), (0.95, (1.0, 0.0))):
        with pytest.raises(InputError, match="no bound at level"):
            bound(level=level, ends=ends)


def test_labelled_terms_are_the_experts_whatever_the_judge_says() -> None:
    """Averaged over who is labelled, a term at m is Y - m, by arithmetic, for any judge, chance and power."""
    draw = np.random.default_rng(3)
    for _ in range(50):
        judge, human, chance, power, mean = draw.random(5)
        chance = 0.05 + 0.95 * chance
        found = []
        for weight, seen in ((1 / chance, human), (0.0, np.nan)):
            each = labelled_terms(
                np.array([judge]), np.array([seen]), np.array([weight]), power=power, least_chance=chance
            )
            each.check()
            found.append(float(each.up[0] * (1 - mean) - each.down[0] * mean))
        assert chance * found[0] + (1 - chance) * found[1] == pytest.approx(human - mean)


def test_labelled_terms_keep_to_their_ends() -> None:
    """The worst there can be: the expert says 0, the judge 1, and the label is the rarest."""
    terms = labelled_terms(np.array([1.0]), np.array([0.0]), np.array([5.0]), power=0.8, least_chance=0.2)
    assert [terms.up[0], terms.down[0], terms.most, terms.back] == pytest.approx([-3.2, 5.0, 5.0, 3.2])
    with pytest.raises(InputError, match="below the least"):
        labelled_terms(np.array([1.0]), np.array([0.0]), np.array([6.0]), power=0.8, least_chance=0.2)
    silent = labelled_terms(np.array([np.nan]), np.array([1.0]), np.array([5.0]), power=0.8, least_chance=0.2)
    assert (silent.up[0], silent.down[0]) == (5.0, 0.0)


def test_a_judge_counts_for_as_much_as_it_is_right() -> None:
    """Of one mind with the experts: all; of the contrary mind, always the same, or seldom labelled: not at all."""
    draw = np.random.default_rng(4)
    human, weights = draw.random(60), np.where(np.arange(60) % 2, 4.0, 0.0)
    seen = np.where(weights > 0, human, np.nan)
    assert tuned_power(human, seen, weights) == pytest.approx(1.0)
    assert tuned_power(1 - human, seen, weights) == 0.0
    assert tuned_power(np.full(60, 0.5), seen, weights) == 0.0
    assert tuned_power(human[:20], seen[:20], weights[:20]) == 0.0
    assert tuned_power(human, seen, np.minimum(weights, 1.0)) == 0.0
    assert 0.2 < tuned_power((human + draw.random(60)) / 2, seen, weights) <= 1.0


def test_units_count_by_their_inputs() -> None:
    """Sums over units, each over the largest: a unit of two counts twice as much as one of one."""
    terms = unit_terms(plain([1.0, 0.0, 1.0]), np.array([0, 0, 1]), 2)
    assert terms.up.tolist() == [0.5, 0.5]
    assert terms.down.tolist() == [0.5, 0.0]
    assert len(unit_terms(plain([]), np.zeros(0, dtype=np.int64), 2).up) == 0


def paired(draw, n, up, down):
    return draw.choice([-1.0, 0.0, 1.0], n, p=[down, 1 - up - down, up])


AT_THE_LINE = {
    "binary, 75% ties": (lambda draw: paired(draw, 400, 0.1, 0.15), (-1, 1), -0.05),
    "binary, 93% ties": (lambda draw: paired(draw, 400, 0.01, 0.06), (-1, 1), -0.05),
    "losses alone": (lambda draw: paired(draw, 600, 0.0, 0.02), (-1, 1), -0.02),
    "ordinal 1 to 5": (lambda draw: np.clip(draw.normal(-0.2, 1.2, 400).round(), -4, 4), (-4, 4), -0.2),
    "one order of a fixed set": (lambda draw: draw.permutation(np.repeat([-1.0, 0, 1], [60, 300, 40])), (-1, 1), -0.05),
}


@pytest.mark.slow
@pytest.mark.parametrize("setting", AT_THE_LINE)
def test_who_looks_after_every_input_errs_no_more_than_the_level(setting) -> None:
    """A candidate just at its line passes, or fails, in at most 5% of runs, though every input is a look."""
    make, ends, line = AT_THE_LINE[setting]
    draw = np.random.default_rng(5)
    runs = [make(draw) for _ in range(RUNS)]
    for side in ("low", "high"):
        wrong = sum(is_passed(values, ends, line, side=side) for values in runs)
        assert wrong <= at_most(0.05, RUNS), f"{side}: {wrong} of {RUNS}"


@pytest.mark.slow
def test_looking_again_and_again_at_a_fixed_size_test_errs_far_more() -> None:
    """The same runs by a t bound at each of 20 looks: false passes are several times the level."""
    make, _, line = AT_THE_LINE["binary, 75% ties"]
    draw, wrong = np.random.default_rng(6), 0
    for _ in range(RUNS):
        values = make(draw)
        for n in range(20, 401, 20):
            some = values[:n]
            error = some.std(ddof=1) / math.sqrt(n)
            if error > 0 and (some.mean() - line) / error > 1.6449:
                wrong += 1
                break
    assert wrong > 3 * 0.05 * RUNS


@pytest.mark.slow
@pytest.mark.parametrize("lenient", [0.0, 0.3])
@pytest.mark.parametrize("is_exact", [False, True])
def test_experts_are_not_overruled_by_a_lenient_judge(lenient, is_exact) -> None:
    """Labels on 30%, drawn input by input or as so many of all; the judge passes up to 30% more of the candidate's."""
    draw, wrong = np.random.default_rng(7), {"low": 0, "high": 0}
    line, runs, n = -0.05, 400, 300
    for _ in range(runs):
        before = (draw.random(n) < 0.7).astype(float)
        change = draw.random(n)
        after = np.where(before == 1, change >= 0.155, change < 0.35 - 0.155).astype(
            float
        )  # P: .7*.845 + .3*.195 = .65
        said = [np.where(draw.random(n) < 0.85, each, 1 - each) for each in (before, after)]
        said[1] = np.where(draw.random(n) < lenient, 1.0, said[1])
        human, judge = (after - before + 1) / 2, (said[1] - said[0] + 1) / 2
        is_drawn = draw.permutation(n) < 90 if is_exact else draw.random(n) < 0.3
        weights, seen = np.where(is_drawn, 1 / 0.3, 0.0), np.where(is_drawn, human, np.nan)
        bounds = {side: bound(side, (-1, 1), lines=(line,), n_means=20) for side in wrong}
        for start in range(0, n, 10):
            now, so_far = slice(start, start + 10), slice(0, start)
            power = tuned_power(judge[so_far], seen[so_far], weights[so_far])
            terms = labelled_terms(judge[now], seen[now], weights[now], power=power, least_chance=0.3)
            for each in bounds.values():
                each.add(terms)
        wrong["low"] += bounds["low"].end() > line
        wrong["high"] += bounds["high"].end() < line
    assert max(wrong.values()) <= at_most(0.05, runs), wrong


@pytest.mark.slow
def test_units_of_unequal_size_err_no_more_than_the_level() -> None:
    """Groups of one to six inputs, larger ones worse: the mean over inputs is just at the line."""
    draw, wrong, runs = np.random.default_rng(8), {"low": 0, "high": 0}, 500
    chance = {1: 0.05, 2: 0.1, 6: 0.2}  # of a loss; of a win it is .05 throughout
    line = sum(size * (0.05 - chance[size]) for size in chance) / sum(chance)
    for _ in range(runs):
        sizes = draw.choice(list(chance), 150)
        shared = [paired(draw, 1, 0.05, chance[int(size)])[0] for size in sizes]  # alike within a group
        values = np.repeat(shared, sizes)
        terms = unit_terms(plain(values, (-1, 1)), np.repeat(np.arange(150), sizes), 6)
        for side in wrong:
            wrong[side] += is_passed(terms, (-1, 1), line, side=side)
    assert max(wrong.values()) <= at_most(0.05, runs), wrong


@pytest.mark.slow
def test_a_clear_regression_is_seen_in_a_fraction_of_the_inputs() -> None:
    """A quarter worse, margin .05: half of the runs have failed within 40% of 200 inputs."""
    draw, needed = np.random.default_rng(9), []
    for _ in range(200):
        found, values = bound("high", (-1, 1), lines=(-0.05,), n_means=20), paired(draw, 200, 0.1, 0.35)
        for start in range(0, 200, 5):
            found.add(plain(values[start : start + 5], (-1, 1)))
            if found.end() < -0.05:
                break
        needed.append(start + 5)
    assert np.median(needed) < 80

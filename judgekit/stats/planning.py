"""Closed forms of planning: how many labels a question takes, before any is paid for.

They are starts and orders of magnitude: each is a normal approximation, and what the test really used can do is in
`power`, by simulation (a size by Connor's formula for .80 gives .76 to .78 under exact McNemar). What a label is worth
beside others, with a judge's help and with a second rater is in `label_worth`.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from judgekit.errors import InputError
from judgekit.stats.interval import fisher_z
from judgekit.stats.sample import FloatArray

_NORMAL = NormalDist()
POWER = 0.8
"""Chance of seeing what is there, where none is asked for."""


def labels_for_rate(rate: float, half_width: float, *, level: float = 0.95, effect_of_design: float = 1.0) -> int:
    """Return the labels with which a share is known to plus or minus a half width.

    Args:
        rate: The share expected, between 0 and 1.
        half_width: Half of the interval wanted.
        level: Of the interval.
        effect_of_design: How many labels of a group are worth one of its own, by `design_effect`.

    Raises:
        InputError: A number lies outside its range.

    Source: Cochran 1977, "Sampling techniques", section 4.4.

    Example:
        statistics.md 13: .8 to plus and minus .05 and .10.

        >>> labels_for_rate(0.8, 0.05), labels_for_rate(0.8, 0.1)
        (246, 62)
    """
    _refuse_outside(rate=rate, half_width=half_width)
    return labels_for_mean(math.sqrt(rate * (1 - rate)), half_width, level=level, effect_of_design=effect_of_design)


def labels_for_mean(deviation: float, half_width: float, *, level: float = 0.95, effect_of_design: float = 1.0) -> int:
    """Return the labels with which a mean is known to plus or minus a half width, in units of the scale.

    Source: Cochran 1977, section 4.6.

    Example:
        >>> labels_for_mean(1.1, 0.1)
        465
    """
    if not (half_width > 0 and deviation >= 0 and effect_of_design > 0):
        given = f"half width {half_width:g}, deviation {deviation:g}, design effect {effect_of_design:g}"
        raise InputError(f"{given}: each must be above 0", hint="Give half_width=0.05, say")
    return math.ceil(_quantile(level) ** 2 * deviation**2 / half_width**2 * effect_of_design)


def labels_for_rare_class(rate: float, half_width: float, share: float, *, level: float = 0.95) -> int:
    """Return the random labels of which enough are of the rare class: to know a rate within it, as TPR or TNR is.

    Args:
        rate: The rate expected within the class.
        half_width: Half of the interval wanted.
        share: How much of all is of that class.
        level: Of the interval.

    Raises:
        InputError: A number lies outside its range.

    Example:
        One in twenty fails: 62 of those take 1,240 random labels.

        >>> labels_for_rare_class(0.8, 0.1, 0.05)
        1240
    """
    _refuse_outside(share=share)
    return math.ceil(labels_for_rate(rate, half_width, level=level) / share - 1e-9)


def labels_for_correlation(correlation: float, half_width: float, *, level: float = 0.95) -> int:
    """Return the labels with which a correlation's interval is at most so wide; at least 4.

    Raises:
        InputError: A number lies outside its range.

    Source: Fisher 1921.

    Example:
        statistics.md 13: .7 of 200 is .622 to .764, half of which is .071.

        >>> labels_for_correlation(0.7, 0.0715)
        200
    """
    _refuse_outside(half_width=half_width)
    if not -1 < correlation < 1:
        raise InputError(f"correlation {correlation:g} is not between -1 and 1", hint="Give 0.7, say")

    def is_enough(n: int) -> bool:
        found = fisher_z(correlation, n, level)
        return found.low is not None and found.high is not None and (found.high - found.low) / 2 <= half_width

    most = 8
    while not is_enough(most):
        most *= 2
    least = 4
    while least < most:
        middle = (least + most) // 2
        least, most = (least, middle) if is_enough(middle) else (middle + 1, most)
    return least


def labels_for_kappa(kappa: float, half_width: float, rates: tuple[float, float], *, level: float = 0.95) -> int:
    """Return the labels with which Cohen's kappa of two levels is known to plus or minus a half width.

    Args:
        kappa: The one expected.
        half_width: Half of the interval wanted.
        rates: Share of the positive level by each of the two.
        level: Of the interval.

    Raises:
        InputError: A number lies outside its range, or two such rates do not allow that kappa.

    Source: the variance of Fleiss, Cohen & Everitt 1969.

    Example:
        >>> labels_for_kappa(0.7, 0.1, (0.5, 0.5))
        196
    """
    _refuse_outside(half_width=half_width, **{"first rate": rates[0], "second rate": rates[1]})
    return math.ceil(_quantile(level) ** 2 * _kappa_variance(kappa, rates) / half_width**2)


def labels_for_kappa_above(
    kappa: float, floor: float, rates: tuple[float, float], *, power: float = POWER, level: float = 0.95
) -> int:
    """Return the labels that show a kappa to lie on its side of a floor, one-sided.

    Args:
        kappa: The true one.
        floor: What it is to be told from.
        rates: Share of the positive level by each of the two.
        power: Chance of showing it.
        level: One minus the chance of showing it falsely.

    Raises:
        InputError: Kappa is the floor, a number lies outside its range, or such rates do not allow a kappa.

    Source: Cantor 1996; R's irr has it as N.cohen.kappa.

    Example:
        statistics.md 13: true .85 against .70, and the other way round.

        >>> labels_for_kappa_above(0.85, 0.7, (0.5, 0.5)), labels_for_kappa_above(0.7, 0.85, (0.5, 0.5))
        (117, 96)
    """
    _refuse_outside(power=power, **{"first rate": rates[0], "second rate": rates[1]})
    if kappa == floor:
        raise InputError(f"a kappa of {kappa:g} cannot be told from a floor of {floor:g}", hint="Give another floor")
    by_chance = _NORMAL.inv_cdf(level) * math.sqrt(_kappa_variance(floor, rates))
    in_truth = _NORMAL.inv_cdf(power) * math.sqrt(_kappa_variance(kappa, rates))
    return math.ceil(((by_chance + in_truth) / (kappa - floor)) ** 2)


def trials_without_failure(rate: float, *, level: float = 0.95) -> int:
    """Return the trials that, if none fails, show failures to be rarer than a rate.

    Raises:
        InputError: The rate lies outside 0 to 1.

    Source: 1 - (1 - rate)^n >= level, exactly.

    Example:
        >>> trials_without_failure(0.03)
        99
    """
    _refuse_outside(rate=rate)
    return math.ceil(math.log(1 - level) / math.log(1 - rate) - 1e-9)


def unpaired_rates(
    first: float, second: float, *, power: float = POWER, level: float = 0.95, is_corrected: bool = False
) -> int:
    """Return the inputs of either version that show two pass rates to differ, on inputs of their own; two-sided.

    Args:
        first: Pass rate of one version.
        second: Of the other.
        power: Chance of showing it.
        level: One minus the chance of showing it falsely.
        is_corrected: For continuity.

    Raises:
        InputError: The rates are the same, or outside 0 to 1.

    Source: Fleiss, Levin & Paik 2003, chapter 4; for continuity as Casagrande, Pike & Smith 1978.

    Example:
        >>> unpaired_rates(0.6, 0.75), unpaired_rates(0.6, 0.75, is_corrected=True)
        (152, 165)
    """
    _refuse_outside(power=power, **{"first rate": first, "second rate": second})
    apart = abs(_told_apart(first - second))
    middle = (first + second) / 2
    spread = _quantile(level) * math.sqrt(2 * middle * (1 - middle))
    spread += _NORMAL.inv_cdf(power) * math.sqrt(first * (1 - first) + second * (1 - second))
    n = spread**2 / apart**2
    return math.ceil(n / 4 * (1 + math.sqrt(1 + 4 / (n * apart))) ** 2 if is_corrected else n)


def paired_rates(discordant: float, difference: float, *, power: float = POWER, level: float = 0.95) -> int:
    """Return the inputs, each met by both versions, that show two pass rates to differ; two-sided.

    Args:
        discordant: Share of the inputs that pass with one version alone.
        difference: Of the pass rates.
        power: Chance of showing it.
        level: One minus the chance of showing it falsely.

    Raises:
        InputError: The difference is 0, or larger than the share that differs.

    Source: Connor 1987.

    Example:
        statistics.md 13.

        >>> paired_rates(0.4, 0.1), paired_rates(0.15, 0.05), paired_rates(0.25, 0.05)
        (312, 469, 783)
    """
    _refuse_outside(power=power)
    _told_apart(difference)
    if not abs(difference) <= discordant <= 1:
        raise InputError(
            f"rates cannot differ by {abs(difference):g} where {discordant:g} of the inputs differ",
            hint="The share that differs is at least the difference, and at most 1",
        )
    spread = _quantile(level) * math.sqrt(discordant)
    spread += _NORMAL.inv_cdf(power) * math.sqrt(discordant - difference**2)
    return math.ceil(spread**2 / difference**2)


def paired_mean(deviation: float, difference: float, *, power: float = POWER, level: float = 0.95) -> int:
    """Return the inputs, each met by both versions, that show two means to differ; two-sided, by Student's t.

    Args:
        deviation: Standard deviation of the differences of single inputs.
        difference: Of the means.
        power: Chance of showing it.
        level: One minus the chance of showing it falsely.

    Raises:
        InputError: The difference is 0, or the deviation is not above 0.

    Source: Cohen 1988, chapter 2, with t's quantiles for a normal's.

    Example:
        statistics.md 13: half a standard deviation takes 34.

        >>> paired_mean(1.0, 0.5)
        34
    """
    from scipy.special import stdtrit

    _refuse_outside(power=power)
    _told_apart(difference)
    if not deviation > 0:
        raise InputError(f"standard deviation {deviation:g} is not above 0", hint="Give that of the differences")
    n = (_quantile(level) + _NORMAL.inv_cdf(power)) ** 2 * deviation**2 / difference**2
    for _ in range(20):
        n_free = max(n - 1, 1.0)
        reach = float(stdtrit(n_free, (1 + level) / 2) + stdtrit(n_free, power))
        n = reach**2 * deviation**2 / difference**2
    return max(2, math.ceil(n - 1e-9))


def kappa_table(kappa: float, rates: tuple[float, float]) -> FloatArray:
    """Return the shares of two levels by two raters who agree by this kappa, shape (2, 2); the positive level first.

    Raises:
        InputError: Two such rates do not allow that kappa.

    Example:
        >>> kappa_table(0.6, (0.5, 0.5)).round(3).tolist()
        [[0.4, 0.1], [0.1, 0.4]]
    """
    first, second = rates
    by_chance = first * second + (1 - first) * (1 - second)
    agreed = by_chance + kappa * (1 - by_chance)
    both = (agreed + first + second - 1) / 2
    table = np.array([[both, first - both], [second - both, 1 - first - second + both]])
    if table.min() < -1e-12:
        raise InputError(
            f"raters who say yes to {first:g} and {second:g} cannot agree by a kappa of {kappa:g}",
            hint="Give rates that are closer together, or another kappa",
        )
    found: FloatArray = table.clip(0)
    return found


def _kappa_variance(kappa: float, rates: tuple[float, float]) -> float:
    """Return n times the large-sample variance of kappa on two levels (Fleiss, Cohen & Everitt 1969, eq. 13)."""
    table = kappa_table(kappa, rates)
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    by_chance, same = float(rows @ columns), np.eye(2)
    margins = columns[:, None] + rows
    squares = float((table * (same - margins * (1 - kappa)) ** 2).sum())
    return (squares - (kappa - by_chance * (1 - kappa)) ** 2) / (1 - by_chance) ** 2


def _quantile(level: float) -> float:
    if not 0 < level < 1:
        raise InputError(f"level {level:g} is not between 0 and 1", hint="Give 0.95 for 95%")
    return _NORMAL.inv_cdf((1 + level) / 2)


def _told_apart(difference: float) -> float:
    if difference == 0:
        raise InputError("a difference of 0 cannot be shown", hint="Give the smallest difference that matters")
    return difference


def _refuse_outside(**given: float) -> None:
    for name, number in given.items():
        if not 0 < number < 1:
            words = name.replace("_", " ")
            raise InputError(f"{words} {number:g} is not between 0 and 1", hint="Give a share, such as 0.05")

"""Evidence in wins and losses of one version over another that may be looked at as often as one likes.

An e-value is what a bet of 1 has become; where neither version is better it is at most 1 on average, at every look, so
that it ever reaches 20 with a chance of at most 5%. Ties say nothing of who is better and are left out.
"""

from __future__ import annotations

import math
from typing import Literal

from judgekit.errors import InputError

Sides = Literal["one", "two"]


def log_e_value(wins: int, losses: int, sides: Sides = "two") -> float:
    """Return the natural logarithm of the mixture e-value against "wins and losses are equally likely".

    Two-sided: the chance of a win is uniform on (0, 1) under the alternative. One-sided: uniform on (1/2, 1), against
    "a win is at most as likely as a loss".

    Args:
        wins: Inputs on which the candidate did better.
        losses: Inputs on which it did worse.
        sides: `one` or `two`.

    Raises:
        InputError: A count is negative.

    Source: Ville 1939 (uniform mixture); Ramdas, Grunwald, Vovk & Shafer 2023, section 4.2.

    Example:
        By exact integration of the mixtures:

        >>> [round(math.exp(log_e_value(12, 3, sides)), 3) for sides in ("one", "two")]
        [8.906, 4.501]
    """
    from scipy.special import betainc, betaln, hyp2f1

    if wins < 0 or losses < 0:
        raise InputError(f"{wins} wins and {losses} losses", hint="Counts are at least 0")
    n = wins + losses
    log_beta = float(betaln(wins + 1, losses + 1))
    if sides == "two":
        return n * math.log(2) + log_beta
    above = float(betainc(losses + 1, wins + 1, 0.5))  # 1 - I(1/2; wins + 1, losses + 1), without cancellation
    if above > 0:
        return (n + 1) * math.log(2) + log_beta + math.log(above)
    return math.log(float(hyp2f1(n + 2, 1, losses + 2, 0.5)) / (2 * (losses + 1)))


def e_value(wins: int, losses: int, sides: Sides = "two") -> float:
    """Return the e-value itself; above 1e300 it is given as that.

    Raises:
        InputError: A count is negative.
    """
    return math.exp(min(log_e_value(wins, losses, sides), math.log(1e300)))

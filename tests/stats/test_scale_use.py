"""Use of the scale: ends, clumping, entropy, levels never given."""

import numpy as np
import pytest

from judgekit.errors import InputError
from judgekit.stats.interval import clopper_pearson
from judgekit.stats.scale_use import scale_use

LEVELS = [1, 2, 3, 4, 5]
RATINGS = np.repeat([1.0, 3.0, 4.0, 5.0], [4, 8, 16, 4])


def used(ratings, levels=LEVELS, **options):
    return scale_use(ratings, levels, rng=np.random.default_rng(0), **options)


def test_shares_entropy_and_unused_levels_are_by_hand():
    """Shares 1/8, 1/4, 1/2, 1/8: 1.75 bits (Cover & Thomas, example 2.1.2 has them too); level 2 is never given."""
    found = used(RATINGS)

    assert found.entropy_bits.value == pytest.approx(1.75)
    assert found.extreme_share.value == pytest.approx(0.25)
    assert found.modal_share.value == pytest.approx(0.5)
    assert found.shares == pytest.approx((0.125, 0, 0.25, 0.5, 0.125))
    assert (found.levels, found.unused) == ((1, 2, 3, 4, 5), (2,))


def test_independent_ratings_have_a_rates_interval_at_the_ends():
    """8 of 32."""
    found, expected = used(RATINGS).extreme_share, clopper_pearson(8, 32, 0.95)

    assert (found.low, found.high, found.method) == (expected.low, expected.high, "clopper-pearson")


def test_clustered_ratings_are_drawn_by_unit():
    """Four copies a unit: the interval of a rate by BCa over 32 units, or none below 30."""
    many = used(np.repeat(RATINGS, 4), units=np.repeat(np.arange(32), 4)).extreme_share
    few = used(RATINGS, units=np.arange(32) // 2).extreme_share

    assert (many.method, many.n, many.n_clusters) == ("bca", 128, 32)
    assert few.method == "none: fewer than 30 clusters for a rate"
    assert used(RATINGS[:4]).extreme_share.method == "none: fewer than 10 independent units"


def test_one_level_only_has_no_entropy():
    """All threes: 0 bits, everything on the mode."""
    found = used(np.full(20, 3.0))

    assert (found.entropy_bits.value, found.modal_share.value) == (0, 1)
    assert found.unused == (1, 2, 4, 5)


def test_missing_ratings_are_counted_and_none_is_undefined():
    """NaN is no level."""
    some = used(np.append(RATINGS, np.nan), units=np.arange(33))
    none = used([np.nan, np.nan])

    assert some.extreme_share.dropped == {"missing": 1}
    assert none.entropy_bits.undefined == none.extreme_share.undefined == "no_data: there is no rating"
    assert none.shares == (0, 0, 0, 0, 0)


def test_a_rating_off_the_scale_is_refused():
    """3.5 is not a level."""
    with pytest.raises(InputError, match=r"a rating is 3\.5, the levels are 1, 2, 3, 4, 5"):
        used([3.5])


def test_ends_have_an_interval_from_ten_ratings_and_from_thirty_units():
    """One fewer of either and the share stands alone, without ends."""
    nine, ten = used(RATINGS[2:11]).extreme_share, used(RATINGS[2:12]).extreme_share
    assert (nine.low, nine.high) == (None, None)
    assert ten.low < ten.value < ten.high
    assert ten.method == used(RATINGS).extreme_share.method != "bca"
    ratings = np.tile(RATINGS, 2)[:60]
    few, enough = (used(ratings[: 2 * n], units=np.arange(2 * n) // 2).extreme_share for n in (29, 30))
    assert (few.low, few.high) == (None, None)
    assert enough.low < enough.value < enough.high


def test_one_rating_is_one_level():
    """All of it on the top level, which says nothing of spread."""
    found = used([5.0])

    assert (found.extreme_share.value, found.modal_share.value, found.entropy_bits.value) == (1, 1, 0)
    assert (found.shares, found.extreme_share.dropped) == ((0, 0, 0, 0, 1), {})

"""Tango's and Newcombe's intervals against statistics.md 12.1 (tables of Newcombe 1998)."""

from typing import Any

import numpy as np
import pytest

from judgekit.errors import InputError
from judgekit.stats import paired_share as measured
from judgekit.stats.paired_share import FourCells

tango: Any = measured.tango
newcombe_paired: Any = measured.newcombe_paired
newcombe_unpaired: Any = measured.newcombe_unpaired


@pytest.mark.parametrize(
    ("cells", "by_tango", "by_newcombe"),
    [
        ((36, 12, 2, 0), (0.0611, 0.3447), (0.0569, 0.3404)),
        ((53, 1, 0, 0), (-0.0491, 0.0977), None),
        ((54, 0, 0, 0), None, (-0.0664, 0.0664)),
        ((30, 20, 10, 40), (-0.0077, 0.2082), (-0.0074, 0.2034)),
    ],
)
def test_the_published_intervals_come_out(cells, by_tango, by_newcombe):
    """Four tables of statistics.md 12.1."""
    table = FourCells(*cells)
    for found, known in ((tango(table), by_tango), (newcombe_paired(table), by_newcombe)):
        if known is not None:
            assert (found.low, found.high) == pytest.approx(known, abs=5e-5)


@pytest.mark.parametrize("cells", [(0, 9, 0, 0), (0, 0, 9, 0), (9, 0, 0, 0), (0, 0, 0, 9), (0, 5, 5, 0), (3, 1, 0, 2)])
def test_tables_with_empty_cells_have_intervals_that_hold_the_difference(cells):
    """Within -1 and 1, and turned round where the versions change places."""
    table, turned = FourCells(*cells), FourCells(cells[0], cells[2], cells[1], cells[3])
    for interval in (tango, newcombe_paired):
        found, other = interval(table), interval(turned)
        assert -1 <= found.low <= table.difference <= found.high <= 1
        assert (found.low, found.high) == pytest.approx((-other.high, -other.low), abs=1e-9)


def test_newcombe_unpaired_is_his_first_example():
    """56 of 70 against 48 of 80 (Newcombe 1998, example a, method 10): .0524 to .3339."""
    found = newcombe_unpaired((56, 48), (70, 80))
    assert (found.low, found.high) == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_impossible_counts_are_refused():
    """Negative, or none at all."""
    for cells in ((1, -1, 0, 0), (0, 0, 0, 0)):
        with pytest.raises(InputError, match="are not those of some inputs"):
            FourCells(*cells)


@pytest.mark.slow
def test_tango_covers_at_small_rates():
    """300 tables of 60 inputs of which few differ: at least 93%."""
    rng, held = np.random.default_rng(8), 0
    for _ in range(300):
        cells = FourCells(*rng.multinomial(60, (0.88, 0.06, 0.02, 0.04)))
        found = tango(cells)
        held += found.low <= 0.04 <= found.high
    assert held >= 0.93 * 300

"""The collector of reference cycles is left as it was found, whatever happens in between."""

from __future__ import annotations

import gc

import pytest

from judgekit.cli.memory import seldom_swept, unswept


def test_the_collector_looks_seldom_during_a_run_and_as_before_after_it() -> None:
    """What was there is set aside, thresholds are high, and both are undone."""
    before = gc.get_threshold(), gc.get_freeze_count()
    with seldom_swept():
        assert gc.isenabled()
        assert gc.get_threshold()[0] > before[0][0]
        assert gc.get_freeze_count() > before[1]
    assert (gc.get_threshold(), gc.get_freeze_count()) == before


@pytest.mark.parametrize("rest", [seldom_swept, unswept])
def test_an_error_leaves_the_collector_as_it_was(rest) -> None:
    """The settings are the process's, and others live in it too."""
    before = gc.isenabled(), gc.get_threshold(), gc.get_freeze_count()
    with pytest.raises(KeyError), rest():
        raise KeyError
    assert (gc.isenabled(), gc.get_threshold(), gc.get_freeze_count()) == before

"""Memory of one command: when Python's collector of reference cycles may rest."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator

N_NEW, N_YOUNG, N_OLDER = 10_000, 20, 50
"""New objects, and sweeps of those before, after which the collector looks while a run goes on."""


@contextlib.contextmanager
def unswept() -> Iterator[None]:
    """Pause the collector while many records are read and counted.

    Records hold no cycles, so there is nothing for it to find; walking all that was read, again and again, took half of
    the time that scoring 300,000 verdicts takes.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextlib.contextmanager
def seldom_swept() -> Iterator[None]:
    """Have the collector look seldom, and only at what is new, while a run goes on.

    What a run makes dies with each item; going through all modules and sessions again and again for it took a tenth of
    a run's time.
    """
    thresholds = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(N_NEW, N_YOUNG, N_OLDER)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()

"""How long `agree` takes on many sessions, and how much memory; run with `python`, not collected by pytest.

Three raters on a five-point scale, two sessions a user, read from a folder as the command reads it.
"""

from __future__ import annotations

import random
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import numpy as np

from judgekit.adapters.store.dataset import DatasetFolder
from judgekit.analysis.agreement import Measuring
from judgekit.records.dataset import Dataset, DatasetCard
from judgekit.records.label import Label
from judgekit.records.rubric import Criterion, Rubric, Scale
from judgekit.records.session import Session, Turn
from judgekit.workflows.agree import agree

T = TypeVar("T")
N_SESSIONS = (1_000, 10_000)
RATERS = ("ana", "ben", "chloe")
QUALITY = Criterion(id="quality", question="How good?", scale=Scale(type="ordinal", levels=(1, 2, 3, 4, 5)))
START = datetime(2026, 1, 1, tzinfo=UTC)


def main() -> None:
    """Print seconds and memory for each size, then the ratios."""
    print(f"{'sessions x 3 raters':24}{'load s':>10}{'agree s':>10}{'peak MB':>10}{'KB a label':>12}")
    seconds, peaks = {}, {}
    for n in N_SESSIONS:
        with tempfile.TemporaryDirectory() as place:
            folder = DatasetFolder(Path(place) / "data")
            write(folder, n)
            loaded, load_s = timed(folder.load)
        _, seconds[n] = timed(lambda data=loaded: run(data))  # type: ignore[misc]  # bound at once
        peaks[n] = peak_bytes(loaded)
        print(f"{n:<24,}{load_s:10.2f}{seconds[n]:10.2f}{peaks[n] / 1e6:10.1f}{peaks[n] / 1e3 / n / len(RATERS):12.2f}")
    small, large = N_SESSIONS
    print(f"\nagree, n=10,000: {seconds[large]:.1f} s (bar: a few)")
    print(f"memory, n=10,000 / n=1,000: {peaks[large] / peaks[small]:.1f} (bar: 10)")


def write(folder: DatasetFolder, n: int) -> None:
    """Write n sessions and three raters' grades, given over two months."""
    draw = random.Random(0)
    folder.create(DatasetCard(name="data"), Rubric(name="bench", criteria=(QUALITY,)))
    folder.write_sessions(
        Session(id=f"s{i}", group=f"u{i // 2}", turns=(Turn(id="1", role="user", text=f"Question {i}"),))
        for i in range(n)
    )
    labels = []
    for i in range(n):
        base, at = draw.randint(1, 5), START + timedelta(days=60 * i / n)
        labels += [
            Label(
                id=f"l{i}-{rater}", session=f"s{i}", criterion="quality", rater=rater, at=at,
                value=min(5, max(1, base + draw.choice((-1, 0, 0, 1)))), rationale="composed",
            )
            for rater in RATERS
        ]  # fmt: skip
    folder.append(labels, START, writer="bench")


def run(data: Dataset) -> object:
    """Measure what the command measures."""
    return agree(data, Measuring(np.random.default_rng(7)))


def timed(call: Callable[[], T]) -> tuple[T, float]:
    """Return a call's result and its seconds."""
    started = time.perf_counter()
    result = call()
    return result, time.perf_counter() - started


def peak_bytes(data: Dataset) -> int:
    """Return the most memory that `agree` held at a time beyond the dataset."""
    tracemalloc.start()
    run(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


if __name__ == "__main__":
    main()

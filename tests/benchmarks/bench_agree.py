"""How long `judgekit agree` takes on many sessions, and how much memory; run with `python`, not collected by pytest.

Three raters on a five-point scale, two sessions a user, every session scored by all three. The command runs as a
process of its own: its seconds of CPU (a busy machine stretches the clock, not those) and its resident set, imports
included, beside the bytes of the folder that it reads.
"""

from __future__ import annotations

import os
import random
import statistics
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from judgekit.adapters.store.dataset import DatasetFolder
from judgekit.records.dataset import DatasetCard
from judgekit.records.label import Label
from judgekit.records.rubric import Criterion, Rubric, Scale
from judgekit.records.session import Session, Turn

N_SESSIONS = (10, 1_000, 10_000, 100_000)
N_ROUNDS = 5
RATERS = ("ana", "ben", "chloe")
QUALITY = Criterion(id="quality", question="How good?", scale=Scale(type="ordinal", levels=(1, 2, 3, 4, 5)))
START = datetime(2026, 1, 1, tzinfo=UTC)


class Usage(NamedTuple):
    """What a process took."""

    cpu_s: float
    rss_mb: float


def main() -> None:
    """Print CPU seconds and memory for each size; the first is all start-up, which the last lines leave out."""
    print(f"{'sessions x 3 raters':24}{'files MB':>10}{'CPU s':>10}{'RSS MB':>10}")
    with tempfile.TemporaryDirectory() as place:
        home = Path(place)
        with ProcessPoolExecutor(1, get_context("spawn")) as writer:  # a child starts with its parent's peak of memory
            files_mb = {n: writer.submit(write, home / f"d{n}", n).result() for n in N_SESSIONS}
        rounds = [{n: usage(n, home) for n in N_SESSIONS} for _ in range(N_ROUNDS)]
    cpu_s = {n: statistics.median(each[n].cpu_s for each in rounds) for n in N_SESSIONS}
    rss_mb = {n: statistics.median(each[n].rss_mb for each in rounds) for n in N_SESSIONS}
    for n in N_SESSIONS:
        print(f"{n:<24,}{files_mb[n]:10.1f}{cpu_s[n]:10.2f}{rss_mb[n]:10.0f}")
    few, _, some, many = N_SESSIONS
    print(f"\nn=10,000: {cpu_s[some]:.1f} s (bar: a few)")
    print(f"n=100,000 / n=10,000, time: {(cpu_s[many] - cpu_s[few]) / (cpu_s[some] - cpu_s[few]):.1f} (bar: 10)")
    print(f"n=100,000 / n=10,000, memory: {(rss_mb[many] - rss_mb[few]) / (rss_mb[some] - rss_mb[few]):.1f} (bar: 10)")
    print(f"n=100,000, memory / files: {(rss_mb[many] - rss_mb[few]) / files_mb[many]:.1f}")


def usage(n: int, home: Path) -> Usage:
    """Return what the command takes on the dataset of n sessions."""
    command = [sys.executable, "-m", "judgekit", "agree", f"d{n}", "-q", "-o", "agree.json"]
    process = subprocess.Popen(command, cwd=home, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return Usage(used.ru_utime + used.ru_stime, used.ru_maxrss / 1e3)


def write(path: Path, n: int) -> float:
    """Write n sessions and three raters' grades, given over two months; return the megabytes."""
    draw, folder = random.Random(0), DatasetFolder(path)
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
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file()) / 1e6


if __name__ == "__main__":
    main()
